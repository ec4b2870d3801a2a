/**
 * Which ticks of IB's history a gap lacks. Pure. History has whole seconds and no ids, so that a second is the least that can be compared: a second
 * without live ticks is filled with all that history has of it; of one that has some, what they lack of history's is the difference of two
 * multisets. Two trades alike are two trades.
 */

import type { Span } from '../../market/coverage.ts'
import type { Trade, TradeSource } from '../../market/tick.ts'

const US_PER_SECOND = 1_000_000
/** Trades arrive so long after the second that IB gives them at most (measured: 0.6 s at the median, 9 s at most) ... */
const LATEST_US = 10 * US_PER_SECOND
/** ... and by a clock that is behind IB's by so much at most. */
const CLOCK_BEHIND_US = 2 * US_PER_SECOND

/** What a trade is compared by; what one side does not know is not compared. */
type ComparedTrade = Partial<Pick<Trade, 'price' | 'size' | 'venue' | 'conditions'>>

/** A trade of history, or of the tape, with the venue's time. */
export interface StampedTrade extends ComparedTrade {
  eventTsUs: number
}

export interface LiveTrades {
  trades: readonly StampedTrade[]
  /** Every trade is there while the line lives, or samples are. */
  areWhole: boolean
}

export interface Repair<T> {
  /** In the order of history. */
  ticks: (T & { isReconciled: boolean })[]
  /** Seconds within the gap that hold samples, and are left as they are. */
  secondsLeft: number
  /** Live trades of the compared seconds that history does not have. */
  unknownToHistory: number
}

/** Sources of which a line brings every trade. */
export function bringsEvery(source: TradeSource): boolean {
  return source === 'tick-by-tick' || source === 'import'
}

function secondOf(us: number): number {
  return Math.floor(us / US_PER_SECOND) * US_PER_SECOND
}

/** The whole seconds whose trades may have come within a gap. */
export function secondsAround({ fromUs, toUs }: Span): Span {
  return { fromUs: secondOf(fromUs - LATEST_US), toUs: secondOf(toUs + CLOCK_BEHIND_US) + US_PER_SECOND }
}

/**
 * @param gaps as the ledger has them
 * @param history all trades of the seconds around them, oldest first
 * @param live those of the same seconds that the tape has
 */
export function repairOf<T extends StampedTrade>(gaps: readonly Span[], history: readonly T[], live: LiveTrades): Repair<T> {
  const [ofHistory, ofLive] = [bySecond(history), bySecond(live.trades)]
  const repair: Repair<T> = { ticks: [], secondsLeft: 0, unknownToHistory: 0 }
  for (const [secondUs, trades] of ofHistory) {
    const known = ofLive.get(secondUs) ?? []
    const isInGap = gaps.some((gap) => overlaps(gap, secondUs))
    // Beside a gap a second without a sample is one of which the line had no news.
    if (!live.areWhole && (known.length > 0 || !isInGap)) {
      if (isInGap) repair.secondsLeft++
      continue
    }
    const { missing, unmatched } = difference(trades, known)
    repair.ticks.push(...missing.map((trade) => ({ ...trade, isReconciled: known.length > 0 })))
    repair.unknownToHistory += unmatched
  }
  return repair
}

function overlaps({ fromUs, toUs }: Span, secondUs: number): boolean {
  return secondUs < toUs && secondUs + US_PER_SECOND > fromUs
}

type KeyOf = (trade: ComparedTrade) => string

const PRICED: KeyOf = ({ price, size }) => `${price} ${size}`
const AT_VENUE: KeyOf = (trade) => `${PRICED(trade)} ${trade.venue ?? ''}`
const WITH_CONDITIONS: KeyOf = (trade) => `${PRICED(trade)} ${conditionsOf(trade)}`
/**
 * From trades that are alike in all to those of one price and size: IB names a venue or a condition otherwise at times, and what is on the tape
 * must not come twice.
 */
const ROUNDS: readonly KeyOf[] = [(trade) => `${AT_VENUE(trade)} ${conditionsOf(trade)}`, AT_VENUE, WITH_CONDITIONS, PRICED]

/** As a set: sources order and space them as they like. */
function conditionsOf({ conditions = '' }: ComparedTrade): string {
  return conditions.replaceAll(' ', '').split('').sort().join('')
}

/** What `history` has more than `live`. */
function difference<T extends ComparedTrade>(
  history: readonly T[],
  live: readonly ComparedTrade[],
): { missing: readonly T[]; unmatched: number } {
  let [missing, unmatched] = [history, live]
  for (const keyOf of ROUNDS) {
    if (unmatched.length === 0 || missing.length === 0) break
    const counts = new Map<string, number>()
    for (const trade of missing) counts.set(keyOf(trade), (counts.get(keyOf(trade)) ?? 0) + 1)
    const taken = new Map<string, number>()
    unmatched = unmatched.filter((trade) => {
      const key = keyOf(trade)
      const used = taken.get(key) ?? 0
      if (used >= (counts.get(key) ?? 0)) return true
      taken.set(key, used + 1)
      return false
    })
    missing = missing.filter((trade) => {
      const key = keyOf(trade)
      const left = taken.get(key) ?? 0
      if (left > 0) taken.set(key, left - 1)
      return left === 0
    })
  }
  return { missing, unmatched: unmatched.length }
}

function bySecond<T extends StampedTrade>(trades: readonly T[]): Map<number, T[]> {
  const seconds = new Map<number, T[]>()
  for (const trade of trades) {
    const its = seconds.get(secondOf(trade.eventTsUs))
    if (its) its.push(trade)
    else seconds.set(secondOf(trade.eventTsUs), [trade])
  }
  return seconds
}
