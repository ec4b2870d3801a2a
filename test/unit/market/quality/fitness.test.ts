import { describe, expect, it } from 'vitest'
import { fitnessOf } from '../../../../market/quality/fitness.ts'
import { contractDay, DAY_US, judged, MINUTE_US, optionDay, ticks } from './quality-support.ts'

const stock = contractDay()

describe('a day without a fault', () => {
  it('is fit for an arbitrage study', () => {
    expect(fitnessOf(stock)).toEqual({ fitFor: 'arbitrage study', because: [] })
    expect(fitnessOf(optionDay(), stock)).toEqual({ fitFor: 'arbitrage study', because: [] })
  })

  it('of an option is as good as that of its underlying', () => {
    expect(fitnessOf(optionDay())).toEqual({ fitFor: 'bar study', because: ['its underlying was not recorded'] })
    const { fitFor, because } = fitnessOf(optionDay(), contractDay({ longestGapUs: 2 * MINUTE_US }))
    expect({ fitFor, because }).toEqual({ fitFor: 'bar study', because: ['its underlying: a gap of 120 s, above 60 s'] })
  })

  it('of an index has values and no quotes', () => {
    const index = contractDay({ kind: 'index', ticks: ticks({ quotes: 0, trades: 400 }), standing: { ...stock.standing, quotedUs: 0 } })
    expect(fitnessOf(index).fitFor).toBe('arbitrage study')
  })
})

describe('a fault', () => {
  it.each([
    ['missing time', contractDay({ coveredUs: 0.9899 * DAY_US }), 'data for 98.99 % of the time, below 99 %'],
    ['a long gap', contractDay({ longestGapUs: MINUTE_US + 1_000_000 }), 'a gap of 61 s, above 60 s'],
    ['two wrong ticks of 1,000', contractDay({ judged: judged({ errors: 2 }) }), '0.2 % of the ticks wrong, above 0.1 %'],
    ['a few turns less', contractDay({ betweenTurnsUs: 0.02 * DAY_US }), 'watched in turns, for 98.03 % of the time, below 99 %'],
    ['late ticks', contractDay({ ticks: ticks({ late: 11 }) }), '1.1 % of the ticks late, above 1 %'],
    ['delayed ticks', contractDay({ ticks: ticks({ delayed: 1 }) }), '1 ticks of delayed data'],
    ['merged quotes', contractDay({ ticks: ticks({ merged: 51 }) }), '5.1 % of the quotes merged, above 5 %'],
    ['minute samples', contractDay({ ticks: ticks({ onMinute: 950 }) }), 'one quote a minute: samples, not every change'],
    [
      'no quote for a time',
      contractDay({ standing: { ...stock.standing, quotedUs: 0.9 * DAY_US } }),
      'a quote for 90 % of the time with data, below 95 %',
    ],
  ])('of %s leaves a bar study', (_, day, because) => {
    expect(fitnessOf(day)).toEqual({ fitFor: 'bar study', because: [because] })
  })

  it('of a single wrong tick is none, however few ticks there are', () => {
    expect(fitnessOf(contractDay({ ticks: ticks({ quotes: 10 }), judged: judged({ quarantined: 1 }) })).fitFor).toBe('arbitrage study')
  })

  it.each([
    ['missing time', contractDay({ coveredUs: 0.94 * DAY_US }), 'data for 94 % of the time, below 95 %'],
    ['turns', contractDay({ betweenTurnsUs: 15 * DAY_US }), 'watched in turns, for 6.25 % of the time, below 95 %'],
    ['too many wrong ticks', contractDay({ judged: judged({ quarantined: 11 }) }), '1.08 % of the ticks wrong, above 1 %'],
    ['no data', contractDay({ ticks: ticks({ quotes: 0, statistics: 5 }) }), 'no quote and no trade'],
    ['a line that nobody wanted', contractDay({ expectedUs: undefined }), 'what was wanted is not known: there are ticks and no line'],
    ['a line on a weekend', contractDay({ expectedUs: 0, coveredUs: 0 }), 'not wanted in trading hours'],
  ])('of %s leaves nothing', (_, day, because) => {
    expect(fitnessOf(day)).toEqual({ fitFor: 'not', because: [because] })
  })

  it('is never rounded away: 94.9999 % is below 95 %', () => {
    expect(fitnessOf(contractDay({ coveredUs: 0.949999 * DAY_US })).because).toEqual(['data for 94.99 % of the time, below 95 %'])
  })
})
