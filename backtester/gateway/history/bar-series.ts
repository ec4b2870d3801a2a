/**
 * The bars of one request for history, gathered tick by tick in the order of the tape.
 *
 * Bars of trades, of one side or of the middle are those of market/bar.ts. A bar of bid and ask together is what IB makes of them
 * (https://interactivebrokers.github.io/tws-api/historical_bars.html, "Historical Data Types"): it opens with the time average of the
 * bid, its high is the highest ask, its low the lowest bid, and it closes with the time average of the ask. Weeks and months are made
 * of days and bear the date of their last one, as IB's do. In regular trading hours, those of the contract, the first bar of a day begins
 * when they open: bars of an hour begin at 09:30 and then at 10:00. Trades that set no price (market/trade-conditions.ts) are volume alone.
 */

import { type Bar, BarBuilder, barInterval, type Interval, SECONDS_PER_DAY } from '../../../market/bar.ts'
import { nyse } from '../../../market/calendar/calendar.ts'
import type { Quote, Trade } from '../../../market/tick.ts'
import { daysBetween } from '../../../market/time.ts'
import { setsPrice } from '../../../market/trade-conditions.ts'
import type { ContractHours } from '../contracts/contract-hours.ts'
import { SECONDS_PER_WEEK } from './history-times.ts'
import type { DatedBar } from '../protocol/messages.ts'
import { midpointOf } from '../book/midpoint.ts'

/** IB's value for what a bar of prices does not have. */
const NONE = -1

export interface SeriesOptions {
  whatToShow: string
  /** Of one bar, as `barSeconds` gives them. */
  seconds: number
  /** Only what happened in regular trading hours. */
  useRth: boolean
  /** Of the contract. */
  hours: ContractHours
  /** A bar that is not finished by then is as it stood. */
  untilUs: number
  dateOf: (startUs: number) => string
}

export interface BarSeries {
  /** How many bars there are so far. */
  count(): number
  /** Takes a tick; false when it does not count. Absent: no such tick counts. */
  readonly quote?: (quote: Quote) => boolean
  readonly trade?: (trade: Trade) => boolean
  /** The bars from number `from` on, the last one perhaps unfinished. */
  bars(from: number): DatedBar[]
}

const PRICES: Readonly<Record<string, (quote: Quote) => number | undefined>> = {
  BID: ({ bidPrice }) => bidPrice,
  ASK: ({ askPrice }) => askPrice,
  MIDPOINT: ({ bidPrice, askPrice }) => (bidPrice === undefined || askPrice === undefined ? undefined : midpointOf(bidPrice, askPrice)),
}

/** Undefined for what cannot be shown. */
export function barSeries(options: SeriesOptions): BarSeries | undefined {
  const { whatToShow, seconds, useRth, hours } = options
  const isWanted = (tsUs: number) => !useRth || hours.isOpenAt(tsUs)
  const barSize = Math.min(seconds, SECONDS_PER_DAY)
  if (whatToShow === 'BID_ASK') {
    const bars = new BidAskBars(barSize, options)
    const quote = (tick: Quote) => isWanted(tick.tsUs) && bars.add(tick)
    return { ...seriesOf(options, () => bars.bars, mergeBidAsk, ofBidAsk), quote }
  }
  const builder = new BarBuilder(barSize, nyse.zone, (tsUs) => opensUs(options, tsUs))
  const priceOf = PRICES[whatToShow]
  if (priceOf) {
    const quote = (tick: Quote) => {
      if (!isWanted(tick.tsUs)) return false
      const price = priceOf(tick)
      if (price === undefined) return builder.endPrice(tick.tsUs)
      builder.addPrice(tick.tsUs, price)
      return true
    }
    return { ...seriesOf(options, () => builder.bars, mergeBars, ofPrices), quote }
  }
  if (whatToShow !== 'TRADES') return undefined
  const trade = (tick: Trade) => {
    const { tsUs, price, size = 0 } = tick
    if (!isWanted(tsUs)) return false
    if (!setsPrice(tick)) return builder.addVolume(tsUs, price, size)
    builder.addTrade(tsUs, price, size)
    return true
  }
  return { ...seriesOf(options, () => builder.bars, mergeBars, ofTrades), trade }
}

/** When the bars of a moment's day may begin: with regular trading hours, where only those are asked for. */
function opensUs({ useRth, hours }: SeriesOptions, tsUs: number): number | undefined {
  return useRth ? hours.openUs(tsUs) : undefined
}

type Figures = Omit<DatedBar, 'date'>

/** Days become weeks or months where those are asked for. */
function seriesOf<T extends { startUs: number }>(
  { seconds, dateOf }: SeriesOptions,
  gathered: () => readonly T[],
  merge: (before: T, bar: T) => T,
  figuresOf: (bar: T) => Figures,
): Pick<BarSeries, 'bars' | 'count'> {
  const isPlain = seconds <= SECONDS_PER_DAY
  const periods = () => (isPlain ? gathered() : merged(gathered(), seconds, merge))
  return {
    count: () => periods().length,
    bars: (from) =>
      periods()
        .slice(from)
        .map((bar) => ({ date: dateOf(bar.startUs), ...figuresOf(bar) })),
  }
}

function merged<T extends { startUs: number }>(days: readonly T[], seconds: number, merge: (before: T, bar: T) => T): T[] {
  const periods: T[] = []
  let latest: string | number | undefined
  for (const day of days) {
    const period = periodOf(nyse.zone.dateOf(day.startUs), seconds)
    const before = periods.at(-1)
    if (before && period === latest) periods[periods.length - 1] = merge(before, day)
    else periods.push(day)
    latest = period
  }
  return periods
}

/** The month of a date, or the number of its week; weeks begin on Monday, and 1970 began on a Thursday. */
function periodOf(date: string, seconds: number): string | number {
  return seconds === SECONDS_PER_WEEK ? Math.floor((daysBetween('1970-01-01', date) + 3) / 7) : date.slice(0, 7)
}

function mergeBars(before: Bar, bar: Bar): Bar {
  const volume = before.volume + bar.volume
  const turnover = (before.vwap ?? 0) * before.volume + (bar.vwap ?? 0) * bar.volume
  return {
    ...bar,
    open: before.open,
    high: Math.max(before.high, bar.high),
    low: Math.min(before.low, bar.low),
    volume,
    vwap: volume > 0 ? turnover / volume : undefined,
    trades: before.trades + bar.trades,
  }
}

function ofTrades({ open, high, low, close, volume, vwap = NONE, trades }: Bar): Figures {
  return { open, high, low, close, volume, wap: vwap, count: trades }
}

function ofPrices({ open, high, low, close }: Bar): Figures {
  return { open, high, low, close, volume: NONE, wap: NONE, count: NONE }
}

/** One side of the quote over the time of a bar. */
interface Side {
  /** Price times microseconds, and those microseconds. */
  sum: number
  us: number
  /** What counts where no time went by. NaN: the side was empty all along. */
  latest: number
}

interface BidAskBar extends Interval {
  bid: Side
  ask: Side
  highestAsk: number
  lowestBid: number
}

/** Gathers quotes. One stands until the next, or until its bar, its trading day or the request ends. */
class BidAskBars {
  readonly #seconds: number
  readonly #options: SeriesOptions
  readonly #bars: BidAskBar[] = []
  #quote: Quote | undefined

  constructor(seconds: number, options: SeriesOptions) {
    this.#seconds = seconds
    this.#options = options
  }

  get bars(): readonly BidAskBar[] {
    const { untilUs } = this.#options
    const latest = this.#bars.at(-1)
    const quote = this.#quote
    if (!latest || !quote) return this.#bars
    const standing = { ...latest, bid: { ...latest.bid }, ask: { ...latest.ask } }
    this.#stand(standing, quote, untilUs)
    return [...this.#bars.slice(0, -1), standing]
  }

  add(quote: Quote): boolean {
    const { zone } = nyse
    const { tsUs } = quote
    const { startUs, endUs } = barInterval(tsUs, this.#seconds, zone, opensUs(this.#options, tsUs))
    const before = this.#quote
    let bar = this.#bars.at(-1)
    if (bar && before) this.#stand(bar, before, tsUs)
    if (!bar || startUs > bar.startUs) {
      const side = (): Side => ({ sum: 0, us: 0, latest: Number.NaN })
      bar = { startUs, endUs, bid: side(), ask: side(), highestAsk: Number.NEGATIVE_INFINITY, lowestBid: Number.POSITIVE_INFINITY }
      this.#bars.push(bar)
      if (before && tsUs > startUs && zone.dateOf(before.tsUs) === zone.dateOf(tsUs)) {
        widen(bar, before)
        this.#stand(bar, before, tsUs)
      }
    }
    widen(bar, quote)
    this.#quote = quote
    return true
  }

  /** Counts the time for which a quote stood within a bar. */
  #stand({ startUs, endUs, bid, ask }: BidAskBar, quote: Quote, toUs: number): void {
    const { hours, useRth } = this.#options
    const us = Math.min(toUs, endUs, hours.endOfDayUs(quote.tsUs, useRth)) - Math.max(startUs, quote.tsUs)
    if (us <= 0) return
    for (const [side, price] of [
      [bid, quote.bidPrice],
      [ask, quote.askPrice],
    ] as const) {
      if (price === undefined) continue
      side.sum += price * us
      side.us += us
    }
  }
}

function widen(bar: BidAskBar, { bidPrice, askPrice }: Quote): void {
  if (bidPrice !== undefined) {
    bar.bid.latest = bidPrice
    bar.lowestBid = Math.min(bar.lowestBid, bidPrice)
  }
  if (askPrice !== undefined) {
    bar.ask.latest = askPrice
    bar.highestAsk = Math.max(bar.highestAsk, askPrice)
  }
}

function mergeBidAsk(before: BidAskBar, bar: BidAskBar): BidAskBar {
  const sides = (a: Side, b: Side): Side => ({ sum: a.sum + b.sum, us: a.us + b.us, latest: Number.isNaN(b.latest) ? a.latest : b.latest })
  return {
    startUs: bar.startUs,
    endUs: bar.endUs,
    bid: sides(before.bid, bar.bid),
    ask: sides(before.ask, bar.ask),
    highestAsk: Math.max(before.highestAsk, bar.highestAsk),
    lowestBid: Math.min(before.lowestBid, bar.lowestBid),
  }
}

function ofBidAsk({ bid, ask, highestAsk, lowestBid }: BidAskBar): Figures {
  const open = averageOf(bid)
  const close = averageOf(ask)
  const high = Number.isFinite(highestAsk) ? highestAsk : NONE
  const low = Number.isFinite(lowestBid) ? lowestBid : NONE
  return { open, high, low, close, volume: NONE, wap: NONE, count: NONE }
}

/** Without the noise of the last bits. */
function averageOf({ sum, us, latest }: Side): number {
  if (us > 0) return Number((sum / us).toPrecision(12))
  return Number.isNaN(latest) ? NONE : latest
}
