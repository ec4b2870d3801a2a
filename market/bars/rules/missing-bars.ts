/** An instrument has no bars on days on which the others have theirs: it was suspended, or its data is lost. Between its first and last bar. */

import type { BarSet } from '../bar-set.ts'
import type { BarFound, BarRule } from '../rule.ts'
import { type BarSeries, dateOfDay } from '../series.ts'

/** Days on which fewer of the instruments have bars say nothing of the one that has none. */
const MARKET_SHARE = 0.5

export const missingBars: BarRule = {
  name: 'missing-bars',
  about: 'An instrument has no bar on days on which the market has.',
  severity: 'warning',
  disposition: 'flag',
  lengths: 'days',
  check(set) {
    const most = Math.max(...set.ownDays.map(({ bars }) => bars))
    const days = set.ownDays.filter(({ bars, isSession }) => isSession !== false && bars >= MARKET_SHARE * most).map(({ day }) => day)
    return set.series.flatMap((series) => missingOf(set, series, days))
  },
}

function missingOf({ ownBars }: BarSet, series: BarSeries, days: readonly number[]): BarFound[] {
  const held = new Set(Array.from(ownBars(series), (at) => series.day[at]))
  const [first = 0, last = 0] = [series.day[0], series.day.at(-1)]
  const found: BarFound[] = []
  let run: number[] = []
  const close = () => {
    const [from] = run
    const to = run.at(-1)
    if (from !== undefined && to !== undefined)
      found.push({
        instrument: series.instrument,
        fromDay: from,
        toDay: to,
        bars: run.length,
        reason: `no bars on ${run.length} day${run.length === 1 ? '' : 's'} of the market, ${from === to ? '' : `${dateOfDay(from)} to `}${dateOfDay(to)}`,
        evidence: { days: run.length },
      })
    run = []
  }
  for (const day of days) {
    if (day <= first || day >= last) continue
    if (held.has(day)) close()
    else run.push(day)
  }
  close()
  return found
}
