/** A day on which far fewer instruments have a bar than on the days around it: a file that was not complete. */

import type { BarDay } from '../bar-set.ts'
import type { BarRule } from '../rule.ts'
import { median } from '../series.ts'

const AROUND_DAYS = 10
/** Fewer days on a side say nothing: at the begin and the end of the data the other side alone counts. */
const ENOUGH_DAYS = 5
const SHARE = 0.8
/** Of fewer instruments one that is missing is a large share. */
const ENOUGH_SYMBOLS = 10

export const fewSymbols: BarRule = {
  name: 'few-symbols',
  about: 'A day has bars of far fewer instruments than the days around it.',
  severity: 'warning',
  disposition: 'flag',
  lengths: 'days',
  check: ({ ownDays }) =>
    ownDays.flatMap(({ day, bars }, index) => {
      const usual = usualBars(ownDays, index)
      if (usual === undefined || usual < ENOUGH_SYMBOLS || bars >= SHARE * usual) return []
      const reason = `bars of ${bars} instruments, on the days around it of ${usual}`
      return { fromDay: day, toDay: day, bars, reason, evidence: { instruments: bars, usual } }
    }),
}

/** What both sides agree on: instruments that come to stay, or leave for good, are no fault. */
function usualBars(days: readonly BarDay[], index: number): number | undefined {
  const sides = [days.slice(Math.max(0, index - AROUND_DAYS), index), days.slice(index + 1, index + 1 + AROUND_DAYS)]
  const counts = sides.filter(({ length }) => length >= ENOUGH_DAYS).flatMap((side) => median(side.map(({ bars }) => bars)) ?? [])
  return counts.length === 0 ? undefined : Math.min(...counts)
}
