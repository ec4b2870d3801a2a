/**
 * Takes the staged rows over into `bars`: rows of one bar that differ are refused, what is there already is compared, and the rest goes in
 * with one statement. What an import replaces is kept in `replaced_bars`.
 */

import pg from 'pg'

export interface StoredBars {
  new: number
  changed: number
  unchanged: number
  /** Rows that say the same as an earlier row of the import. */
  repeated: number
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
  const outcomes = compares ? await compare(client, options) : { changed: 0, unchanged: 0, examples: [] }
  const upsert = compares
    ? `LEFT JOIN held_bars h USING (place) WHERE h.outcome IS NULL OR h.outcome = 'changed'
       ON CONFLICT (instrument_id, bar_seconds, start_ts) DO UPDATE SET (session_date, ${FIGURES}, source) =
         (EXCLUDED.session_date, ${figuresOf('EXCLUDED')}, EXCLUDED.source)`
    : ''
  const { rowCount } = await client.query(
    `INSERT INTO bars (instrument_id, bar_seconds, start_ts, session_date, ${FIGURES}, source)
     SELECT s.instrument_id, $1, t.start_ts, date '1970-01-01' + t.day::integer, ${figuresOf('t')}, $2
     FROM staged_bars t JOIN staged_symbols s USING (symbol) ${upsert}`,
    [seconds, source],
  )
  return { new: (rowCount ?? 0) - outcomes.changed, ...outcomes, repeated }
}

/** What is there of the staged bars, as `held_bars`; and what will be replaced goes into `replaced_bars`. */
async function compare(client: pg.ClientBase, options: StoreOptions): Promise<Pick<StoredBars, 'changed' | 'unchanged' | 'examples'>> {
  const { seconds, source, replace } = options
  await client.query('ANALYZE staged_bars')
  await client.query(
    `CREATE TEMP TABLE held_bars ON COMMIT DROP AS
     SELECT t.place, CASE WHEN b.source <> ${pg.escapeLiteral(source)} AND NOT ${replace} THEN 'other'
       WHEN (${figuresOf('b')}, b.source) IS DISTINCT FROM (${figuresOf('t')}, ${pg.escapeLiteral(source)}) THEN 'changed' ELSE 'unchanged' END AS outcome
     FROM ${stagedAndHeld(seconds)}`,
  )
  await client.query('ANALYZE held_bars')
  if (!replace) await refuseOtherSources(client, options)
  const examples = await changedExamples(client, seconds)
  const { rowCount: changed } = await client.query(
    `INSERT INTO replaced_bars SELECT b.*, now() FROM ${stagedAndHeld(seconds)} JOIN held_bars h USING (place) WHERE h.outcome = 'changed'`,
  )
  const { rows } = await client.query<{ unchanged: string }>("SELECT count(*) AS unchanged FROM held_bars WHERE outcome = 'unchanged'")
  return { changed: changed ?? 0, unchanged: Number(rows[0]?.unchanged), examples }
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

const stagedAndHeld = (seconds: number) =>
  `staged_bars t JOIN staged_symbols s USING (symbol)
   JOIN bars b ON b.instrument_id = s.instrument_id AND b.bar_seconds = ${seconds} AND b.start_ts = t.start_ts`

async function refuseOtherSources(client: pg.ClientBase, { seconds, onRefused }: StoreOptions): Promise<void> {
  const { rows } = await client.query<{ place: string; symbol: string; date: string; held: string }>(
    `SELECT t.place, s.name AS symbol, b.session_date::text AS date, b.source AS held
     FROM ${stagedAndHeld(seconds)} JOIN held_bars h USING (place) WHERE h.outcome = 'other' ORDER BY t.place`,
  )
  for (const { place, symbol, date, held } of rows)
    onRefused(Number(place), `a bar that is not there from the source ${held} (--replace takes this one instead)`, symbol, date)
}

async function changedExamples(client: pg.ClientBase, seconds: number): Promise<ChangedBar[]> {
  const five = (table: string) => `ARRAY[${table}.open, ${table}.high, ${table}.low, ${table}.close, ${table}.volume]`
  const { rows } = await client.query<ChangedBar>(
    `SELECT s.name AS symbol, b.session_date::text AS date, ${five('b')} AS before, ${five('t')} AS after
     FROM ${stagedAndHeld(seconds)} JOIN held_bars h USING (place) WHERE h.outcome = 'changed' ORDER BY t.place LIMIT ${EXAMPLES}`,
  )
  return rows
}
