/**
 * Stores opportunities that the detector found, each when it is over. They are derived from what was recorded: stored twice they are the
 * same rows, and what was lost is found again by a scan of the session.
 */

import type { Episode } from '../../market/arbitrage/episode.ts'
import type { Assessment, Leg } from '../../market/arbitrage/opportunity.ts'
import { type Contract, contractKey } from '../../market/contract.ts'
import { isoFromUs } from '../../market/time.ts'
import { jsonbText } from '../jsonb.ts'
import { FIGURES, LEG_COLUMNS, MOMENTS, type Moment, OPPORTUNITY_COLUMNS } from '../schema/opportunity-tables.ts'
import { deletePart, inTransaction, type Queryable, recordset, type ScannedPart } from './derived-rows.ts'

/** An episode that is over, and the settings of the detector that found it. */
export interface FoundOpportunity {
  episode: Episode
  settings: object
}

/**
 * Stores them in one transaction. Those that are there already stay as they are, so that a call whose outcome is not known may be repeated.
 *
 * @throws WriteError when the database does not take them, RangeError for an episode that is not over
 */
export async function storeOpportunities(client: Queryable, found: readonly FoundOpportunity[]): Promise<void> {
  const batches = batchesOf(found)
  if (batches.length > 0) await inTransaction(client, 'opportunities', () => insert(client, batches))
}

/**
 * Stores what a scan found in place of what is stored of the same part of the session, in one transaction.
 *
 * @returns how many were there before
 * @throws WriteError when the database does not take them, RangeError for an episode that is not over
 */
export async function replaceOpportunities(client: Queryable, part: ScannedPart, found: readonly FoundOpportunity[]): Promise<number> {
  const batches = batchesOf(found)
  return inTransaction(client, 'opportunities', async () => {
    const replaced = await deletePart(client, 'opportunities', COLUMNS, part)
    await insert(client, batches)
    return replaced
  })
}

const COLUMNS = { from: 'opened_ts', until: 'closed_ts', id: 'opportunity_id' }
/** So many opportunities in a statement. */
const ROWS = 500

/** Opportunities and their legs, as JSON. */
type Batch = readonly [opportunities: string, legs: string]

function batchesOf(found: readonly FoundOpportunity[]): Batch[] {
  return Array.from({ length: Math.ceil(found.length / ROWS) }, (_, i) => {
    const part = found.slice(i * ROWS, (i + 1) * ROWS)
    return [jsonbText(part.map(opportunityRow)), jsonbText(part.flatMap(({ episode }) => legRows(episode)))]
  })
}

async function insert(client: Queryable, batches: readonly Batch[]): Promise<void> {
  for (const batch of batches) await client.query(INSERT, [...batch])
}

const OPPORTUNITIES = recordset(OPPORTUNITY_COLUMNS)
const LEGS = recordset(LEG_COLUMNS)
/** Legs only of opportunities that were not there. */
const INSERT = `
WITH new AS (
  INSERT INTO opportunities (${OPPORTUNITIES.names}) SELECT ${OPPORTUNITIES.names} FROM jsonb_to_recordset($1::jsonb) AS given(${OPPORTUNITIES.types})
  ON CONFLICT DO NOTHING RETURNING opportunity_id
)
INSERT INTO opportunity_legs (${LEGS.names}) SELECT ${LEGS.names} FROM jsonb_to_recordset($2::jsonb) AS given(${LEGS.types})
WHERE opportunity_id IN (SELECT opportunity_id FROM new)`

type Row = Record<string, unknown>

function opportunityRow({ episode, settings }: FoundOpportunity): Row {
  const { id, sessionId, openedSeq, openedUs, bestUs, closedUs, ending, opened, best, quotes, course } = episode
  if (closedUs === undefined || ending === undefined)
    throw new RangeError(`opportunity ${id} is still open: only one that is over is stored`)
  const { detector, underlying, expiry, lastExpiry, multiplier } = best
  return {
    opportunity_id: id,
    session_id: sessionId,
    opened_seq: openedSeq,
    opened_ts: isoFromUs(openedUs),
    best_ts: isoFromUs(bestUs),
    closed_ts: isoFromUs(closedUs),
    ending,
    detector,
    symbol: underlying.symbol,
    currency: underlying.currency,
    expiry,
    last_expiry: lastExpiry,
    multiplier,
    quotes,
    ...figures('opened', opened),
    ...figures('best', best),
    course_us: course.map(({ tsUs }) => tsUs - openedUs),
    course_edges: course.map(({ edgePerShare }) => edgePerShare),
    course_sizes: course.map(({ size }) => size),
    settings,
  }
}

function figures(moment: Moment, assessment: Assessment): Row {
  return Object.fromEntries(FIGURES.map(({ column, key }) => [`${moment}_${column}`, assessment[key]]))
}

function legRows({ id, ...episode }: Episode): Row[] {
  return MOMENTS.flatMap((moment) => episode[moment].legs.map((leg, i) => ({ opportunity_id: id, moment, leg: i, ...legRow(leg) })))
}

function legRow({ contract, side, ratio, price, size, ageMs, fee }: Leg): Row {
  return { side, ratio, ...contractRow(contract), price, size, age_ms: ageMs, fee }
}

function contractRow(contract: Contract): Row {
  const common = { contract_key: contractKey(contract), kind: contract.kind, symbol: contract.symbol }
  if (contract.kind !== 'option') return common
  const { tradingClass, expiry, strike, right, multiplier } = contract
  return { ...common, trading_class: tradingClass, expiry, strike, right, multiplier }
}
