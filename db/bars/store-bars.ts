/**
 * Takes the staged rows over into `bars`: rows of one bar that differ are refused, what is there already is compared, and the rest goes in
 * with one statement. What an import replaces is kept in `replaced_bars`.
 */

import type pg from 'pg'

export interface StoredBars {
  new: number
  changed: number
  unchanged: number
  /** Rows that say the same as an earlier row of the import. */
  repeated: number
  firstDate: string | undefined
  lastDate: string | undefined
  /** The first of those that changed. */
  examples: ChangedBar[]
}

export interface ChangedBar {
  symbol: string
  date: string
  /** Open, high, low, close, volume. */
  before: (number | null)[]
  after: (number | null)[]
}

export interface StoreOptions {
  seconds: number
  source: string
  /** Whether bars of another source are replaced. */
  replace: boolean
  /** Whether a bar may be staged twice. */
  mayRepeat: boolean
  /** Called for each staged row that is refused. */
  onRefused: (place: number, reason: string, symbol: string, date: string) => void
}

const FIGURES = 'open, high, low, close, volume, vwap, trades'
const figuresOf = (table: string) =>
  FIGURES.split(', ')
    .map((name) => `${table}.${name}`)
    .join(', ')
const EXAMPLES = 5

/** Within the transaction of the import, after `staged_symbols` was made. */
export async function storeBars(client: pg.ClientBase, options: StoreOptions): Promise<StoredBars> {
  const { seconds, source, mayRepeat } = options
  const repeated = mayRepeat ? await dropRepeated(client, options) : 0
  // Nobody else may add bars between the comparison and the insertion.
  await client.query('LOCK TABLE bars IN SHARE ROW EXCLUSIVE MODE')
  const { rows: held } = await client.query<{ held: boolean }>(
    `SELECT EXISTS (SELECT FROM staged_symbols s JOIN bars b USING (instrument_id) WHERE b.bar_seconds = $1) AS held`,
    [seconds],
  )
  const compares = held[0]?.held === true
  const examples: ChangedBar[] = []
  let changed = 0
  if (compares) {
    await client.query('ANALYZE staged_bars')
    if (!options.replace) await refuseOtherSources(client, options)
    examples.push(...(await changedExamples(client, options)))
    changed = await keepReplaced(client, options)
  }
  const range = await client.query<{ rows: string; first: string | null; last: string | null }>(
    `SELECT count(*) AS rows, (date '1970-01-01' + min(day)::integer)::text AS first, (date '1970-01-01' + max(day)::integer)::text AS last FROM staged_bars`,
  )
  const staged = Number(range.rows[0]?.rows)
  const upsert = compares
    ? `ON CONFLICT (instrument_id, bar_seconds, start_ts) DO UPDATE SET (session_date, ${FIGURES}, source) =
         (EXCLUDED.session_date, ${figuresOf('EXCLUDED')}, EXCLUDED.source)
       WHERE (${figuresOf('bars')}, bars.source) IS DISTINCT FROM (${figuresOf('EXCLUDED')}, EXCLUDED.source)`
    : ''
  const { rowCount } = await client.query(
    `INSERT INTO bars (instrument_id, bar_seconds, start_ts, session_date, ${FIGURES}, source)
     SELECT s.instrument_id, $1, t.start_ts, date '1970-01-01' + t.day::integer, ${figuresOf('t')}, $2
     FROM staged_bars t JOIN staged_symbols s USING (symbol) ${upsert}`,
    [seconds, source],
  )
  const taken = rowCount ?? 0
  return {
    new: taken - changed,
    changed,
    unchanged: staged - taken,
    repeated,
    firstDate: range.rows[0]?.first ?? undefined,
    lastDate: range.rows[0]?.last ?? undefined,
    examples,
  }
}

/** Of rows that say the same of one bar, the first stays; rows that contradict each other all go, as nothing says which is right. */
async function dropRepeated(client: pg.ClientBase, { onRefused }: StoreOptions): Promise<number> {
  await client.query(
    `CREATE TEMP TABLE repeated_bars ON COMMIT DROP AS
     SELECT symbol, start_ts, min(place) AS place, count(DISTINCT (${FIGURES})) > 1 AS differ FROM staged_bars GROUP BY symbol, start_ts HAVING count(*) > 1`,
  )
  const { rows } = await client.query<{ place: string; symbol: string; date: string }>(
    `WITH gone AS (
       DELETE FROM staged_bars t USING repeated_bars r WHERE r.symbol = t.symbol AND r.start_ts = t.start_ts AND r.differ
       RETURNING t.place, t.symbol, t.day)
     SELECT place, s.name AS symbol, (date '1970-01-01' + day::integer)::text AS date FROM gone JOIN staged_symbols s USING (symbol) ORDER BY place`,
  )
  for (const { place, symbol, date } of rows) onRefused(Number(place), 'one row for each bar, or equal ones', symbol, date)
  const { rowCount } = await client.query(
    `DELETE FROM staged_bars t USING repeated_bars r WHERE r.symbol = t.symbol AND r.start_ts = t.start_ts AND t.place > r.place`,
  )
  return rowCount ?? 0
}

const STAGED_AND_HELD = `staged_bars t JOIN staged_symbols s USING (symbol)
  JOIN bars b ON b.instrument_id = s.instrument_id AND b.bar_seconds = $1 AND b.start_ts = t.start_ts`

async function refuseOtherSources(client: pg.ClientBase, { seconds, source, onRefused }: StoreOptions): Promise<void> {
  const { rows } = await client.query<{ place: string; symbol: string; date: string; held: string }>(
    `WITH other AS (SELECT t.place, s.name AS symbol, b.session_date::text AS date, b.source AS held FROM ${STAGED_AND_HELD} WHERE b.source <> $2),
     gone AS (DELETE FROM staged_bars WHERE place IN (SELECT place FROM other))
     SELECT * FROM other ORDER BY place`,
    [seconds, source],
  )
  for (const { place, symbol, date, held } of rows)
    onRefused(Number(place), `a bar that is not there from the source ${held} (--replace takes this one instead)`, symbol, date)
}

async function changedExamples(client: pg.ClientBase, { seconds, source }: StoreOptions): Promise<ChangedBar[]> {
  const five = (table: string) => `ARRAY[${table}.open, ${table}.high, ${table}.low, ${table}.close, ${table}.volume]`
  const { rows } = await client.query<ChangedBar>(
    `SELECT s.name AS symbol, b.session_date::text AS date, ${five('b')} AS before, ${five('t')} AS after FROM ${STAGED_AND_HELD}
     WHERE (${figuresOf('b')}, b.source) IS DISTINCT FROM (${figuresOf('t')}, $2::text) ORDER BY t.place LIMIT ${EXAMPLES}`,
    [seconds, source],
  )
  return rows
}

async function keepReplaced(client: pg.ClientBase, { seconds, source }: StoreOptions): Promise<number> {
  const { rowCount } = await client.query(
    `INSERT INTO replaced_bars SELECT b.*, now() FROM ${STAGED_AND_HELD}
     WHERE (${figuresOf('b')}, b.source) IS DISTINCT FROM (${figuresOf('t')}, $2::text)`,
    [seconds, source],
  )
  return rowCount ?? 0
}
