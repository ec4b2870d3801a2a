import { describe, expect, it } from 'vitest'

import type { Detector } from '../../../../market/arbitrage/detector.ts'
import { type Parity, ParityMonitor, parityOf } from '../../../../market/arbitrage/parity.ts'
import type { Chain } from '../../../../market/state/chain.ts'
import { Mark } from '../../../../market/marks.ts'
import type { Quote } from '../../../../market/tick.ts'
import { DetectorMarket, type DetectorMarketOptions } from '../../../support/arbitrage/detector-market.ts'
import { EngineMarket, PUT, STOCK } from './engine-market.ts'

const always = () => true
const IDLE: Detector = { name: 'idle', about: 'Nothing.' }
const [RATE, YIELD, SPOT] = [0.05, 0.02, 100]
const D = Math.exp(-RATE)
const FORWARD = SPOT * Math.exp(RATE - YIELD)

/** European calls and puts a year from expiry, each quoted 0.05 around made-up values that keep to parity. */
function quoted(options: DetectorMarketOptions, strikes = [90, 95, 100, 105, 110]): DetectorMarket {
  const market = new DetectorMarket(IDLE, { on: 'SPX', ...options }).spot(SPOT)
  for (const strike of strikes) {
    const put = 20 + (strike - 100) * 0.4
    const call = put + (FORWARD - strike) * D
    market.quote('C', strike, call - 0.05, call + 0.05).quote('P', strike, put - 0.05, put + 0.05)
  }
  return market
}

function chainOf(market: DetectorMarket): Chain {
  const [chain] = market.chains.chains()
  return chain as Chain
}

function parity(market: DetectorMarket): Parity | undefined {
  return parityOf(chainOf(market), market.terms(chainOf(market)), always)
}

describe('the parity of a chain', () => {
  it('is the forward price, with what it can be sold and bought at', () => {
    const found = parity(quoted({ rate: RATE }))
    expect(found).toMatchObject({ days: 365, pairs: 5, spot: SPOT })
    expect(found?.forward).toBeCloseTo(FORWARD, 9)
    expect(found?.forwardBid).toBeCloseTo(FORWARD - 0.1 / D, 9)
    expect(found?.forwardAsk).toBeCloseTo(FORWARD + 0.1 / D, 9)
  })

  it('implies the rate from how pairs fall with the strike, and what is left as dividends and borrowing', () => {
    const found = parity(quoted({}))
    expect(found?.impliedRate).toBeCloseTo(RATE, 9)
    expect(found?.rate).toBeCloseTo(RATE, 9)
    expect(found?.carryRate).toBeCloseTo(RATE - YIELD, 9)
    expect(found?.incomeRate).toBeCloseTo(YIELD, 9)
    expect(found?.income).toBeCloseTo(SPOT - FORWARD * D, 9)
  })

  it('goes by the known rate where there is one', () => {
    const found = parity(quoted({ rate: 0.04 }))
    expect(found?.impliedRate).toBeCloseTo(RATE, 9)
    expect(found?.rate).toBeCloseTo(0.04, 12)
    expect(found?.carryRate).toBeCloseTo(RATE - YIELD, 2)
    expect(found?.incomeRate).toBeCloseTo(0.04 - (found?.carryRate as number), 12)
  })

  it('uses the eight pairs nearest to the money', () => {
    const market = quoted({ rate: RATE }, [70, 75, 80, 85, 90, 95, 100, 105, 110, 115, 120, 125, 130])
    // Out of order with the others, and too far away to count.
    market.quote('P', 130, 40, 40.1)
    const found = parity(market)
    expect(found?.pairs).toBe(8)
    expect(found?.forward).toBeCloseTo(FORWARD, 9)
  })

  it('leaves out pairs that are crossed or miss a side', () => {
    const market = quoted({ rate: RATE })
    market.quote('C', 95, 23, 22.9).quote('P', 105, undefined, 10).quote('C', 110, 3, undefined)
    expect(parity(market)?.pairs).toBe(2)
    expect(parity(market)?.impliedRate).toBeUndefined()
    expect(parity(new DetectorMarket(IDLE).spot(100).quote('C', 100, 2, 2.1))).toBeUndefined()
  })

  it('says nothing of carry without a price of the underlying', () => {
    const market = quoted({ on: 'TWX', rate: RATE }).spot(undefined)
    expect(parity(market)).toMatchObject({ spot: undefined, carryRate: undefined, income: undefined, incomeRate: undefined })
    expect(parity(market)?.forward).toBeCloseTo(FORWARD, 9)
  })
})

describe('the parity monitor', () => {
  const MINUTE_US = 60_000_000

  it('samples a chain at the first quote of each minute in which its options were quoted', () => {
    const market = quoted({ rate: RATE })
    const chain = chainOf(market)
    const newestUs = Math.max(...chain.calls.timesUs.subarray(0, chain.length), ...chain.puts.timesUs.subarray(0, chain.length))
    const monitor = new ParityMonitor((of) => market.terms(of), always)
    const chains = () => [chain]
    const [sample] = monitor.take(newestUs, chains) ?? []
    expect(sample).toMatchObject({ tsUs: newestUs, symbol: 'SPX', currency: 'USD', tradingClass: 'SPXW', multiplier: 100, pairs: 5 })
    expect(monitor.take(newestUs + 1, chains)).toBeUndefined()
    const nextUs = (Math.floor(newestUs / MINUTE_US) + 1) * MINUTE_US
    chain.calls.timesUs[2] = nextUs - 1
    expect(monitor.take(nextUs - 1, chains)).toBeUndefined()
    expect(monitor.take(nextUs, chains)).toHaveLength(1)
    // Nothing of the chain was quoted since.
    expect(monitor.take(nextUs + MINUTE_US, chains)).toEqual([])
  })

  it('samples a tape whose rows of a minute have one time: those behind the sample are new to the next', () => {
    const market = quoted({ rate: RATE })
    const chain = chainOf(market)
    const monitor = new ParityMonitor((of) => market.terms(of), always)
    const minuteUs = (Math.floor((chain.calls.timesUs[0] as number) / MINUTE_US) + 10) * MINUTE_US
    const counts = [0, 1, 2, 3].map((minute) => {
      // The underlying's row comes first, and with it the sample.
      const samples = monitor.take(minuteUs + minute * MINUTE_US, () => [chain])
      chain.calls.timesUs[2] = minuteUs + minute * MINUTE_US
      return samples?.length
    })
    expect(counts).toEqual([1, 1, 1, 1])
  })

  it('leaves out what says nothing of now: delayed, frozen, late or early quotes, and all while the underlying is halted', () => {
    const samplesOf = (change: (market: EngineMarket) => EngineMarket) => {
      const market = new EngineMarket().begin().mispriced()
      market.samples.length = 0
      market.tsUs += MINUTE_US
      // The stock's quote is of now, and brings what is due.
      return change(market).stock(100, 100.02).samples.length
    }
    const put = (fields: Partial<Quote>) => (market: EngineMarket) => {
      market.quote(PUT, 2.5, 2.6, fields).samples.length = 0
      market.tsUs += MINUTE_US
      return market
    }
    expect(samplesOf(put({}))).toBe(1)
    for (const mark of [Mark.frozen, Mark.late, Mark.preOpen]) expect(samplesOf(put({ marks: mark }))).toBe(0)
    expect(samplesOf(put({ delayed: true }))).toBe(0)
    const halted = (value: number) => (market: EngineMarket) =>
      put({})(market).give({ kind: 'statistic', instrument: STOCK, name: 'halted', value })
    expect(samplesOf(halted(0))).toBe(1)
    expect(samplesOf(halted(1))).toBe(0)
  })

  it('begins anew with a session', () => {
    const market = quoted({ rate: RATE })
    const monitor = new ParityMonitor((of) => market.terms(of), always)
    const tsUs = 1401978660_000_000
    const chains = () => market.chains.chains()
    expect(monitor.take(tsUs, chains)).toHaveLength(1)
    monitor.clear()
    expect(monitor.take(tsUs, chains)).toHaveLength(1)
  })
})
