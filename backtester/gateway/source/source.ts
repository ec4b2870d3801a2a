/** Where the market of a gateway comes from: any source of records. */

import type { RecordSource } from '../../../market/record-source.ts'
import type { SourceContents } from './contents.ts'

/** A source of records that may know what it holds. Every RecordSource is one. */
export interface GatewaySource extends RecordSource {
  /** What is in it, where that is known without reading all of it. */
  contents?(): SourceContents
}
