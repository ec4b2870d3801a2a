import { expect, it } from 'vitest'

import { type GapOfContract, repairable, type RepairRules, tradingIn } from '../../../../collector/gaps/repairable.ts'
import { nyse } from '../../../../market/calendar/calendar.ts'
import { usFromIso } from '../../../../market/time.ts'

const STOCK = { instrument: 1, key: 'stock:TWX:USD', symbol: 'TWX', kind: 'stock', currency: 'USD', lastTradeDate: null }
const OPTION = { ...STOCK, key: 'option', kind: 'option', lastTradeDate: '2014-06-20' }
const RULES: RepairRules = {
  series: 'trades',
  withOptions: false,
  withUnseen: false,
  nowUs: usFromIso('2014-06-10T12:00:00Z'),
  calendar: nyse,
}

function judge(gap: Partial<GapOfContract> = {}, rules: Partial<RepairRules> = {}) {
  const [fromUs, toUs] = [usFromIso('2014-06-05T14:00:00Z'), usFromIso('2014-06-05T14:10:00Z')]
  const verdict = repairable({ sessionId: 1, seq: 1, fromUs, toUs, cause: 'ib-1100', contract: STOCK, ...gap }, { ...RULES, ...rules })
  return verdict.verdict === 'refused' ? verdict.reason : verdict.verdict
}

it('fills the trades of a stock whatever the cause of the gap, where IB had data', () => {
  for (const cause of [
    'ib-1100',
    'stall',
    'silent',
    'farm-broken: usfarm',
    'collector-crash',
    'dropped: journal-full',
    'refused: 10197',
    'No connection: x',
  ])
    expect(judge({ cause }), cause).toBe('fill')
  for (const feed of ['tick-by-tick-trades', 'tick-by-tick']) expect(judge({ feed }), feed).toBe('fill')
})

it('refuses what IB has no data of for this login, in words', () => {
  expect(judge({ cause: 'refused: 354' })).toMatch('subscription is missing')
  expect(judge({ cause: 'refused: 200' })).toBe('IB knew no such contract')
  expect(judge({ cause: 'delayed data is not wanted' })).toMatch('only delayed data')
})

it('fills options when it is told to, until they expire', () => {
  expect(judge({ contract: OPTION })).toBe('not-wanted')
  expect(judge({ contract: OPTION }, { withOptions: true })).toBe('fill')
  expect(judge({ contract: OPTION }, { withOptions: true, nowUs: usFromIso('2014-06-21T12:00:00Z') })).toMatch('it has expired')
})

it('refuses what ended more than three years ago, to the day', () => {
  expect(judge({}, { nowUs: usFromIso('2017-06-05T12:00:00Z') })).toBe('fill')
  expect(judge({}, { nowUs: usFromIso('2017-06-06T12:00:00Z') })).toBe('IB has ticks of 3 years')
})

it('waits until the gap is over, and its end is in the history', () => {
  expect(judge({}, { nowUs: usFromIso('2014-06-05T14:10:14Z') })).toBe('later')
  expect(judge({}, { nowUs: usFromIso('2014-06-05T14:10:15Z') })).toBe('fill')
  expect(judge({ isOpen: true })).toBe('open')
})

it('passes over what no trade was missing in: other feeds, chains, the night, turns that others had', () => {
  expect(judge({ feed: 'tick-by-tick-quotes' })).toBe('not-wanted')
  expect(judge({ feed: 'tick-by-tick-quotes' }, { series: 'quotes' })).toBe('fill')
  expect(judge({ feed: 'option-chain' })).toBe('not-wanted')
  expect(judge({ cause: 'unseen' })).toBe('not-wanted')
  expect(judge({ cause: 'unseen' }, { withUnseen: true })).toBe('fill')
  expect(judge({ fromUs: usFromIso('2014-06-05T02:00:00Z'), toUs: usFromIso('2014-06-05T06:00:00Z') })).toBe('not-wanted')
  expect(judge({ contract: { ...STOCK, kind: 'index' } })).toBe('not-wanted')
})

it('asks market day by market day, from 04:00 to 20:00 in New York', () => {
  const span = { fromUs: usFromIso('2014-06-06T15:00:00Z'), toUs: usFromIso('2014-06-09T15:00:00Z') }
  expect(tradingIn(span, nyse)).toEqual([
    { fromUs: usFromIso('2014-06-06T15:00:00Z'), toUs: usFromIso('2014-06-07T00:00:00Z') },
    { fromUs: usFromIso('2014-06-09T08:00:00Z'), toUs: usFromIso('2014-06-09T15:00:00Z') },
  ])
})
