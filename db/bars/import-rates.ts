/**
 * Imports curves of interest rates: a row for each day and term (`date,term,rate`), or one for each day with a column for each term
 * (`Date,1 Mo,3 Mo,1 Yr`). The curve of a currency and day is replaced as a whole, so that it is always one publisher's.
 */

import type pg from 'pg'

import { FeedError } from '../../market/errors.ts'
import { type Compounding, continuousRate, termDays } from '../../market/interest.ts'
import { createZone } from '../../market/time.ts'
import { SECONDS_PER_DAY } from '../../market/bar.ts'
import { connectClient } from '../pool.ts'
import { writeErrorOf } from '../sqlstates.ts'
import { readLines } from '../tape/importers/lines.ts'
import { BEGIN } from '../transaction.ts'
import { delimiterOf, fieldsOf } from './csv.ts'
import { type BarTime, dateReader } from './dates.ts'
import { type Refusal, Refusals } from './refusals.ts'

export interface ImportRatesOptions {
  /** Address of a database with our schema. */
  url: string
  /** CSV, also `.gz`. */
  file: string
  currency: string
  /** Whether 4 means 4 % or 400 %. */
  unit: 'percent' | 'fraction'
  compounding: Compounding
  source: string
  /** As in dates.ts. Absent: ISO 8601. */
  dateFormat?: string | undefined
  dryRun?: boolean | undefined
}

export interface RatesImportReport {
  source: string
  currency: string
  dryRun: boolean
  rates: number
  firstDate: string
  lastDate: string
  /** Days with a curve, by what became of it. */
  curves: { new: number; changed: number; unchanged: number }
  refused: { rows: number; reasons: Refusal[] }
}

interface Rate {
  as_of: string
  days: number
  rate: number
}

/**
 * @throws FeedError `import-unreadable`, `import-bad-header`, `import-nothing`, ConfigError `date-format`, WriteError. Nothing was imported then.
 */
export async function importRates(options: ImportRatesOptions): Promise<RatesImportReport> {
  const { url, source, currency, dryRun = false } = options
  const { rates, refusals } = await readRates(options)
  const dates = rates.map(({ as_of }) => as_of).sort()
  const [firstDate] = dates
  const lastDate = dates.at(-1)
  if (firstDate === undefined || lastDate === undefined) throw nothing(options.file, refusals)
  const client = await connectClient(url)
  try {
    await client.query(BEGIN)
    const curves = await storeCurves(client, rates, source, currency)
    const refused = { rows: refusals.rows, reasons: refusals.list() }
    const report = { source, currency, dryRun, rates: rates.length, firstDate, lastDate, curves, refused }
    await client.query("INSERT INTO imports (kind, source, files, report) VALUES ('interest-rates', $1, ARRAY[$2], $3)", [
      source,
      options.file,
      JSON.stringify(report),
    ])
    await client.query(dryRun ? 'ROLLBACK' : 'COMMIT')
    return report
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined)
    throw writeErrorOf(error, 'The rates cannot be stored')
  } finally {
    await client.end().catch(() => undefined)
  }
}

async function readRates(options: ImportRatesOptions): Promise<{ rates: Rate[]; refusals: Refusals }> {
  const { file, dateFormat } = options
  const refusals = new Refusals()
  const byKey = new Map<string, Rate & { line: number }>()
  // Dates only: any zone serves.
  const readDate = dateReader({ dateFormat, zone: createZone('UTC'), seconds: SECONDS_PER_DAY, stamp: 'start' })
  let row: ReturnType<typeof rowReader> | undefined
  for await (const { first, lines } of readLines(file, () => undefined))
    for (const [index, line] of lines.entries()) {
      if (line.trim() === '') continue
      if (!row) {
        row = rowReader(line, readDate, options)
        continue
      }
      const place = { file, line: first + index }
      for (const rate of row(line)) {
        if ('expected' in rate) {
          refusals.add(rate.expected, place, rate.found)
          continue
        }
        const key = `${rate.as_of} ${rate.days}`
        const other = byKey.get(key)
        if (!other) byKey.set(key, { ...rate, line: place.line })
        else if (other.rate !== rate.rate) refusals.add(`the rate of line ${other.line}, which has the same day and term`, place, line)
      }
    }
  return { rates: [...byKey.values()].map(({ as_of, days, rate }) => ({ as_of, days, rate })), refusals }
}

type Outcome = Rate | { expected: string; found: string }

const DATE_NAMES = ['date', 'as_of', 'asof', 'day']
const TERM_NAMES = ['term', 'tenor', 'days', 'maturity']
/** What publishers write where they have no figure. */
const NOTHING = /^(?:|-|\.|null|na|n\/a|nan)$/i
const NUMBER = /^[+-]?(?:\d+\.?|\.\d)\d*$/
/** A rate above 100 %, or of percent taken for a fraction, is a mistake of units. */
const MOST = 1

function rowReader(header: string, readDate: (text: string) => BarTime | string, options: ImportRatesOptions): (line: string) => Outcome[] {
  const { file, unit, compounding } = options
  const delimiter = delimiterOf(header)
  const names = fieldsOf(header, delimiter).map((name) => name.trim().toLowerCase())
  const at = (known: readonly string[]) => names.findIndex((name) => known.includes(name))
  const [dateAt, termAt, rateAt] = [at(DATE_NAMES), at(TERM_NAMES), at(['rate', 'value', 'yield'])]
  const termColumns = names.flatMap((name, index) => (termDays(name, '2000-01-01') === undefined ? [] : [{ name, index }]))
  const isLong = termAt >= 0 && rateAt >= 0
  if (dateAt < 0 || (!isLong && termColumns.length === 0))
    throw new FeedError(
      `${file}:1: expected columns date, term and rate, or date and a column for each term (3M, 1Y), found ${JSON.stringify(header.slice(0, 120))}.`,
      { code: 'import-bad-header' },
    )
  const rateOf = (date: string, term: string, text: string): Outcome[] => {
    if (NOTHING.test(text)) return []
    const days = termDays(term, date)
    if (days === undefined) return [{ expected: 'a term such as 3M, 1Y or a number of days', found: term }]
    const quoted = NUMBER.test(text) ? Number(text) / (unit === 'percent' ? 100 : 1) : Number.NaN
    const rate = continuousRate(quoted, compounding, days)
    if (!(Math.abs(quoted) <= MOST && Number.isFinite(rate))) return [{ expected: `an annual rate in ${unit}, at most 100 %`, found: text }]
    return [{ as_of: date, days, rate }]
  }
  return (line) => {
    const fields = fieldsOf(line, delimiter).map((field) => field.trim())
    if (fields.length !== names.length) return [{ expected: `${names.length} columns, as in the header`, found: line }]
    const time = readDate(fields[dateAt] ?? '')
    if (typeof time === 'string') return [{ expected: time, found: fields[dateAt] ?? '' }]
    if (isLong) return rateOf(time.date, fields[termAt] ?? '', fields[rateAt] ?? '')
    return termColumns.flatMap(({ name, index }) => rateOf(time.date, name, fields[index] ?? ''))
  }
}

async function storeCurves(
  client: pg.ClientBase,
  rates: readonly Rate[],
  source: string,
  currency: string,
): Promise<RatesImportReport['curves']> {
  await client.query('LOCK TABLE interest_rates IN SHARE ROW EXCLUSIVE MODE')
  const { rows } = await client.query<{ outcome: keyof RatesImportReport['curves']; curves: string }>(
    `WITH given AS (
       SELECT as_of, days, rate FROM jsonb_to_recordset($1::jsonb) AS r(as_of date, days integer, rate float8)
     ), ours AS (
       SELECT as_of, array_agg((days, rate) ORDER BY days)::text AS curve FROM given GROUP BY as_of
     ), held AS (
       SELECT as_of, array_agg((days, rate) ORDER BY days)::text AS curve, min(source) AS source
       FROM interest_rates WHERE currency = $2 AND as_of IN (SELECT as_of FROM ours) GROUP BY as_of
     ), compared AS (
       SELECT as_of, CASE WHEN h.curve IS NULL THEN 'new' WHEN (h.curve, h.source) IS DISTINCT FROM (o.curve, $3) THEN 'changed' ELSE 'unchanged' END AS outcome
       FROM ours o LEFT JOIN held h USING (as_of)
     ), gone AS (
       DELETE FROM interest_rates r USING compared c WHERE r.currency = $2 AND r.as_of = c.as_of AND c.outcome = 'changed'
         AND NOT EXISTS (SELECT FROM given g WHERE g.as_of = r.as_of AND g.days = r.days)
     ), stored AS (
       INSERT INTO interest_rates (currency, as_of, days, rate, source)
       SELECT $2, g.as_of, g.days, g.rate, $3 FROM given g JOIN compared c USING (as_of) WHERE c.outcome <> 'unchanged'
       ON CONFLICT (currency, as_of, days) DO UPDATE SET rate = EXCLUDED.rate, source = EXCLUDED.source
     )
     SELECT outcome, count(*) AS curves FROM compared GROUP BY outcome`,
    [JSON.stringify(rates), currency, source],
  )
  const countOf = (outcome: string) => Number(rows.find((row) => row.outcome === outcome)?.curves ?? 0)
  return { new: countOf('new'), changed: countOf('changed'), unchanged: countOf('unchanged') }
}

function nothing(file: string, refusals: Refusals): FeedError {
  const [worst] = refusals.list()
  const [example] = worst?.examples ?? []
  const why =
    worst && example
      ? `${refusals.rows} were refused; line ${example.line}: expected ${worst.reason}, found ${JSON.stringify(example.found)}`
      : 'found none'
  return new FeedError(`${file}: expected interest rates, ${why}. Nothing was imported.`, { code: 'import-nothing' })
}
