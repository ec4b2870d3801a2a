/** From the ledger of gaps, for one day: when data of each contract was expected, when it stopped, and its longest gap. */

import { type DayCoverage, inside, type Span, union } from '../../market/coverage.ts'
import type { RecordedHistories } from '../gaps/report.ts'

export interface ContractHours {
  hours: { instrument: number; openUs: number; closeUs: number }[]
  /** When what stood stopped standing: a gap began, or a line was closed. */
  ends: { instrument: number; us: number }[]
  /** The longest time without data within the hours, by number of the contract; without those that have no gap. */
  longestGaps: Map<number, number>
  /** Time within the hours in which it waited for its next turn at a line, while others of its symbol were held; without those that did not wait. */
  betweenTurns: Map<number, number>
}

/** @param covered the contracts of which data was expected on that date, by number */
export function hoursOnDay(
  { histories }: Pick<RecordedHistories, 'histories'>,
  date: string,
  day: Span,
  covered: ReadonlyMap<number, DayCoverage>,
): ContractHours {
  const found: ContractHours = { hours: [], ends: [], longestGaps: new Map(), betweenTurns: new Map() }
  const recorded = heldBySymbol(histories, day)
  for (const { instrument, symbol, isChain, hoursOn, held, gaps } of histories) {
    if (isChain || !covered.has(instrument) || !hoursOn) continue
    const missing = union(gaps, day)
    const wanted = union([...held, ...gaps], day)
    const others = inside(recorded.get(symbol) ?? [], { fromUs: wanted[0]?.fromUs ?? 0, toUs: wanted.at(-1)?.toUs ?? 0 })
    for (const { openUs, closeUs } of hoursOn(date)) {
      const within = { fromUs: Math.max(openUs, day.fromUs), toUs: Math.min(closeUs, day.toUs) }
      if (within.fromUs >= within.toUs) continue
      found.hours.push({ instrument, openUs: within.fromUs, closeUs: within.toUs })
      const waitedUs =
        lengthOf(inside(others, within)) - others.reduce((sum, other) => sum + lengthOf(inside(inside(wanted, other), within)), 0)
      if (waitedUs > 0) found.betweenTurns.set(instrument, (found.betweenTurns.get(instrument) ?? 0) + waitedUs)
      for (const { fromUs, toUs } of inside(missing, within))
        found.longestGaps.set(instrument, Math.max(found.longestGaps.get(instrument) ?? 0, toUs - fromUs))
    }
    const ends = new Set([...missing.map(({ fromUs }) => fromUs), ...union(held, day).map(({ toUs }) => toUs)])
    for (const us of ends) if (us >= day.fromUs && us < day.toUs) found.ends.push({ instrument, us })
  }
  return found
}

/** When anything of a symbol was held. */
function heldBySymbol(histories: RecordedHistories['histories'], day: Span): Map<string, Span[]> {
  const held = new Map<string, Span[]>()
  for (const { symbol, held: own } of histories) {
    const spans = held.get(symbol) ?? []
    held.set(symbol, spans)
    for (const span of own) spans.push(span)
  }
  return new Map([...held].map(([symbol, spans]) => [symbol, union(spans, day)]))
}

const lengthOf = (spans: readonly Span[]) => spans.reduce((sum, { fromUs, toUs }) => sum + toUs - fromUs, 0)
