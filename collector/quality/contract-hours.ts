/** From the ledger of gaps, for one day: when data of each contract was expected, when it stopped, and its longest gap. */

import { type DayCoverage, inside, type Span, union } from '../../market/coverage.ts'
import type { RecordedHistories } from '../gaps/report.ts'

export interface ContractHours {
  hours: { instrument: number; openUs: number; closeUs: number }[]
  /** When what stood stopped standing: a gap began, or a line was closed. */
  ends: { instrument: number; us: number }[]
  /** The longest time without data within the hours, by number of the contract; without those that have no gap. */
  longestGaps: Map<number, number>
}

/** @param covered the contracts of which data was expected on that date, by number */
export function hoursOnDay(
  { histories }: Pick<RecordedHistories, 'histories'>,
  date: string,
  day: Span,
  covered: ReadonlyMap<number, DayCoverage>,
): ContractHours {
  const found: ContractHours = { hours: [], ends: [], longestGaps: new Map() }
  for (const { instrument, isChain, hoursOn, held, gaps } of histories) {
    if (isChain || !covered.has(instrument) || !hoursOn) continue
    const missing = union(gaps, day)
    for (const { openUs, closeUs } of hoursOn(date)) {
      const within = { fromUs: Math.max(openUs, day.fromUs), toUs: Math.min(closeUs, day.toUs) }
      if (within.fromUs >= within.toUs) continue
      found.hours.push({ instrument, openUs: within.fromUs, closeUs: within.toUs })
      for (const { fromUs, toUs } of inside(missing, within))
        found.longestGaps.set(instrument, Math.max(found.longestGaps.get(instrument) ?? 0, toUs - fromUs))
    }
    const ends = new Set([...missing.map(({ fromUs }) => fromUs), ...union(held, day).map(({ toUs }) => toUs)])
    for (const us of ends) if (us >= day.fromUs && us < day.toUs) found.ends.push({ instrument, us })
  }
  return found
}
