import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import type { Contract, OptionContract, Right } from '../../../../market/contract.ts'
import { ChainState } from '../../../../market/state/chain-state.ts'
import { MarketState } from '../../../../market/state/market-state.ts'
import type { Quote, TapeRecord, Verdict } from '../../../../market/tick.ts'
import { usFromIso } from '../../../../market/time.ts'
import { flagged, quarantined } from '../../../support/tape/verdicts.ts'

const NOON_US = usFromIso('2014-06-05T12:00:00-04:00')
const TWX: Contract = { kind: 'stock', symbol: 'TWX', currency: 'USD' }

function option(strike: number, right: Right, fields: Partial<OptionContract> = {}): OptionContract {
  return {
    kind: 'option',
    symbol: 'TWX',
    currency: 'USD',
    expiry: '2014-07-19',
    strike,
    right,
    multiplier: 100,
    tradingClass: 'TWX',
    ...fields,
  }
}

const named = (instrument: number, contract: Contract, tsUs = NOON_US): TapeRecord => ({
  kind: 'contract',
  seq: 1,
  tsUs,
  instrument,
  contract,
})
const quote = (instrument: number, bidPrice?: number, askPrice?: number, fields: Partial<Quote> = {}): Quote => ({
  kind: 'quote',
  seq: 1,
  tsUs: NOON_US,
  instrument,
  bidPrice,
  askPrice,
  bidSize: 1,
  askSize: 2,
  ...fields,
})

function stateOf(...records: TapeRecord[]): ChainState {
  const state = new ChainState()
  for (const record of records) state.apply(record)
  return state
}

describe('a chain', () => {
  it('has its strikes in order, whatever the order in which they are named', () => {
    const state = stateOf(named(1, option(72.5, 'C')), named(2, option(65, 'C')), named(3, option(70, 'P')), named(4, option(70, 'C')))
    const chain = state.legOf(1)?.chain
    expect([...(chain?.strikes.subarray(0, chain.length) ?? [])]).toEqual([65, 70, 72.5])
    expect([1, 2, 3, 4].map((instrument) => state.legOf(instrument)?.index)).toEqual([2, 0, 1, 1])
    expect([...(chain?.calls.instruments.subarray(0, 3) ?? [])]).toEqual([2, 4, 1])
    expect([...(chain?.puts.instruments.subarray(0, 3) ?? [])]).toEqual([-1, 3, -1])
    expect([chain?.indexOf(70), chain?.indexOf(71), chain?.indexOf(100)]).toEqual([1, -1, -1])
  })

  it('keeps every quote at its strike when strikes are added in any order', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 60 }), (strikes) => {
        const state = new ChainState()
        for (const [instrument, strike] of strikes.entries()) {
          state.apply(named(instrument, option(strike, strike % 2 === 0 ? 'C' : 'P')))
          state.apply(quote(instrument, strike, strike + 1))
        }
        for (const [instrument, strike] of strikes.entries()) {
          const leg = state.legOf(instrument)
          expect([leg?.side.bidPrices[leg.index], leg?.side.askPrices[leg.index]]).toEqual([strike, strike + 1])
          expect(leg?.chain.strikeAt(leg.index)).toBe(strike)
        }
      }),
    )
  })

  it('has the latest quote of a leg with sizes, time and where the underlying stood', () => {
    const state = stateOf(named(0, TWX), named(1, option(70, 'C')), quote(0, 70, 70.5), quote(1, 2, 2.1), quote(1, 3, undefined))
    const leg = state.legOf(1)
    expect(leg?.side.bidPrices[0]).toBe(3)
    expect(leg?.side.askPrices[0]).toBeNaN()
    expect([leg?.side.bidSizes[0], leg?.side.askSizes[0], leg?.side.timesUs[0], leg?.side.spots[0]]).toEqual([1, 2, NOON_US, 70.25])
  })

  it('knows its underlying, the partner right, the neighbours with a quote and the chains before and behind it', () => {
    const records = [60, 65, 70, 75].flatMap((strike, i) => [named(10 + i, option(strike, 'C')), named(20 + i, option(strike, 'P'))])
    const later = named(30, option(70, 'C', { expiry: '2014-10-18' }))
    const otherClass = named(31, option(70, 'C', { expiry: '2014-08-16', tradingClass: 'TWX1' }))
    const state = stateOf(named(0, TWX), ...records, later, otherClass, quote(0, 70, 70.1), quote(10, 9, 11), quote(13, 0, 0.05))
    const leg = state.legOf(12)
    expect(leg?.chain.underlying).toMatchObject({ instrument: 0, bidPrice: 70, askPrice: 70.1, isIndex: false })
    expect(leg?.otherSide.instruments[leg.index]).toBe(22)
    expect([leg?.chain.quoted(leg.side, 2, -1), leg?.chain.quoted(leg.side, 2, 1), leg?.chain.quoted(leg.side, 3, 1)]).toEqual([0, 3, -1])
    expect(leg?.chain.later).toBe(state.legOf(30)?.chain)
    expect(state.legOf(30)?.chain.earlier).toBe(leg?.chain)
    expect(state.legOf(31)?.chain.earlier).toBeUndefined()
    expect([...state.chains()].map(({ expiry }) => expiry)).toEqual(['2014-07-19', '2014-08-16', '2014-10-18'])
  })

  it('of an index stands against its latest value', () => {
    const trade: TapeRecord = { kind: 'trade', seq: 1, tsUs: NOON_US, instrument: 0, price: 1940.5, source: 'last' }
    const index: Contract = { kind: 'index', symbol: 'SPX', currency: 'USD', venue: 'CBOE' }
    const state = stateOf(named(0, index), named(1, option(1900, 'C', { symbol: 'SPX', tradingClass: 'SPXW' })), trade, quote(0, 1, 2))
    expect(state.legOf(1)?.chain).toMatchObject({ style: 'european', underlying: { bidPrice: 1940.5, askPrice: 1940.5, isIndex: true } })
    expect(state.underlyingOf(0)).toBe(state.legOf(1)?.chain.underlying)
  })
})

describe('the quotes of a chain', () => {
  const known = [named(0, TWX), named(1, option(70, 'C')), quote(0, 70, 70.5), quote(1, 2, 2.1)]
  const bidOf = (state: ChainState) => state.legOf(1)?.side.bidPrices[0]

  it('are not changed by a quarantined quote or a tick-by-tick one', () => {
    const verdict = quarantined('crossed-quote', 'bid above ask')
    expect(bidOf(stateOf(...known, quote(1, 9, 8, { verdict }), quote(1, 7, 8, { source: 'tick-by-tick' })))).toBe(2)
  })

  it('do not outlive their line', () => {
    const closed: TapeRecord = { kind: 'line', seq: 1, tsUs: NOON_US, instrument: 1, event: 'closed', openedSeq: 1, openedTsUs: 1 }
    expect(bidOf(stateOf(...known, closed))).toBeNaN()
    expect(bidOf(stateOf(...known, { ...closed, feed: 'tick-by-tick-quotes' }))).toBe(2)
  })

  it('do not stand over a gap of the session', () => {
    const state = stateOf(...known, { kind: 'session', seq: 1, tsUs: NOON_US, event: 'interrupted', fromTsUs: NOON_US, cause: 'x' })
    expect(bidOf(state)).toBeNaN()
    expect(state.legOf(1)?.chain.underlying.bidPrice).toBeNaN()
  })

  it('begin anew with a session', () => {
    const state = stateOf(...known, { kind: 'session', seq: 1, tsUs: NOON_US, event: 'started' })
    expect([state.size, state.legOf(1)]).toEqual([0, undefined])
  })

  it('leave with a contract whose number now stands for another one', () => {
    const state = stateOf(...known, named(1, option(75, 'C')), quote(1, 0.5, 0.6))
    expect(state.legOf(1)?.strike).toBe(75)
    expect(state.legOf(1)?.chain.calls.bidPrices[0]).toBeNaN()
    expect(stateOf(...known, named(1, TWX)).legOf(1)).toBeUndefined()
  })

  it('stay when the same contract is named again', () => {
    expect(bidOf(stateOf(...known, ...known.slice(0, 2)))).toBe(2)
  })
})

describe('who joins a stream behind its first records', () => {
  it('begins with what stands, and leaves out closed lines and expired options', () => {
    const market = new MarketState()
    const expired = option(70, 'P', { expiry: '2014-06-04' })
    const opened: TapeRecord = { kind: 'line', seq: 1, tsUs: NOON_US, instrument: 2, event: 'opened', openedSeq: 1, openedTsUs: 1 }
    const records = [
      named(0, TWX),
      named(1, option(70, 'C')),
      named(2, option(75, 'C')),
      named(3, expired),
      opened,
      quote(1, 2, 2.1),
      quote(2, 1, 1.1),
      quote(0, 70, 70.5),
      { ...opened, event: 'closed' as const },
    ]
    for (const record of records) market.apply(record)
    const state = ChainState.joining(market)
    expect([state.size, state.today]).toEqual([2, '2014-06-05'])
    const { calls, underlying } = state.legOf(1)?.chain ?? {}
    expect(underlying).toMatchObject({ instrument: 0, bidPrice: 70, askPrice: 70.5 })
    expect([...(calls?.bidPrices.subarray(0, 2) ?? [])]).toEqual([2, Number.NaN])
    expect(calls?.spots[0]).toBe(70.25)
  })
})

describe('a quote that rules spoke on', () => {
  const known = [named(0, TWX), named(1, option(70, 'C')), quote(0, 70, 70.5)]
  const withVerdict = (verdict: Verdict) => stateOf(...known, quote(1, 2, 2.1), quote(1, 3, 3.1, { verdict })).legOf(1)

  it('is doubted when a finding is more than a note', () => {
    expect(withVerdict(flagged('vertical-spread', 'x'))?.side.doubted[0]).toBe(1)
    expect(
      withVerdict({ disposition: 'flag', findings: [{ rule: 'wide-spread', severity: 'info', disposition: 'flag', reason: 'x' }] })?.side
        .doubted[0],
    ).toBe(0)
  })

  it('is known as kept out, with its time, until the next good one', () => {
    const bad = quote(1, 3, 3.1, { verdict: quarantined('vertical-spread', 'x') })
    const state = stateOf(...known, quote(1, 2, 2.1), bad)
    expect(state.legOf(1)?.refusedUs).toBe(bad.tsUs)
    state.apply(quote(1, 2, 2.2))
    expect(state.legOf(1)?.refusedUs).toBeNaN()
  })
})

describe('memory', () => {
  it('is given back by chains that have expired, on the day after', () => {
    const records = [named(0, TWX), named(1, option(70, 'C', { expiry: '2014-06-06' })), named(2, option(70, 'C'))]
    const onDay = stateOf(...records, quote(2, 1, 2, { tsUs: usFromIso('2014-06-06T15:59:00-04:00') }))
    expect([onDay.size, onDay.today]).toEqual([2, '2014-06-06'])
    const after = stateOf(...records, quote(2, 1, 2, { tsUs: usFromIso('2014-06-07T00:00:00-04:00') }))
    expect([after.size, after.legOf(1), [...after.chains()].length]).toEqual([1, undefined, 1])
    after.apply(quote(1, 1, 2, { tsUs: usFromIso('2014-06-07T00:00:01-04:00') }))
    expect(after.legOf(1)).toBeUndefined()
  })

  it('keeps a number that stands for a later contract when the chain of the one before expires', () => {
    const before = option(70, 'C', { expiry: '2014-06-06' })
    const state = stateOf(named(1, before), named(1, option(75, 'C')), named(2, before))
    state.apply(quote(1, 1, 2, { tsUs: usFromIso('2014-06-07T00:00:00-04:00') }))
    expect([state.size, state.legOf(1)?.strike, state.legOf(2)]).toEqual([1, 75, undefined])
  })

  it('is not taken by what has expired before it is named', () => {
    expect(stateOf(named(1, option(70, 'C', { expiry: '2014-06-04' }))).size).toBe(0)
  })

  it('grows with the instruments alone', () => {
    const state = stateOf(named(0, TWX), named(1, option(70, 'C')))
    for (let i = 0; i < 1000; i++) state.apply(quote(1, i, i + 1))
    expect([state.size, state.legOf(1)?.side.room]).toEqual([1, 16])
  })
})
