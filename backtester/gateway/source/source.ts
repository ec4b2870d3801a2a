/** Where the market of a gateway comes from: any source of records. */

import type { RecordChunk, RecordSource } from '../../../market/record-source.ts'
import type { SourceContents } from './contents.ts'

export interface TimeRange {
  fromTsUs: number
  /** The last moment of it. */
  toTsUs: number
}

/** A source of records, and what it may offer to be served faster. Every RecordSource is one. */
export interface GatewaySource extends RecordSource {
  /** As RecordSource has it. A source may leave out records outside of `within`, but need not: check the times. */
  records(within?: TimeRange): AsyncIterable<RecordChunk>
  /** What is in it, where that is known without reading all of it. */
  contents?(): SourceContents
}
