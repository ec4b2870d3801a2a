/** Where the market of a gateway comes from: a tape file, or one that is made up. It can be read any number of times. */

import { readBlocks } from '../../../db/tape/reader.ts'
import { scanTape, type TapeContents } from './tape-scan.ts'

/** Records in the order of time. */
export interface RecordBlock {
  /** Of the first and the last record. */
  firstTsUs: number
  lastTsUs: number
  /** Bytes of the records, 8-byte aligned. Valid until the next block is asked for. */
  payload: Uint8Array
}

export interface RecordSource {
  /** For people. */
  readonly name: string
  /** What is in it. Rejects with a FeedError when it cannot be served. */
  contents(): Promise<TapeContents>
  /** Throws a FeedError when it cannot be read on. */
  blocks(): AsyncIterable<RecordBlock>
}

export function tapeFile(path: string): RecordSource {
  return { name: path, contents: () => scanTape(path), blocks: () => readBlocks(path) }
}
