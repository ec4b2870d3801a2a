/** A US stock as IB would send it, its sizes in shares or in lots: sampled market data, RTVolume, and tick-by-tick data of one market. */

import type { ContractRecord, SizeGroup, Tick } from '../../../market/tick.ts'
import { seeded } from '../random.ts'

export interface SimulatedStockOptions {
  price: number
  /** Shares in a lot of this stock. */
  lot: number
  /** Groups whose sizes come in lots. */
  inLots?: readonly SizeGroup[]
  /** Whether tick-by-tick data comes beside the sampled one. */
  tickByTick?: boolean
  /** IB's extra figure 233. */
  rtVolume?: boolean
  seconds?: number
  seed?: number
  instrument?: number
  symbol?: string
  /** Of the first second, and how far the day's volume is. */
  startUs?: number
  volume?: number
}

export function contractOf({ instrument = 1, symbol = 'AAPL' }: Pick<SimulatedStockOptions, 'instrument' | 'symbol'> = {}): ContractRecord {
  return { kind: 'contract', seq: 0, tsUs: 0, instrument, contract: { kind: 'stock', symbol, currency: 'USD' } }
}

/** Ticks in the order in which they come; `seq` and `tsUs` rise. */
export function* simulatedStock(options: SimulatedStockOptions): Generator<Tick> {
  const { price, lot, inLots = [], tickByTick = true, rtVolume = true, seconds = 300, seed = 1, instrument = 1, startUs = 0 } = options
  const random = seeded(seed)
  const whole = (most: number) => 1 + Math.floor(random() * most)
  const sent = (group: SizeGroup, shares: number) => (inLots.includes(group) ? Math.floor(shares / lot) : shares)
  let seq = 0
  const at = (tsUs: number) => ({ seq: ++seq, tsUs: startUs + Math.round(tsUs), instrument })
  let { volume = 1_000_000 } = options
  let bidPrice = price
  /** Now and then a side has less than a lot. */
  const sideSize = () => (random() < 0.15 ? whole(lot - 1) : lot * whole(12))
  let [bidSize, askSize] = [sideSize(), sideSize()]
  for (let quarter = 0; quarter < seconds * 4; quarter++) {
    const tsUs = quarter * 250_000
    if (random() < 0.1) bidPrice = price + whole(5) / 100
    const askPrice = bidPrice + 0.01
    let last = 0
    for (let event = 0; event < 3; event++) {
      if (random() < 0.6) [bidSize, askSize] = random() < 0.5 ? [sideSize(), askSize] : [bidSize, sideSize()]
      if (tickByTick) {
        const sides = { bidPrice, askPrice, bidSize: sent('tick-by-tick', bidSize), askSize: sent('tick-by-tick', askSize) }
        yield { kind: 'quote', ...at(tsUs + event * 50_000), ...sides, source: 'tick-by-tick' }
      }
      if (random() < 0.8) continue
      last = random() < 0.5 ? whole(lot - 1) : lot * whole(4)
      volume += last
      if (tickByTick)
        yield {
          kind: 'trade',
          ...at(tsUs + event * 50_000 + 1),
          price: bidPrice,
          size: sent('tick-by-tick', last),
          source: 'tick-by-tick',
          venue: 'NYSE',
        }
    }
    const sides = { bidPrice, askPrice, bidSize: sent('quotes', bidSize), askSize: sent('quotes', askSize) }
    yield { kind: 'quote', ...at(tsUs + 200_000), ...sides }
    if (last === 0) continue
    yield { kind: 'trade', ...at(tsUs + 200_001), price: bidPrice, size: sent('quotes', last), source: 'last' }
    yield { kind: 'statistic', ...at(tsUs + 200_002), name: 'day-volume', value: sent('volume', volume) }
    if (!rtVolume) continue
    yield { kind: 'trade', ...at(tsUs + 200_003), price: bidPrice, size: sent('rt-volume', last), source: 'rt-volume' }
    yield { kind: 'statistic', ...at(tsUs + 200_004), name: 'rt-day-volume', value: sent('volume', volume) }
  }
}
