import { describe, expect, it } from 'vitest'

import { scanContents, type SourceContents } from '../../../../../backtester/gateway/source/contents.ts'
import { SYNTHETIC_TERMS, syntheticMarket } from '../../../../../backtester/gateway/source/synthetic.ts'
import { nyse } from '../../../../../market/calendar/calendar.ts'
import { optionPrice } from '../../../../../market/option/pricing.ts'
import { isTick, type Quote, type Tick } from '../../../../../market/tick.ts'

const MARKET = { contracts: 300, seed: 7, ticksPerSecond: 1000, seconds: 30 }

function contentsOf(market: typeof MARKET): SourceContents {
  const contents = syntheticMarket(market).contents?.()
  if (!contents) throw new Error('a synthetic market knows what it holds')
  return contents
}

async function ticksOf(market: typeof MARKET): Promise<Tick[]> {
  const ticks: Tick[] = []
  for await (const { records } of syntheticMarket(market).records()) ticks.push(...records.filter(isTick))
  return ticks
}

describe('a synthetic market', () => {
  it('has as many contracts and ticks as were asked for, each at its time', async () => {
    const { contracts, ticks, startUs, endUs } = contentsOf(MARKET)
    const played = await ticksOf(MARKET)
    expect(contracts.size).toBe(300)
    expect(new Set([...contracts.values()].map((contract) => JSON.stringify(contract))).size).toBe(300)
    expect(played).toHaveLength(ticks)
    expect(ticks).toBe(30_000)
    expect([played[0]?.tsUs, played.at(-1)?.tsUs]).toEqual([startUs, endUs])
    expect(endUs - startUs).toBe(29_999_000)
    expect(played.every(({ tsUs, seq }, i) => tsUs === startUs + i * 1000 && seq === i + 1)).toBe(true)
  })

  it('says of itself what reading it would find', async () => {
    expect(contentsOf(MARKET)).toEqual(await scanContents(syntheticMarket(MARKET)))
  })

  it('is the same for the same seed, and another one for another', async () => {
    const [first, second, other] = await Promise.all([ticksOf(MARKET), ticksOf(MARKET), ticksOf({ ...MARKET, seed: 8 })])
    expect(second).toEqual(first)
    expect(other).not.toEqual(first)
  })

  it('changes with every quote', async () => {
    const latest = new Map<number, string>()
    for (const tick of await ticksOf(MARKET)) {
      if (tick.kind !== 'quote') continue
      const { bidPrice, askPrice, bidSize, askSize, instrument } = tick
      const state = [bidPrice, askPrice, bidSize, askSize].join(' ')
      expect(state).not.toBe(latest.get(instrument))
      latest.set(instrument, state)
    }
    expect(latest.size).toBe(300)
  })

  it('keeps the values at the latest price of the stock inside all quotes, so that there is no arbitrage', async () => {
    const { contracts } = contentsOf(MARKET)
    const quotes = new Map<number, Quote>()
    let outside = 0
    let cheap = 0
    for (const [i, tick] of (await ticksOf(MARKET)).entries()) {
      if (tick.kind === 'quote') quotes.set(tick.instrument, tick)
      // The whole market, at moments that fall differently into its rounds.
      if (i % 997 !== 0) continue
      const { bidPrice = 0, askPrice = 0 } = quotes.get(0) ?? {}
      const spot = (bidPrice + askPrice) / 2
      for (const [instrument, { bidPrice: bid = 0, askPrice: ask = Infinity }] of quotes) {
        const contract = contracts.get(instrument)
        if (contract?.kind !== 'option') continue
        const years = (nyse.zone.toUs(contract.expiry, 16 * 3_600_000) - tick.tsUs) / (365 * 86_400e6)
        const { volatility, ...carry } = SYNTHETIC_TERMS
        const value = optionPrice({ right: contract.right, strike: contract.strike, spot, years, ...carry }, volatility)
        if (value < bid || value > ask) outside++
        // Bought and exercised at once: options on stocks are American.
        if (ask < (contract.right === 'C' ? bidPrice - contract.strike : contract.strike - askPrice)) cheap++
      }
    }
    expect([outside, cheap]).toEqual([0, 0])
  })
})
