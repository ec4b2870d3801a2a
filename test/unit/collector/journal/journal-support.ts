/** Journals in folders of their own, the records they are fed with, and ways to read back what they keep. */

import { cp, mkdtemp, open, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, vi } from 'vitest'
import { type JournalBatch, loadBlocks, type SegmentRef } from '../../../../collector/journal/batch.ts'
import { Journal, type JournalOptions } from '../../../../collector/journal/journal.ts'
import { type RecoveredSession, recoverJournal } from '../../../../collector/journal/recovery.ts'
import { RecordCursor } from '../../../../db/tape/codec/decode.ts'
import { readBlocks, readRecords } from '../../../../db/tape/reader.ts'
import { unbounded } from '../../../support/tape/unbounded.ts'
import type { ContractRecord, FeedGap, LineEvent, Quote, SessionEvent, TapeRecord } from '../../../../market/tick.ts'

export const SESSION_ID = 1401975060000 * 4096 + 7
/** 2014-06-05 09:31 in New York. */
export const BASE_US = 1401975060000000

export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tapedeck-journal-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

export function quote(seq: number, instrument = 0): Quote {
  return { kind: 'quote', seq, tsUs: BASE_US + seq, instrument, bidPrice: seq, askPrice: seq + 0.25, bidSize: 10, askSize: 20 }
}

export function quotes(from: number, to: number): Quote[] {
  return Array.from({ length: to - from + 1 }, (_, i) => quote(from + i))
}

export function contract(seq: number, instrument = 0, symbol = `S${instrument}`): ContractRecord {
  return { kind: 'contract', seq, tsUs: BASE_US + seq, instrument, contract: { kind: 'stock', symbol, currency: 'USD' } }
}

export function started(seq = 1): SessionEvent {
  return { kind: 'session', seq, tsUs: BASE_US + seq, event: 'started', detail: {} }
}

export function ended(seq: number): SessionEvent {
  return { kind: 'session', seq, tsUs: BASE_US + seq, event: 'ended', cause: 'test' }
}

export function interrupted(seq: number, fromSeq: number): SessionEvent {
  return { kind: 'session', seq, tsUs: BASE_US + seq, event: 'interrupted', fromTsUs: BASE_US + fromSeq, cause: 'link-lost' }
}

export function gap(seq: number, fromSeq: number, instrument?: number): FeedGap {
  const bounds = { fromTsUs: BASE_US + fromSeq, toTsUs: BASE_US + seq, cause: 'link-lost' }
  return { kind: 'gap', seq, tsUs: BASE_US + seq, ...bounds, ...(instrument !== undefined && { instrument }) }
}

export function opened(seq: number, instrument = 0): LineEvent {
  return { kind: 'line', seq, tsUs: BASE_US + seq, instrument, event: 'opened', openedSeq: seq, openedTsUs: BASE_US + seq }
}

export function closed(seq: number, openedSeq: number, instrument = 0): LineEvent {
  const times = { openedSeq, openedTsUs: BASE_US + openedSeq, untilTsUs: BASE_US + seq }
  return { kind: 'line', seq, tsUs: BASE_US + seq, instrument, event: 'closed', ...times, cause: 'test' }
}

export interface WatchedJournal {
  journal: Journal
  directory: string
  batches: JournalBatch[]
  closedSegments: SegmentRef[]
  syncs: { bytes: number; seconds: number }[]
  errors: { code: unknown; path: string }[]
  /** Appends the records and waits until all of them are durable. */
  sync: (...records: TapeRecord[]) => Promise<void>
}

/** Blocks become durable at once; no batch and no segment ends unless a test asks for it. */
const PATIENT = { batchRows: 1_000_000, batchMs: 600_000, fsyncMs: 1, segmentBytes: 1 << 30 }

export async function journalIn(directory: string, options: Partial<JournalOptions> = {}): Promise<WatchedJournal> {
  const batches: JournalBatch[] = []
  const closedSegments: SegmentRef[] = []
  const syncs: { bytes: number; seconds: number }[] = []
  const errors: { code: unknown; path: string }[] = []
  const journal = new Journal({
    ...PATIENT,
    directory,
    sessionId: SESSION_ID,
    bound: unbounded(),
    onBatch: (batch) => batches.push(batch),
    onSegmentClosed: (segment) => closedSegments.push(segment),
    onSync: (figures) => syncs.push(figures),
    onError: (error, path) => errors.push({ code: (error as NodeJS.ErrnoException).code, path }),
    ...options,
  })
  const sync = async (...records: TapeRecord[]) => {
    for (const record of records) journal.append(record)
    await vi.waitFor(
      async () => {
        const blocks = (await blocksIn(directory)).filter(({ batchNo }) => batchNo > 0)
        expect(blocks.at(-1)?.seqs.at(-1)).toBe(records.at(-1)?.seq)
        const written = blocks.reduce((sum, { offset, end }) => sum + end - offset, 0)
        expect(syncs.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(written)
      },
      { timeout: 5000, interval: 5 },
    )
  }
  return { journal, directory, batches, closedSegments, syncs, errors, sync }
}

/** The records of a batch, read as the writer reads them. */
export async function recordsOf(batch: JournalBatch): Promise<TapeRecord[]> {
  const records: TapeRecord[] = []
  for (const payload of (await loadBlocks(batch)).payloads)
    for (const cursor = new RecordCursor(payload); cursor.next(); ) records.push(cursor.record())
  return records
}

export async function seqsOf(batch: JournalBatch): Promise<number[]> {
  return (await recordsOf(batch)).map(({ seq }) => seq)
}

/** Every batch as its number and the seqs in it. */
export async function contentsOf(batches: readonly JournalBatch[]): Promise<[number, number[]][]> {
  const contents: [number, number[]][] = []
  for (const batch of batches) contents.push([batch.batchNo, await seqsOf(batch)])
  return contents
}

export async function segmentsIn(directory: string): Promise<string[]> {
  return (await readdir(directory)).filter((name) => name.endsWith('.tape')).sort()
}

/** What is read of a segment by itself. */
export async function segmentRecords(path: string): Promise<TapeRecord[]> {
  const records: TapeRecord[] = []
  for await (const more of readRecords(path)) records.push(...more)
  return records
}

export interface BlockPlace {
  path: string
  offset: number
  end: number
  batchNo: number
  syncNo: number
  seqs: number[]
}

/** The blocks of all segments, in the order in which they were written. */
export async function blocksIn(directory: string): Promise<BlockPlace[]> {
  const places: BlockPlace[] = []
  for (const name of await segmentsIn(directory)) {
    const path = join(directory, name)
    for await (const block of readBlocks(path)) {
      const seqs: number[] = []
      for (const cursor = new RecordCursor(block.payload); cursor.next(); ) seqs.push(cursor.seq)
      const { offset, batchNo, syncNo } = block
      places.push({ path, offset, end: offset + 48 + block.payloadBytes, batchNo, syncNo, seqs })
    }
  }
  return places
}

/** What a kill at this moment would leave: the files as they are. */
export async function killed(directory: string): Promise<string> {
  const copy = await temporaryFolder()
  await cp(directory, copy, { recursive: true })
  return copy
}

export async function recoverOne(directory: string): Promise<RecoveredSession> {
  const { sessions } = await recoverJournal(directory)
  if (sessions.length !== 1) throw new Error(`expected one session, found ${sessions.length}`)
  return sessions[0] as RecoveredSession
}

/** The class behind every open file, to have one of its calls fail or wait. */
export async function fileHandlePrototype(): Promise<{ write: unknown; writev: unknown; datasync: unknown; truncate: unknown }> {
  const file = await open(tmpdir(), 'r')
  await file.close()
  return Object.getPrototypeOf(file)
}
