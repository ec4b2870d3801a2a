/** The dividends of instruments that were known on a day. */

import type pg from 'pg'

export interface KnownDividends {
  /** Of the contract. */
  key: string
  /** The day on which the last of them became known, `YYYY-MM-DD`. */
  asOf: string
  /** All that are to come were named by the broker. */
  isBrokers: boolean
  /** Per share, by rising ex-date. */
  payments: { exDate: string; amount: number }[]
}

/** Of what is that old no option that still trades depends. */
const DAYS_BACK = 30

const KNOWN = `
WITH known AS (
  SELECT DISTINCT ON (i.key, a.ex_date) i.key, a.ex_date, a.as_of, a.amount, a.status, a.source
  FROM corporate_actions a JOIN instruments i USING (instrument_id)
  WHERE i.key = ANY ($1) AND a.kind = 'dividend' AND a.ex_date >= $2::date - ${DAYS_BACK} AND a.as_of <= $2::date
  ORDER BY i.key, a.ex_date, a.as_of DESC
)
SELECT key, max(as_of)::text AS "asOf", COALESCE(bool_and(source = 'broker') FILTER (WHERE ex_date > $2::date), false) AS "isBrokers",
  json_agg(json_build_object('exDate', ex_date, 'amount', amount) ORDER BY ex_date) AS payments
FROM known WHERE status <> 'cancelled' GROUP BY key ORDER BY key`

/**
 * Returns the dividends of the last days and those to come, of each contract that has any.
 *
 * @param keys of contracts
 * @param today `YYYY-MM-DD`
 * @throws pg.DatabaseError when the database refuses, Error when the connection breaks
 */
export async function knownDividends(
  client: Pick<pg.ClientBase, 'query'>,
  { keys, today }: { keys: readonly string[]; today: string },
): Promise<KnownDividends[]> {
  const { rows } = await client.query<KnownDividends>(KNOWN, [keys, today])
  return rows
}
