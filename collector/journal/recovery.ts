/**
 * What an earlier run left behind: reads the segments that were not released, cuts torn tails, and turns them back into the
 * very batches they were cut into. A session that did not end is ended here, as of its last record, with cause `crash`.
 *
 * Safe to repeat: a recovery that is itself killed leaves segments that recover to the same batches.
 */

import { open, readFile, stat, truncate } from 'node:fs/promises'

import { RecordCursor } from '../../db/tape/codec/decode.ts'
import { RecordEncoder } from '../../db/tape/codec/encode.ts'
import { placed, readBlocks, readTapeMeta, type TapeBlock } from '../../db/tape/reader.ts'
import { BLOCK_HEAD_BYTES, decodeBlockHead, sealBlock, stampSync } from '../../db/tape/segment.ts'
import type { Contract } from '../../market/contract.ts'
import { FeedError } from '../../market/errors.ts'
import type { LineEvent, TapeRecord } from '../../market/tick.ts'
import { type GapStart, gapKey } from '../gaps/gap.ts'
import { addBlock, type JournalBatch, type SegmentRef } from './batch.ts'
import { listSegments, type SegmentFile } from './directory.ts'

/** What the reader may say of a header that did not reach the disk whole. */
const HEADER_FAULTS = new Set(['tape-not-a-tape', 'tape-corrupt'])

/** Why a session that did not end by itself has ended. */
const CRASH = 'crash'
/** Cause of the gap behind it. */
const COLLECTOR_CRASH = 'collector-crash'

export interface RecoveredSession {
  sessionId: number
  /** The last record of the session: its last proof of life. */
  lastTsUs: number
  /** False when it had ended before this recovery, and when it holds nothing. */
  crashed: boolean
  /** The gap that was open when it crashed, now or before an earlier recovery. No gap names it yet. */
  gap?: GapStart
  /** Whose time it tells, when the record that says so is still there. */
  clock?: unknown
  batches: JournalBatch[]
  segments: SegmentRef[]
  contracts: Map<number, Contract>
  /** Bytes of unfinished writes that were cut off. */
  tornBytes: number
}

/** Reads every unreleased session in the folder. Throws a FeedError when a segment is damaged in the middle. */
export async function recoverJournal(directory: string): Promise<RecoveredSession[]> {
  const sessions = new Map<number, SegmentFile[]>()
  for (const file of await listSegments(directory)) {
    const files = sessions.get(file.sessionId)
    if (files) files.push(file)
    else sessions.set(file.sessionId, [file])
  }
  const recovered: RecoveredSession[] = []
  for (const [sessionId, files] of sessions) recovered.push(await recoverSession(sessionId, files))
  return recovered
}

async function recoverSession(sessionId: number, files: SegmentFile[]): Promise<RecoveredSession> {
  const session: RecoveredSession = {
    sessionId,
    lastTsUs: 0,
    crashed: true,
    batches: [],
    segments: [],
    contracts: new Map(),
    tornBytes: 0,
  }
  const state: State = { lastSeq: 0, openLines: new Map(), gaps: new Map(), end: undefined }
  for (const { path } of files) {
    const segment: SegmentRef = { path, bytes: 0, uncommitted: 0, closed: true }
    session.segments.push(segment)
    if (!(await hasHeader(path))) continue
    let torn: number | undefined
    for await (const block of readBlocks(path, {
      onTorn: ({ offset, bytes }) => {
        torn = offset
        session.tornBytes += bytes
      },
    }))
      takeBlock(session, state, segment, block)
    if (torn !== undefined) await truncate(path, torn)
  }
  session.crashed &&= state.end !== undefined
  // Gaps that were open at once become one, from the first begin on, and named after it.
  const [first] = [...state.gaps.values()].sort((a, b) => a.fromTsUs - b.fromTsUs)
  const gap = first ?? (session.crashed ? { fromTsUs: session.lastTsUs, cause: COLLECTOR_CRASH } : undefined)
  if (gap) session.gap = gap
  if (session.crashed && state.end) await endSession(session, state, state.end)
  for (const segment of session.segments) segment.bytes = (await stat(segment.path)).size
  return session
}

/** False for a segment whose header never reached the disk whole: it holds no rows. Damage to one that holds some is an error. */
async function hasHeader(path: string): Promise<boolean> {
  try {
    await readTapeMeta(path)
    return true
  } catch (error) {
    if (!(error instanceof FeedError) || !HEADER_FAULTS.has(error.code)) throw error
    const bytes = await readFile(path)
    for (let at = 0; at < bytes.length; at += 8) if ((decodeBlockHead(bytes, at, at)?.batchNo ?? 0) > 0) throw error
    return false
  }
}

interface State {
  lastSeq: number
  openLines: Map<number, LineEvent>
  /** Those that no gap names yet, by `gapKey`. */
  gaps: Map<string, GapStart>
  /** Where the newest rows end. */
  end: { segment: SegmentRef; offset: number; syncNo: number } | undefined
}

function takeBlock(session: RecoveredSession, state: State, segment: SegmentRef, block: TapeBlock): void {
  const cursor = new RecordCursor(block.payload)
  const isPreamble = block.batchNo === 0
  if (isPreamble) state.openLines.clear()
  else state.end = { segment, offset: block.offset + BLOCK_HEAD_BYTES + block.payloadBytes, syncNo: block.syncNo }
  const provedUs = session.lastTsUs
  let ticks = 0
  let fresh = false
  try {
    while (cursor.next()) {
      if (!cursor.isTick) takeControl(session, state, cursor.record(), provedUs)
      // A segment begun after a failed sync repeats what may or may not have reached the one before.
      if (isPreamble || cursor.seq <= state.lastSeq) continue
      fresh = true
      state.lastSeq = cursor.seq
      session.lastTsUs = cursor.tsUs
      if (cursor.isTick) ticks++
    }
  } catch (error) {
    throw placed(error, segment.path, block)
  }
  if (fresh) addToBatch(session, segment, block, ticks)
}

/** `provedUs`: the last proof of life ahead of the record's block. */
function takeControl(session: RecoveredSession, state: State, record: TapeRecord, provedUs: number): void {
  if (record.kind === 'contract') session.contracts.set(record.instrument, record.contract)
  else if (record.kind === 'line' && record.event === 'opened') state.openLines.set(record.openedSeq, record)
  else if (record.kind === 'line') state.openLines.delete(record.openedSeq)
  else if (record.kind === 'gap' && record.instrument === undefined) state.gaps.delete(gapKey(record))
  else if (record.kind === 'session' && record.event === 'interrupted')
    state.gaps.set(gapKey(record), { fromTsUs: record.fromTsUs ?? provedUs, cause: record.cause ?? COLLECTOR_CRASH })
  else if (record.kind === 'session') {
    session.crashed = record.event !== 'ended'
    if (record.event === 'started' && record.detail?.['clock'] !== undefined) session.clock = record.detail['clock']
    if (record.event === 'ended' && record.cause !== CRASH) state.gaps.clear()
    // An earlier recovery wrote this end, in a block of its own.
    else if (record.event === 'ended' && state.gaps.size === 0) state.gaps.set(CRASH, { fromTsUs: provedUs, cause: COLLECTOR_CRASH })
  }
}

function addToBatch(
  session: RecoveredSession,
  segment: SegmentRef,
  block: { batchNo: number; offset: number; payloadBytes: number },
  ticks: number,
): void {
  let batch = session.batches.at(-1)
  if (batch?.batchNo !== block.batchNo) {
    batch = { sessionId: session.sessionId, batchNo: block.batchNo, ticks: 0, blocks: [] }
    session.batches.push(batch)
  }
  batch.ticks += ticks
  addBlock(batch, segment, block.offset, block.payloadBytes)
}

/** Closes the lines that were open and ends the session, on disk first like everything else. */
async function endSession(session: RecoveredSession, state: State, end: NonNullable<State['end']>): Promise<void> {
  const encoder = new RecordEncoder(BLOCK_HEAD_BYTES)
  let { lastSeq: seq } = state
  const { lastTsUs } = session
  // Rows are ordered by time; these follow the last record as closely as a microsecond allows.
  let tsUs = lastTsUs
  for (const line of state.openLines.values())
    encoder.append({ ...line, seq: ++seq, tsUs: ++tsUs, event: 'closed', untilTsUs: lastTsUs, cause: CRASH })
  encoder.append({ kind: 'session', seq: ++seq, tsUs: ++tsUs, event: 'ended', cause: CRASH })
  const batchNo = (session.batches.at(-1)?.batchNo ?? 0) + 1
  const block = sealBlock(encoder, batchNo)
  stampSync(block, end.syncNo + 1, 0)
  const file = await open(end.segment.path, 'r+')
  try {
    await file.write(block, 0, block.length, end.offset)
    await file.sync()
  } finally {
    await file.close()
  }
  addToBatch(session, end.segment, { batchNo, offset: end.offset, payloadBytes: encoder.payloadBytes }, 0)
}
