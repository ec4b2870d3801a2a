/** A tape file as a stream of records. */

import { FeedError } from '../../market/errors.ts'
import type { RecordChunk, RecordSource, TimeRange } from '../../market/record-source.ts'
import type { TapeRecord } from '../../market/tick.ts'
import { RecordCursor } from './codec/decode.ts'
import { placed, readBlocks, readTapeMeta, type TornTail } from './reader.ts'

/** Few enough to be garbage before they would be copied as survivors, many enough that an await does not count. */
const CHUNK_RECORDS = 512

export interface TapeSourceOptions {
  /** Called when the file ends in an unfinished write, behind its whole records. Without it a torn import is refused at its end. */
  onTorn?: ((torn: TornTail) => void) | undefined
}

/**
 * The records of `path`. A journal segment starts with its preamble, which repeats the state at its begin.
 * The torn tail of a segment was never confirmed to any caller, so it is not an error.
 */
export function tapeSource(path: string, { onTorn }: TapeSourceOptions = {}): RecordSource {
  return {
    name: path,
    async *records(within?: TimeRange): AsyncGenerator<RecordChunk> {
      const { source, sessionId = 0 } = await readTapeMeta(path)
      const refuse = ({ offset }: TornTail) => {
        throw new FeedError(
          `Tape ${path} is cut at byte ${offset}: what was behind is missing. Restore the file from a copy, or import it again.`,
          {
            code: 'tape-torn',
          },
        )
      }
      const read = readOwnRecords(path, source === 'collector', onTorn ?? (source === 'import' ? refuse : () => undefined), within)
      for await (const records of read) if (records.length > 0) yield { sessionId, records }
    },
  }
}

async function* readOwnRecords(
  path: string,
  isSegment: boolean,
  onTorn: (torn: TornTail) => void,
  within: TimeRange | undefined,
): AsyncGenerator<TapeRecord[]> {
  const cursor = new RecordCursor()
  let torn: TornTail | undefined
  /** Records of the preamble, held back until the segment's first own record shows which of them came before it. */
  let preamble: TapeRecord[] | undefined = isSegment ? [] : undefined
  let lastSeq = Number.NEGATIVE_INFINITY
  for await (const block of readBlocks(path, { onTorn: (tail) => (torn = tail), reusesMemory: true })) {
    const isPreamble = isSegment && block.batchNo === 0
    if (within && !isPreamble && (block.lastTsUs < within.fromTsUs || block.firstTsUs > within.toTsUs)) continue
    try {
      cursor.reset(block.payload)
      if (isPreamble) {
        while (cursor.next()) preamble?.push(cursor.record())
        continue
      }
      // A segment that was begun after a failed sync repeats what may or may not have reached the one before.
      for (let records = readSome(cursor, isSegment, lastSeq); records.length > 0; records = readSome(cursor, isSegment, lastSeq)) {
        const first = records[0] as TapeRecord
        lastSeq = (records.at(-1) as TapeRecord).seq
        if (preamble) {
          yield inOrder(preamble.filter(({ seq }) => seq < first.seq))
          preamble = undefined
        }
        yield records
      }
    } catch (error) {
      throw placed(error, path, block)
    }
  }
  if (preamble) yield inOrder(preamble)
  if (torn) onTorn(torn)
}

/** The next records of a block; none at its end. Of a segment, only those behind `lastSeq`. */
function readSome(cursor: RecordCursor, isSegment: boolean, lastSeq: number): TapeRecord[] {
  const records: TapeRecord[] = []
  while (records.length < CHUNK_RECORDS && cursor.next()) if (!isSegment || cursor.seq > lastSeq) records.push(cursor.record())
  return records
}

function inOrder(records: TapeRecord[]): TapeRecord[] {
  return records.sort((a, b) => a.seq - b.seq)
}
