/** What the rules said of the ticks of a time: how many each contract has, and of each rule one example. The only reader of verdicts for reports. */

import type pg from 'pg'

import type { Disposition, JudgedFigures, Severity } from '../../../market/quality/contract-day.ts'
import { usFromIso } from '../../../market/time.ts'
import { IN_TICK_RANGE, type TickRange, tickRangeParameters } from './sessions-between.ts'

export interface RuleFinding {
  /** Undefined: the tape did not say, or the contract could not be stored. */
  instrument: number | undefined
  rule: string
  severity: Severity
  disposition: Disposition
  ticks: number
  /** The first of them. */
  example: { tsUs: number; reason: string }
}

export interface QualityFindings {
  /** By number of the contract. Each tick counts once. */
  judged: Map<number, JudgedFigures>
  /** One for each contract and rule that spoke. A tick counts under every rule that did. */
  rules: RuleFinding[]
}

const FLAGGED = ['quotes', 'trades', 'option_greeks', 'statistics']
  .map(
    (table) => `
  SELECT ts, instrument_id, flags AS rules, reason, 'warning' AS severity, 'flag' AS disposition
  FROM ${table} WHERE ${IN_TICK_RANGE} AND flags IS NOT NULL`,
  )
  .join('\n  UNION ALL')

const SPOKEN = `
WITH spoken AS (${FLAGGED}
  UNION ALL
  SELECT ts, instrument_id, rules, reason, 'error', 'quarantine'
  FROM rejected_ticks WHERE ${IN_TICK_RANGE}
)`

const JUDGED = `${SPOKEN}
SELECT instrument_id::int AS instrument, count(*) FILTER (WHERE disposition = 'quarantine')::float8 AS quarantined, 0::float8 AS errors,
  count(*) FILTER (WHERE disposition = 'flag')::float8 AS warnings
FROM spoken WHERE instrument_id IS NOT NULL GROUP BY instrument_id`

/** The time in front of the reason has a fixed width, so that the least of the two is the first: no sort, and no array of all reasons. */
const TIME_WIDTH = '2014-06-05T13:30:00.000000Z '.length
const RULES = `${SPOKEN}
SELECT instrument_id::int AS instrument, rule, severity, disposition, count(*)::float8 AS ticks,
  min((to_char(ts, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z "') || COALESCE(reason, '')) COLLATE "C") AS example
FROM spoken CROSS JOIN LATERAL unnest(string_to_array(rules, ',')) AS rule
GROUP BY instrument_id, rule, severity, disposition ORDER BY ticks DESC, rule, instrument_id`

/** @throws pg.DatabaseError when the database refuses, Error when the connection breaks */
export async function qualityFindings(client: Pick<pg.ClientBase, 'query'>, range: TickRange): Promise<QualityFindings> {
  const parameters = tickRangeParameters(range)
  const { rows: judged } = await client.query<JudgedFigures & { instrument: number }>(JUDGED, parameters)
  const { rows: rules } = await client.query<Omit<RuleFinding, 'instrument' | 'example'> & { instrument: number | null; example: string }>(
    RULES,
    parameters,
  )
  return {
    judged: new Map(judged.map(({ instrument, ...figures }) => [instrument, figures])),
    rules: rules.map(({ instrument, example, ...finding }) => ({
      ...finding,
      instrument: instrument ?? undefined,
      example: { tsUs: usFromIso(example.slice(0, TIME_WIDTH - 1)), reason: example.slice(TIME_WIDTH) },
    })),
  }
}
