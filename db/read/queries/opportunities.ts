/** Opportunities as they were stored. */

import type pg from 'pg'

import type { Ending, Episode } from '../../../market/arbitrage/episode.ts'
import type { NamedAssessment, NamedEpisode, NamedLeg } from '../../../market/arbitrage/plain.ts'
import type { Contract, Right } from '../../../market/contract.ts'
import { isoFromUs } from '../../../market/time.ts'
import { parseJsonb } from '../../jsonb.ts'
import { microseconds } from '../../microseconds.ts'
import { FIGURES, MOMENTS, type Moment } from '../../schema/opportunity-tables.ts'

/** One that is over, with the settings of the detector that found it. */
export type StoredOpportunity = NamedEpisode & { openedSeq: number; closedUs: number; ending: Ending; settings: unknown }

/** What is absent restricts nothing. */
export interface OpportunityQuery {
  id?: string | undefined
  sessionId?: number | undefined
  /** When they opened. */
  fromUs?: number | undefined
  toUs?: number | undefined
  /** Of their underlyings. */
  symbols?: readonly string[] | undefined
}

const figureColumns = (moment: Moment) =>
  FIGURES.map(({ column, key, type }) => `'${key}', ${moment}_${column}${type === 'numeric' ? '::float8' : ''}`)
const figuresOf = (moment: Moment) => `jsonb_build_object(${figureColumns(moment).join(', ')})::text AS ${moment}`

const STORED = `
SELECT opportunity_id AS id, session_id::float8 AS "sessionId", opened_seq::float8 AS "openedSeq", ${microseconds('opened_ts')}::float8 AS "openedUs",
  ${microseconds('best_ts')}::float8 AS "bestUs", ${microseconds('closed_ts')}::float8 AS "closedUs", ending, detector, symbol, currency,
  expiry::text, last_expiry::text AS "lastExpiry", multiplier, quotes::float8, ${MOMENTS.map(figuresOf).join(', ')},
  course_us::float8[] AS "courseUs", course_edges AS "courseEdges", course_sizes AS "courseSizes", settings::text,
  (SELECT json_agg(json_build_object('moment', moment, 'side', side, 'ratio', ratio, 'kind', kind, 'symbol', symbol, 'tradingClass', trading_class,
      'expiry', expiry, 'strike', strike, 'right', "right", 'multiplier', multiplier, 'price', price, 'size', size, 'ageMs', age_ms,
      'fee', fee::float8) ORDER BY moment, leg)
    FROM opportunity_legs l WHERE l.opportunity_id = o.opportunity_id) AS legs
FROM opportunities o
WHERE ($1::text IS NULL OR opportunity_id = $1) AND ($2::bigint IS NULL OR session_id = $2) AND opened_ts >= $3 AND opened_ts < $4
  AND ($5::text[] IS NULL OR symbol = ANY ($5))
ORDER BY opened_ts, session_id, opened_seq, length(opportunity_id), opportunity_id`

interface LegRow extends Pick<NamedLeg, 'side' | 'ratio' | 'price' | 'size' | 'ageMs' | 'fee'> {
  moment: Moment
  kind: Contract['kind']
  symbol: string
  tradingClass: string | null
  expiry: string | null
  strike: number | null
  right: Right | null
  multiplier: number | null
}

interface Row extends Pick<Episode, 'id' | 'sessionId' | 'openedSeq' | 'openedUs' | 'bestUs' | 'quotes'> {
  closedUs: number
  ending: Ending
  detector: string
  symbol: string
  currency: string
  expiry: string
  lastExpiry: string
  multiplier: number
  /** JSON of what FIGURES names. */
  opened: string
  best: string
  courseUs: number[]
  courseEdges: number[]
  courseSizes: number[]
  settings: string
  legs: LegRow[] | null
}

/**
 * Returns them in the order in which they opened.
 *
 * @throws pg.DatabaseError when the database refuses, Error when the connection breaks
 */
export async function storedOpportunities(client: Pick<pg.ClientBase, 'query'>, query: OpportunityQuery): Promise<StoredOpportunity[]> {
  const { id, sessionId, fromUs, toUs, symbols } = query
  const time = (us: number | undefined, otherwise: string) => (us === undefined ? otherwise : isoFromUs(us))
  const parameters = [id ?? null, sessionId ?? null, time(fromUs, '-infinity'), time(toUs, 'infinity'), symbols ?? null]
  const { rows } = await client.query<Row>(STORED, parameters)
  return rows.map(opportunityOf)
}

function opportunityOf(row: Row): StoredOpportunity {
  const { id, sessionId, openedSeq, openedUs, bestUs, closedUs, ending, quotes, courseUs, courseEdges, courseSizes, settings } = row
  const course = courseUs.map((us, i) => ({ tsUs: openedUs + us, edgePerShare: courseEdges[i] as number, size: courseSizes[i] as number }))
  const [opened, best] = [assessmentOf(row, 'opened'), assessmentOf(row, 'best')]
  return { id, sessionId, openedSeq, openedUs, closedUs, ending, opened, best, bestUs, quotes, course, settings: parseJsonb(settings) }
}

function assessmentOf(row: Row, moment: Moment): NamedAssessment {
  const { detector, symbol, currency, expiry, lastExpiry, multiplier, legs } = row
  const figures = withoutNulls(parseJsonb(row[moment]) as object) as Omit<NamedAssessment, 'legs' | keyof typeof common>
  const common = { detector, underlying: { symbol, currency }, expiry, lastExpiry, multiplier }
  const own = (legs ?? []).filter((leg) => leg.moment === moment)
  return { ...common, ...figures, legs: own.map((leg) => legOf(leg, currency)) }
}

function legOf({ side, ratio, price, size, ageMs, fee, ...contract }: LegRow, currency: string): NamedLeg {
  return { side, ratio, price, contract: contractOf(contract, currency), size, ageMs, fee }
}

function contractOf(row: Omit<LegRow, 'side' | 'ratio' | 'price' | 'size' | 'ageMs' | 'fee'>, currency: string): Contract {
  const { kind, symbol, tradingClass, expiry, strike, right, multiplier } = row
  if (kind === 'index') return { kind, symbol, currency, venue: '' }
  if (kind !== 'option') return { kind: 'stock', symbol, currency }
  return {
    kind,
    symbol,
    currency,
    expiry: expiry ?? '',
    strike: strike ?? Number.NaN,
    right: right ?? 'C',
    multiplier: multiplier ?? 1,
    tradingClass: tradingClass ?? symbol,
  }
}

function withoutNulls(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null))
}
