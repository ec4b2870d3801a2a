/**
 * Proves one session: walks its records in their order beside the markers of its batches and, where it is still on disk, beside its
 * journal. Memory is bounded by a batch, a page of markers and the session's control records.
 *
 * Each record belongs to the batch whose numbers it lies in. A batch that is passed is closed: what is missing in it is named by a gap or
 * is a problem, its content has the checksum in its marker, and its marker is chained to the one before.
 */

import { isTick, type TapeRecord } from '../../market/tick.ts'
import { isoFromUs } from '../../market/time.ts'
import { chained, chainStart, parseSessionHash, sessionHash } from './chain.ts'
import { differences, isRejected, tableOf } from './compare.ts'
import { ContentHash } from './content.ts'
import { FindingCounts } from './finding-counts.ts'
import { gapDifferences } from './gap-table.ts'
import type { JournalCursor } from './journal-cursor.ts'
import { type DamageGap, JournalDamage } from './journal-damage.ts'
import { absentColumns, covers, isBehind, NONE } from './markers.ts'
import { type Hole, judgeMissing, type MissingMarkers } from './missing-markers.ts'
import { ProblemList, type SessionProof } from './problems.ts'
import type { Marker, SessionTape } from './read-session.ts'
import { missingEnd } from './session-end.ts'

export interface ProveOptions {
  sessionId: number
  /** Absent: none of the session is on disk. */
  journal?: JournalCursor | undefined
  /** Reads the gaps that name what the journal has lost. */
  damageGaps: () => Promise<DamageGap[]>
  /** `120-3f5a…`, as it was noted down. */
  expectedHash?: string | undefined
  onRecords?: (records: readonly TapeRecord[], tape: Pick<SessionTape, 'contractOf'>) => void
}

/** So many of the latest holes are kept, to tell a row that was moved from one that was added. */
const HOLES_KEPT = 1000

export async function proveSession(tape: SessionTape, options: ProveOptions): Promise<SessionProof> {
  return new Prover(tape, options).run()
}

class Prover {
  readonly #tape: SessionTape
  readonly #options: ProveOptions
  readonly #problems: ProblemList
  readonly #damage: JournalDamage
  readonly #proof: SessionProof
  readonly #markers: AsyncIterator<Marker>
  readonly #content = new ContentHash()
  readonly #expected: ReturnType<typeof parseSessionHash>
  /** The batch that the walk is in, or in front of; undefined behind the last one. */
  #marker: Marker | undefined
  #isEntered = false
  #before: Marker = NONE
  #lastSeq = 0
  #lastTsUs = 0
  /** Of the batch that the walk is in. */
  #accepted = 0
  #quarantined = 0
  #faults = 0
  #holes: Hole[] = []
  #unmarked: MissingMarkers['unmarked']
  readonly #missingMarkers: MissingMarkers[] = []
  /** Numbers of records that stand in a wrong place. */
  readonly #displaced = new Set<number>()
  readonly #gaps = new Map<number, TapeRecord>()
  readonly #findings = new FindingCounts()
  #endSeq = 0
  #keepsSessionRecords = false
  /** Of all records, displaced ones too. */
  #latestTsUs = 0
  #hasChecksums = false
  #isHashFound = false

  constructor(tape: SessionTape, options: ProveOptions) {
    const { sessionId, expectedHash } = options
    this.#tape = tape
    this.#options = options
    this.#problems = new ProblemList(sessionId)
    this.#damage = new JournalDamage(options.damageGaps)
    this.#markers = tape.markers[Symbol.asyncIterator]()
    this.#expected = expectedHash === undefined ? undefined : parseSessionHash(expectedHash)
    const { problems } = this.#problems
    const counts = { batches: 0, ticks: 0, records: 0, withoutChecksum: 0, dropped: 0, pending: 0, comparedWithJournal: 0, problemCount: 0 }
    this.#proof = { sessionId, ...counts, ended: false, problems, doubts: [] }
  }

  async run(): Promise<SessionProof> {
    this.#marker = await this.#nextMarker()
    let held: TapeRecord | undefined
    for await (const records of this.#tape.records) {
      for (const record of records) {
        // A contract that the reader adds in front of a session without its record.
        if (record.seq === 0) continue
        if ('verdict' in record && record.verdict) this.#findings.take(record)
        if (held) {
          // It stands in front of the one that is due: its time was set back.
          if (held.seq > this.#lastSeq + 1 && record.seq === this.#lastSeq + 1) this.#displace(held)
          else await this.#take(held)
        }
        held = record
      }
      this.#options.onRecords?.(records, this.#tape)
    }
    if (held) await this.#take(held)
    while (this.#marker) await this.#close(this.#marker)
    this.#tellUnmarked()
    await this.#closeJournal()
    await this.#closeMissing()
    this.#closeSession()
    this.#proof.problemCount = this.#problems.count
    return this.#proof
  }

  async #take(record: TapeRecord): Promise<void> {
    const { seq, tsUs } = record
    this.#proof.records++
    this.#latestTsUs = tsUs
    if (seq <= this.#lastSeq) return this.#displace(record)
    while (this.#marker && isBehind(record, this.#marker)) await this.#close(this.#marker)
    if (this.#marker && covers(this.#marker, record)) {
      if (!this.#isEntered) this.#enter(this.#marker, tsUs)
      if (seq > this.#lastSeq + 1) this.#holes.push({ fromSeq: this.#lastSeq + 1, toSeq: seq - 1, fromTsUs: this.#lastTsUs, toTsUs: tsUs })
      this.#content.add(record, this.#tape.contractOf)
      this.#count(record)
    } else if (isTick(record) || this.#knowsNumbers)
      this.#unmarked = { fromSeq: this.#unmarked?.fromSeq ?? seq, toSeq: seq, records: (this.#unmarked?.records ?? 0) + 1 }
    if (record.kind === 'gap') this.#gaps.set(seq, record)
    if (record.kind === 'session') {
      this.#keepsSessionRecords = true
      if (record.event === 'ended') this.#endSeq = seq
    }
    this.#lastSeq = seq
    this.#lastTsUs = tsUs
    const { journal } = this.#options
    if (!journal) return
    if (!journal.reaches(seq)) await journal.load(seq)
    this.#compare(record, journal)
  }

  /** Markers of versions without checksums say nothing of records that are no ticks. */
  get #knowsNumbers(): boolean {
    return (this.#marker ?? this.#before).firstSeq !== undefined || this.#before.batchNo === 0
  }

  #count(record: TapeRecord): void {
    if (!isTick(record)) return
    this.#proof.ticks++
    if (isRejected(record)) this.#quarantined++
    else this.#accepted++
  }

  #compare(record: TapeRecord, journal: JournalCursor): void {
    const journaled = journal.recordAt(record.seq)
    if (!journaled) return
    this.#proof.comparedWithJournal++
    for (const difference of differences(record, this.#tape.contractOf, journaled, journal.contractOf)) {
      const { table, column, expected, found } = difference
      const where = { batchNo: this.#marker?.batchNo ?? 0, seq: record.seq, tsUs: record.tsUs }
      this.#fault(
        'value-altered',
        { ...where, ...difference },
        `${table}.${column} of seq ${record.seq}: expected ${expected} as in the journal, found ${found}.`,
      )
    }
  }

  /** A record that is not where its number says. */
  #displace(record: TapeRecord): void {
    const { seq, tsUs } = record
    const isTwice = seq === this.#lastSeq || (seq < this.#lastSeq && !this.#isMissing(seq))
    this.#displaced.add(seq)
    const where = { seq, tsUs, table: tableOf(record) }
    if (isTwice && seq <= this.#forgottenSeq)
      this.#fault(
        'row-out-of-order',
        { ...where, column: 'ts' },
        `seq ${seq} in ${where.table} is of ${isoFromUs(tsUs)}, behind seq ${this.#lastSeq}: it was added, or its time was altered.`,
      )
    else if (isTwice)
      this.#fault(
        'row-twice',
        where,
        `seq ${seq} is in ${where.table} at ${isoFromUs(tsUs)} and is there already: one of the two was added.`,
      )
    else {
      const place = `expected it next to its neighbours, found it at ${isoFromUs(tsUs)}, behind seq ${this.#lastSeq}`
      this.#fault('row-out-of-order', { ...where, column: 'ts' }, `The time of seq ${seq} in ${where.table} was altered: ${place}.`)
    }
  }

  #isMissing(seq: number): boolean {
    const isIn = ({ fromSeq, toSeq }: Hole) => seq >= fromSeq && seq <= toSeq
    return this.#holes.some(isIn) || this.#told.some(isIn)
  }

  /** Holes of batches that are closed, the latest ones. */
  #told: Hole[] = []
  /** The end of the last hole that was dropped from them. */
  #forgottenSeq = 0

  #fault(
    kind: Parameters<ProblemList['add']>[0]['kind'],
    where: Omit<Parameters<ProblemList['add']>[0], 'kind' | 'message'>,
    message: string,
  ): void {
    this.#faults++
    this.#problems.add({ kind, ...where, message })
  }

  async #nextMarker(): Promise<Marker | undefined> {
    const { value, done } = await this.#markers.next()
    this.#isEntered = false
    return done ? undefined : value
  }

  /** The walk has reached a batch: what should be between it and the one before is looked at. */
  #enter(marker: Marker, tsUs: number): void {
    this.#isEntered = true
    const { batchNo, firstSeq } = marker
    const isNext = batchNo === this.#before.batchNo + 1
    const fromSeq = this.#lastSeq + 1
    const hole =
      firstSeq !== undefined && firstSeq > fromSeq ? { fromSeq, toSeq: firstSeq - 1, fromTsUs: this.#lastTsUs, toTsUs: tsUs } : undefined
    if (isNext) {
      this.#tellUnmarked()
      if (hole) this.#holes.push(hole)
    } else {
      this.#missingMarkers.push({ fromNo: this.#before.batchNo + 1, toNo: batchNo - 1, hole, unmarked: this.#unmarked, next: marker })
      this.#unmarked = undefined
    }
    if (hole) this.#lastSeq = hole.toSeq
  }

  /** Records behind a batch and in front of the next that are none of either. */
  #tellUnmarked(): void {
    const unmarked = this.#unmarked
    this.#unmarked = undefined
    if (!unmarked) return
    const { fromSeq, toSeq, records } = unmarked
    if (this.#marker === undefined) {
      // Behind the last marker: likely the next batch, whose marker is gone.
      const batchNo = this.#before.batchNo + 1
      this.#missingMarkers.push({ fromNo: batchNo, toNo: batchNo, hole: undefined, unmarked, next: undefined })
      return
    }
    this.#fault(
      'rows-added',
      { seq: fromSeq, toSeq },
      `${records} records (seq ${fromSeq} to ${toSeq}) belong to no batch: they were added.`,
    )
  }

  /** The walk has passed a batch. */
  async #close(marker: Marker): Promise<void> {
    if (!this.#isEntered) this.#enter(marker, marker.firstTsUs ?? this.#lastTsUs)
    const { batchNo, firstSeq, lastSeq } = marker
    this.#proof.batches++
    this.#keepsSessionRecords ||= firstSeq !== undefined
    if (lastSeq !== undefined && lastSeq > this.#lastSeq) {
      const toTsUs = Math.max(marker.lastTsUs ?? 0, this.#lastTsUs + 1)
      this.#holes.push({ fromSeq: this.#lastSeq + 1, toSeq: lastSeq, fromTsUs: this.#lastTsUs, toTsUs })
      this.#lastSeq = lastSeq
    }
    const found = this.#content.digest()
    if (marker.isDropped) this.#proof.dropped++
    else await this.#closeContent(marker, found)
    this.#checkColumns(marker)
    this.#checkChain(marker)
    const told = [...this.#told, ...this.#holes]
    this.#told = told.slice(-HOLES_KEPT)
    this.#forgottenSeq = told.at(-HOLES_KEPT - 1)?.toSeq ?? this.#forgottenSeq
    for (const seq of this.#displaced) if (seq <= this.#lastSeq) this.#displaced.delete(seq)
    this.#holes = []
    this.#faults = this.#accepted = this.#quarantined = 0
    this.#options.journal?.batches.delete(batchNo)
    this.#before = marker
    this.#marker = await this.#nextMarker()
  }

  async #closeContent(marker: Marker, found: Buffer): Promise<void> {
    // A version that kept no checksums kept not every record either.
    if (marker.content) for (const hole of this.#holes) await this.#tellHole(marker.batchNo, hole)
    if (marker.content === undefined) this.#proof.withoutChecksum++
    else if (!found.equals(marker.content) && this.#faults === 0) this.#tellContent(marker)
    if (this.#faults === 0) this.#compareCounts(marker)
  }

  async #tellHole(batchNo: number, { fromSeq, toSeq, fromTsUs, toTsUs }: Hole): Promise<void> {
    for (const part of without({ fromSeq, toSeq }, this.#displaced)) {
      if (await this.#damage.touches(fromTsUs, toTsUs)) continue
      const { fromSeq: seq, toSeq: to } = part
      const what = seq === to ? `Record seq ${seq}` : `${to - seq + 1} records (seq ${seq} to ${to})`
      const when = `after ${isoFromUs(fromTsUs)}`
      this.#fault(
        'rows-missing',
        { batchNo, seq, toSeq: to, tsUs: fromTsUs },
        `${what} of batch ${batchNo}, ${when}: expected in the database, found in no table, and named by no gap.`,
      )
    }
  }

  #tellContent({ batchNo, firstSeq = 0, lastSeq = 0, firstTsUs, lastTsUs }: Marker): void {
    const time = firstTsUs === undefined || lastTsUs === undefined ? '' : `, ${isoFromUs(firstTsUs)} to ${isoFromUs(lastTsUs)}`
    const where = { batchNo, seq: firstSeq, toSeq: lastSeq, ...(firstTsUs !== undefined && { tsUs: firstTsUs }) }
    this.#fault(
      'content-altered',
      where,
      `Batch ${batchNo} (seq ${firstSeq} to ${lastSeq}${time}): all of its records are there, and they have another checksum than the one they were ` +
        'written with: a value was altered, here or in the marker. The journal of that day, or a backup, says which.',
    )
  }

  #compareCounts({ batchNo, acceptedTicks, quarantinedTicks }: Marker): void {
    if (this.#accepted === acceptedTicks && this.#quarantined === quarantinedTicks) return
    const expected = `${acceptedTicks} accepted and ${quarantinedTicks} quarantined`
    const found = `${this.#accepted} and ${this.#quarantined}`
    this.#fault(
      'count-differs',
      { batchNo, expected, found },
      `Batch ${batchNo}: expected ${expected} ticks as its marker says, found ${found}.`,
    )
  }

  #checkColumns(marker: Marker): void {
    const message = absentColumns(marker, this.#hasChecksums)
    this.#hasChecksums ||= marker.content !== undefined
    if (message !== undefined) this.#fault('checksum-missing', { batchNo: marker.batchNo, table: 'batches' }, message)
  }

  #checkChain({ batchNo, content, chain }: Marker): void {
    const { sessionId } = this.#options
    if (!content || !chain) return
    const isBehindNext = this.#before.batchNo === batchNo - 1
    const start = chainStart(sessionId)
    const before = isBehindNext ? (this.#before.chain ?? start) : undefined
    // What the batch before it was is not known when its marker is gone.
    if (before && !chained(before, batchNo, content).equals(chain))
      this.#fault(
        'chain-broken',
        { batchNo },
        `The marker of batch ${batchNo} is not chained to the one before it: one of the two was altered after it was written.`,
      )
    this.#proof.hash = sessionHash(batchNo, chain)
    if (this.#expected?.batchNo !== batchNo) return
    this.#isHashFound = true
    const found = chain.toString('hex')
    if (found !== this.#expected.chain)
      this.#problems.add({
        kind: 'hash-differs',
        batchNo,
        expected: this.#expected.chain,
        found,
        message: `Batch ${batchNo}: expected the hash ${this.#expected.chain} that was noted down, found ${found}: something up to this batch was altered since.`,
      })
    else if (this.#proof.withoutChecksum > 0)
      this.#problems.add({
        kind: 'hash-differs',
        batchNo,
        message: `Batch ${batchNo} has the hash that was noted down, which proves nothing of ${this.#proof.withoutChecksum} batches up to it: they have no checksum.`,
      })
  }

  async #closeJournal(): Promise<void> {
    const { journal } = this.#options
    if (!journal) return
    await journal.finish()
    this.#damage.readAgain()
    for (const { path, fromSeq, toSeq, fromTsUs, toTsUs } of journal.holes)
      if (!(await this.#damage.touches(fromTsUs, toTsUs)))
        this.#problems.add({
          kind: 'journal-damaged',
          seq: fromSeq,
          toSeq,
          tsUs: fromTsUs,
          message: `The journal has no block with seq ${fromSeq} to ${toSeq}, in front of ${path}: it was damaged or dropped, and no gap names it.`,
        })
    for (const { batchNo, isReleased, path, firstSeq, lastSeq } of journal.batches.values()) {
      // Batches between two markers are told with them.
      if (batchNo <= this.#before.batchNo) continue
      if (!isReleased) this.#proof.pending++
      else
        this.#problems.add({
          kind: 'batch-lost',
          batchNo,
          seq: firstSeq,
          toSeq: lastSeq,
          message: `Batch ${batchNo} (seq ${firstSeq} to ${lastSeq}) is in ${path}, which was put away as written, and is not in the database.`,
        })
    }
  }

  async #closeMissing(): Promise<void> {
    const { sessionId, journal } = this.#options
    const hasEnded = this.#tape.session.endedTsUs !== undefined
    const around = { sessionId, hasEnded, journal, damage: this.#damage, lastNo: this.#before.batchNo }
    for (const missing of this.#missingMarkers) {
      const found = await judgeMissing(missing, around)
      if (typeof found === 'number') this.#proof.pending += found
      else this.#problems.add(found)
    }
  }

  #closeSession(): void {
    const { session, gaps, findings, contractOf } = this.#tape
    this.#proof.ended = session.endedTsUs !== undefined
    const read = { lastTsUs: this.#latestTsUs, hasEnd: this.#endSeq > 0, keepsSessionRecords: this.#keepsSessionRecords }
    const missing = missingEnd(session, read)
    if (missing) this.#problems.add(missing)
    for (const problem of gapDifferences(gaps, this.#gaps)) this.#problems.add(problem)
    for (const problem of this.#findings.added(findings, contractOf)) this.#problems.add(problem)
    if (this.#expected && !this.#isHashFound)
      this.#problems.add({
        kind: 'hash-differs',
        batchNo: this.#expected.batchNo,
        message: `Batch ${this.#expected.batchNo}, whose hash was noted down: expected in the session, found none with a checksum.`,
      })
  }
}

/** The parts of a range that are not in `some`. */
function without({ fromSeq, toSeq }: { fromSeq: number; toSeq: number }, some: ReadonlySet<number>): { fromSeq: number; toSeq: number }[] {
  const parts: { fromSeq: number; toSeq: number }[] = []
  let from = fromSeq
  for (const seq of [...some].filter((each) => each >= fromSeq && each <= toSeq).sort((a, b) => a - b)) {
    if (seq > from) parts.push({ fromSeq: from, toSeq: seq - 1 })
    from = seq + 1
  }
  if (from <= toSeq) parts.push({ fromSeq: from, toSeq })
  return parts
}
