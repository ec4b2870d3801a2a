/** The curves of interest rates that were known on a day. */

import type pg from 'pg'

export interface KnownRates {
  currency: string
  /** The day on which the curve was known, `YYYY-MM-DD`. */
  asOf: string
  /** Continuously compounded annual fractions by days from `asOf`, rising. */
  points: { days: number; rate: number }[]
}

const KNOWN = `
SELECT currency, as_of::text AS "asOf", json_agg(json_build_object('days', days, 'rate', rate) ORDER BY days) AS points
FROM interest_rates r
WHERE currency = ANY ($1) AND as_of = (SELECT max(as_of) FROM interest_rates o WHERE o.currency = r.currency AND o.as_of <= $2)
GROUP BY currency, as_of ORDER BY currency`

/**
 * Returns the latest curve of each currency that has one.
 *
 * @param today `YYYY-MM-DD`
 * @throws pg.DatabaseError when the database refuses, Error when the connection breaks
 */
export async function knownRates(
  client: Pick<pg.ClientBase, 'query'>,
  { currencies, today }: { currencies: readonly string[]; today: string },
): Promise<KnownRates[]> {
  const { rows } = await client.query<KnownRates>(KNOWN, [currencies, today])
  return rows
}
