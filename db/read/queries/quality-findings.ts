/** What the rules said of the ticks of a time: how many each contract has, and of each rule one example. As recorded, whatever later judgements say. */

import type pg from 'pg'

import type { JudgedFigures } from '../../../market/quality/contract-day.ts'
import type { Disposition, Severity } from '../../../market/tick.ts'
import { microseconds } from '../../microseconds.ts'
import { IN_TICK_RANGE, type TickRange, tickRangeParameters } from './sessions-between.ts'

export interface RuleFinding {
  /** Undefined: the tape did not say, or the contract could not be stored. */
  instrument: number | undefined
  rule: string
  severity: Severity
  disposition: Disposition
  ticks: number
  /** The first of them, of the contract of each symbol that has most. */
  example: { tsUs: number; reason: string; evidence: readonly number[] } | undefined
}

export interface QualityFindings {
  /** By number of the contract. Each tick counts once. */
  judged: Map<number, JudgedFigures>
  /** One for each contract and rule that spoke. A tick counts under every rule that did. */
  rules: RuleFinding[]
}

/** Nothing is wrong with a tick on which rules only had information, so that half of all quotes may have some. */
const JUDGED = `
SELECT instrument_id::int AS instrument, count(*) FILTER (WHERE is_out)::float8 AS quarantined,
  count(*) FILTER (WHERE is_error AND NOT is_out)::float8 AS errors, count(*) FILTER (WHERE NOT is_error AND NOT is_out)::float8 AS warnings
FROM (
  SELECT instrument_id, bool_or(disposition = 'quarantine') AS is_out, bool_or(severity = 'error') AS is_error
  FROM findings
  WHERE ${IN_TICK_RANGE} AND judgement_id = 0 AND instrument_id IS NOT NULL AND (disposition = 'quarantine' OR severity <> 'info')
  GROUP BY instrument_id, session_id, seq
) AS ticks GROUP BY instrument_id`

/** The example of the contract with the most ticks of its symbol, whose first finding is looked up by its rule and time. */
const RULES = `
WITH counted AS (
  SELECT f.instrument_id, i.symbol, rule, severity, disposition, count(*) AS ticks, min(ts) AS first_ts
  FROM findings f LEFT JOIN instruments i USING (instrument_id) WHERE ${IN_TICK_RANGE} AND judgement_id = 0
  GROUP BY f.instrument_id, i.symbol, rule, severity, disposition
),
ranked AS (
  SELECT *, row_number() OVER (PARTITION BY symbol, rule, severity, disposition ORDER BY ticks DESC, instrument_id) AS place FROM counted
)
SELECT r.instrument_id::int AS instrument, r.rule, r.severity, r.disposition, r.ticks::float8 AS ticks,
  ${microseconds('e.ts')}::float8 AS "tsUs", e.reason, e.evidence::int[] AS evidence
FROM ranked r LEFT JOIN LATERAL (
  SELECT f.ts, f.reason, f.evidence FROM findings f
  WHERE r.place = 1 AND f.rule = r.rule AND f.ts = r.first_ts AND f.judgement_id = 0 AND f.instrument_id IS NOT DISTINCT FROM r.instrument_id
    AND f.severity = r.severity AND f.disposition = r.disposition
  ORDER BY f.session_id, f.seq LIMIT 1
) e ON true
ORDER BY ticks DESC, r.rule, instrument`

interface RuleRow extends Omit<RuleFinding, 'instrument' | 'example'> {
  instrument: number | null
  tsUs: number | null
  reason: string | null
  evidence: number[] | null
}

/** @throws pg.DatabaseError when the database refuses, Error when the connection breaks */
export async function qualityFindings(client: Pick<pg.ClientBase, 'query'>, range: TickRange): Promise<QualityFindings> {
  const parameters = tickRangeParameters(range)
  const { rows: judged } = await client.query<JudgedFigures & { instrument: number }>(JUDGED, parameters)
  const { rows: rules } = await client.query<RuleRow>(RULES, parameters)
  return {
    judged: new Map(judged.map(({ instrument, ...figures }) => [instrument, figures])),
    rules: rules.map(({ instrument, tsUs, reason, evidence, ...finding }) => ({
      ...finding,
      instrument: instrument ?? undefined,
      example: tsUs === null ? undefined : { tsUs, reason: reason ?? '', evidence: evidence ?? [] },
    })),
  }
}
