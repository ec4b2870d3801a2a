/**
 * What earlier runs left behind, from the start of this one until it is settled: rows that the database does not have, and the knowledge
 * that a session was open until some moment. That knowledge lies in up to three places, of which any may be lost: the segments of the
 * journal, `collector.json`, and the database.
 *
 * States: found (`read`) -> writing (`write`: batches go to the database; segments stay) -> carried (`begin`: the first session of this
 * run has the open gaps on its tape, in the turn in which it begins) -> settled (that is durable: segments are released). Without a
 * session, because the time is never known, everything stays for the next start. `ask` settles with the database, once it is reached,
 * what only the database knows.
 */

import { hostname } from 'node:os'

import { messageOf } from '../../market/errors.ts'

import type { Counts } from '../telemetry/counts.ts'
import type { Events } from '../telemetry/events/index.ts'
import type { Writer } from '../write/writer.ts'
import { JOURNAL_DAMAGED } from './batch.ts'
import type { JournalBound } from './bound.ts'
import type { CollectorFile } from './collector-file.ts'
import { lastSessionId } from './directory.ts'
import { gapKey, type Gap, type GapStart } from '../gaps/gap.ts'
import { COLLECTOR_CRASH, type RecoveredSession, recoverJournal } from './recovery.ts'

/** What the database knows of sessions. */
export interface KnownSessions {
  /** Sessions of this collector that have no end. */
  unended: (identity: { collectorId: string; host: string; dataDir: string }) => Promise<readonly UnendedSession[]>
  /** Which of these sessions it has. */
  known: (sessionIds: readonly number[]) => Promise<readonly number[]>
  /** How many batches below this one it has, whether it has this one too, and the last time in those below. */
  batchesBelow: (sessionId: number, batchNo: number) => Promise<{ batches: number; hasBatch: boolean; lastTsUs: number | undefined }>
  /** Gives a session without one an end, with cause `crash`. */
  end: (sessionId: number, tsUs: number) => Promise<void>
}

interface UnendedSession {
  sessionId: number
  lastTsUs: number
  clock?: string | undefined
  openGaps?: readonly GapStart[]
}

export interface LeftBehindOptions {
  directory: string
  dataDir: string
  /** Of this run. */
  clock: string
  file: CollectorFile
  bound: JournalBound
  counts: Counts
  events: Events
}

/** What the first session of this run puts on its tape as it begins. */
export interface Tape {
  nowUs: () => number
  gap: (gap: Gap) => unknown
  /** A gap that is open until all lines are. */
  interrupt: (gap: GapStart) => void
  /** Resolves when everything so far is on disk. */
  durable: () => Promise<void>
}

/** After so many the database is not asked any more in this run. */
const MAX_REFUSALS = 3
/**
 * A replayed market's time stands still until all lines are open, while each record moves on by a microsecond: a session that begins
 * so little before the last record of the one before it has not gone back. The open gap covers both.
 */
const STANDING_CLOCK_US = 1_000_000

export class LeftBehind {
  readonly #options: LeftBehindOptions
  readonly #sessions: readonly RecoveredSession[]
  /** Of sessions that are to be named before anything else: known to the file only. */
  readonly #lost: CollectorFile['open']
  readonly #lastSessionId: number
  /** Left open by a run that ended in order. */
  #leftGap: CollectorFile['gap']
  /** Taken over from earlier runs, until it is known to have ended. */
  #carried: GapStart | undefined
  #writer: Writer | undefined
  #tape: Tape | undefined
  #startedUs = 0
  /** Found in the database before a session had begun. */
  #pending: (() => void)[] = []
  #refusals = 0
  #asking: Promise<void> | undefined
  #isAnswered = false

  private constructor(options: LeftBehindOptions, sessions: readonly RecoveredSession[], lastId: number) {
    this.#options = options
    this.#sessions = sessions
    const journaled = new Set(sessions.filter(({ batches }) => batches.length > 0).map(({ sessionId }) => sessionId))
    this.#lost = options.file.open.filter(({ sessionId }) => !journaled.has(sessionId)).map((session) => ({ ...session }))
    this.#lastSessionId = Math.max(options.file.lastSessionId, lastId)
  }

  /** Never throws for reasons of the disk: a recorder must record. */
  static async read(options: LeftBehindOptions): Promise<LeftBehind> {
    const { directory, bound } = options
    try {
      const lastId = await lastSessionId(directory)
      const { sessions, damaged } = await recoverJournal(directory, options.clock)
      for (const file of damaged) options.events.journalFileDamaged(file)
      return new LeftBehind(options, sessions, lastId)
    } catch (error) {
      options.events.journalUnreadable({ directory, error })
      const reason = messageOf(error)
      bound.setFault(
        'start',
        `the folder of the journal could not be read at the start (${reason}): what it holds waits for the next start`,
      )
      return new LeftBehind(options, [], 0)
    }
  }

  /** Every session of this run has a greater id. */
  get lastSessionId(): number {
    return this.#lastSessionId
  }

  /** Gives the batches to the writer. Their segments are not released yet. */
  write(writer: Writer): void {
    const { bound, counts, events } = this.#options
    this.#writer = writer
    for (const session of this.#sessions) {
      const { sessionId, batches, tornBytes, crashed, losses } = session
      const ticks = batches.reduce((sum, batch) => sum + batch.ticks, 0)
      events.sessionRecovered({ sessionId, batches: batches.length, ticks, tornBytes, crashed })
      for (const { records, ...bounds } of losses) events.recordsLost({ sessionId, records, ...bounds, cause: JOURNAL_DAMAGED })
      if (session.unwritable !== undefined) events.sessionEndUnwritable({ sessionId, error: session.unwritable })
      counts.recovered.found += ticks
      for (const batch of batches) writer.add(batch, { contractOf: (i) => session.contracts.get(i), recovered: true })
      for (const segment of session.segments) {
        const { bytes } = segment
        segment.bytes = 0
        bound.grow(segment, bytes)
      }
    }
  }

  /** To be called in the same turn as the begin of the first session. */
  begin(tape: Tape): void {
    if (this.#tape) return
    this.#tape = tape
    this.#startedUs = tape.nowUs()
    const mine = openGapsOf(this.#sessions)
    const gap = this.#options.file.gap
    this.#leftGap = gap
    if (gap?.clock === this.#options.clock) mine.push(gap)
    const [first] = mine.sort((a, b) => a.fromTsUs - b.fromTsUs)
    const stillUs = this.#options.clock === 'gateway' ? STANDING_CLOCK_US : 0
    if (first && first.fromTsUs >= this.#startedUs + stillUs) this.#name(first, this.#startedUs, this.#options.clock)
    // Of a lost session the database may know how long it lived; until the lines are open nothing is recorded in any case.
    const isLost = this.#lost.some(({ clock, untilUs }) => clock === this.#options.clock && untilUs === undefined)
    if (first || isLost) {
      const fromTsUs = Math.min(first?.fromTsUs ?? this.#startedUs, this.#startedUs)
      this.#carried = { fromTsUs, cause: first?.cause ?? COLLECTOR_CRASH }
      tape.interrupt(this.#carried)
    }
    void tape.durable().then(() => this.#settle())
    for (const name of this.#pending.splice(0)) name()
  }

  /**
   * This run ends in order. When it has not come so far as to have its lines, the gap that it took over goes on until a later one has.
   *
   * @param open the gap that is open now, and is named up to `nowUs`
   */
  end(open: Readonly<GapStart> | undefined, nowUs: number): void {
    if (!open || !this.#carried || gapKey(open) !== gapKey(this.#carried)) return
    this.#options.file.leaveGap({ fromTsUs: nowUs, cause: open.cause, clock: this.#options.clock })
  }

  /** Asks the database what only it knows. To be called whenever it is reached, before batches are written to it. */
  async ask(database: KnownSessions): Promise<void> {
    if (this.#isAnswered) return
    this.#asking ??= this.#ask(database)
      .catch((error: unknown) => {
        if (!isRefusal(error) || ++this.#refusals < MAX_REFUSALS) throw error
        // The rows matter more than what is asked here.
        this.#options.events.sessionsUnanswered({ error })
      })
      .then(() => {
        this.#isAnswered = true
      })
      .finally(() => {
        this.#asking = undefined
      })
    await this.#asking
  }

  /** The open gaps are on disk in the new session: nothing hangs on the old segments any more. */
  #settle(): void {
    const settled: number[] = []
    for (const { sessionId, segments, batches, unwritable } of this.#sessions) {
      if (unwritable !== undefined) continue
      for (const segment of segments) this.#writer?.segmentClosed(segment)
      if (batches.length > 0) settled.push(sessionId)
    }
    this.#options.file.forget(settled)
    const { file } = this.#options
    if (file.gap === this.#leftGap) file.leaveGap(undefined)
  }

  async #ask(database: KnownSessions): Promise<void> {
    const { file, dataDir, clock } = this.#options
    const unended = await database.unended({ collectorId: file.collectorId, host: hostname(), dataDir })
    const known = this.#lost.length > 0 ? await database.known(this.#lost.map(({ sessionId }) => sessionId)) : []
    const heads: Gap[] = []
    for (const session of this.#sessions) heads.push(...(await headLoss(session, database)))
    // Nothing is named before every answer is there, so that a question asked again names nothing twice.
    const journaled = new Set(this.#sessions.filter(({ batches }) => batches.length > 0).map(({ sessionId }) => sessionId))
    const lost = new Map(this.#lost.map((session) => [session.sessionId, session]))
    for (const { sessionId, lastTsUs, openGaps = [], ...session } of unended) {
      if (journaled.has(sessionId) || sessionId > this.#lastSessionId) continue
      const fromTsUs = Math.min(lastTsUs, ...openGaps.map((gap) => gap.fromTsUs))
      const settle = async () => {
        await database.end(sessionId, lastTsUs)
        file.forget([sessionId])
      }
      this.#later({ fromTsUs, cause: openGaps[0]?.cause ?? COLLECTOR_CRASH }, lost.get(sessionId)?.untilUs, session.clock ?? clock, settle)
      lost.delete(sessionId)
    }
    for (const { sessionId, startedUs, untilUs, clock: whose } of lost.values()) {
      const settle = async () => file.forget([sessionId])
      // Ended in the database, or followed by a gap: only the file did not learn of it.
      if (known.includes(sessionId)) await settle()
      else this.#later({ fromTsUs: startedUs, cause: COLLECTOR_CRASH }, untilUs, whose, settle)
    }
    for (const { toTsUs, ...gap } of heads) this.#later(gap, toTsUs, clock, async () => undefined)
  }

  /** Names a gap as soon as a session records; what is to be done then waits until that is on disk. */
  #later(gap: GapStart, untilUs: number | undefined, clock: string, settle: () => Promise<void>): void {
    const name = () => {
      this.#name(gap, untilUs ?? this.#startedUs, clock)
      void this.#tape
        ?.durable()
        .then(settle)
        .catch((error: unknown) => this.#options.events.sessionsUnanswered({ error }))
    }
    if (this.#tape) name()
    else this.#pending.push(name)
  }

  /**
   * Names a gap that ends at a known time. The times of another clock cannot be compared with ours, so that only its begin can be named.
   * When our clock shows an earlier time than the gap's begin, it was set back: everything between the two is in doubt.
   */
  #name({ fromTsUs, cause }: GapStart, untilUs: number, clock: string): void {
    if (clock !== this.#options.clock) this.#tape?.gap({ fromTsUs, toTsUs: fromTsUs + 1, cause: `${cause}, behind it another clock` })
    else if (untilUs > fromTsUs) this.#tape?.gap({ fromTsUs, toTsUs: untilUs, cause })
    else this.#tape?.gap({ fromTsUs: Math.min(untilUs, fromTsUs - 1), toTsUs: fromTsUs, cause: `${cause}, clock went back` })
  }
}

/**
 * Open gaps of these sessions, in their order, that no later one of them has taken over: one has when it has a gap, named or not, that
 * began no later and for the same reason.
 */
function openGapsOf(sessions: readonly RecoveredSession[]): GapStart[] {
  let open: GapStart[] = []
  for (const { openGap, gaps, batches } of sessions) {
    if (batches.length === 0) continue
    open = open.filter(({ fromTsUs, cause }) => !gaps.some((gap) => gap.fromTsUs <= fromTsUs && gap.cause === cause))
    if (openGap) open.push(openGap)
  }
  return open
}

/** What is missing in front of a session's first segment: batches that are neither there nor in the database. */
async function headLoss({ sessionId, head }: RecoveredSession, database: KnownSessions): Promise<Gap[]> {
  if (!head) return []
  const { batches, hasBatch, lastTsUs } = await database.batchesBelow(sessionId, head.batchNo)
  if (batches === head.batchNo - 1 && (hasBatch || !head.isBegun)) return []
  const fromTsUs = Math.min(lastTsUs ?? head.fromTsUs, head.toTsUs - 1)
  return [{ fromTsUs, toTsUs: head.toTsUs, cause: JOURNAL_DAMAGED }]
}

/** Whether the database understood the question and does not answer it (SQLSTATE): another attempt helps only when that is changed. */
function isRefusal(error: unknown): boolean {
  const state = error instanceof Error && 'code' in error ? String(error.code) : ''
  return /^(?=.*\d)[0-9A-Z]{5}$/.test(state) && !/^(08|53|57)/.test(state)
}
