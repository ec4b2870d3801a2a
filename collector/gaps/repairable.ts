/**
 * Which gaps IB's history may fill. Pure. A gap is of contracts, and each contract is filled by itself: IB has trades and quotes of the last three
 * years, none of options that have expired, and none where it has no data for this login at all.
 */

import type { RecordedGap, WantedContract } from '../../db/read/queries/coverage.ts'
import type { TradingCalendar } from '../../market/calendar/trading-calendar.ts'
import type { Span } from '../../market/coverage.ts'
import { addDays, daysBetween } from '../../market/time.ts'

/** What of a contract is filled. */
export type RepairSeries = 'trades' | 'quotes'

/** A gap of one contract. */
export interface GapOfContract extends Pick<RecordedGap, 'sessionId' | 'seq' | 'fromUs' | 'toUs' | 'cause' | 'feed' | 'isOpen'> {
  contract: WantedContract
}

export interface RepairRules {
  series: RepairSeries
  /** Options too, of which there are many: each costs a request for itself. */
  withOptions: boolean
  /** Contracts that were not watched as others had the lines (`unseen`), too. */
  withUnseen: boolean
  nowUs: number
  calendar: TradingCalendar
}

/** `open`: it is not over; `later`: IB's history may not have its end yet; `not-wanted`: nothing to say of it. */
export type Repairable = { verdict: 'refused'; reason: string } | { verdict: 'fill' | 'open' | 'later' | 'not-wanted' }

/** IB has ticks of so many years. */
const YEARS = 3
/** History has a tick so long after the market at the latest. */
const SETTLED_US = 15_000_000
const CHAIN = 'option-chain'
const UNSEEN = 'unseen'
const FEEDS: Readonly<Record<RepairSeries, string>> = { trades: 'tick-by-tick-trades', quotes: 'tick-by-tick-quotes' }
/** IB's own reasons, which hold for its history too. */
const IB_HAS_NONE: readonly (readonly [RegExp, string])[] = [
  [/^refused: (354|10089|10168|10186)$/, 'IB has no data of it for this login: a market-data subscription is missing'],
  [/^refused: 200$/, 'IB knew no such contract'],
  [/^delayed data is not wanted$/, 'IB has only delayed data of it for this login'],
]

const EXPIRED = 'it has expired, and IB has no history of expired options'

/** Why nothing of a gap of a contract is filled without being asked for, or at all; undefined: its trades are. */
export function leftUnfilled(
  { cause, feed, contract: { kind, lastTradeDate } }: Pick<GapOfContract, 'cause' | 'feed' | 'contract'>,
  today: string,
): string | undefined {
  if (feed === CHAIN) return 'of which options of a chain is not known'
  const known = IB_HAS_NONE.find(([text]) => text.test(cause))
  if (known) return known[1]
  if (kind === 'option' && lastTradeDate !== null && lastTradeDate < today) return EXPIRED
  if (kind === 'option') return 'options are asked for with tapedeck backfill --gaps --with-options'
  return kind === 'stock' ? undefined : 'only stocks and options are filled'
}

export function repairable({ toUs, fromUs, cause, feed, isOpen, contract }: GapOfContract, rules: RepairRules): Repairable {
  const { series, withOptions, withUnseen, nowUs, calendar } = rules
  const { kind, lastTradeDate } = contract
  const today = calendar.zone.dateOf(nowUs)
  const isOfSeries = feed === undefined || feed === 'tick-by-tick' || feed === FEEDS[series]
  const isOfKind = kind === 'stock' || (kind === 'option' && withOptions)
  if (!isOfSeries || !isOfKind || feed === CHAIN || (cause === UNSEEN && !withUnseen)) return { verdict: 'not-wanted' }
  const known = IB_HAS_NONE.find(([text]) => text.test(cause))
  if (known) return { verdict: 'refused', reason: known[1] }
  if (kind === 'option' && lastTradeDate !== null && lastTradeDate < today) return { verdict: 'refused', reason: EXPIRED }
  if (calendar.zone.dateOf(toUs) < `${Number(today.slice(0, 4)) - YEARS}${today.slice(4)}`)
    return { verdict: 'refused', reason: `IB has ticks of ${YEARS} years` }
  if (isOpen) return { verdict: 'open' }
  if (toUs + SETTLED_US > nowUs) return { verdict: 'later' }
  return tradingIn({ fromUs, toUs }, calendar).length > 0 ? { verdict: 'fill' } : { verdict: 'not-wanted' }
}

/** What of a time lies in the trading hours of stocks, those before the opening and behind the close included. */
export function tradingIn({ fromUs, toUs }: Span, calendar: TradingCalendar): Span[] {
  const first = calendar.zone.dateOf(fromUs)
  const dates = Array.from({ length: daysBetween(first, calendar.zone.dateOf(toUs)) + 1 }, (_, i) => addDays(first, i))
  return dates
    .flatMap((date) => calendar.tradingHours(date) ?? [])
    .map(({ extendedOpenUs, extendedCloseUs }) => ({ fromUs: Math.max(fromUs, extendedOpenUs), toUs: Math.min(toUs, extendedCloseUs) }))
    .filter((span) => span.fromUs < span.toUs)
}
