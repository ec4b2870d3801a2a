/**
 * Finds what an earlier run left behind: reads the segments that were not released, cuts torn tails, and turns them back into the
 * very batches they were cut into. A session that did not end is ended here, as of its last record, with cause `crash`.
 *
 * Damage stops nothing. Every whole block is recovered, before and behind it; records that are missing between two whole ones (seqs are
 * consecutive) are named by a gap in their session. A damaged segment stays in its place until its batches are committed, and is set
 * aside then instead of released; a file that gives nothing is set aside at once.
 *
 * Safe to repeat: a recovery that is itself killed leaves segments that recover to the same batches.
 */

import { lstat, open, stat, truncate } from 'node:fs/promises'

import { RecordCursor } from '../../db/tape/codec/decode.ts'
import { RecordEncoder } from '../../db/tape/codec/encode.ts'
import { readBlocks, readTapeMeta, type TapeBlock } from '../../db/tape/reader.ts'
import { BLOCK_HEAD_BYTES, FORMER_FORMAT, sealBlock, stampSync, type TapeMeta } from '../../db/tape/file-layout.ts'
import { writeFully } from '../../system/durable-files.ts'
import type { Contract } from '../../market/contract.ts'
import { FeedError, TapedeckError, messageOf } from '../../market/errors.ts'
import type { FeedGap, LineEvent, TapeRecord } from '../../market/tick.ts'
import { addBlock, type BlockContent, contentOf, JOURNAL_DAMAGED, type JournalBatch, type SegmentRef } from './batch.ts'
import { listSegments, type SegmentFile, setAside } from './directory.ts'
import { gapKey, type GapStart } from '../gaps/gap.ts'

/** Why a session that did not end by itself has ended. */
const CRASH = 'crash'
/** For so long data may be silent before the watchdog puts a gap on the tape. */
const UNNOTICED_US = 15_000_000
/** Cause of the gap behind it. */
export const COLLECTOR_CRASH = 'collector-crash'

export interface RecoveredSession {
  sessionId: number
  /** The last record of the session: its last proof of life. */
  lastTsUs: number
  /** False when it had ended before this recovery, and when it holds nothing. */
  crashed: boolean
  /** Open when it crashed, now or before an earlier recovery. No gap of the session names it. */
  openGap?: GapStart
  /** Gaps of all lines that it had taken over from sessions before it, or that began in it, named or not. */
  gaps: GapStart[]
  /** Whose time it tells, when the record that says so is still there. */
  clock?: string
  batches: JournalBatch[]
  segments: SegmentRef[]
  contracts: Map<number, Contract>
  /** Bytes of unfinished writes that were cut off. */
  tornBytes: number
  /** Times of records that damage has taken. */
  losses: Loss[]
  /** Where the session begins, when its first segments are not there: released, or lost. */
  head?: { batchNo: number; isBegun: boolean; fromTsUs: number; toTsUs: number }
  /** Its end could not be written; its segments stay for the next start. */
  unwritable?: unknown
}

interface Loss {
  fromTsUs: number
  toTsUs: number
  records: number
}

/** A file that could not be read, or not whole. */
export interface DamagedFile {
  path: string
  reason: string
  /** Where it is now; undefined while it stays in its place. */
  setAsideTo?: string
}

export interface Recovery {
  sessions: RecoveredSession[]
  damaged: DamagedFile[]
}

/**
 * Reads every unreleased session in the folder. Throws only when the folder itself cannot be made or read.
 *
 * @param clock of the run that reads them: its times say nothing of a session on another clock, whose open gap is named here
 */
export async function recoverJournal(directory: string, clock?: string): Promise<Recovery> {
  const sessions = new Map<number, SegmentFile[]>()
  for (const file of await listSegments(directory)) {
    const files = sessions.get(file.sessionId)
    if (files) files.push(file)
    else sessions.set(file.sessionId, [file])
  }
  const recovery: Recovery = { sessions: [], damaged: [] }
  for (const [sessionId, files] of sessions) {
    const session = await new SessionRecovery(directory, sessionId, recovery.damaged, clock).recover(files)
    if (session.segments.length > 0) recovery.sessions.push(session)
  }
  return recovery
}

/** What a segment gave beside its blocks. */
interface Findings {
  blocks: number
  /** A whole header, of a journal's segment of this session. */
  meta?: TapeMeta | undefined
  damage?: string
  /** Where its unfinished writes begin. */
  tornAt?: number
}

interface Tail {
  segment: SegmentRef
  offset: number
  bytes: number
}

class SessionRecovery {
  readonly #directory: string
  readonly #damaged: DamagedFile[]
  readonly #clock: string | undefined
  readonly #session: RecoveredSession
  readonly #openLines = new Map<number, LineEvent>()
  /** Those that no gap names yet, by `gapKey`. */
  readonly #openGaps = new Map<string, GapStart>()
  /** Losses that an earlier recovery has named. */
  readonly #named = new Set<string>()
  /** Bad ends of segments: unfinished writes, or bytes that were durable and are damaged. The next block tells which. */
  #torn: Tail[] = []
  /** Unfinished writes. */
  readonly #unfinished: Tail[] = []
  /** Where the newest rows end. */
  #end: { segment: SegmentRef; offset: number; syncNo: number } | undefined
  #lastSeq = 0
  /** The last moment that is known to have had a tick. */
  #lastTickUs = 0
  /** Earliest time in a preamble, or in the head of a damaged block. */
  #earliestUs = Number.POSITIVE_INFINITY

  constructor(directory: string, sessionId: number, damaged: DamagedFile[], clock: string | undefined) {
    this.#clock = clock
    this.#directory = directory
    this.#damaged = damaged
    const lists = { gaps: [], batches: [], segments: [], losses: [], contracts: new Map<number, Contract>() }
    this.#session = { sessionId, lastTsUs: 0, crashed: true, tornBytes: 0, ...lists }
  }

  async recover(files: readonly SegmentFile[]): Promise<RecoveredSession> {
    const session = this.#session
    for (const file of files) await this.#readSegment(file)
    session.crashed &&= this.#end !== undefined
    // Gaps that were open at once become one, from the first begin on, and named after it.
    const [first] = [...this.#openGaps.values()].sort((a, b) => a.fromTsUs - b.fromTsUs)
    const gap = first ?? (session.crashed ? { fromTsUs: this.#lastProofUs(), cause: COLLECTOR_CRASH } : undefined)
    if (gap) session.openGap = gap
    try {
      await this.#cutTorn()
      await this.#writeEnd()
    } catch (error) {
      session.unwritable = error
    }
    for (const segment of session.segments) segment.bytes = await sizeOf(segment.path)
    return session
  }

  /**
   * Until when the session is known to have had its data. On the wall clock, data may have stopped up to so long ahead of the crash as the
   * watchdog takes to notice; an answer to a request for the time is no data.
   */
  #lastProofUs(): number {
    const { lastTsUs, clock } = this.#session
    return clock === 'wall' && this.#lastTickUs > 0 ? Math.max(this.#lastTickUs, lastTsUs - UNNOTICED_US) : lastTsUs
  }

  async #readSegment({ path, segment: number }: SegmentFile): Promise<void> {
    const segment: SegmentRef = { path, bytes: 0, uncommitted: 0, closed: true }
    const findings: Findings = { blocks: 0 }
    const isBegun = await this.#readBlocks(segment, number, findings)
    if (findings.blocks === 0 && !isBegun && findings.damage !== undefined) return this.#setAside(path, findings.damage)
    this.#session.segments.push(segment)
    if (findings.damage !== undefined && !isBegun) this.#markDamaged(segment, findings.damage)
    if (findings.tornAt !== undefined) {
      const bytes = (await sizeOf(path)) - findings.tornAt
      this.#torn.push({ segment, offset: findings.tornAt, bytes })
    }
  }

  /** True for a file that was only begun when the power failed: that is no damage. */
  async #readBlocks(segment: SegmentRef, number: number, findings: Findings): Promise<boolean> {
    const { path } = segment
    try {
      if (!(await lstat(path)).isFile()) {
        findings.damage = 'it is no file'
        return false
      }
      findings.meta = await readTapeMeta(path).catch(() => undefined)
      const { meta } = findings
      if (meta && (meta.source !== 'collector' || (meta.sessionId ?? this.#session.sessionId) !== this.#session.sessionId)) {
        findings.damage = 'it is a tape of something else'
        return false
      }
      const onDamage = ({ message, firstTsUs }: { message: string; firstTsUs?: number }) => {
        findings.damage ??= message
        this.#earliestUs = Math.min(this.#earliestUs, firstTsUs ?? Number.POSITIVE_INFINITY)
      }
      const onTorn = ({ offset }: { offset: number }) => {
        findings.tornAt = offset
      }
      for await (const block of readBlocks(path, { onTorn, onDamage }))
        if (!this.#takeBlock(segment, number, meta, block)) findings.damage ??= `the block at byte ${block.offset} holds no records`
        else if (block.batchNo > 0) findings.blocks++
      return findings.blocks === 0 && (findings.damage === undefined || (await wasOnlyBegun(path)))
    } catch (error) {
      findings.damage ??= messageOf(error)
      return findings.blocks === 0 && error instanceof FeedError && error.code !== FORMER_FORMAT && (await wasOnlyBegun(path))
    }
  }

  /** Returns false for a block that is no records, though its checksum is right. */
  #takeBlock(segment: SegmentRef, number: number, meta: TapeMeta | undefined, block: TapeBlock): boolean {
    const content = contentOf(block.payload)
    const controls = content && controlsOf(block.payload)
    if (!content || !controls) return false
    const session = this.#session
    if (block.batchNo === 0) {
      this.#openLines.clear()
      this.#earliestUs = Math.min(this.#earliestUs, content.firstTsUs)
    }
    const provedUs = session.lastTsUs
    for (const record of controls) this.#takeControl(record, provedUs)
    if (block.batchNo === 0) return true
    this.#end = { segment, offset: block.offset + BLOCK_HEAD_BYTES + block.payloadBytes, syncNo: block.syncNo }
    // A segment begun after a failed sync repeats what may or may not have reached the one before.
    if (content.firstSeq + content.records - 1 <= this.#lastSeq) return true
    if (content.firstSeq <= this.#lastSeq + 1) this.#unfinished.push(...this.#torn.splice(0))
    else if (this.#lastSeq > 0 || number === 1) this.#lose(content)
    else {
      const fromTsUs = Math.min(this.#earliestUs, content.firstTsUs - 1)
      // Without its header nothing is known of where its first batch began.
      const isBegun = meta ? (meta.continuesBatch ?? false) : true
      session.head = { batchNo: block.batchNo, isBegun, fromTsUs, toTsUs: content.firstTsUs }
    }
    this.#lastSeq = content.firstSeq + content.records - 1
    session.lastTsUs = content.lastTsUs
    if (content.ticks > 0) this.#lastTickUs = controls.at(-1)?.tsUs === content.lastTsUs ? content.firstTsUs : content.lastTsUs
    this.#addToBatch(segment, block, content)
    return true
  }

  /** Records between the last one and this block are missing. */
  #lose({ firstSeq, firstTsUs }: BlockContent): void {
    const session = this.#session
    const fromTsUs = this.#lastSeq > 0 ? session.lastTsUs : Math.min(this.#earliestUs - 1, firstTsUs - 1)
    session.losses.push({ fromTsUs, toTsUs: Math.max(firstTsUs, fromTsUs + 1), records: firstSeq - this.#lastSeq - 1 })
    // What looked like an unfinished write was durable.
    for (const { segment } of this.#torn.splice(0)) this.#markDamaged(segment, 'its end fails its checksum')
  }

  /** `provedUs`: the last proof of life ahead of the record's block. */
  #takeControl(record: TapeRecord, provedUs: number): void {
    const session = this.#session
    if (record.kind === 'contract') session.contracts.set(record.instrument, record.contract)
    else if (record.kind === 'line' && record.event === 'opened') this.#openLines.set(record.openedSeq, record)
    else if (record.kind === 'line') this.#openLines.delete(record.openedSeq)
    else if (record.kind === 'gap' && record.instrument === undefined) {
      this.#openGaps.delete(gapKey(record))
      if (record.cause === COLLECTOR_CRASH) this.#openGaps.delete(CRASH)
      session.gaps.push({ fromTsUs: record.fromTsUs, cause: record.cause })
      if (record.cause === JOURNAL_DAMAGED) this.#named.add(lossKey(record))
    } else if (record.kind === 'session' && record.event === 'interrupted') {
      const gap = { fromTsUs: record.fromTsUs ?? provedUs, cause: record.cause ?? COLLECTOR_CRASH }
      this.#openGaps.set(gapKey(record), gap)
      session.gaps.push(gap)
    } else if (record.kind === 'session') {
      session.crashed = record.event !== 'ended'
      const clock = record.detail?.['clock']
      if (typeof clock === 'string') session.clock = clock
      if (record.event === 'ended' && record.cause !== CRASH) this.#openGaps.clear()
      // An earlier recovery wrote this end, in a block of its own.
      else if (record.event === 'ended' && this.#openGaps.size === 0)
        this.#openGaps.set(CRASH, { fromTsUs: this.#lastProofUs(), cause: COLLECTOR_CRASH })
    }
  }

  #addToBatch(segment: SegmentRef, block: { batchNo: number; offset: number; payloadBytes: number }, content: BlockContent): void {
    const { sessionId, batches } = this.#session
    let batch = batches.at(-1)
    if (batch?.batchNo !== block.batchNo) {
      batch = { sessionId, batchNo: block.batchNo, ticks: 0, blocks: [] }
      batches.push(batch)
    }
    batch.ticks += content.ticks
    addBlock(batch, segment, { offset: block.offset, payloadBytes: block.payloadBytes, ...content })
  }

  async #cutTorn(): Promise<void> {
    for (const { segment, offset, bytes } of [...this.#unfinished, ...this.#torn]) {
      // Of damaged ones nothing is cut, but for what is in the way of the end.
      if (segment.damage !== undefined && segment !== this.#end?.segment) continue
      this.#session.tornBytes += bytes
      await truncate(segment.path, offset)
    }
  }

  /** Names what damage took, closes the lines that were open and ends the session, on disk first like everything else. */
  async #writeEnd(): Promise<void> {
    const session = this.#session
    const end = this.#end
    if (!end) return
    const { lastTsUs } = session
    const encoder = new RecordEncoder(BLOCK_HEAD_BYTES)
    const firstSeq = this.#lastSeq + 1
    let seq = this.#lastSeq
    // Rows are ordered by time; these follow the last record as closely as a microsecond allows.
    let tsUs = lastTsUs
    for (const { fromTsUs, toTsUs } of session.losses)
      if (!this.#named.has(lossKey({ fromTsUs, toTsUs })))
        encoder.append({ kind: 'gap', seq: ++seq, tsUs: ++tsUs, fromTsUs, toTsUs, cause: JOURNAL_DAMAGED })
    if (session.crashed) {
      for (const line of this.#openLines.values())
        encoder.append({ ...line, seq: ++seq, tsUs: ++tsUs, event: 'closed', untilTsUs: lastTsUs, cause: CRASH })
      encoder.append({ kind: 'session', seq: ++seq, tsUs: ++tsUs, event: 'ended', cause: CRASH })
    }
    const { openGap, clock = this.#clock } = session
    if (openGap && this.#clock !== undefined && clock !== this.#clock) {
      const toTsUs = Math.max(lastTsUs, openGap.fromTsUs + 1)
      encoder.append({ kind: 'gap', seq: ++seq, tsUs: ++tsUs, ...openGap, toTsUs })
      delete session.openGap
    }
    if (encoder.records === 0) return
    const batchNo = (session.batches.at(-1)?.batchNo ?? 0) + 1
    const block = sealBlock(encoder, batchNo)
    stampSync(block, end.syncNo + 1, 0)
    const file = await open(end.segment.path, 'r+')
    try {
      await writeFully(file, [block], end.offset)
      await file.sync()
    } finally {
      await file.close()
    }
    const content = { records: encoder.records, ticks: 0, firstSeq, firstTsUs: encoder.firstTsUs, lastTsUs: encoder.lastTsUs }
    this.#addToBatch(end.segment, { batchNo, offset: end.offset, payloadBytes: encoder.payloadBytes }, content)
  }

  #markDamaged(segment: SegmentRef, reason: string): void {
    if (segment.damage !== undefined) return
    segment.damage = reason
    this.#damaged.push({ path: segment.path, reason })
  }

  async #setAside(path: string, reason: string): Promise<void> {
    // One that cannot be moved either is looked at again by the next start.
    const setAsideTo = await setAside(this.#directory, path).catch(() => undefined)
    this.#damaged.push({ path, reason, ...(setAsideTo !== undefined && { setAsideTo }) })
  }
}

/** All but the ticks; undefined when one is not what a record of its kind is. */
function controlsOf(payload: Uint8Array): TapeRecord[] | undefined {
  const controls: TapeRecord[] = []
  try {
    for (const cursor = new RecordCursor(payload); cursor.next(); ) if (!cursor.isTick) controls.push(cursor.record())
  } catch (error) {
    if (!(error instanceof TapedeckError)) throw error
    return undefined
  }
  return controls
}

/** A header that did not reach the disk whole: what there is of it is right, or zeros. */
async function wasOnlyBegun(path: string): Promise<boolean> {
  const magic = Buffer.from('TAPEDECK', 'latin1')
  const file = await open(path, 'r')
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(magic.length), 0, magic.length, 0)
    const start = buffer.subarray(0, bytesRead)
    return start.every((byte) => byte === 0) || start.equals(magic.subarray(0, start.length))
  } finally {
    await file.close()
  }
}

function lossKey({ fromTsUs, toTsUs }: Pick<FeedGap, 'fromTsUs' | 'toTsUs'>): string {
  return `${fromTsUs} ${toTsUs}`
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => ({ size: 0 }))).size
}
