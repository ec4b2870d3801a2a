/**
 * The one stream of records, as a consumer sees it. A session in the database, a range over sessions, a tape file and the live
 * recorder give the same records in the same order; a consumer cannot tell which of them it reads.
 */

import type { TapeRecord } from './tick.ts'

/** Takes the records of a stream one by one, in order: from a replay, or from the live recorder. */
export type RecordListener = (record: TapeRecord, sessionId: number) => void

/** Records of one session that follow each other. */
export interface RecordChunk {
  /** 0: of a tape that no collector recorded. */
  sessionId: number
  records: TapeRecord[]
}

export interface TimeRange {
  fromTsUs: number
  /** The last moment of it. */
  toTsUs: number
}

/** Records that can be read any number of times. */
export interface RecordSource {
  /** For people: a path, or which session of which database. */
  readonly name: string
  /**
   * Ticks and control records in the order of (tsUs, seq); records of overlapping sessions are merged by time. Each instrument's
   * `ContractRecord` comes before its first other record. Returning early ends the reading.
   *
   * @param within A source may leave out records outside of it, contracts too, to be read faster; it need not, so check the times.
   * @throws FeedError when the source cannot be read, or not to its end
   */
  records(within?: TimeRange): AsyncIterable<RecordChunk>
}
