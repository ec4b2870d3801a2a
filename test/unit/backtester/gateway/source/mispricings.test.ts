import { describe, expect, it } from 'vitest'

import {
  type Mispricing,
  MISPRICED_SECONDS,
  plannedMispricings,
  withMispricings,
} from '../../../../../backtester/gateway/source/mispricings.ts'
import { syntheticMarket } from '../../../../../backtester/gateway/source/synthetic.ts'
import { ConfigError } from '../../../../../market/errors.ts'
import type { Quote, TapeRecord } from '../../../../../market/tick.ts'

const MARKET = { contracts: 241, seed: 3, ticksPerSecond: 1000, seconds: MISPRICED_SECONDS + 1 }

async function recordsOf(source: { records(): AsyncIterable<{ records: TapeRecord[] }> }): Promise<TapeRecord[]> {
  const all: TapeRecord[] = []
  for await (const { records } of source.records()) all.push(...records)
  return all
}

/** What is left per share of a package at the standing quotes, and how many can be had. Computed from the trades alone. */
function edgeOf({ legs, worth }: Mispricing, standing: ReadonlyMap<number, Quote>) {
  let edge = worth
  let packages = Number.POSITIVE_INFINITY
  for (const { side, ratio, instrument, contract } of legs) {
    const { bidPrice = Number.NaN, askPrice = Number.NaN, bidSize = 0, askSize = 0 } = standing.get(instrument) ?? {}
    edge += side === 'sell' ? ratio * bidPrice : -ratio * askPrice
    const size = side === 'sell' ? bidSize : askSize
    packages = Math.min(packages, Math.floor(size / (ratio * (contract.kind === 'stock' ? 100 : 1))))
  }
  return { edge: Math.round(edge * 1e6) / 1e6, packages }
}

describe('mispricings of a made-up market', () => {
  it('break each relation by the stated edge, in the stated size, for their time, and nothing before and behind', async () => {
    const market = syntheticMarket(MARKET)
    const planned = plannedMispricings(market)
    const standing = new Map<number, Quote>()
    const seen = planned.map(() => ({ exact: 0, broken: 0, sizes: new Set<number>(), outside: 0 }))
    for (const record of await recordsOf(withMispricings(market, planned))) {
      if (record.kind !== 'quote') continue
      standing.set(record.instrument, record)
      for (const [i, mispricing] of planned.entries()) {
        const { edge, packages } = edgeOf(mispricing, standing)
        const found = seen[i] ?? expect.unreachable()
        const isMoved = record.instrument === mispricing.legs[0]?.instrument
        if (record.tsUs >= mispricing.fromUs && record.tsUs < mispricing.toUs) {
          if (!isMoved) continue
          found.broken++
          found.exact += Number(edge === mispricing.edgePerShare)
          found.sizes.add(packages)
        } else if (edge > 0 && (record.tsUs < mispricing.fromUs || isMoved)) found.outside++
      }
    }
    for (const [i, { exact, broken, sizes, outside }] of seen.entries()) {
      expect(broken, String(i)).toBeGreaterThan(4)
      expect({ exact, sizes: [...sizes], outside }, String(i)).toEqual({ exact: broken, sizes: [planned[i]?.size], outside: 0 })
    }
  })

  it('move one quote of each relation, crossed never, and leave every other price as it was', async () => {
    const market = syntheticMarket(MARKET)
    const planned = plannedMispricings(market)
    const before = await recordsOf(market)
    const after = await recordsOf(withMispricings(market, planned))
    expect(after).toHaveLength(before.length)
    const moved = new Set<number>()
    for (const [i, record] of after.entries()) {
      const other = before[i]
      if (record.kind !== 'quote' || other?.kind !== 'quote') continue
      expect((record.bidPrice ?? 0) < (record.askPrice ?? Infinity)).toBe(true)
      if (record.bidPrice === other.bidPrice && record.askPrice === other.askPrice) continue
      moved.add(record.instrument)
    }
    expect(moved).toEqual(new Set(planned.map(({ legs }) => legs[0]?.instrument)))
  })

  it('need two expiries', () => {
    expect(() => plannedMispricings(syntheticMarket({ ...MARKET, contracts: 120 }))).toThrow(ConfigError)
  })
})
