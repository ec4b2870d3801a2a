/**
 * What the tape has of a contract from its other lines. A stock has up to three (market data, trades and quotes tick by tick), which come
 * from different farms: where one goes on, the silence of another is no quiet market. It costs no request.
 */

import { isMarked, Mark } from '../../market/marks.ts'
import type { MarketState } from '../../market/state/market-state.ts'
import type { Tick } from '../../market/tick.ts'
import { telltaleOf } from '../ib/lookup/newest-tick.ts'
import type { Line } from '../lines/line.ts'

const BURST_US = 1_000_000

export class Witness {
  readonly #state: Pick<MarketState, 'of'>
  readonly #nowUs: () => number

  /** `nowUs`: on the tape's clock. */
  constructor(state: Pick<MarketState, 'of'>, nowUs: () => number) {
    this.#state = state
    this.#nowUs = nowUs
  }

  /** When another line of the contract had news that this one has too, while it lives; 0 when there is none. */
  newsUs({ instrument, feed }: Line): number {
    const known = this.#state.of(instrument)
    if (!known) return 0
    if (feed === 'tick-by-tick-quotes') return this.#newest(known.quote)
    if (feed === 'tick-by-tick-trades')
      return this.#newest(known.tradeOf('last'), known.tradeOf('rt-volume'), known.statistics.get('day-volume'))
    return this.#newest(known.tickByTickQuote, known.tradeOf('tick-by-tick'))
  }

  /** When the line itself had its newest tick of the kind that IB's history is asked for; 0 when it had no more than its state. */
  ownUs(line: Line): number {
    const known = this.#state.of(line.instrument)
    if (!known) return 0
    if (telltaleOf(line) === 'quotes') return this.#newest(line.feed ? known.tickByTickQuote : known.quote)
    return this.#newest(known.tradeOf(line.feed ? 'tick-by-tick' : 'last'))
  }

  /** What happened, and now: neither the state at a request nor what is a quarter of an hour old, nor what only some lines have. */
  #newest(...ticks: (Tick | undefined)[]): number {
    const news = ticks.filter((tick) => tick && !tick.delayed && !isMarked(tick, Mark.initial) && !isMarked(tick, Mark.unreported))
    // A time ahead of now is of before the clock was set back; in a burst the stamps may run ahead a little.
    const times = news.map((tick) => tick?.tsUs ?? 0).filter((us) => us <= this.#nowUs() + BURST_US)
    return Math.max(0, ...times)
  }
}
