/**
 * Mean reversion by z-score: how many standard deviations the price is from the mean of its last prices, both of the same window. Buys what is far
 * below and, where it may, sells short what is far above; closes when the score is back near 0, or further gone than it believes in.
 * Of quotes of stocks it takes the middle, once in each interval of regular hours in New York.
 */

import { z } from 'zod'

import { nyse } from '../../market/calendar/calendar.ts'
import type { Strategy, StrategyContext } from '../engine/strategy.ts'

const params = z
  .strictObject({
    period: z.int().min(2).default(20).describe('Prices in the mean and the deviation.'),
    entry: z.number().positive().default(2).describe('Score beyond which it opens.'),
    exit: z.number().min(0).default(0.5).describe('Score within which it closes.'),
    stop: z.number().positive().default(4).describe('Score beyond which it gives up.'),
    quantity: z.int().min(1).default(100).describe('Units of each position.'),
    short: z.boolean().default(false).describe('Whether it also sells short.'),
    everySeconds: z.int().min(1).default(60).describe('Of quotes: seconds between two prices.'),
  })
  .refine(({ entry, exit, stop }) => exit < entry && entry < stop, 'expected exit < entry < stop')

type Params = z.infer<typeof params>

export const zScore: Strategy<Params> = {
  name: 'z-score',
  version: '1',
  params,
  create(context, given) {
    const series = new Map<number, Series>()
    const of = (instrument: number) => {
      const known = series.get(instrument)
      if (known) return known
      const added = new Series(context, instrument, given)
      series.set(instrument, added)
      return added
    }
    const stepUs = given.everySeconds * 1_000_000
    return {
      onQuote({ instrument, tsUs, bidPrice, askPrice }) {
        if (bidPrice === undefined || askPrice === undefined) return
        if (context.market.contract(instrument)?.kind === 'option') return
        const step = Math.floor(tsUs / stepUs)
        const one = of(instrument)
        if (one.step !== step && nyse.isOpenAt(tsUs)) one.sample(step, (bidPrice + askPrice) / 2)
      },
      onBar: ({ close }, instrument) => of(instrument).take(close),
    }
  },
}

/** One instrument. */
class Series {
  readonly #context: StrategyContext
  readonly #instrument: number
  readonly #params: Params
  readonly #deviation: InstanceType<StrategyContext['indicators']['deviation']>
  /** Of the latest price. */
  step = Number.NaN
  /** An order that has not ended. */
  #order: number | undefined
  /** It gave up: no new position before the score has been back. */
  #waits = false

  constructor(context: StrategyContext, instrument: number, params: Params) {
    this.#context = context
    this.#instrument = instrument
    this.#params = params
    this.#deviation = new context.indicators.deviation(params.period)
  }

  /** The first price of a step: the others do not count. */
  sample(step: number, price: number): void {
    this.step = step
    this.take(price)
  }

  take(price: number): void {
    const score = this.#deviation.nextScore(price)
    if (score === undefined || this.#isBusy()) return
    const held = this.#context.portfolio.quantity(this.#instrument)
    const { entry, exit, stop, quantity, short } = this.#params
    if (Math.abs(score) <= exit) this.#waits = false
    if (held !== 0) {
      // How far it is still gone in the direction of the bet.
      const gone = held > 0 ? -score : score
      if (gone > exit && gone < stop) return
      this.#waits = gone >= stop
      this.#trade(held > 0 ? 'sell' : 'buy', Math.abs(held))
    } else if (!this.#waits && Math.abs(score) >= entry && Math.abs(score) < stop) {
      if (score < 0) this.#trade('buy', quantity)
      else if (short) this.#trade('sell', quantity)
    }
  }

  #isBusy(): boolean {
    if (this.#order === undefined) return false
    const status = this.#context.orders.find(this.#order)?.status
    if (status === 'waiting' || status === 'sent' || status === 'working' || status === 'triggered') return true
    this.#order = undefined
    return false
  }

  #trade(side: 'buy' | 'sell', quantity: number): void {
    this.#order = this.#context.orders.submit({ type: 'market', side, instrument: this.#instrument, quantity })
  }
}
