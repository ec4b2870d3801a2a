import { describe, expect, it } from 'vitest'

import { MarketState } from '../../../../market/state/market-state.ts'
import type { CarryRecord, TapeRecord } from '../../../../market/tick.ts'

type CarryOf<T extends CarryRecord['input']> = Omit<Extract<CarryRecord, { input: T }>, 'kind' | 'seq' | 'tsUs' | 'asOf' | 'source'>

function carry<T extends CarryRecord['input']>(fields: CarryOf<T> & { input: T }, source = 'settings'): TapeRecord {
  return { kind: 'carry', seq: 1, tsUs: 1, asOf: '2014-06-05', source, ...fields } as unknown as TapeRecord
}

const rates = (rate: number, currency = 'USD') => carry<'rates'>({ input: 'rates', currency, points: [{ days: 0, rate }] })
const dividends = (payments: { exDate: string; amount: number }[], more = {}, source = 'corporate-actions') =>
  carry<'dividends'>({ input: 'dividends', instrument: 1, payments, ...more }, source)
const brokerText = (text: string, more = {}): TapeRecord => ({
  kind: 'statistic',
  seq: 2,
  tsUs: 2,
  instrument: 1,
  name: 'dividends',
  text,
  ...more,
})

const TODAY = '2014-06-05'

function stateOf(records: TapeRecord[]): MarketState {
  const state = new MarketState()
  for (const record of records) state.apply(record)
  return state
}

function carryOf(records: TapeRecord[], until = '2014-09-05') {
  return stateOf(records).carry.of(1, 'USD', TODAY, until)
}

describe('what holding an underlying costs', () => {
  it('is nothing while no record says otherwise', () => {
    expect(carryOf([])).toEqual({ days: 92, discount: 1, dividends: 0, dividendYield: 0, borrow: 0 })
  })

  it('has the latest rates of its own currency', () => {
    const { discount } = carryOf([rates(0.09), rates(0.04), rates(0.5, 'EUR')])
    expect(discount).toBeCloseTo(Math.exp((-0.04 * 92) / 365), 14)
  })

  it('has the payments between today and the expiry, a yield, and the fee for borrowing', () => {
    const payments = [
      { exDate: '2014-06-05', amount: 8 },
      { exDate: '2014-08-15', amount: 0.5 },
      { exDate: '2014-11-15', amount: 4 },
    ]
    const borrow = carry<'borrow'>({ input: 'borrow', instrument: 1, rate: 0.02 })
    expect(carryOf([dividends(payments, { yield: 0.01 }), borrow])).toMatchObject({ dividends: 0.5, dividendYield: 0.01, borrow: 0.02 })
    expect(carryOf([dividends(payments)], '2014-12-31').dividends).toBe(4.5)
  })

  it('ignores dividends with a day that is none', () => {
    const known = dividends([{ exDate: '2014-08-15', amount: 0.5 }])
    const broken = dividends([
      { exDate: '', amount: 1 },
      { exDate: '2014-08-16', amount: 1 },
    ])
    expect(carryOf([known, broken]).dividends).toBe(0.5)
    expect(stateOf([broken]).carry.dividendSource(1, TODAY)).toBeUndefined()
  })

  it('takes the payments of the broker while no record names one to come', () => {
    const text = brokerText('1.15,1.27,20140815,0.3175')
    expect(carryOf([text]).dividends).toBe(0.3175)
    expect(carryOf([text], '2015-12-31').dividends).toBeCloseTo(4 * 0.3175, 12)
    expect(carryOf([dividends([{ exDate: '2014-05-15', amount: 0.3 }]), text]).dividends).toBe(0.3175)
    expect(carryOf([dividends([{ exDate: '2014-08-15', amount: 0.3 }]), text]).dividends).toBe(0.3)
    expect(carryOf([text, brokerText('1.15,1.27,,')]).dividends).toBe(0)
  })

  it('takes what the broker said before only until it says something', () => {
    const before = dividends([{ exDate: '2014-08-15', amount: 0.3 }], {}, 'broker')
    expect(carryOf([before]).dividends).toBe(0.3)
    expect(carryOf([before, brokerText('1.15,1.27,20140815,0.3175')], '2015-12-31').dividends).toBeCloseTo(4 * 0.3175, 12)
  })

  it('is not changed by a quarantined statistic or by one of another name', () => {
    const verdict = { disposition: 'quarantine', findings: [] }
    expect(carryOf([brokerText('1,1,20140815,0.25', { verdict })]).dividends).toBe(0)
    expect(carryOf([brokerText('1,1,20140815,0.25', { name: 'news' })]).dividends).toBe(0)
  })

  it('begins anew with a session, and with a contract that takes over the number', () => {
    const contract = (symbol: string): TapeRecord => ({
      kind: 'contract',
      seq: 1,
      tsUs: 1,
      instrument: 1,
      contract: { kind: 'stock', symbol, currency: 'USD' },
    })
    expect(carryOf([rates(0.04), { kind: 'session', seq: 1, tsUs: 1, event: 'started' }]).discount).toBe(1)
    const payments = dividends([{ exDate: '2014-08-15', amount: 0.3 }])
    expect(carryOf([contract('TWX'), payments, contract('TWX')]).dividends).toBe(0.3)
    expect(carryOf([contract('TWX'), payments, contract('FOXA')]).dividends).toBe(0)
  })

  it('is nothing on the day itself and behind it', () => {
    expect(carryOf([rates(0.04)], '2014-06-05')).toMatchObject({ days: 0, discount: 1 })
    expect(carryOf([rates(0.04)], '2014-06-01')).toMatchObject({ days: 0, discount: 1 })
  })

  it('has a number that changes with every input, for who keeps what it computed', () => {
    const state = new MarketState()
    const before = state.carry.version
    state.apply(rates(0.04))
    expect(state.carry.version).not.toBe(before)
  })
})

describe('what is known of dividends', () => {
  const known = (records: TapeRecord[], until = '2014-07-19') => {
    const { carry: state } = stateOf(records)
    return [state.dividendSource(1, TODAY), state.areDividendsKnown(1, TODAY, until)]
  }
  const august = { exDate: '2014-08-15', amount: 0.5 }

  it('is nothing while nobody says anything, nor when all that the database knew is over', () => {
    expect(known([])).toEqual([undefined, false])
    expect(known([dividends([{ exDate: '2014-06-05', amount: 1 }])])).toEqual([undefined, false])
    expect(known([dividends([])])).toEqual([undefined, false])
  })

  it('is all there is when the settings say it, also that there are none', () => {
    expect(known([dividends([], {}, 'settings')], '2016-01-15')).toEqual(['settings', true])
    expect(known([dividends([august], {}, 'settings')], '2016-01-15')).toEqual(['settings', true])
    expect(known([dividends([], { yield: 0.02 })], '2016-01-15')).toEqual(['corporate-actions', true])
  })

  it('ends some days before the usual time of the payment behind the last one that was announced', () => {
    expect(known([dividends([august])], '2014-09-05')).toEqual(['corporate-actions', true])
    expect(known([dividends([august])], '2014-09-20')).toEqual(['corporate-actions', false])
    const two = [{ exDate: '2014-05-15', amount: 0.5 }, august]
    expect(known([dividends(two)], '2014-10-18')).toEqual(['corporate-actions', true])
    expect(known([dividends(two)], '2014-11-22')).toEqual(['corporate-actions', false])
  })

  it('reaches about a year when the broker expects it', () => {
    const text = brokerText('2.00,2.00,20140815,0.50')
    expect(known([text], '2015-06-19')).toEqual(['broker', true])
    expect(known([text], '2015-09-18')).toEqual(['broker', false])
  })

  it('has a borrow fee only where a record names one', () => {
    expect(stateOf([]).carry.borrow(1)).toBeUndefined()
    expect(stateOf([carry<'borrow'>({ input: 'borrow', instrument: 1, rate: 0 })]).carry.borrow(1)).toBe(0)
  })
})
