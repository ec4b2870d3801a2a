/** Sessions of the calendar, between the first and the last bar of all, on which no instrument has a bar of its own. */

import type { BarRule } from '../rule.ts'
import { dateOfDay } from '../series.ts'
import { TapedeckError } from '../../errors.ts'

const MS_PER_DAY = 86_400_000

export const missingSession: BarRule = {
  name: 'missing-session',
  about: 'A session of the market has no bars at all.',
  severity: 'error',
  disposition: 'flag',
  lengths: 'any',
  check({ ownDays, sessions, calendar }) {
    const [first] = ownDays
    const last = ownDays.at(-1)
    if (!first || !last) return []
    const dates = sessionDates(() => sessions.sessions(dateOfDay(first.day), dateOfDay(last.day)))
    const held = new Set(ownDays.map(({ day }) => day))
    const runs: number[][] = []
    let isRun = false
    for (const day of dates) {
      const isMissing = !held.has(day)
      if (isMissing && isRun) runs.at(-1)?.push(day)
      else if (isMissing) runs.push([day])
      isRun = isMissing
    }
    return runs.map((days) => {
      const [from = 0] = days
      const to = days.at(-1) ?? from
      const which = days.length === 1 ? `no bars on ${dateOfDay(from)}` : `no bars from ${dateOfDay(from)} to ${dateOfDay(to)}`
      return {
        fromDay: from,
        toDay: to,
        bars: days.length,
        reason: `${which}, ${days.length} session${days.length === 1 ? '' : 's'} of ${calendar}`,
        evidence: { sessions: days.length },
      }
    })
  },
}

function sessionDates(sessions: () => readonly { date: string }[]): number[] {
  try {
    return sessions().map(({ date }) => Date.parse(`${date}T00:00:00Z`) / MS_PER_DAY)
  } catch (error) {
    // A year that the calendar does not know: nothing can be said.
    if (error instanceof TapedeckError) return []
    throw error
  }
}
