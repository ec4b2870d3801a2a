/** What the tests of tapes share: short ways to records, blocks and files. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { RecordEncoder } from '../../../../db/tape/codec/encode.ts'
import { readBlocks, readRecords, type TornTail } from '../../../../db/tape/reader.ts'
import { BLOCK_HEAD_BYTES, encodeFileHead, sealBlock, stampSync } from '../../../../db/tape/file-layout.ts'
import type { ContractRecord, Quote, TapeRecord } from '../../../../market/tick.ts'

/** 2014-06-05 09:31 in New York. */
export const BASE_US = 1401975060000000

export const META = { source: 'import' } as const

/** A folder for the files of one test file, removed behind it. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tapedeck-tape-'))
  afterAll(() => rm(folder, { recursive: true, force: true }))
  return folder
}

export function contractRecord(seq: number, instrument = 1, symbol = 'TWX'): ContractRecord {
  return { kind: 'contract', seq, tsUs: BASE_US, instrument, contract: { kind: 'stock', symbol, currency: 'USD' } }
}

export function quoteRecord(seq: number, instrument = 1): Quote {
  return { kind: 'quote', seq, tsUs: BASE_US + seq, instrument, bidPrice: seq, askPrice: seq + 0.25, bidSize: 10, askSize: undefined }
}

export function blockOf(records: TapeRecord[], syncNo: number, syncIndex: number, batchNo = 0): Buffer {
  const encoder = new RecordEncoder(BLOCK_HEAD_BYTES)
  for (const record of records) encoder.append(record)
  const block = sealBlock(encoder, batchNo)
  stampSync(block, syncNo, syncIndex)
  return block
}

export function tapeBytes(...blocks: Buffer[]): Buffer {
  return Buffer.concat([encodeFileHead(META), ...blocks])
}

export interface ReadBack {
  seqs: number[]
  torn: TornTail | undefined
  /** Message of what the reader threw. */
  error: string | undefined
}

/** Writes the bytes to a file and reads it to its end or its error. */
export async function readBack(path: string, bytes: Buffer): Promise<ReadBack> {
  await writeFile(path, bytes)
  const found: ReadBack = { seqs: [], torn: undefined, error: undefined }
  try {
    for await (const records of readRecords(path, { onTorn: (torn) => (found.torn = torn) }))
      found.seqs.push(...records.map(({ seq }) => seq))
  } catch (error) {
    found.error = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  }
  return found
}

export async function allRecords(path: string): Promise<TapeRecord[]> {
  const records: TapeRecord[] = []
  for await (const chunk of readRecords(path)) records.push(...chunk)
  return records
}

export async function allBlocks(path: string) {
  const blocks = []
  for await (const block of readBlocks(path)) blocks.push(block)
  return blocks
}
