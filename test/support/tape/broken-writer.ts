/**
 * Writers with a mistake, as one might be made between the checksum and the rows: the marker is right, and what is in the tables is not.
 * What proves the tape has to notice.
 */

import type { WriterOptions } from '../../../collector/write/writer.ts'
import { connectClient } from '../../../db/pool.ts'

type Wrap = (store: WriterOptions['store'], url: string) => WriterOptions['store']

/** Loses one quote of so many. */
export function dropsRows(every: number): Wrap {
  return afterwards(`DELETE FROM quotes WHERE seq % ${every} = 0`)
}

/** Keeps one digit of the bid behind the point. */
export function roundsPrices(): Wrap {
  return afterwards('UPDATE quotes SET bid_price = round(bid_price::numeric, 1)::float8 WHERE bid_price > 0')
}

function afterwards(sql: string): Wrap {
  return (store, url) => async (batch, contractOf) => {
    const stored = await store(batch, contractOf)
    const client = await connectClient(url)
    await client.query(`${sql} AND session_id = ${batch.sessionId}`)
    await client.end()
    return stored
  }
}
