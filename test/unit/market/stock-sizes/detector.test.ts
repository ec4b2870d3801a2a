import { describe, expect, it } from 'vitest'

import { type StatedUnit, StockSizeDetector } from '../../../../market/stock-sizes/detector.ts'
import type { SizeGroup, StockSizes, TapeRecord } from '../../../../market/tick.ts'
import { contractOf, type SimulatedStockOptions, simulatedStock } from '../../../support/tape/simulated-stock.ts'

const started: TapeRecord = { kind: 'session', seq: 0, tsUs: 0, event: 'started' }
const ALL: SizeGroup[] = ['quotes', 'rt-volume', 'tick-by-tick', 'volume']
const MARKET_DATA: SizeGroup[] = ['quotes', 'rt-volume']
const AAPL = 'stock:AAPL:USD'

/** Everything that was learned, in order. */
function learned(records: Iterable<TapeRecord>, stated?: StatedUnit): StockSizes[] {
  const detector = new StockSizeDetector(stated)
  return [...records].flatMap((record) => detector.take(record) ?? [])
}

const ofStock = (options: SimulatedStockOptions) => [started, contractOf(options), ...simulatedStock(options)]

/** `{ quotes: 'lots' }` */
const units = (sizes: StockSizes | undefined) =>
  Object.fromEntries(Object.entries(sizes?.groups ?? {}).map(([group, { unit }]) => [group, unit]))

const shares = { quotes: 'shares', 'rt-volume': 'shares', 'tick-by-tick': 'shares', volume: 'shares' }

describe('What the sizes of a stock are in', () => {
  const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8]

  it.each([
    ['nothing', 180, 100, []],
    ['nothing, of a stock with lots of 40', 600, 40, []],
    ['nothing, of a stock with lots of 10', 4000, 10, []],
    ['both boxes', 180, 100, ['quotes', 'rt-volume', 'volume']],
    ['both boxes, of a stock with lots of 40', 600, 40, ['quotes', 'rt-volume', 'volume']],
    ['both boxes, of a stock with lots of 10', 4000, 10, ['quotes', 'rt-volume', 'volume']],
    ['the box of market data', 180, 100, MARKET_DATA],
    ['the box of volumes', 180, 100, ['volume']],
    ['the box of volumes, of a stock with lots of 40', 600, 40, ['volume']],
  ] as const)('is found beside tick-by-tick data where the user ticked %s', (_, price, lot, inLots) => {
    for (const seed of SEEDS) {
      const sizes = learned(ofStock({ price, lot, inLots, seed, seconds: 1200 }))
      expect(units(sizes.at(-1)), `seed ${seed}`).toEqual({
        ...shares,
        ...Object.fromEntries(inLots.map((group) => [group, 'lots'])),
      })
      expect(sizes.at(-1)?.lots).toEqual(inLots.length > 0 ? { [AAPL]: lot } : {})
      // No group is first said to be in the other unit.
      expect(sizes.every((some) => Object.entries(units(some)).every(([group, unit]) => unit === units(sizes.at(-1))[group]))).toBe(true)
    }
  })

  it('is found without tick-by-tick data by what sizes look like, and the size of its lots is not', () => {
    for (const seed of SEEDS) {
      const plain = learned(ofStock({ price: 180, lot: 100, tickByTick: false, seed, seconds: 1200 }))
      expect(units(plain.at(-1)), `seed ${seed}`).toEqual({ quotes: 'shares', 'rt-volume': 'shares', volume: 'shares' })
      const inLots: SizeGroup[] = ['quotes', 'rt-volume', 'volume']
      const lots = learned(ofStock({ price: 180, lot: 100, inLots, tickByTick: false, seed, seconds: 1200 }))
      expect(units(lots.at(-1)), `seed ${seed}`).toMatchObject({ quotes: 'lots', 'rt-volume': 'lots' })
      expect(units(lots.at(-1))['volume']).not.toBe('shares')
      expect(lots.at(-1)?.lots).toEqual({})
    }
  })

  it('is found of volumes in lots beside sampled trades in shares', () => {
    for (const seed of SEEDS) {
      const sizes = learned(ofStock({ price: 180, lot: 100, inLots: ['volume'], tickByTick: false, seed, seconds: 1200 }))
      expect(units(sizes.at(-1)), `seed ${seed}`).toEqual({ quotes: 'shares', 'rt-volume': 'shares', volume: 'lots' })
    }
  })

  it('is not said while there is too little of them', () => {
    expect(learned(ofStock({ price: 180, lot: 100, inLots: ALL, seconds: 5 }))).toEqual([])
    // Sizes that hardly change, of a price where a lot is one share, and of what is no US stock.
    expect(learned(ofStock({ price: 20_000, lot: 1, seconds: 300, tickByTick: false, rtVolume: false }))).toEqual([])
    const european = { ...contractOf(), contract: { kind: 'stock', symbol: 'ASML', currency: 'EUR' } } as const
    expect(learned([started, european, ...simulatedStock({ price: 180, lot: 100 })])).toEqual([])
  })

  it('is another one from where the user ticked a box in mid-session', () => {
    const before = [...simulatedStock({ price: 180, lot: 100, seconds: 600 })]
    const { tsUs = 0 } = before.at(-1) ?? {}
    const inLots: SizeGroup[] = ['quotes', 'rt-volume']
    const after = [...simulatedStock({ price: 180, lot: 100, inLots, seconds: 600, startUs: tsUs + 1, volume: 2_000_000, seed: 9 })]
    const sizes = learned([started, contractOf(), ...before, ...after])
    expect(units(sizes.at(-1))).toEqual({ ...shares, quotes: 'lots', 'rt-volume': 'lots' })
    const unitsOfQuotes = sizes.map(({ groups }) => groups.quotes?.unit).filter((unit) => unit !== undefined)
    expect(unitsOfQuotes.indexOf('lots')).toBeGreaterThan(0)
    expect(unitsOfQuotes.lastIndexOf('shares')).toBeLessThan(unitsOfQuotes.indexOf('lots'))
    // And back.
    const again = learned([started, contractOf(), ...after, ...before.map((tick) => ({ ...tick, tsUs: tick.tsUs + 3 * tsUs }))])
    expect(units(again.at(-1))).toEqual(shares)
  })

  it('is learned anew by each session', () => {
    const detector = new StockSizeDetector()
    for (const record of ofStock({ price: 180, lot: 100 })) detector.take(record)
    expect(detector.sizes.groups).not.toEqual({})
    detector.take(started)
    expect(detector.sizes).toEqual({ groups: {}, lots: {} })
  })

  it('is what the user states, with what speaks for it or against it', () => {
    const [stated, ...more] = learned(ofStock({ price: 180, lot: 100 }), 'shares')
    expect(stated).toEqual({ groups: Object.fromEntries(ALL.map((group) => [group, { unit: 'shares', how: 'stated' }])), lots: {} })
    expect(more.at(-1)?.groups.quotes).toEqual({
      unit: 'shares',
      how: 'stated',
      evidence: expect.stringMatching(/^AAPL: .*multiples of 100$/),
    })
    const doubted = learned(ofStock({ price: 180, lot: 100, inLots: MARKET_DATA }), 'shares').at(-1)
    expect(doubted?.groups.quotes).toMatchObject({ unit: 'shares', how: 'stated', doubted: true })
    expect(doubted?.groups['tick-by-tick']).not.toHaveProperty('doubted')
  })

  it('does not depend on the number of the instrument', () => {
    const options = { price: 600, lot: 40, inLots: MARKET_DATA }
    expect(learned(ofStock({ ...options, instrument: 77 }))).toEqual(learned(ofStock(options)))
  })
})
