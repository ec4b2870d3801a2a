import { describe, expect, it } from 'vitest'
import { Witness } from '../../../../collector/gaps/witness.ts'
import { Line } from '../../../../collector/lines/line.ts'
import { Mark } from '../../../../market/marks.ts'
import { MarketState } from '../../../../market/state/market-state.ts'
import type { LineFeed, Tick } from '../../../../market/tick.ts'
import { STOCK } from '../record/recorder-support.ts'

const lineOf = (feed?: LineFeed) => new Line({ instrument: 0, contract: STOCK, ...(feed && { feed }) }, 0)
const BASE = { seq: 0, instrument: 0 }
const lastTrade = (tsUs: number, more: Partial<Tick> = {}): Tick =>
  ({ kind: 'trade', ...BASE, tsUs, price: 70.5, source: 'last', ...more }) as Tick
const tickTrade = (tsUs: number, marks?: number): Tick => ({ kind: 'trade', ...BASE, tsUs, price: 70.5, source: 'tick-by-tick', marks })
const quoteAt = (tsUs: number, marks?: number): Tick => ({ kind: 'quote', ...BASE, tsUs, bidPrice: 70.5, marks })
const tickQuote = (tsUs: number): Tick => ({ kind: 'quote', ...BASE, tsUs, bidPrice: 70.5, source: 'tick-by-tick' })
const volume = (tsUs: number, marks?: number): Tick => ({ kind: 'statistic', ...BASE, tsUs, name: 'day-volume', value: 1000, marks })

function witness(...ticks: Tick[]): Witness {
  const state = new MarketState()
  for (const tick of ticks) state.apply(tick)
  return new Witness(state, () => 0)
}

describe('news of a contract from its other lines', () => {
  it('are trades and day volume for a line of trades, quotes for one of quotes', () => {
    const newsUs = (line: Line, ...ticks: Tick[]) => witness(...ticks).newsUs(line)
    expect(newsUs(lineOf('tick-by-tick-trades'), lastTrade(5), quoteAt(9))).toBe(5)
    expect(newsUs(lineOf('tick-by-tick-trades'), lastTrade(5), volume(7))).toBe(7)
    expect(newsUs(lineOf('tick-by-tick-quotes'), lastTrade(9), quoteAt(5), tickQuote(8))).toBe(5)
    expect(newsUs(lineOf(), tickTrade(4), tickQuote(3), lastTrade(9), quoteAt(9))).toBe(4)
  })

  it('are none where there is nothing, only state, or data of a quarter of an hour ago', () => {
    expect(witness().newsUs(lineOf())).toBe(0)
    expect(witness(quoteAt(5, Mark.initial)).newsUs(lineOf('tick-by-tick-quotes'))).toBe(0)
    expect(witness(volume(5, Mark.initial), lastTrade(5, { delayed: true })).newsUs(lineOf('tick-by-tick-trades'))).toBe(0)
  })

  it('are none that are stamped by a clock that was set back since', () => {
    expect(witness(quoteAt(999_999)).newsUs(lineOf('tick-by-tick-quotes'))).toBe(999_999)
    expect(witness(quoteAt(1_000_001)).newsUs(lineOf('tick-by-tick-quotes'))).toBe(0)
  })

  it('are no trades that market data does not have', () => {
    expect(witness(tickTrade(5, Mark.unreported)).newsUs(lineOf())).toBe(0)
  })
})

describe('the newest tick of a line itself', () => {
  it('is of the kind that history is asked for', () => {
    const known = witness(lastTrade(2), quoteAt(3), tickTrade(4), tickQuote(5))
    expect(known.ownUs(lineOf())).toBe(3)
    expect(known.ownUs(lineOf('tick-by-tick-trades'))).toBe(4)
    expect(known.ownUs(lineOf('tick-by-tick-quotes'))).toBe(5)
    expect(witness(quoteAt(3, Mark.initial)).ownUs(lineOf())).toBe(0)
  })
})
