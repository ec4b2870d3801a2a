/**
 * In which unit a size is, for whoever reads records: what the `sizes` events of the session said up to there. Sizes are stored as they
 * were sent; multiplied by `sharesPerUnit` they are shares.
 */

import { contractKey, isUsStock } from '../contract.ts'
import type { SizeGroup, StockSizes, TapeRecord, Tick } from '../tick.ts'

/** Of one session: sessions that overlap need one each. */
export class SizeUnits {
  /** Keys of US stocks by their numbers. */
  readonly #stocks = new Map<number, string>()
  #sizes: StockSizes | undefined

  apply(record: TapeRecord): void {
    if (record.kind === 'contract') {
      if (isUsStock(record.contract)) this.#stocks.set(record.instrument, contractKey(record.contract))
      else this.#stocks.delete(record.instrument)
    } else if (record.kind === 'session') {
      if (record.event === 'started') this.#sizes = undefined
      else if (record.event === 'sizes') this.#sizes = record.sizes
    }
  }

  /**
   * Shares that one unit of the tick's sizes stands for: 1, or the shares in a lot of that stock. Undefined when it cannot be said: the
   * session did not learn the unit, or the size of the stock's lots; and for what is no size of a US stock, such as contracts of options.
   */
  sharesPerUnit(tick: Tick): number | undefined {
    const stock = this.#stocks.get(tick.instrument)
    const group = stock === undefined ? undefined : groupOf(tick)
    const unit = group && this.#sizes?.groups[group]?.unit
    if (stock === undefined || unit === undefined) return undefined
    return unit === 'shares' ? 1 : this.#sizes?.lots[stock]
  }
}

/** Undefined: the tick has no size that IB counts in lots. */
function groupOf(tick: Tick): SizeGroup | undefined {
  switch (tick.kind) {
    case 'quote':
      return tick.source ?? 'quotes'
    case 'trade':
      return tick.source === 'last' ? 'quotes' : tick.source === 'import' ? undefined : tick.source
    case 'statistic':
      return tick.name === 'day-volume' || tick.name === 'rt-day-volume' ? 'volume' : undefined
    case 'greeks':
      return undefined
  }
}
