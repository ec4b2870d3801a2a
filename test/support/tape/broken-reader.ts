/** A reader with a mistake, as one might be made: what proves the tape has to notice. */

import type { ReadSession } from '../../../db/verify/read-session.ts'
import type { TapeRecord } from '../../../market/tick.ts'

/** Gives one quote with its sides swapped. */
export function swapsSides(read: ReadSession, seq: number): ReadSession {
  return (url, sessionId, use) =>
    read(url, sessionId, (tape) =>
      use({
        ...tape,
        records: (async function* () {
          for await (const records of tape.records) yield records.map((record) => swapped(record, seq))
        })(),
      }),
    )
}

function swapped(record: TapeRecord, seq: number): TapeRecord {
  if (record.kind !== 'quote' || record.seq !== seq) return record
  const { bidPrice, askPrice } = record
  return { ...record, bidPrice: askPrice, askPrice: bidPrice }
}
