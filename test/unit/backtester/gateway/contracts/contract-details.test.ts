import { describe, expect, it } from 'vitest'

import { contractDetails } from '../../../../../backtester/gateway/contracts/contract-details.ts'
import { ContractBook } from '../../../../../backtester/gateway/contracts/contracts.ts'
import type { Contract } from '../../../../../market/contract.ts'
import { JUNE_70_CALL, TWX } from '../../../../support/gateway/gateway-tape.ts'

function detailsAt(contract: Contract, date: string) {
  return contractDetails(new ContractBook([contract]).listed(contract), Date.parse(date) * 1000, '')
}

describe('contractDetails', () => {
  it('shortens the hours of an early close, 2014-07-03, and closes the holiday behind it', () => {
    const stock = detailsAt(TWX, '2014-07-03T13:30:00Z')
    expect(stock.tradingHours).toMatch(
      /^20140703:0400-20140703:1700;20140704:CLOSED;20140705:CLOSED;20140706:CLOSED;20140707:0400-20140707:2000;/,
    )
    expect(stock.liquidHours).toMatch(/^20140703:0930-20140703:1300;20140704:CLOSED;/)
    expect(detailsAt(JUNE_70_CALL, '2014-07-03T13:30:00Z').tradingHours).toMatch(/^20140703:0930-20140703:1300;/)
  })

  it('counts days as New York does', () => {
    expect(detailsAt(TWX, '2014-06-06T02:00:00Z').liquidHours).toMatch(/^20140605:/)
  })

  it('says nothing of hours that no calendar here knows', () => {
    expect(detailsAt(TWX, '1990-01-02T15:00:00Z').tradingHours).toBe('')
    const future: Contract = {
      kind: 'future',
      symbol: 'ES',
      currency: 'USD',
      expiry: '2014-06-20',
      multiplier: 50,
      tradingClass: 'ES',
      venue: 'CME',
    }
    expect(detailsAt(future, '2014-06-05T14:00:00Z')).toMatchObject({
      tradingHours: '',
      liquidHours: '',
      multiplier: 50,
      contractMonth: '201406',
    })
  })

  it("has the hours that were listed when the tape was recorded, from the tape's day on, and as much beside the calendar's on other days", () => {
    const hours = {
      readOn: '2014-06-04',
      timeZone: 'US/Central',
      trading: '20140604:CLOSED;20140604:1915-20140605:0815,20140605:0830-20140605:1515;20140606:0830-20140606:1515',
      liquid: '20140604:CLOSED;20140605:0830-20140605:1515;20140606:0830-20140606:1515',
    }
    const option: Contract = { ...JUNE_70_CALL, hours }
    expect(detailsAt(option, '2014-06-05T14:00:00Z')).toMatchObject({
      timeZoneId: 'US/Central',
      tradingHours: '20140604:1915-20140605:0815,20140605:0830-20140605:1515;20140606:0830-20140606:1515',
      liquidHours: '20140605:0830-20140605:1515;20140606:0830-20140606:1515',
    })
    const later = '20140609:0830-20140609:1515;20140610:0830-20140610:1515;20140611:0830-20140611:1515;'
    expect(detailsAt(option, '2014-06-09T14:00:00Z')).toMatchObject({
      timeZoneId: 'US/Central',
      tradingHours: expect.stringContaining(later),
      liquidHours: expect.stringContaining(later),
    })
    expect(detailsAt(option, '2014-06-03T14:00:00Z').liquidHours).toMatch(/^20140603:0830-20140603:1515;20140604:CLOSED;20140605:0830-/)
  })

  it('has six of the days that were listed, with all sessions of each', () => {
    const listed = (...days: string[]) => days.map((day) => `${day}:0930-${day}:1200;${day}:1300-${day}:1610`).join(';')
    const days = ['20140605', '20140606', '20140609', '20140610', '20140611', '20140612']
    const liquid = listed(...days, '20140613')
    const hours = { readOn: '2014-06-05', timeZone: 'Asia/Hong_Kong', trading: '', liquid }
    expect(detailsAt({ ...JUNE_70_CALL, hours }, '2014-06-05T14:00:00Z').liquidHours).toBe(listed(...days))
  })
})
