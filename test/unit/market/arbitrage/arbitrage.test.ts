import { describe, expect, it } from 'vitest'

import type { Detector } from '../../../../market/arbitrage/detector.ts'
import { Arbitrage } from '../../../../market/arbitrage/arbitrage.ts'
import { conversion } from '../../../../market/arbitrage/detectors/conversion.ts'
import { arbitrageSettings } from '../../../../market/arbitrage/settings.ts'
import { flagged, quarantined } from '../../../support/tape/verdicts.ts'
import { CALL, EngineMarket, NOON_US, PUT, STOCK } from './engine-market.ts'

const PER_HOUR_US = 3_600_000_000

describe('an episode', () => {
  it('opens with sizes, fees and net edge, worked out by hand', () => {
    const market = new EngineMarket().begin().mispriced()
    expect(market.events).toEqual(['opened conversion'])
    const { opened, id, openedSeq } = market.episodes[0] ?? expect.fail()
    expect(id).toBe(`7-${openedSeq}-1`)
    // Two contracts: 200 shares for 1.00, and twice two options for 1.30.
    expect(opened.legs.map(({ fee, side, ratio }) => [fee, side, ratio])).toEqual([
      [1, 'buy', 1],
      [1.3, 'buy', 1],
      [1.3, 'sell', 1],
    ])
    expect(opened).toMatchObject({ certainty: 'guaranteed', size: 2, multiplier: 100, fees: 3.6 })
    expect(opened.grossEdgePerShare).toBeCloseTo(0.38, 10)
    expect(opened.profit).toBeCloseTo(0.38 * 200 - 3.6, 9)
    expect(opened.edgePerContract).toBeCloseTo(36.2, 9)
    expect(opened.edgePerShare).toBeCloseTo(0.362, 10)
    expect(opened.worstCase).toBe(opened.edgePerContract)
    expect(opened.capital).toBeCloseTo(9962, 9)
    expect(opened.annualReturn).toBeCloseTo(((36.2 / 9962) * 365) / 44, 10)
    expect(opened.carry).toMatchObject({ days: 44, lastDays: 44, rate: 0, rateSource: 'settings', dividends: 0, borrow: 0 })
    expect(opened.legs.map(({ ageMs }) => ageMs)).toEqual([2000, 1000, 0])
    expect(opened.skewMs).toBe(2000)
  })

  it('goes on with every quote of a leg, keeps its best, and ends with the quote that takes the edge away', () => {
    const market = new EngineMarket().begin().mispriced()
    market.quote(CALL, 3.2, 3.3).quote(CALL, 3.1, 3.2).quote(CALL, 2.62, 2.7)
    const [episode] = market.episodes
    expect(market.events).toEqual(['opened conversion', 'changed conversion', 'changed conversion', 'closed conversion'])
    expect(episode).toMatchObject({ ending: 'edge-gone', quotes: 4, closedUs: market.tsUs, bestUs: market.tsUs - 2_000_000 })
    expect(episode?.best.grossEdgePerShare).toBeCloseTo(0.58, 10)
    expect(episode?.last.grossEdgePerShare).toBeCloseTo(0.48, 10)
    expect(episode?.course.map(({ edgePerShare }) => edgePerShare.toFixed(3))).toEqual(['0.362', '0.562', '0.462'])
    expect(market.arbitrage.open).toEqual([])
  })

  it.each([
    ['its quote is gone', 'quote-gone', (market: EngineMarket) => market.quote(CALL, undefined, 3.1)],
    ['nothing stands at its price', 'size-gone', (market: EngineMarket) => market.quote(CALL, 3, 3.1, { bidSize: 0 })],
    ['the size of a side is not known', 'size-gone', (market: EngineMarket) => market.quote(CALL, 3, 3.1, { bidSize: undefined })],
    ['a leg is flagged', 'refused', (market: EngineMarket) => market.quote(CALL, 3.2, 3.3, { verdict: flagged('price-jump', 'jumped') })],
    [
      'a leg is kept out',
      'refused',
      (market: EngineMarket) => market.quote(CALL, 9, 9.1, { verdict: quarantined('price-jump', 'jumped') }),
    ],
    ['rates rise', 'carry-changed', (market: EngineMarket) => market.rate(0.05)],
    ['the underlying moves', 'edge-gone', (market: EngineMarket) => market.stock(100.38, 100.4)],
    [
      'the market closes',
      'refused',
      (market: EngineMarket) => {
        market.tsUs += 4 * PER_HOUR_US
        return market.stock(100, 100.01)
      },
    ],
  ])('ends when %s', (_, ending, happen) => {
    const market = new EngineMarket().begin().mispriced()
    happen(market)
    expect(market.episodes).toHaveLength(1)
    expect(market.episodes[0]).toMatchObject({ ending, closedUs: market.tsUs })
  })

  it('ends with the quote that is kept out, also when that is the first record of a minute', () => {
    const market = new EngineMarket().begin().mispriced()
    market.tsUs += 60_000_000
    market.quote(CALL, 9, 9.1, { verdict: quarantined('price-jump', 'jumped') })
    expect(market.episodes[0]).toMatchObject({ ending: 'refused', closedUs: market.tsUs })
  })

  it('is never carried across a gap: it ends with the last proof of life', () => {
    const market = new EngineMarket().begin().mispriced()
    const openedUs = market.tsUs
    // In another minute.
    market.tsUs += 90_000_000
    market.give({ kind: 'session', event: 'interrupted', cause: 'socket', fromTsUs: openedUs + 5_000_000 })
    expect(market.episodes[0]).toMatchObject({ ending: 'gap', closedUs: openedUs + 5_000_000 })
    // The others of its quotes are not believed any more.
    market.quote(CALL, 3, 3.1)
    expect(market.episodes).toHaveLength(1)
    market.mispriced()
    expect(market.episodes).toHaveLength(2)
  })

  it('ends when a stall is noted that it stood through, and when a line of it is closed', () => {
    const market = new EngineMarket().begin().mispriced()
    const openedUs = market.tsUs
    market.tsUs += 20_000_000
    const stall = { fromTsUs: openedUs + 1_000_000, toTsUs: openedUs + 9_000_000, cause: 'stall' }
    market.give({ kind: 'gap', ...stall })
    expect(market.episodes[0]).toMatchObject({ ending: 'gap', closedUs: stall.fromTsUs })
    market.quote(CALL, 3, 3.1)
    expect(market.episodes).toHaveLength(2)
    const line = { kind: 'line', instrument: PUT, openedSeq: 1, openedTsUs: NOON_US } as const
    market.give({ ...line, event: 'closed', untilTsUs: market.tsUs, cause: 'farm' })
    expect(market.episodes[1]).toMatchObject({ ending: 'gap' })
    expect(market.arbitrage.open).toEqual([])
  })

  it('ends with its session, or with the stream', () => {
    const market = new EngineMarket().begin().mispriced()
    market.give({ kind: 'session', event: 'ended', cause: 'stopped' })
    expect(market.episodes[0]).toMatchObject({ ending: 'session-ended', closedUs: market.tsUs })
    const cut = new EngineMarket().begin().mispriced()
    cut.arbitrage.finish()
    expect(cut.episodes[0]).toMatchObject({ ending: 'session-ended', closedUs: cut.tsUs })
    const crashed = new EngineMarket().begin().mispriced()
    const lastUs = crashed.tsUs
    crashed.begin()
    expect(crashed.episodes[0]).toMatchObject({ ending: 'session-ended', closedUs: lastUs })
  })

  it('ends with an overrun, behind which nothing is missing', () => {
    const market = new EngineMarket().begin().mispriced()
    const seenUs = market.tsUs
    const dearer = { kind: 'quote', instrument: CALL, bidPrice: 3.5, askPrice: 3.6, bidSize: 2, askSize: 2 } as const
    const rates = { kind: 'carry', input: 'rates', currency: 'USD', points: [{ days: 1, rate: 0.01 }], asOf: '', source: 'import' } as const
    market.arbitrage.pass({ ...dearer, seq: 98, tsUs: seenUs + 1 }, 7)
    market.arbitrage.pass({ ...rates, seq: 99, tsUs: seenUs + 2 }, 7)
    expect(market.episodes).toHaveLength(1)
    expect(market.episodes[0]).toMatchObject({ ending: 'overrun', closedUs: seenUs, quotes: 1 })
    market.stock(100, 100.02)
    expect(market.episodes[1]?.opened.carry.rateSource).toBe('import')
    expect(market.episodes[1]?.opened.legs.find(({ side }) => side === 'sell')?.price).toBe(3.5)
  })

  it('ends with a session that is over while nothing is looked at', () => {
    const market = new EngineMarket().begin().mispriced()
    const seenUs = market.tsUs
    market.arbitrage.pass({ kind: 'session', event: 'ended', cause: 'stopped', seq: 99, tsUs: seenUs + 1 }, 7)
    expect(market.episodes[0]).toMatchObject({ ending: 'overrun', closedUs: seenUs })
    expect(market.arbitrage.open).toEqual([])
    market.begin()
    expect(market.mispriced().episodes).toHaveLength(2)
  })

  it('does not flicker around what opens it, and ends at the share of it that the settings name', () => {
    const settings = { minProfit: 50 }
    const sizes = (market: EngineMarket) => market.quote(CALL, 2.8, 2.9).quote(CALL, 3, 3.1).quote(CALL, 2.8, 2.9)
    // 0.18 a share is a profit of 32.40.
    expect(sizes(new EngineMarket(settings).begin().mispriced()).episodes.map(({ ending }) => ending)).toEqual([undefined])
    const strict = sizes(new EngineMarket({ ...settings, closeShare: 1 }).begin().mispriced())
    expect(strict.episodes.map(({ ending }) => ending)).toEqual(['edge-gone', 'edge-gone'])
  })

  it('keeps as many points of its course as it may, the first one among them', () => {
    const market = new EngineMarket({ coursePoints: 8 }).begin().mispriced()
    for (let i = 0; i < 1000; i++) market.quote(CALL, 3 + (i % 7) / 100, 4)
    const course = market.episodes[0]?.course ?? []
    expect(course.length).toBeLessThanOrEqual(8)
    expect(course.length).toBeGreaterThanOrEqual(4)
    expect(course[0]?.tsUs).toBe(market.episodes[0]?.openedUs)
  })
})

describe('the engine', () => {
  it('looks again at what is open from its options, not through all chains of the underlying', () => {
    let times = 0
    const counting: Detector = {
      ...conversion,
      onUnderlying: (chain, desk) => {
        times++
        conversion.onUnderlying?.(chain, desk)
      },
    }
    const market = new EngineMarket({}, { detectors: [counting] }).begin().mispriced()
    const before = times
    market.rate(0.0001)
    market.tsUs += 60_000_000
    market.quote(CALL, 3, 3.1)
    market.quote(CALL, 9, 9.1, { verdict: quarantined('price-jump', 'jumped') })
    expect(market.events.at(-1)).toBe('closed conversion')
    expect(times).toBe(before)
    market.stock(100, 100.02)
    expect(times).toBe(before + 1)
  })

  it('finds the same whatever the numbers of the instruments and the order in which options were named', () => {
    const found = (numbers: readonly number[], naming: readonly number[]) => {
      const market = new EngineMarket()
      const give = market.give.bind(market)
      market.give = (...records) =>
        give(
          ...records.map((record) =>
            'instrument' in record && record.instrument !== undefined
              ? { ...record, instrument: numbers[record.instrument] as number }
              : record,
          ),
        )
      market.begin()
      for (const strike of naming)
        for (const [i, right] of (['C', 'P'] as const).entries())
          market.give({
            kind: 'contract',
            instrument: strike - 80 + i,
            contract: {
              kind: 'option',
              symbol: 'TWX',
              currency: 'USD',
              expiry: '2014-07-19',
              strike,
              right,
              multiplier: 100,
              tradingClass: 'TWX',
            },
          })
      for (const strike of [90, 92, 94]) market.quote(strike - 80, 100 - strike + 3, 100 - strike + 3.1).quote(strike - 79, 2.5, 2.6)
      market.stock(100, 100.02)
      return market.episodes.map(({ id, opened: { legs } }) => [
        id,
        ...legs.map(({ contract }) => (contract.kind === 'option' ? contract.strike : 0)),
      ])
    }
    const usual = Array.from({ length: 20 }, (_, i) => i)
    const episodes = found(usual, [90, 92, 94])
    expect(episodes).toHaveLength(3)
    expect(episodes.map(([id]) => String(id).split('-')[2])).toEqual(['1', '2', '3'])
    expect(
      found(
        usual.map((i) => 1000 - i),
        [94, 90, 92],
      ),
    ).toEqual(episodes)
  })

  it('turns off a detector that throws, and goes on with the others', () => {
    const broken: Detector = { name: 'broken', about: 'Throws.', onOption: () => expect.fail('no such thing') }
    const market = new EngineMarket({}, { detectors: [broken, conversion] }).begin().mispriced()
    expect(market.errors).toHaveLength(1)
    expect(market.episodes).toHaveLength(1)
  })

  it('refuses two detectors of one name, and leaves out those that are off', () => {
    const options = { settings: arbitrageSettings(), onEpisode: () => undefined, onDetectorError: () => undefined }
    expect(() => new Arbitrage({ ...options, detectors: [conversion, conversion] })).toThrow('Two detectors are named "conversion"')
    expect(new EngineMarket({ detectors: { conversion: 'off' } }).begin().mispriced().episodes).toEqual([])
  })

  it('samples what parity says once a minute, and names the session', () => {
    const market = new EngineMarket().begin().mispriced()
    for (let second = 0; second < 125; second++) market.quote(CALL, 2.62 + (second % 2) / 100, 2.7)
    expect(market.samples.map(({ symbol, expiry, pairs }) => [symbol, expiry, pairs])).toEqual([
      ['TWX', '2014-07-19', 1],
      ['TWX', '2014-07-19', 1],
    ])
    expect(market.samples.map(({ tsUs }) => (tsUs - NOON_US) / 60_000_000)).toEqual([1, 2])
  })

  it('keeps sessions apart that overlap', () => {
    const market = new EngineMarket().begin().mispriced()
    market.arbitrage.take({ kind: 'session', event: 'started', seq: 1, tsUs: market.tsUs }, 8)
    market.arbitrage.take({ kind: 'session', event: 'ended', seq: 2, tsUs: market.tsUs }, 8)
    expect(market.arbitrage.open.map(({ sessionId }) => sessionId)).toEqual([7])
    expect(market.arbitrage.funnel).toMatchObject({ opened: 1, quotes: 3 })
  })

  it('looks at nothing on a tape with times that no calendar knows', () => {
    const market = new EngineMarket({}, { startUs: -5 }).begin().mispriced()
    expect(market.errors).toEqual([])
    expect(market.episodes).toEqual([])
    expect(STOCK).toBe(0)
  })
})
