/** The columns of the tables of opportunities with their types, for what writes and reads them. */

import type { Assessment } from '../../market/arbitrage/opportunity.ts'

/** The moments of which an opportunity's figures and legs are kept. */
export const MOMENTS = ['opened', 'best'] as const
export type Moment = (typeof MOMENTS)[number]

/** What is kept of an assessment for each moment, in columns with the moment in front: `best_profit`. */
export const FIGURES = [
  { key: 'certainty', column: 'certainty', type: 'text' },
  { key: 'assumptions', column: 'assumptions', type: 'text[]' },
  { key: 'size', column: 'size', type: 'float8' },
  { key: 'grossEdgePerShare', column: 'gross_edge_per_share', type: 'float8' },
  { key: 'edgePerShare', column: 'edge_per_share', type: 'float8' },
  { key: 'edgePerContract', column: 'edge_per_contract', type: 'numeric' },
  { key: 'profit', column: 'profit', type: 'numeric' },
  { key: 'fees', column: 'fees', type: 'numeric' },
  { key: 'capital', column: 'capital', type: 'numeric' },
  { key: 'annualReturn', column: 'annual_return', type: 'float8' },
  { key: 'worstCase', column: 'worst_case', type: 'numeric' },
  { key: 'impliedRate', column: 'implied_rate', type: 'float8' },
  { key: 'skewMs', column: 'skew_ms', type: 'float8' },
  { key: 'carry', column: 'carry', type: 'jsonb' },
] as const satisfies readonly { key: keyof Assessment; column: string; type: string }[]

/** Types by column. */
export const OPPORTUNITY_COLUMNS: Readonly<Record<string, string>> = {
  opportunity_id: 'text',
  session_id: 'bigint',
  opened_seq: 'bigint',
  opened_ts: 'timestamptz',
  best_ts: 'timestamptz',
  closed_ts: 'timestamptz',
  ending: 'text',
  detector: 'text',
  symbol: 'text',
  currency: 'text',
  expiry: 'date',
  last_expiry: 'date',
  multiplier: 'float8',
  quotes: 'bigint',
  ...Object.fromEntries(MOMENTS.flatMap((moment) => FIGURES.map(({ column, type }) => [`${moment}_${column}`, type]))),
  course_us: 'bigint[]',
  course_edges: 'float8[]',
  course_sizes: 'float8[]',
  settings: 'jsonb',
}

export const LEG_COLUMNS: Readonly<Record<string, string>> = {
  opportunity_id: 'text',
  moment: 'text',
  leg: 'smallint',
  side: 'text',
  ratio: 'float8',
  contract_key: 'text',
  kind: 'text',
  symbol: 'text',
  trading_class: 'text',
  expiry: 'date',
  strike: 'float8',
  right: 'text',
  multiplier: 'float8',
  price: 'float8',
  size: 'float8',
  age_ms: 'float8',
  fee: 'numeric',
}
