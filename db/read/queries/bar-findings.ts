/** What the rules for bars found wrong with bars of a time. `tapedeck bars check` wrote it. */

import type pg from 'pg'

import type { Disposition, Severity } from '../../../market/tick.ts'

export interface BarFinding {
  calendar: string
  /** 86400: of a market day. */
  barSeconds: number
  rule: string
  severity: Severity
  disposition: Disposition
  /** Undefined: all instruments of the calendar. */
  symbol: string | undefined
  /** Dates at the exchange, both included. */
  fromDate: string
  toDate: string
  bars: number
  reason: string
  evidence: unknown
}

const FINDINGS = `
SELECT f.calendar, bar_seconds AS "barSeconds", rule, severity, disposition, symbol, from_date::text AS "fromDate", to_date::text AS "toDate",
  bars, reason, evidence
FROM bar_findings f LEFT JOIN instruments i USING (instrument_id)
WHERE from_date <= $2::date AND to_date >= $1::date AND ($3::text[] IS NULL OR f.instrument_id IS NULL OR symbol = ANY ($3))
ORDER BY array_position(ARRAY['error', 'warning', 'info'], severity), from_date, symbol NULLS FIRST, rule LIMIT $4`

/**
 * The worst first, not more than `most`.
 *
 * @param query dates, both included
 * @throws pg.DatabaseError when the database refuses, Error when the connection breaks
 */
export async function barFindings(
  client: Pick<pg.ClientBase, 'query'>,
  query: { fromDate: string; toDate: string; symbols?: readonly string[] | undefined; most: number },
): Promise<BarFinding[]> {
  const { rows } = await client.query<BarFinding & { symbol: string | null }>(FINDINGS, [
    query.fromDate,
    query.toDate,
    query.symbols ?? null,
    query.most,
  ])
  return rows.map((row) => ({ ...row, symbol: row.symbol ?? undefined }))
}
