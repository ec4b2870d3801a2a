import { describe, expect, it } from 'vitest'

import { DayFigures } from '../../../../../backtester/gateway/book/day-figures.ts'
import { ContractHours } from '../../../../../backtester/gateway/contracts/contract-hours.ts'
import type { Trade } from '../../../../../market/tick.ts'
import { OPEN_US, SECOND_US, TWX } from '../../../../support/gateway/gateway-tape.ts'

const HOUR_US = 3600 * SECOND_US
const HOURS = new ContractHours(TWX)

function tradeAt(afterUs: number, price: number, size = 100, conditions?: string): Trade {
  return { kind: 'trade', seq: 1, tsUs: OPEN_US + afterUs, instrument: 0, price, size, source: 'import', conditions }
}

describe('the figures of the day', () => {
  it('are each told when they change, and only then', () => {
    const day = new DayFigures(HOURS)
    expect(day.take(tradeAt(0, 70))).toEqual([
      ['day-volume', 100],
      ['day-open', 70],
      ['day-high', 70],
      ['day-low', 70],
    ])
    expect(day.take(tradeAt(1, 70, 0))).toEqual([])
    expect(day.take(tradeAt(2, 70.5, 50))).toEqual([
      ['day-volume', 150],
      ['day-high', 70.5],
    ])
    expect(day.take(tradeAt(3, 69, 1))).toEqual([
      ['day-volume', 151],
      ['day-low', 69],
    ])
  })

  it('count trades outside of regular hours, and those that set no price, as volume alone', () => {
    const day = new DayFigures(HOURS)
    expect(day.take(tradeAt(-HOUR_US, 80))).toEqual([['day-volume', 100]])
    expect(day.take(tradeAt(0, 90, 100, '   I'))).toEqual([['day-volume', 200]])
    expect(day.take(tradeAt(6.5 * HOUR_US, 60))).toEqual([['day-volume', 300]])
    expect(day.take(tradeAt(HOUR_US, 70, 100, ' O X'))).toContainEqual(['day-open', 70])
  })

  it('begin anew at 20:00 in New York, and name the close of the day before', () => {
    const day = new DayFigures(HOURS)
    day.take(tradeAt(0, 70))
    day.take(tradeAt(1, 71))
    day.take(tradeAt(7 * HOUR_US, 75))
    // 09:30 and 10.5 hours.
    expect(day.take(tradeAt(10.5 * HOUR_US, 72, 10))).toEqual([
      ['previous-close', 71],
      ['day-volume', 10],
    ])
    expect(day.take(tradeAt(24 * HOUR_US, 73, 10))).toContainEqual(['day-volume', 20])
  })

  it('go by the hours that were listed for the contract', () => {
    const listed = { readOn: '2014-06-05', timeZone: 'US/Eastern', trading: '', liquid: '20140605:0930-20140605:1615;20140606:CLOSED' }
    const day = new DayFigures(new ContractHours({ ...TWX, hours: listed }))
    expect(day.take(tradeAt(6.6 * HOUR_US, 60))).toContainEqual(['day-open', 60])
    expect(day.take(tradeAt(6.8 * HOUR_US, 70))).toEqual([['day-volume', 200]])
    expect(day.take(tradeAt(25 * HOUR_US, 70))).toEqual([
      ['previous-close', 60],
      ['day-volume', 100],
    ])
  })

  it('go by what the contract trades beside the exchange on days that were not listed', () => {
    const listed = { readOn: '2014-06-05', timeZone: 'US/Eastern', trading: '', liquid: '20140604:0930-20140604:1615' }
    const day = new DayFigures(new ContractHours({ ...TWX, hours: listed }))
    expect(day.take(tradeAt(6.6 * HOUR_US, 60))).toContainEqual(['day-open', 60])
    expect(day.take(tradeAt(6.8 * HOUR_US, 70))).toEqual([['day-volume', 200]])
  })

  it('take days that the calendar does not know as they come', () => {
    const day = new DayFigures(HOURS)
    expect(day.take({ ...tradeAt(0, 70), tsUs: Date.UTC(1990, 0, 2) * 1000 })).toContainEqual(['day-open', 70])
  })
})
