/**
 * Which options of a chain are wanted by the settings, and for what reason each of the others is not. Pure. How many of those that are
 * wanted get a line is another question (lines/).
 */

import type { IndexContract, OptionContract, StockContract } from '../../market/contract.ts'
import { addDays, isDate } from '../../market/time.ts'
import type { ListedExpiry } from '../ib/lookup/chain-search.ts'
import { isMonthly } from './expiry-kinds.ts'
import { isWithin, selectOptions, type StrikeRange } from './select.ts'

/** What a setting that is absent filters: nothing, but for adjusted options. */
export interface OptionFilters {
  strikes: StrikeRange
  /** Last day of trading at most so many days from today. */
  expiryDays: number
  /** And at least so many. */
  minExpiryDays?: number | undefined
  /** Of these, any: `0dte`, `weeklies`, `monthlies`, or dates (`YYYY-MM-DD`), which are wanted however far ahead they lie. */
  expiries?: 'all' | readonly string[] | undefined
  rights?: 'both' | 'calls' | 'puts' | undefined
  tradingClasses?: readonly string[] | undefined
  excludeTradingClasses?: readonly string[] | undefined
  adjusted?: 'exclude' | 'include' | undefined
  minOpenInterest?: number | undefined
  minVolume?: number | undefined
}

/** In the order in which they are looked at: an option has the first that applies. */
export const REASONS = [
  'expired',
  'trading-class',
  'adjusted',
  'expiry-days',
  'expiry-kind',
  'right',
  'strike-range',
  'open-interest',
  'volume',
] as const
export type Reason = (typeof REASONS)[number]

/** What was recorded of an option last. Undefined: never. */
export interface Activity {
  openInterest?: number | undefined
  /** Of a whole day. */
  volume?: number | undefined
}

export interface Circumstances {
  root: StockContract | IndexContract
  /** `YYYY-MM-DD` in New York. */
  today: string
  /** Around which a range in percent lies. Undefined: not known, and no such range is applied. */
  referencePrice: number | undefined
  /** Absent: nothing is known of any option. */
  activityOf?: ((option: OptionContract) => Activity | undefined) | undefined
}

export interface LeftOut {
  contract: OptionContract
  reason: Reason
}

export interface Choice {
  /** Nearest the money first. */
  wanted: OptionContract[]
  leftOut: LeftOut[]
}

/** An option that was never recorded is not left out for want of open interest or volume: it is not known to have none. */
export function chooseOptions(chain: readonly OptionContract[], filters: OptionFilters, circumstances: Circumstances): Choice {
  const leftOut: LeftOut[] = []
  const leaveOut = (contract: OptionContract, reason: Reason | undefined): boolean => {
    if (reason) leftOut.push({ contract, reason })
    return reason === undefined
  }
  const listed = chain.filter((option) => leaveOut(option, termsReason(option, filters, circumstances)))
  const isInRange = isWithin(filters.strikes, circumstances.referencePrice)
  const inRange = listed.filter((option) => leaveOut(option, isInRange(option) ? undefined : 'strike-range'))
  const active = inRange.filter((option) => leaveOut(option, activityReason(circumstances.activityOf?.(option), filters)))
  return { wanted: selectOptions(active, 'all', circumstances.referencePrice, listed), leftOut }
}

/** How many options were left out for each reason, in the order of `REASONS`. */
export function countReasons(leftOut: readonly Pick<LeftOut, 'reason'>[]): Partial<Record<Reason, number>> {
  const counts = REASONS.map((reason) => [reason, leftOut.filter((one) => one.reason === reason).length] as const)
  return Object.fromEntries(counts.filter(([, count]) => count > 0))
}

/** Why no option of a listed expiry can be wanted; undefined: some may be. */
export function expiryReason(listed: ListedExpiry, filters: OptionFilters, { root, today }: Pick<Circumstances, 'root' | 'today'>) {
  return (
    classReason(listed, filters, root) ??
    // Options that are settled at the opening are listed a day before their expiry.
    [listed.expiry, addDays(listed.expiry, 1)]
      .map((expiry) => dateReason({ ...listed, symbol: root.symbol, expiry, lastTradeDate: listed.expiry }, filters, today))
      .reduce((first, second) => first && second)
  )
}

/** By what the contract is; undefined: nothing speaks against it. */
function termsReason(option: OptionContract, filters: OptionFilters, { root, today }: Circumstances): Reason | undefined {
  const { right } = option
  const { rights = 'both' } = filters
  return (
    // Until midnight: its last prices are still looked at after the close.
    (option.expiry < today ? 'expired' : undefined) ??
    classReason(option, filters, root) ??
    dateReason(option, filters, today) ??
    (rights === 'both' || (rights === 'calls') === (right === 'C') ? undefined : 'right')
  )
}

function classReason(option: Pick<OptionContract, 'tradingClass' | 'multiplier'>, filters: OptionFilters, root: Circumstances['root']) {
  const { tradingClasses, excludeTradingClasses = [], adjusted = 'exclude' } = filters
  const { tradingClass } = option
  const isNamed = tradingClasses?.includes(tradingClass) === true
  if ((tradingClasses && !isNamed) || excludeTradingClasses.includes(tradingClass)) return 'trading-class'
  return adjusted === 'exclude' && !isNamed && isAdjusted(option, root) ? 'adjusted' : undefined
}

type Expiring = Pick<OptionContract, 'symbol' | 'expiry' | 'lastTradeDate' | 'tradingClass'>

function dateReason(option: Expiring, { expiryDays, minExpiryDays = 0, expiries = 'all' }: OptionFilters, today: string) {
  const { expiry, lastTradeDate = expiry } = option
  const kinds = expiries === 'all' ? [] : expiries
  if (kinds.some((kind) => kind === expiry || kind === lastTradeDate)) return undefined
  if (lastTradeDate > addDays(today, expiryDays) || (minExpiryDays > 0 && lastTradeDate < addDays(today, minExpiryDays)))
    return 'expiry-days'
  if (expiries === 'all' || kinds.some((kind) => !isDate(kind) && isOfKind(option, kind, today))) return undefined
  return 'expiry-kind'
}

function isOfKind(option: Expiring, kind: string, today: string): boolean {
  if (kind === '0dte') return (option.lastTradeDate ?? option.expiry) === today
  return isMonthly(option) === (kind === 'monthlies')
}

function activityReason({ openInterest, volume }: Activity = {}, { minOpenInterest = 0, minVolume = 0 }: OptionFilters) {
  if (openInterest !== undefined && openInterest < minOpenInterest) return 'open-interest'
  return volume !== undefined && volume < minVolume ? 'volume' : undefined
}

/**
 * True where a contract on a US stock does not stand for 100 shares of it: after a split, a spin-off or a merger the OCC lists the old
 * contracts under the ticker with a digit behind it (AAPL1), and IB those of agreed terms with one before it (2AAPL).
 */
export function isAdjusted({ tradingClass, multiplier }: Pick<OptionContract, 'tradingClass' | 'multiplier'>, root: Circumstances['root']) {
  if (root.kind !== 'stock' || root.currency !== 'USD') return false
  const ticker = root.symbol.replaceAll(/[^A-Z0-9]/g, '')
  const digits = tradingClass.startsWith(ticker) ? tradingClass.slice(ticker.length) : tradingClass.replace(ticker, '')
  return multiplier !== 100 || (tradingClass.includes(ticker) && /^\d+$/.test(digits))
}
