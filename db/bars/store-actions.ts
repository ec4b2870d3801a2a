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
  /** What was there of those that changed: no table keeps it. */
  replaced: ReplacedAction[]
}

export interface ReplacedAction {
  symbol: string
  kind: Action['kind']
  exDate: string
  before: { value: number; status: string; source: string }
  after: number
}

export interface StoreActionsOptions {
  source: string
  /** Whether those of another source are replaced. */
  replace: boolean
  onRefused: (place: Place, reason: string, found: string) => void
}

interface Outcome {
  /** Position among the actions that were given. */
  position: number
  outcome: 'new' | 'changed' | 'unchanged' | 'other'
  before: ReplacedAction['before']
}

/**
 * Within the transaction of the import, after `staged_symbols` was made. Known as of their ex-date, as such a file does not say more. What
 * the broker named stands under earlier days, and is nobody else's.
 */
export async function storeActions(
  client: pg.ClientBase,
  actions: readonly Action[],
  options: StoreActionsOptions,
): Promise<StoredActions> {
  const { source, replace, onRefused } = options
  const { kept, repeated } = withoutRepeated(actions, onRefused)
  const given = kept.map(({ symbol, kind, exDate, value }, position) => ({
    position,
    symbol,
    kind,
    ex_date: exDate,
    amount: kind === 'dividend' ? value : null,
    ratio: kind === 'split' ? value : null,
  }))
  const { rows: outcomes } = await client.query<Outcome>(
    `WITH given AS (
       SELECT s.instrument_id, a.position, a.kind, a.ex_date, a.amount, a.ratio
       FROM jsonb_to_recordset($1::jsonb) AS a(position integer, symbol text, kind text, ex_date date, amount float8, ratio float8)
       JOIN staged_symbols s ON s.name = a.symbol
     ), compared AS (
       SELECT g.*, CASE WHEN c.instrument_id IS NULL THEN 'new' WHEN c.source NOT IN ($2, 'broker') AND NOT $3 THEN 'other'
           WHEN (c.amount, c.ratio, c.status, c.source) IS DISTINCT FROM (g.amount, g.ratio, 'paid', $2) THEN 'changed' ELSE 'unchanged' END AS outcome,
         json_build_object('value', COALESCE(c.amount, c.ratio), 'status', c.status, 'source', c.source) AS before
       FROM given g LEFT JOIN corporate_actions c ON (c.instrument_id, c.kind, c.ex_date, c.as_of) = (g.instrument_id, g.kind, g.ex_date, g.ex_date)
     ), stored AS (
       INSERT INTO corporate_actions (instrument_id, kind, ex_date, as_of, amount, ratio, status, source)
       SELECT instrument_id, kind, ex_date, ex_date, amount, ratio, 'paid', $2 FROM compared WHERE outcome IN ('new', 'changed')
       ON CONFLICT (instrument_id, kind, ex_date, as_of) DO UPDATE
         SET (amount, ratio, status, source) = (EXCLUDED.amount, EXCLUDED.ratio, EXCLUDED.status, EXCLUDED.source)
     )
     SELECT position, outcome, before FROM compared ORDER BY position`,
    [JSON.stringify(given), source, replace],
  )
  const stored: StoredActions = { new: 0, changed: 0, unchanged: 0, repeated, replaced: [] }
  for (const { position, outcome, before } of outcomes) {
    const { place, symbol, kind, exDate, value } = kept[position] as Action
    if (outcome === 'other') {
      onRefused(
        place,
        `a ${kind} that is not there from the source ${before.source} (--replace takes this one instead)`,
        `${symbol} ${exDate}: ${value}, there ${before.value}`,
      )
      continue
    }
    stored[outcome]++
    if (outcome === 'changed') stored.replaced.push({ symbol, kind, exDate, before, after: value })
  }
  return stored
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
