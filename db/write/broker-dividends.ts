/**
 * Keeps the coming dividend that the broker names (statistic `dividends`, generic tick 456) in `corporate_actions`, as expected. A row is
 * added only on a day on which something else became known, so that the same text day after day adds none.
 */

import pg from 'pg'

import { nyse } from '../../market/calendar/calendar.ts'
import { paymentsOfBroker } from '../../market/option/carry.ts'
import type { TapeRecord } from '../../market/tick.ts'

/** `source` of the rows. */
const BROKER = 'broker'
const STATISTIC = 'dividends'

export interface BrokerDividend {
  /** Of the tape. */
  instrument: number
  /** `YYYY-MM-DD`, like `asOf`: the day of the tick in New York. */
  exDate: string
  asOf: string
  amount: number
}

/** The next payment of a record that names one to come and that no rule quarantined. */
export function brokerDividend(record: TapeRecord): BrokerDividend | undefined {
  if (record.kind !== 'statistic' || record.name !== STATISTIC || record.text === undefined) return undefined
  if (record.verdict?.disposition === 'quarantine') return undefined
  const [next] = paymentsOfBroker(record.text) ?? []
  if (!next || !Number.isFinite(next.amount)) return undefined
  const asOf = nyse.zone.dateOf(record.tsUs)
  return next.exDate > asOf ? { instrument: record.instrument, ...next, asOf } : undefined
}

/**
 * A statement that stores them; empty without any. The broker names only the next payment: any other of its payments that was still to
 * come is cancelled, whether the ex-date moved later or earlier. What another source said of that ex-date by then stands.
 *
 * @param dividends in the order of the tape: the last one of an instrument counts
 * @param numberOf gives the database's number of a tape's instrument, if it has one
 */
export function brokerDividendsSql(dividends: Iterable<BrokerDividend>, numberOf: (instrument: number) => number | undefined): string {
  const rows = new Map<number, Record<string, unknown>>()
  for (const { instrument, exDate, asOf, amount } of dividends) {
    const number = numberOf(instrument)
    if (number !== undefined) rows.set(number, { instrument_id: number, ex_date: exDate, as_of: asOf, amount })
  }
  if (rows.size === 0) return ''
  return `
WITH given AS (
  SELECT * FROM jsonb_to_recordset(${pg.escapeLiteral(JSON.stringify([...rows.values()]))}::jsonb)
    AS g(instrument_id bigint, ex_date date, as_of date, amount float8)
), known AS (
  SELECT DISTINCT ON (c.instrument_id, c.ex_date) c.instrument_id, c.ex_date, c.amount, c.status, c.source
  FROM corporate_actions c JOIN given g USING (instrument_id) WHERE c.kind = 'dividend' AND c.as_of <= g.as_of
  ORDER BY c.instrument_id, c.ex_date, c.as_of DESC
), news AS (
  SELECT instrument_id, ex_date, g.as_of, g.amount, 'expected' AS status FROM given g LEFT JOIN known k USING (instrument_id, ex_date)
  WHERE (k.amount, k.status) IS DISTINCT FROM (g.amount, 'expected')
  UNION ALL
  SELECT instrument_id, k.ex_date, g.as_of, k.amount, 'cancelled' FROM given g JOIN known k USING (instrument_id)
  WHERE k.source = '${BROKER}' AND k.status = 'expected' AND k.ex_date > g.as_of AND k.ex_date <> g.ex_date
)
INSERT INTO corporate_actions AS stored (instrument_id, kind, ex_date, as_of, amount, status, source)
SELECT instrument_id, 'dividend', ex_date, as_of, amount, status, '${BROKER}' FROM news n
WHERE NOT EXISTS (SELECT FROM corporate_actions o WHERE o.instrument_id = n.instrument_id AND o.kind = 'dividend' AND o.ex_date = n.ex_date
  AND o.as_of <= n.as_of AND o.source <> '${BROKER}')
ORDER BY instrument_id, ex_date
ON CONFLICT (instrument_id, kind, ex_date, as_of) DO UPDATE SET (amount, status) = (EXCLUDED.amount, EXCLUDED.status)
  WHERE stored.source = '${BROKER}'`
}
