/** Returns of weeks, months, quarters and years out of those of days, and days out of an equity curve within them. */

import { totalReturn } from './returns.ts'

export type CalendarPeriod = 'week' | 'month' | 'quarter' | 'year'

export interface DatedReturn {
  /** YYYY-MM-DD */
  date: string
  value: number
}

const MS_PER_DAY = 86_400_000

/** Compounded by period, in order, under its key: 2024-W05 (ISO week), 2024-02, 2024-Q1, 2024. */
export function aggregateReturns(returns: readonly DatedReturn[], period: CalendarPeriod): { period: string; value: number }[] {
  const groups = new Map<string, number[]>()
  for (const { date, value } of returns) {
    const key = periodOf(date, period)
    const group = groups.get(key)
    if (group) group.push(value)
    else groups.set(key, [value])
  }
  return [...groups].map(([key, values]) => ({ period: key, value: totalReturn(values) }))
}

function periodOf(date: string, period: CalendarPeriod): string {
  const year = date.slice(0, 4)
  const month = date.slice(5, 7)
  if (period === 'year') return year
  if (period === 'month') return `${year}-${month}`
  if (period === 'quarter') return `${year}-Q${Math.ceil(Number(month) / 3)}`
  // The week belongs to the year that its Thursday lies in.
  const day = Date.parse(`${date}T00:00:00Z`)
  const weekday = (new Date(day).getUTCDay() + 6) % 7
  const thursday = new Date(day + (3 - weekday) * MS_PER_DAY)
  const first = Date.UTC(thursday.getUTCFullYear(), 0, 1)
  const week = 1 + Math.floor((thursday.getTime() - first) / (7 * MS_PER_DAY))
  return `${thursday.getUTCFullYear()}-W${String(week).padStart(2, '0')}`
}

/** The last value of each date, in order: an equity curve by days. */
export function lastOfEachDay(values: readonly { date: string; value: number }[]): { date: string; value: number }[] {
  return [...new Map(values.map(({ date, value }) => [date, value]))].map(([date, value]) => ({ date, value }))
}
