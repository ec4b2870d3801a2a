import { describe, expect, it } from 'vitest'

import { planBars } from '../../../../collector/backfill/plan.ts'
import { DAY_PARTS, SESSION_PARTS } from '../../../../collector/backfill/series.ts'
import { nyse } from '../../../../market/calendar/calendar.ts'
import type { Contract, OptionContract } from '../../../../market/contract.ts'
import { isoFromUs, usFromIso } from '../../../../market/time.ts'

const TWX: Contract = { kind: 'stock', symbol: 'TWX', currency: 'USD' }
const CALL: OptionContract = {
  kind: 'option',
  symbol: 'TWX',
  currency: 'USD',
  expiry: '2014-06-21',
  lastTradeDate: '2014-06-20',
  strike: 70,
  right: 'C',
  multiplier: 100,
  tradingClass: 'TWX',
}
const NOW = { nowUs: usFromIso('2014-07-01T12:00:00Z'), calendar: nyse }
/** Two weeks with a weekend between them: ten sessions. */
const RANGE = { from: '2014-06-02', to: '2014-06-14', series: 'trades', seconds: 60 } as const

function planned(more: Partial<Parameters<typeof planBars>[1]>, done: { fromUs: number; toUs: number }[] = [], now = NOW) {
  return planBars([{ contract: TWX, done, splits: [] }], { ...RANGE, ...more }, now)
}
const days = (requests: readonly { days?: number }[]) => requests.map((request) => request.days)

describe('the requests for bars', () => {
  it('have one market day each of minutes, and as many as IB gives at once of longer bars', () => {
    expect(days(planned({}).requests)).toEqual(Array.from({ length: 10 }, () => 1))
    expect(days(planned({ seconds: 120 }).requests)).toEqual([2, 2, 2, 2, 2])
    expect(days(planned({ seconds: 900 }).requests)).toEqual([5, 5])
    expect(days(planned({ seconds: 86_400 }).requests)).toEqual([10])
  })

  it('of seconds cut the regular session into parts, short ones at an early close', () => {
    const of = (date: string, to: string, nowUs: number) => planned({ from: date, to, seconds: 1 }, [], { ...NOW, nowUs }).requests
    const whole = of('2014-06-05', '2014-06-06', NOW.nowUs)
    expect(whole).toHaveLength(13)
    expect(isoFromUs(whole[0]?.fromUs ?? 0)).toBe('2014-06-05T13:30:00.000000Z')
    expect(isoFromUs(whole.at(-1)?.toUs ?? 0)).toBe('2014-06-05T20:00:00.000000Z')
    expect(of('2014-07-03', '2014-07-04', usFromIso('2014-07-08T12:00:00Z'))).toHaveLength(7)
  })

  it('follow each other without a gap and without asking twice, whatever the length', () => {
    for (const seconds of [...SESSION_PARTS.keys(), ...DAY_PARTS.keys()]) {
      const { requests } = planned({ seconds })
      for (const [i, { fromUs, toUs }] of requests.entries()) {
        expect(toUs).toBeGreaterThan(fromUs)
        expect(requests[i + 1]?.fromUs ?? Number.POSITIVE_INFINITY).toBeGreaterThanOrEqual(toUs)
      }
      const open = nyse.sessions('2014-06-02', '2014-06-13')
      const moments = open.flatMap(({ openUs }) => Array.from({ length: 39 }, (_, i) => openUs + i * 600_000_000))
      expect(moments.filter((us) => requests.filter(({ fromUs, toUs }) => fromUs <= us && us < toUs).length !== 1)).toEqual([])
    }
  })

  it('leave out what was finished, and do not reach over it', () => {
    const all = planned({}).requests
    const [, , third] = all
    const left = planned({ seconds: 900 }, [{ fromUs: third?.fromUs ?? 0, toUs: third?.toUs ?? 0 }])
    expect(days(left.requests)).toEqual([2, 5, 2])
    expect(planned({}, [{ fromUs: all[0]?.fromUs ?? 0, toUs: all.at(-1)?.toUs ?? 0 }])).toMatchObject({ requests: [], doneBefore: 10 })
  })

  it('end with the last session that has been over for a while', () => {
    const now = { ...NOW, nowUs: usFromIso('2014-07-01T20:10:00Z') }
    const plan = planned({ from: '2014-06-30', to: '2014-07-03' }, [], now)
    expect(plan.requests).toHaveLength(1)
    expect(plan.leftOut).toEqual([{ what: 'from 2014-07-01 on', reason: 'a session is asked for when it has been over for 15 minutes' }])
    // A range may end at any time to come.
    expect(planned({ from: '2014-06-30', to: '2090-01-01' }, [], now)).toEqual(plan)
  })

  it('of trades begin with the last split, as IB adjusts what was before', () => {
    const plan = planBars([{ contract: TWX, done: [], splits: ['2014-06-09', '2015-01-02'] }], RANGE, NOW)
    expect(plan.requests).toHaveLength(5)
    expect(plan.leftOut[0]?.what).toBe('TWX before 2014-06-09')
    expect(planBars([{ contract: TWX, done: [], splits: ['2014-06-09'] }], { ...RANGE, series: 'bid' }, NOW).requests).toHaveLength(10)
  })
})

describe('a backfill is refused before a request is spent', () => {
  it.each([
    [{ from: '2014-07-02', to: '2014-07-03' }, /expected days of the past, and today is 2014-07-01/],
    [{ from: '2014-07-01', to: '2014-07-02' }, /expected a session that has been over for 15 minutes, and it is 2014-07-01T12:00Z/],
    [{ from: '2014-06-07', to: '2014-06-09' }, /expected days on which the market opens, found weekends and holidays alone/],
    [{ from: '2013-12-02', to: '2013-12-03', seconds: 1 }, /bars of 30 seconds and less for six months, here since 2014-01-02/],
    [{ from: '2014-06-05', to: '2014-06-05' }, /--to: expected a day after --from \(2014-06-05\)/],
  ])('with the reason: %o', (range, reason) => {
    expect(() => planned(range)).toThrow(reason)
  })

  it('for options that have expired, and for volatilities of options', () => {
    const of = (series: 'trades' | 'implied-volatility', nowUs: number) =>
      planBars([{ contract: CALL, done: [], splits: [] }], { ...RANGE, series }, { ...NOW, nowUs })
    expect(of('trades', NOW.nowUs)).toMatchObject({
      requests: [],
      refused: [{ what: 'TWX 2014-06-21 70 C', reason: 'it has expired, and IB has no history of expired options' }],
    })
    const alive = usFromIso('2014-06-20T12:00:00Z')
    expect(of('trades', alive)).toMatchObject({ requests: { length: 10 }, refused: [] })
    expect(of('implied-volatility', alive).refused[0]?.reason).toBe('IB has bars of implied-volatility of stocks and indices only')
  })
})
