/** Bars of a date on which the market's calendar has no session, and which are no copies: a special session, or a wrong date. */

import type { BarDay } from '../bar-set.ts'
import type { BarRule } from '../rule.ts'
import { median, namedDay } from '../series.ts'

const AROUND_DAYS = 10

export const outsideCalendar: BarRule = {
  name: 'outside-calendar',
  about: 'There are bars of a day on which the market has no session.',
  severity: 'warning',
  disposition: 'flag',
  lengths: 'any',
  check: ({ ownDays, calendar }) =>
    ownDays.flatMap((figures, index) => {
      const { day, bars, isSession } = figures
      if (isSession !== false) return []
      const share = shareOfVolume(ownDays, index)
      const volume = share === undefined ? '' : ` with ${Math.round(share * 100)} % of the usual volume`
      return {
        fromDay: day,
        toDay: day,
        bars,
        reason: `${bars} bars of ${namedDay(day)}${volume}, on which ${calendar} has no session: a special session, or a wrong date`,
        evidence: { volumeShare: share === undefined ? null : Number(share.toFixed(3)) },
      }
    }),
}

function shareOfVolume(days: readonly BarDay[], index: number): number | undefined {
  const around = days.slice(Math.max(0, index - AROUND_DAYS), index + 1 + AROUND_DAYS).filter(({ isSession }) => isSession !== false)
  const usual = median(around.map(({ volume }) => volume))
  return usual === undefined || usual === 0 ? undefined : (days[index]?.volume ?? 0) / usual
}
