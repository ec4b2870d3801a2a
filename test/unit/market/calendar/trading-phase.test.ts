import { describe, expect, it } from 'vitest'
import { createZone } from '../../../../market/time.ts'
import { type TradingPhase, TradingPhases } from '../../../../market/calendar/trading-phase.ts'
import type { Contract } from '../../../../market/contract.ts'
import { OPTION, STOCK } from '../../../support/rules.ts'

const zone = createZone('America/New_York')
const at = (text: string) => {
  const [date = '', time = ''] = text.split(' ')
  const [hour = 0, minute = 0] = time.split(':').map(Number)
  return zone.toUs(date, (hour * 60 + minute) * 60_000)
}
const expectPhases = (contract: Contract, times: Record<string, TradingPhase | undefined>) => {
  const of = new TradingPhases(contract)
  expect(Object.fromEntries(Object.keys(times).map((time) => [time, of.at(at(time))]))).toEqual(times)
}

describe('the phase of trading', () => {
  it('of a US stock has the session, the hours around it and the overnight session, which belongs to the next day', () => {
    expectPhases(STOCK, {
      '2014-06-05 09:29': 'extended',
      '2014-06-05 09:30': 'regular',
      '2014-06-05 15:59': 'regular',
      '2014-06-05 16:00': 'extended',
      '2014-06-05 19:59': 'extended',
      '2014-06-05 20:00': 'extended',
      '2014-06-06 03:55': 'extended',
      '2014-06-06 20:00': 'closed',
      '2014-06-07 12:00': 'closed',
      '2014-06-08 19:59': 'closed',
      '2014-06-08 20:00': 'extended',
      '2014-07-03 13:00': 'extended',
      '2014-07-03 17:30': 'closed',
      '2014-07-04 12:00': 'closed',
    })
  })

  it('of a US option has the session, and a quarter of an hour behind it', () => {
    expectPhases(OPTION, {
      '2014-06-05 09:29': 'closed',
      '2014-06-05 09:30': 'regular',
      '2014-06-05 16:00': 'extended',
      '2014-06-05 16:15': 'closed',
      '2014-07-03 13:14': 'extended',
      '2014-07-04 12:00': 'closed',
    })
  })

  it('is not known of other products and of other countries, and not before the calendar begins', () => {
    const noon = '2014-06-05 12:00'
    expectPhases({ ...STOCK, currency: 'HKD' }, { [noon]: undefined })
    expectPhases({ ...OPTION, tradingClass: 'SPX' } as Contract, { [noon]: undefined })
    expectPhases({ kind: 'index', symbol: 'SPX', currency: 'USD', venue: 'CBOE' }, { [noon]: undefined })
    expectPhases(STOCK, { '1990-06-05 12:00': undefined })
    for (const tsUs of [Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60, -1e300]) expect(new TradingPhases(STOCK).at(tsUs)).toBeUndefined()
  })

  it('is that of the hours which the broker listed, for the days that it listed', () => {
    const hours = {
      readOn: '2014-06-05',
      timeZone: 'US/Eastern',
      trading: '20140605:0300-20140605:0900,20140605:0930-20140605:1800;20140606:CLOSED',
      liquid: '20140605:0930-20140605:1615;20140606:CLOSED',
    }
    expectPhases({ ...OPTION, tradingClass: 'SPX', hours } as Contract, {
      '2014-06-05 02:00': 'closed',
      '2014-06-05 08:00': 'extended',
      '2014-06-05 16:10': 'regular',
      '2014-06-05 16:20': 'extended',
      '2014-06-06 12:00': 'closed',
      '2014-06-09 12:00': undefined,
    })
    expectPhases({ ...OPTION, hours }, { '2014-06-09 12:00': 'regular' })
  })
})
