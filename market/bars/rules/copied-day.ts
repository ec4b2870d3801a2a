/** Nearly all bars of a date equal those of an earlier one: data that was repeated on a holiday, or put under a wrong date. */

import type { BarDay } from '../bar-set.ts'
import type { BarRule } from '../rule.ts'
import { dateOfDay } from '../series.ts'

export const copiedDay: BarRule = {
  name: 'copied-day',
  about: 'All bars of a day are copies of those of an earlier day.',
  severity: 'error',
  disposition: 'quarantine',
  lengths: 'days',
  check: ({ days, calendar }) =>
    days.flatMap((figures, index) => {
      const { day, bars, copies, copyOf, isSession } = figures
      if (copyOf === undefined) return []
      const what = `${copies} of ${bars} bars equal those of ${dateOfDay(copyOf)}`
      return {
        fromDay: day,
        toDay: day,
        bars,
        reason: `${what}, ${whyOf(figures, days[index - 1], calendar)}`,
        evidence: { copies, copyOf: dateOfDay(copyOf), session: isSession === undefined ? null : isSession ? 'yes' : 'no' },
      }
    }),
}

function whyOf({ copyOf, isSession }: BarDay, before: BarDay | undefined, calendar: string): string {
  const closed = isSession === false ? `; ${calendar} was closed` : ''
  return copyOf === before?.day ? `the day before${closed}` : `which is not the day before: a wrong date${closed}`
}
