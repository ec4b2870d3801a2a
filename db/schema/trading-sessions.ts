/** Fills the table of trading sessions from the calendars, and corrects it when a calendar was corrected. */

import { calendarOf, CALENDAR_CODES } from '../../market/calendar/calendars.ts'
import type { TradingDay } from '../../market/calendar/trading-calendar.ts'
import { daysBetween } from '../../market/time.ts'
import { hasSqlState } from '../sqlstates.ts'
import { BEGIN } from '../transaction.ts'
import type { Queryable } from './storage/objects.ts'

const FIRST_YEAR = 1998
/** So many years behind the present one, as far as they are known. */
const YEARS_AHEAD = 3
const INSUFFICIENT_PRIVILEGE = '42501'

/** The times are computed by the server, which is faster than a conversion for each day; a test compares them. */
const REPLACE = `
WITH days AS (
  SELECT d.date, (d.date + d.open_ms * interval '1 millisecond') AT TIME ZONE $2 AS open_ts,
    (d.date + d.close_ms * interval '1 millisecond') AT TIME ZONE $2 AS close_ts, d.early
  FROM unnest($3::date[], $4::int[], $5::int[], $6::boolean[]) AS d (date, open_ms, close_ms, early)
), parted AS (
  SELECT *, tapedeck.day_part(open_ts) AS first_part, tapedeck.day_part(close_ts - interval '1 microsecond') AS last_part FROM days
)
INSERT INTO trading_sessions (calendar, session_date, open_ts, close_ts, early, day_ts, parts)
SELECT $1, date, open_ts, close_ts, early, date_trunc('day', open_ts AT TIME ZONE 'UTC') AT TIME ZONE 'UTC',
  CASE WHEN first_part = last_part THEN ARRAY[first_part] ELSE ARRAY[first_part, last_part] END
FROM parted`

interface Summary {
  count: number
  sum: number
  early: number
}

/**
 * Does nothing when they are there. A role that may not write leaves them as they are: they reach years ahead, and a later migration by the
 * owner fills them.
 *
 * @param client a connection that is not used for anything else meanwhile
 * @param isThorough compares them day by day; else it is looked for whether they reach far enough, which costs next to nothing
 */
export async function fillTradingSessions(client: Queryable, { isThorough }: { isThorough: boolean }): Promise<void> {
  const { rows } = await client.query<Summary & { calendar: string; year: number }>(
    `SELECT calendar, count(*)::int AS count, sum(session_date - date '${FIRST_YEAR}-01-01')::int AS sum, count(*) FILTER (WHERE early)::int AS early,
       extract(year FROM max(session_date))::int AS year
     FROM public.trading_sessions GROUP BY calendar`,
  )
  const { rows: now } = await client.query<{ year: number }>('SELECT extract(year FROM now())::int AS year')
  const lastYear = (now[0]?.year ?? FIRST_YEAR) + YEARS_AHEAD
  for (const code of CALENDAR_CODES) {
    const there = rows.find(({ calendar }) => calendar === code)
    const wishedYear = Math.min(lastYear, calendarOf(code)?.years.last ?? lastYear)
    if (!isThorough && there && there.year >= wishedYear) continue
    const days = daysOf(code, wishedYear)
    if (!isSame(there, summaryOf(days))) await replace(client, code, days)
  }
}

function daysOf(code: string, lastYear: number): TradingDay[] {
  const calendar = calendarOf(code)
  if (!calendar) return []
  const first = Math.max(FIRST_YEAR, calendar.years.first)
  return calendar.tradingDays(`${first}-01-01`, `${lastYear}-12-31`)
}

function summaryOf(days: readonly TradingDay[]): Summary {
  return {
    count: days.length,
    sum: days.reduce((sum, { date }) => sum + daysBetween(`${FIRST_YEAR}-01-01`, date), 0),
    early: days.filter(({ early }) => early).length,
  }
}

function isSame(there: Summary | undefined, wished: Summary): boolean {
  return there?.count === wished.count && there.sum === wished.sum && there.early === wished.early
}

async function replace(client: Queryable, code: string, days: readonly TradingDay[]): Promise<void> {
  await client.query(BEGIN)
  try {
    // Another collector may be filling them.
    await client.query('LOCK TABLE trading_sessions IN SHARE ROW EXCLUSIVE MODE')
    await client.query('DELETE FROM trading_sessions WHERE calendar = $1', [code])
    await client.query(REPLACE, [
      code,
      calendarOf(code)?.zone.timeZone,
      days.map(({ date }) => date),
      days.map(({ openMs }) => openMs),
      days.map(({ closeMs }) => closeMs),
      days.map(({ early }) => early),
    ])
    await client.query('COMMIT')
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined)
    if (!hasSqlState(error, INSUFFICIENT_PRIVILEGE)) throw error
  }
}
