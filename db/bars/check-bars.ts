/** Checks the bars in a database by the rules for them, and keeps what they find in `bar_findings`. */

import type pg from 'pg'

import { SECONDS_PER_DAY } from '../../market/bar.ts'
import { barSet } from '../../market/bars/bar-set.ts'
import { checkBars } from '../../market/bars/check.ts'
import type { BarFinding } from '../../market/bars/rule.ts'
import { dateOfDay } from '../../market/bars/series.ts'
import { calendarOf } from '../../market/calendar/calendars.ts'
import { connectClient } from '../pool.ts'
import { writeErrorOf } from '../sqlstates.ts'
import { BEGIN } from '../transaction.ts'
import { readSeries } from './read-series.ts'

/** A finding with names and dates for people. */
export interface StoredFinding {
  rule: string
  severity: BarFinding['severity']
  disposition: BarFinding['disposition']
  /** Null: all instruments. */
  symbol: string | null
  /** `YYYY-MM-DD` */
  from: string
  to: string
  bars: number
  reason: string
  evidence: BarFinding['evidence']
}

export interface BarsCheck {
  calendar: string
  seconds: number
  instruments: number
  bars: number
  /** Dates with bars. */
  days: number
  firstDate: string | undefined
  lastDate: string | undefined
  findings: StoredFinding[]
}

/**
 * Checks all bars of a length, market by market, and replaces what was found before.
 *
 * @param calendar only of this market
 * @throws WriteError when the database refuses; the former findings stay then
 */
export async function checkStoredBars(url: string, seconds: number, calendar?: string): Promise<BarsCheck[]> {
  const client = await connectClient(url)
  try {
    const { rows } = await client.query<{ calendar: string }>(
      `SELECT DISTINCT calendar FROM instruments i WHERE calendar IS NOT NULL AND ($2::text IS NULL OR calendar = $2)
         AND EXISTS (SELECT FROM bars b WHERE b.instrument_id = i.instrument_id AND b.bar_seconds = $1) ORDER BY calendar`,
      [seconds, calendar ?? null],
    )
    const checks: BarsCheck[] = []
    for (const { calendar } of rows) checks.push(await checkMarket(client, seconds, calendar))
    return checks
  } catch (error) {
    throw writeErrorOf(error, 'The bars cannot be checked')
  } finally {
    await client.end().catch(() => undefined)
  }
}

async function checkMarket(client: pg.ClientBase, seconds: number, calendar: string): Promise<BarsCheck> {
  const sessions = calendarOf(calendar)
  if (!sessions) throw new Error(`no calendar ${calendar}`)
  const series = await readSeries(client, seconds, calendar)
  const isDaily = seconds === SECONDS_PER_DAY
  const set = barSet(calendar, sessions, seconds, series, isDaily)
  const findings = checkBars(set, isDaily)
  await store(client, findings, seconds, calendar)
  const symbols = new Map(series.map(({ instrument, symbol }) => [instrument, symbol]))
  const [first] = set.days
  const last = set.days.at(-1)
  return {
    calendar,
    seconds,
    instruments: series.length,
    bars: series.reduce((sum, { day }) => sum + day.length, 0),
    days: set.days.length,
    firstDate: first && dateOfDay(first.day),
    lastDate: last && dateOfDay(last.day),
    findings: findings.map(({ instrument, fromDay, toDay, rule, severity, disposition, bars, reason, evidence }) => ({
      rule,
      severity,
      disposition,
      symbol: (instrument === undefined ? undefined : symbols.get(instrument)) ?? null,
      from: dateOfDay(fromDay),
      to: dateOfDay(toDay),
      bars,
      reason,
      evidence,
    })),
  }
}

async function store(client: pg.ClientBase, findings: readonly BarFinding[], seconds: number, calendar: string): Promise<void> {
  const rows = findings.map(({ instrument = null, fromDay, toDay, ...finding }) => ({
    instrument_id: instrument,
    from_date: dateOfDay(fromDay),
    to_date: dateOfDay(toDay),
    ...finding,
  }))
  try {
    await client.query(BEGIN)
    await client.query('DELETE FROM bar_findings WHERE bar_seconds = $1 AND calendar = $2', [seconds, calendar])
    await client.query(
      `INSERT INTO bar_findings (calendar, bar_seconds, rule, severity, disposition, instrument_id, from_date, to_date, bars, reason, evidence)
       SELECT $1, $2, rule, severity, disposition, instrument_id, from_date, to_date, bars, reason, evidence
       FROM jsonb_to_recordset($3::jsonb) AS f(rule text, severity text, disposition text, instrument_id bigint, from_date date, to_date date, bars integer,
         reason text, evidence jsonb)`,
      [calendar, seconds, JSON.stringify(rows)],
    )
    await client.query('COMMIT')
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined)
    throw error
  }
}
