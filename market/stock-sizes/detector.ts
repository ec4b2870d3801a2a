/**
 * Learns from the records of a session in which unit the sizes of US stocks come, for each group of them by itself: from what they look
 * like (size-pattern.ts), and from comparing figures that should be equal (size-comparison.ts). It owns no clock; the same records teach
 * it the same, live and in replay. `session started` begins anew, as a setting may have changed in between.
 *
 * What the user states is taken as it is; findings against it make a doubt.
 */

import { contractKey, isUsStock } from '../contract.ts'
import type { Quote, SizeGroup, SizeUnit, StockSizes, TapeRecord, Trade } from '../tick.ts'
import { Opinion, type UnitFinding } from './opinion.ts'
import { type ComparisonFinding, QuoteComparison, VolumeSteps, VolumeSums } from './size-comparison.ts'
import { type PatternFinding, SizePattern } from './size-pattern.ts'

export type StatedUnit = 'shares' | 'lots' | 'detect'

export const SIZE_GROUPS: readonly SizeGroup[] = ['quotes', 'rt-volume', 'tick-by-tick', 'volume']

interface Stock {
  key: string
  /** For people. */
  symbol: string
  bidSize: number
  askSize: number
  tickByTickQuote: Quote | undefined
  patterns: Readonly<Record<'quotes' | 'tick-by-tick-quotes' | 'tick-by-tick-trades' | 'rt-volume', SizePattern>>
  quoteComparison: QuoteComparison
  sums: VolumeSums
  lastSteps: VolumeSteps
  rtSteps: VolumeSteps
}

export class StockSizeDetector {
  readonly #stated: StatedUnit
  readonly #stocks = new Map<number, Stock>()
  readonly #opinions = new Map<SizeGroup, Opinion>()
  readonly #lots = new Map<string, number>()
  #sizes: StockSizes = { groups: {}, lots: {} }
  #hasChanged = false

  constructor(stated: StatedUnit = 'detect') {
    this.#stated = stated
    this.#begin()
  }

  /** All that is known, stated or inferred. */
  get sizes(): StockSizes {
    return this.#sizes
  }

  /** Returns all that is known when the record taught it something. */
  take(record: TapeRecord): StockSizes | undefined {
    switch (record.kind) {
      case 'quote':
      case 'trade':
      case 'statistic': {
        const stock = this.#stocks.get(record.instrument)
        if (stock === undefined) return undefined
        if (record.kind === 'quote') this.#takeQuote(stock, record)
        else if (record.kind === 'trade') this.#takeTrade(stock, record)
        else if (record.value !== undefined) this.#takeFigure(stock, record.name, record.value, record.tsUs)
        break
      }
      case 'contract':
        this.#name(record.instrument, record.contract)
        return undefined
      case 'session':
        if (record.event === 'started') this.#begin()
        break
      default:
        return undefined
    }
    if (!this.#hasChanged) return undefined
    this.#hasChanged = false
    return (this.#sizes = this.#summary())
  }

  #begin(): void {
    this.#stocks.clear()
    this.#lots.clear()
    for (const group of SIZE_GROUPS) this.#opinions.set(group, new Opinion())
    this.#hasChanged = this.#stated !== 'detect'
    this.#sizes = this.#summary()
  }

  #name(instrument: number, contract: Parameters<typeof isUsStock>[0]): void {
    const key = isUsStock(contract) ? contractKey(contract) : undefined
    if (this.#stocks.get(instrument)?.key === key) return
    if (key === undefined || contract === undefined) this.#stocks.delete(instrument)
    else this.#stocks.set(instrument, newStock(key, contract.symbol))
  }

  #takeQuote(stock: Stock, quote: Quote): void {
    if (quote.source === 'tick-by-tick') {
      const before = stock.tickByTickQuote
      stock.tickByTickQuote = quote
      const pattern = stock.patterns['tick-by-tick-quotes']
      this.#takeSide(stock, 'tick-by-tick', pattern, quote.bidPrice, quote.bidSize, before?.bidSize)
      this.#takeSide(stock, 'tick-by-tick', pattern, quote.askPrice, quote.askSize, before?.askSize)
      return
    }
    const { bidPrice, bidSize, askPrice, askSize } = quote
    const beside = stock.tickByTickQuote
    const pattern = stock.patterns.quotes
    if (this.#takeSide(stock, 'quotes', pattern, bidPrice, bidSize, stock.bidSize) && beside?.bidPrice === bidPrice)
      this.#compareQuotes(stock, bidSize, beside?.bidSize)
    if (this.#takeSide(stock, 'quotes', pattern, askPrice, askSize, stock.askSize) && beside?.askPrice === askPrice)
      this.#compareQuotes(stock, askSize, beside?.askSize)
    stock.bidSize = bidSize ?? Number.NaN
    stock.askSize = askSize ?? Number.NaN
  }

  #compareQuotes(stock: Stock, size: number | undefined, tickByTickSize: number | undefined): void {
    if (size === undefined || tickByTickSize === undefined || !(tickByTickSize >= 0)) return
    this.#compare(stock, 'quotes', 'tick-by-tick', stock.quoteComparison.add(size, tickByTickSize))
  }

  /** Returns true when the side has another size than before. */
  #takeSide(
    stock: Stock,
    group: SizeGroup,
    pattern: SizePattern,
    price: number | undefined,
    size: number | undefined,
    before: number | undefined,
  ): boolean {
    if (price === undefined || !(price > 0) || size === undefined || !(size >= 0) || size === before) return false
    this.#takePattern(stock, group, pattern.add(size, price))
    return true
  }

  #takeTrade(stock: Stock, { source, price, size }: Trade): void {
    if (size === undefined || !(size >= 0) || !(price > 0)) return
    if (source === 'tick-by-tick') {
      stock.sums.trade(size)
      this.#takePattern(stock, 'tick-by-tick', stock.patterns['tick-by-tick-trades'].add(size, price))
    } else if (source === 'rt-volume') {
      stock.rtSteps.trade(size)
      this.#takePattern(stock, 'rt-volume', stock.patterns['rt-volume'].add(size, price))
    } else if (source === 'last') stock.lastSteps.trade(size)
  }

  #takeFigure(stock: Stock, name: string, value: number, tsUs: number): void {
    if (name === 'rt-day-volume') this.#compare(stock, 'rt-volume', 'volume', stock.rtSteps.volume(value))
    else if (name === 'day-volume') {
      this.#compare(stock, 'quotes', 'volume', stock.lastSteps.volume(value))
      this.#compare(stock, 'tick-by-tick', 'volume', stock.sums.volume(value, tsUs))
    }
  }

  #takePattern({ symbol }: Stock, group: SizeGroup, finding: PatternFinding | undefined): void {
    if (finding) this.#believe(group, { unit: finding.unit, by: 'pattern', evidence: `${symbol}: ${finding.figures}` })
  }

  #compare({ key, symbol }: Stock, first: SizeGroup, second: SizeGroup, finding: ComparisonFinding | undefined): void {
    if (!finding) return
    const { inLots, lot } = finding
    const evidence = `${symbol}: ${finding.figures}`
    if (inLots === 'neither') return this.#equate(first, second, evidence)
    if (lot !== undefined && this.#lots.get(key) !== lot) {
      this.#lots.set(key, lot)
      this.#hasChanged = true
    }
    this.#believe(first, { unit: inLots === 'first' ? 'lots' : 'shares', by: 'comparison', evidence })
    this.#believe(second, { unit: inLots === 'second' ? 'lots' : 'shares', by: 'comparison', evidence })
  }

  /** What is known of one of two groups in the same unit is known of the other. Volumes have no pattern: sizes decide of what unit they are. */
  #equate(first: SizeGroup, second: SizeGroup, evidence: string): void {
    const [one, other] = [this.#opinions.get(first), this.#opinions.get(second)]
    if (one?.known && (!other?.known || second === 'volume'))
      this.#believe(second, { unit: one.known.unit, by: 'comparison', evidence: `${evidence}, and those are in ${one.known.unit}` })
    else if (other?.known && !one?.known)
      this.#believe(first, { unit: other.known.unit, by: 'comparison', evidence: `${evidence}, and those are in ${other.known.unit}` })
    else if (one?.known?.unit !== other?.known?.unit) {
      one?.weaken()
      other?.weaken()
    }
  }

  #believe(group: SizeGroup, finding: UnitFinding): void {
    if (this.#opinions.get(group)?.take(finding)) this.#hasChanged = true
  }

  #summary(): StockSizes {
    const groups: Partial<Record<SizeGroup, SizeUnit>> = {}
    for (const group of SIZE_GROUPS) {
      const unit = this.#unitOf(this.#opinions.get(group)?.known)
      if (unit) groups[group] = unit
    }
    return { groups, lots: Object.fromEntries([...this.#lots].sort(([a], [b]) => (a < b ? -1 : 1))) }
  }

  #unitOf(known: UnitFinding | undefined): SizeUnit | undefined {
    const stated = this.#stated
    if (stated === 'detect') return known && { unit: known.unit, how: 'inferred', evidence: known.evidence }
    if (!known || known.unit === stated) return { unit: stated, how: 'stated', ...(known && { evidence: known.evidence }) }
    return { unit: stated, how: 'stated', evidence: known.evidence, doubted: true }
  }
}

function newStock(key: string, symbol: string): Stock {
  return {
    key,
    symbol,
    bidSize: Number.NaN,
    askSize: Number.NaN,
    tickByTickQuote: undefined,
    patterns: {
      quotes: new SizePattern('quotes'),
      'tick-by-tick-quotes': new SizePattern('quotes'),
      'tick-by-tick-trades': new SizePattern('trades'),
      'rt-volume': new SizePattern('trades'),
    },
    quoteComparison: new QuoteComparison(),
    sums: new VolumeSums(),
    lastSteps: new VolumeSteps(),
    rtSteps: new VolumeSteps(),
  }
}
