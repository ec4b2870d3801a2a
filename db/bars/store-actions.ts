/** Dividends and splits of an import into `corporate_actions`. They are few: all are sent at once. */

import type pg from 'pg'

import type { Place } from './refusals.ts'

export interface Action {
  symbol: string
  kind: 'dividend' | 'split'
  /** `YYYY-MM-DD` */
  exDate: string
  /** Of a dividend the amount per share, of a split its ratio. */
  value: number
  place: Place
}

export interface StoredActions {
  new: number
  changed: number
  unchanged: number
  repeated: number
}

export interface StoreActionsOptions {
  source: string
  onRefused: (place: Place, reason: string, found: string) => void
}

/** Within the transaction of the import, after `staged_symbols` was made. Known as of their ex-date, as such a file does not say more. */
export async function storeActions(
  client: pg.ClientBase,
  actions: readonly Action[],
  { source, onRefused }: StoreActionsOptions,
): Promise<StoredActions> {
  const { kept, repeated } = withoutRepeated(actions, onRefused)
  const rows = kept.map(({ symbol, kind, exDate, value }) => ({
    symbol,
    kind,
    ex_date: exDate,
    amount: kind === 'dividend' ? value : null,
    ratio: kind === 'split' ? value : null,
  }))
  const { rows: outcomes } = await client.query<{ outcome: 'new' | 'changed' | 'unchanged'; actions: string }>(
    `WITH given AS (
       SELECT s.instrument_id, a.kind, a.ex_date, a.amount, a.ratio
       FROM jsonb_to_recordset($1::jsonb) AS a(symbol text, kind text, ex_date date, amount float8, ratio float8) JOIN staged_symbols s ON s.name = a.symbol
     ), compared AS (
       SELECT g.*, CASE WHEN c.instrument_id IS NULL THEN 'new' WHEN (c.amount, c.ratio, c.status) IS DISTINCT FROM (g.amount, g.ratio, 'paid')
         THEN 'changed' ELSE 'unchanged' END AS outcome
       FROM given g LEFT JOIN corporate_actions c ON (c.instrument_id, c.kind, c.ex_date, c.as_of) = (g.instrument_id, g.kind, g.ex_date, g.ex_date)
     ), stored AS (
       INSERT INTO corporate_actions (instrument_id, kind, ex_date, as_of, amount, ratio, status, source)
       SELECT instrument_id, kind, ex_date, ex_date, amount, ratio, 'paid', $2 FROM compared WHERE outcome <> 'unchanged'
       ON CONFLICT (instrument_id, kind, ex_date, as_of) DO UPDATE
         SET (amount, ratio, status, source) = (EXCLUDED.amount, EXCLUDED.ratio, EXCLUDED.status, EXCLUDED.source)
     )
     SELECT outcome, count(*) AS actions FROM compared GROUP BY outcome`,
    [JSON.stringify(rows), source],
  )
  const countOf = (outcome: string) => Number(outcomes.find((row) => row.outcome === outcome)?.actions ?? 0)
  return { new: countOf('new'), changed: countOf('changed'), unchanged: countOf('unchanged'), repeated }
}

function withoutRepeated(actions: readonly Action[], onRefused: StoreActionsOptions['onRefused']): { kept: Action[]; repeated: number } {
  const byKey = new Map<string, Action[]>()
  for (const action of actions) {
    const key = `${action.kind} ${action.exDate} ${action.symbol}`
    const group = byKey.get(key)
    if (group) group.push(action)
    else byKey.set(key, [action])
  }
  const kept: Action[] = []
  let repeated = 0
  for (const group of byKey.values()) {
    const [first] = group
    if (first && group.every(({ value }) => value === first.value)) {
      kept.push(first)
      repeated += group.length - 1
    } else
      for (const { place, symbol, exDate, kind, value } of group)
        onRefused(place, `one ${kind} of a symbol and day, or equal ones`, `${symbol} ${exDate}: ${value}`)
  }
  return { kept, repeated }
}
