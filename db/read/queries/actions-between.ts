/** Dividends and splits of a range of days, as they were known on a day. */

import type pg from 'pg'

export interface StoredAction {
  instrument: number
  kind: 'dividend' | 'split'
  /** `YYYY-MM-DD`. */
  exDate: string
  /** Of a dividend: per share that trades on the ex-date. */
  amount: number | null
  /** Of a split: shares after it for each share before. */
  ratio: number | null
}

const KNOWN = `
WITH known AS (
  SELECT DISTINCT ON (instrument_id, kind, ex_date) instrument_id, kind, ex_date, amount, ratio, status
  FROM corporate_actions
  WHERE instrument_id = ANY ($1::bigint[]) AND ex_date BETWEEN $2::date AND $3::date AND as_of <= $4::date
  ORDER BY instrument_id, kind, ex_date, as_of DESC
)
SELECT instrument_id::float8 AS instrument, kind, ex_date::text AS "exDate", amount, ratio
FROM known WHERE status <> 'cancelled' ORDER BY ex_date, instrument_id, kind`

/**
 * Those whose ex-date lies between two days, both included, by ex-date.
 *
 * @throws pg.DatabaseError when the database refuses, Error when the connection breaks
 */
export async function actionsBetween(
  client: Pick<pg.ClientBase, 'query'>,
  { instruments, fromDate, toDate, asOf }: { instruments: readonly number[]; fromDate: string; toDate: string; asOf: string },
): Promise<StoredAction[]> {
  const { rows } = await client.query<StoredAction>(KNOWN, [instruments, fromDate, toDate, asOf])
  return rows
}
