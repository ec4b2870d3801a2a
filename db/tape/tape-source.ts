/** A tape file as a stream of records. */

import { FeedError } from '../../market/errors.ts'
import type { RecordChunk, RecordSource } from '../../market/record-source.ts'
import type { TapeRecord } from '../../market/tick.ts'
import { RecordCursor } from './codec/decode.ts'
import { placed, readBlocks, readTapeMeta, type TornTail } from './reader.ts'

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
    async *records(): AsyncGenerator<RecordChunk> {
      const { source, sessionId = 0 } = await readTapeMeta(path)
      const refuse = ({ offset }: TornTail) => {
        throw new FeedError(
          `Tape ${path} is cut at byte ${offset}: what was behind is missing. Restore the file from a copy, or import it again.`,
          {
            code: 'tape-torn',
          },
        )
      }
      const read = readOwnRecords(path, source === 'collector', onTorn ?? (source === 'import' ? refuse : () => undefined))
      for await (const records of read) if (records.length > 0) yield { sessionId, records }
    },
  }
}

async function* readOwnRecords(path: string, isSegment: boolean, onTorn: (torn: TornTail) => void): AsyncGenerator<TapeRecord[]> {
  const cursor = new RecordCursor()
  let torn: TornTail | undefined
  /** Records of the preamble, held back until the segment's first own record shows which of them came before it. */
  let preamble: TapeRecord[] | undefined = isSegment ? [] : undefined
  let lastSeq = Number.NEGATIVE_INFINITY
  for await (const block of readBlocks(path, { onTorn: (tail) => (torn = tail) })) {
    const isPreamble = isSegment && block.batchNo === 0
    const records: TapeRecord[] = []
    try {
      for (cursor.reset(block.payload); cursor.next(); ) {
        if (isPreamble) preamble?.push(cursor.record())
        // A segment that was begun after a failed sync repeats what may or may not have reached the one before.
        else if (!isSegment || cursor.seq > lastSeq) records.push(cursor.record())
        if (!isPreamble) lastSeq = Math.max(lastSeq, cursor.seq)
      }
    } catch (error) {
      throw placed(error, path, block)
    }
    const [first] = records
    if (first && preamble) {
      yield inOrder(preamble.filter(({ seq }) => seq < first.seq))
      preamble = undefined
    }
    yield records
  }
  if (preamble) yield inOrder(preamble)
  if (torn) onTorn(torn)
}

function inOrder(records: TapeRecord[]): TapeRecord[] {
  return records.sort((a, b) => a.seq - b.seq)
}
