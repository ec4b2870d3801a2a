/** A tape file as a source of records. */

import { RecordCursor } from '../../../db/tape/codec/decode.ts'
import { placed, readBlocks, readTapeMeta, type TornTail } from '../../../db/tape/reader.ts'
import type { RecordChunk } from '../../../market/record-source.ts'
import type { TapeRecord } from '../../../market/tick.ts'
import type { GatewaySource, TimeRange } from './source.ts'

/** Few enough to be gone from the young generation before they would be copied, many enough that an await does not count. */
const CHUNK_RECORDS = 512

/** `onTorn` is called when the file ends in an unfinished write, which is left out, each time it is read that far. */
export function tapeFile(path: string, onTorn?: (torn: TornTail) => void): GatewaySource {
  return { name: path, records: (within) => recordsOf(path, within, onTorn) }
}

async function* recordsOf(
  path: string,
  within: TimeRange | undefined,
  onTorn: ((torn: TornTail) => void) | undefined,
): AsyncGenerator<RecordChunk> {
  const { sessionId = 0 } = await readTapeMeta(path)
  const cursor = new RecordCursor()
  for await (const block of readBlocks(path, onTorn && { onTorn })) {
    if (within && (block.lastTsUs < within.fromTsUs || block.firstTsUs > within.toTsUs)) continue
    cursor.reset(block.payload)
    let records: TapeRecord[]
    do {
      try {
        records = readSome(cursor)
      } catch (error) {
        throw placed(error, path, block)
      }
      if (records.length > 0) yield { sessionId, records }
    } while (records.length === CHUNK_RECORDS)
  }
}

function readSome(cursor: RecordCursor): TapeRecord[] {
  const records: TapeRecord[] = []
  while (records.length < CHUNK_RECORDS && cursor.next()) records.push(cursor.record())
  return records
}
