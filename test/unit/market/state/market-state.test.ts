import { describe, expect, it } from 'vitest'

import type { Contract } from '../../../../market/contract.ts'
import { MarketState } from '../../../../market/state/market-state.ts'
import type { Greeks, LineEvent, Quote, Statistic, TapeRecord, Trade } from '../../../../market/tick.ts'
import { flagged, quarantined } from '../../../support/tape/verdicts.ts'

const TWX: Contract = { kind: 'stock', symbol: 'TWX', currency: 'USD' }
const FOXA: Contract = { kind: 'stock', symbol: 'FOXA', currency: 'USD' }
const QUARANTINE = quarantined('crossed-quote', 'bid 2 is above ask 1')
const FLAG = flagged('wide-spread', 'spread of 80 %')

function stateOf(records: TapeRecord[], options = {}): MarketState {
  const state = new MarketState(options)
  for (const record of records) state.apply(record)
  return state
}

function quote(tsUs: number, fields: Partial<Quote> = {}): Quote {
  return { kind: 'quote', seq: tsUs, tsUs, instrument: 1, bidPrice: 1, askPrice: 1.05, bidSize: 10, askSize: 20, ...fields }
}

function trade(tsUs: number, fields: Partial<Trade> = {}): Trade {
  return { kind: 'trade', seq: tsUs, tsUs, instrument: 1, price: 1.02, size: 3, source: 'last', ...fields }
}

function greeks(tsUs: number, basis: Greeks['basis'], delta: number): Greeks {
  return { kind: 'greeks', seq: tsUs, tsUs, instrument: 1, basis, delta }
}

function statistic(tsUs: number, name: string, value: number): Statistic {
  return { kind: 'statistic', seq: tsUs, tsUs, instrument: 1, name, value }
}

function opened(tsUs: number, fields: Partial<LineEvent> = {}): LineEvent {
  return { kind: 'line', seq: tsUs, tsUs, instrument: 1, event: 'opened', openedSeq: tsUs, openedTsUs: tsUs, ...fields }
}

function closed(tsUs: number, openedSeq: number, fields: Partial<LineEvent> = {}): LineEvent {
  return { ...opened(tsUs, { event: 'closed', openedSeq, openedTsUs: openedSeq }), ...fields }
}

function contract(tsUs: number, instrument: number, contract: Contract): TapeRecord {
  return { kind: 'contract', seq: tsUs, tsUs, instrument, contract }
}

function session(tsUs: number, event: 'started' | 'alive' | 'interrupted' | 'ended', fields = {}): TapeRecord {
  return { kind: 'session', seq: tsUs, tsUs, event, ...fields }
}

function gap(tsUs: number, fromTsUs: number, cause: string, fields = {}): TapeRecord {
  return { kind: 'gap', seq: tsUs, tsUs, fromTsUs, toTsUs: tsUs, cause, ...fields }
}

describe('the state of the market', () => {
  it('knows nothing before the first record', () => {
    const state = new MarketState()
    expect(state.of(1)).toBeUndefined()
    expect([...state.instruments()]).toEqual([])
    expect([state.lastTickUs, state.lastRecordUs, state.sessionStartUs, state.openLines]).toEqual([undefined, undefined, undefined, 0])
    expect(state.openGaps).toEqual([])
  })

  it('knows the contract, and nothing else, of an instrument that was only named', () => {
    const twx = stateOf([contract(1, 1, TWX)]).of(1)
    expect(twx?.contract).toEqual(TWX)
    expect([twx?.quote, twx?.tickByTickQuote, twx?.lastTrade, twx?.lastTickUs, twx?.line()]).toEqual(Array(5).fill(undefined))
    expect(twx?.isDelayed).toBe(false)
  })

  it('gives up what it knew of a number that now stands for another contract, its open lines included', () => {
    const state = stateOf([contract(1, 1, TWX), opened(2), quote(3), contract(4, 1, FOXA)])
    expect(state.of(1)?.contract).toEqual(FOXA)
    expect(state.of(1)?.quote).toBeUndefined()
    expect(state.openLines).toBe(0)
  })

  it('keeps the book of a contract that is named again, with its newer terms', () => {
    const state = stateOf([contract(1, 1, TWX), quote(2), contract(3, 1, { ...TWX, conId: 12 })])
    expect(state.of(1)?.contract).toEqual({ ...TWX, conId: 12 })
    expect(state.of(1)?.quote).toMatchObject({ bidPrice: 1 })
  })

  it('keeps sampled and tick-by-tick quotes apart', () => {
    const sampled = quote(1)
    const every = quote(2, { source: 'tick-by-tick', bidPrice: 1.01 })
    const twx = stateOf([sampled, every]).of(1)
    expect(twx?.quote).toBe(sampled)
    expect(twx?.tickByTickQuote).toBe(every)
  })

  it('takes an empty side for what it is: a quote is whole', () => {
    const twx = stateOf([quote(1), quote(2, { bidPrice: undefined, bidSize: undefined })]).of(1)
    expect(twx?.quote?.bidPrice).toBeUndefined()
    expect(twx?.quote?.askPrice).toBe(1.05)
  })

  it('keeps the last trade of each source, and the latest of all', () => {
    const last = trade(1)
    const rt = trade(2, { source: 'rt-volume', price: 1.03 })
    const twx = stateOf([last, rt]).of(1)
    expect(twx?.tradeOf('last')).toBe(last)
    expect(twx?.tradeOf('rt-volume')).toBe(rt)
    expect(twx?.tradeOf('tick-by-tick')).toBeUndefined()
    expect(twx?.lastTrade).toBe(rt)
  })

  it('keeps the latest statistic of each name and the latest greeks of each basis', () => {
    const twx = stateOf([
      statistic(1, 'halted', 0),
      statistic(2, 'day-volume', 5),
      statistic(3, 'halted', 1),
      greeks(4, 'bid', 0.4),
      greeks(5, 'model', 0.5),
      greeks(6, 'model', 0.6),
    ]).of(1)
    expect([...(twx?.statistics.values() ?? [])].map(({ name, value }) => [name, value])).toEqual([
      ['halted', 1],
      ['day-volume', 5],
    ])
    expect(twx?.greeksOf('bid')?.delta).toBe(0.4)
    expect(twx?.greeksOf('model')?.delta).toBe(0.6)
    expect(twx?.greeksOf('ask')).toBeUndefined()
  })

  it('says whether the latest market data was delayed', () => {
    const state = stateOf([quote(1, { delayed: true })])
    expect(state.of(1)?.isDelayed).toBe(true)
    state.apply(quote(2, { source: 'tick-by-tick' }))
    state.apply(trade(3, { source: 'tick-by-tick' }))
    expect(state.of(1)?.isDelayed).toBe(true)
    state.apply(statistic(4, 'halted', 0))
    expect(state.of(1)?.isDelayed).toBe(false)
  })

  it('lets tick-by-tick data say whether it is delayed where there is nothing else', () => {
    expect(stateOf([quote(1, { source: 'tick-by-tick', delayed: true })]).of(1)?.isDelayed).toBe(true)
  })

  it('is not moved by a quarantined tick, but knows that data came', () => {
    const good = [quote(1), trade(2), statistic(3, 'halted', 0), greeks(4, 'model', 0.5)]
    const bad = good.map((tick, i) => ({ ...tick, tsUs: 10 + i, delayed: true as const, verdict: QUARANTINE }))
    const state = stateOf([...good, ...bad])
    const twx = state.of(1)
    expect([twx?.quote, twx?.lastTrade, twx?.statistics.get('halted'), twx?.greeksOf('model')]).toEqual(good)
    expect(twx?.isDelayed).toBe(false)
    expect([twx?.lastTickUs, state.lastTickUs, state.lastRecordUs]).toEqual([13, 13, 13])
  })

  it('is moved by a flagged tick', () => {
    const flagged = quote(2, { verdict: FLAG })
    expect(stateOf([quote(1), flagged]).of(1)?.quote).toBe(flagged)
  })

  it('is moved by a quarantined tick where that is asked for', () => {
    const crossed = quote(2, { bidPrice: 2, askPrice: 1, verdict: QUARANTINE })
    expect(stateOf([quote(1), crossed], { keepsQuarantined: true }).of(1)?.quote).toBe(crossed)
  })

  it('distinguishes the time of the latest tick from that of the latest record', () => {
    const state = stateOf([quote(1), quote(2, { instrument: 2 }), session(3, 'alive')])
    expect([state.of(1)?.lastTickUs, state.of(2)?.lastTickUs, state.lastTickUs, state.lastRecordUs]).toEqual([1, 2, 2, 3])
  })
})

describe('the lines', () => {
  it('are known by feed: open since when, closed when and why', () => {
    const state = stateOf([
      opened(1),
      opened(2, { feed: 'tick-by-tick-trades' }),
      closed(9, 2, { feed: 'tick-by-tick-trades', untilTsUs: 7, cause: 'refused' }),
    ])
    const twx = state.of(1)
    expect(twx?.line()).toMatchObject({ isOpen: true, openedSeq: 1, openedTsUs: 1, closedTsUs: undefined, cause: undefined })
    expect(twx?.line('tick-by-tick-trades')).toMatchObject({ isOpen: false, openedTsUs: 2, closedTsUs: 9, untilTsUs: 7, cause: 'refused' })
    expect(twx?.line('tick-by-tick-quotes')).toBeUndefined()
    expect(state.openLines).toBe(1)
  })

  it('are counted once, however often a preamble repeats them', () => {
    const state = stateOf([opened(1), opened(1), opened(2, { instrument: 2 })])
    expect(state.openLines).toBe(2)
    state.apply(closed(3, 1, { cause: 'link lost' }))
    state.apply(closed(4, 1, { cause: 'link lost' }))
    expect(state.openLines).toBe(1)
  })

  it('are open again after a closing, which a late closing of the earlier opening does not undo', () => {
    const state = stateOf([opened(1), closed(2, 1, { cause: 'link lost' }), opened(3), closed(4, 1, { cause: 'late' })])
    expect(state.of(1)?.line()).toMatchObject({ isOpen: true, openedSeq: 3, closedTsUs: undefined, cause: undefined })
    expect(state.openLines).toBe(1)
  })

  it('that were opened before the stream was joined are closed without being counted', () => {
    const state = stateOf([closed(5, 1, { cause: 'cancelled' })])
    expect(state.of(1)?.line()).toMatchObject({ isOpen: false, cause: 'cancelled' })
    expect(state.openLines).toBe(0)
  })

  it('are forgotten when a session starts, the books are not', () => {
    const state = stateOf([session(1, 'started'), opened(2), quote(3), session(10, 'started')])
    expect(state.sessionStartUs).toBe(10)
    expect(state.openLines).toBe(0)
    expect(state.of(1)?.line()).toBeUndefined()
    expect(state.of(1)?.quote).toMatchObject({ tsUs: 3 })
  })
})

describe('the open gaps', () => {
  const lost = session(5, 'interrupted', { fromTsUs: 4, cause: 'link lost' })

  it('are those that were begun and not named, each once', () => {
    const state = stateOf([lost, lost, session(7, 'interrupted', { fromTsUs: 6, cause: 'farm broken' })])
    expect(state.openGaps).toEqual([
      { fromTsUs: 4, cause: 'link lost' },
      { fromTsUs: 6, cause: 'farm broken' },
    ])
    state.apply(gap(8, 4, 'link lost'))
    expect(state.openGaps).toEqual([{ fromTsUs: 6, cause: 'farm broken' }])
  })

  it('are not ended by a gap of another beginning, another cause or a single instrument', () => {
    const state = stateOf([lost, gap(6, 3, 'link lost'), gap(7, 4, 'drops'), gap(8, 4, 'link lost', { instrument: 1 })])
    expect(state.openGaps).toEqual([{ fromTsUs: 4, cause: 'link lost' }])
  })

  it('are forgotten when a session starts', () => {
    expect(stateOf([lost, session(9, 'started')]).openGaps).toEqual([])
  })

  it('begin with the record where it names no beginning', () => {
    expect(stateOf([session(5, 'interrupted', { cause: 'x' })]).openGaps).toEqual([{ fromTsUs: 5, cause: 'x' }])
  })
})
