import { describe, expect, it } from 'vitest'
import {
  type Contract,
  contractKey,
  describeContract,
  type FutureContract,
  type IndexContract,
  multiplierOf,
  type OptionContract,
  type StockContract,
} from '../../../market/contract.ts'

const stock: StockContract = { kind: 'stock', symbol: 'TWX', currency: 'USD' }
const index: IndexContract = { kind: 'index', symbol: 'SPX', currency: 'USD', venue: 'CBOE' }
const future: FutureContract = {
  kind: 'future',
  symbol: 'ES',
  currency: 'USD',
  expiry: '2014-06-20',
  multiplier: 50,
  tradingClass: 'ES',
  venue: 'CME',
}
const option: OptionContract = {
  kind: 'option',
  symbol: 'TWX',
  currency: 'USD',
  expiry: '2014-06-21',
  strike: 42.5,
  right: 'C',
  multiplier: 100,
  tradingClass: 'TWX',
}

describe('contractKey', () => {
  it('spells the identity of each kind; stored keys depend on these very texts', () => {
    expect(contractKey(stock)).toBe('stock:TWX:USD')
    expect(contractKey(index)).toBe('index:SPX:USD')
    expect(contractKey(future)).toBe('future:ES:USD:ES:2014-06-20:50')
    expect(contractKey(option)).toBe('option:TWX:USD:TWX:2014-06-21:C:42.5:100')
  })

  it.each<[string, Contract, Contract]>([
    ['the number a broker gave', option, { ...option, conId: 12345 }],
    ['the last day of trading', option, { ...option, lastTradeDate: '2014-06-20' }],
    ['the listing venue of a stock', stock, { ...stock, primaryVenue: 'NYSE' }],
  ])('does not depend on %s', (_what, one, other) => {
    expect(contractKey(one)).toBe(contractKey(other))
  })

  it.each<[keyof OptionContract, Partial<OptionContract>]>([
    ['symbol', { symbol: 'TW' }],
    ['currency', { currency: 'EUR' }],
    ['tradingClass', { tradingClass: 'TWX1' }],
    ['expiry', { expiry: '2014-06-20' }],
    ['strike', { strike: 42 }],
    ['right', { right: 'P' }],
    ['multiplier', { multiplier: 10 }],
  ])('tells apart options that differ in %s', (_field, change) => {
    expect(contractKey({ ...option, ...change })).not.toBe(contractKey(option))
  })

  it('tells apart a stock and an index of one ticker', () => {
    expect(contractKey({ ...index, symbol: 'TWX' })).not.toBe(contractKey(stock))
  })
})

describe('multiplierOf', () => {
  it('is what one contract stands for, and 1 for shares and indices', () => {
    expect([stock, index, future, option].map(multiplierOf)).toEqual([1, 1, 50, 100])
  })
})

describe('describeContract', () => {
  it('names a contract for people', () => {
    expect([stock, index, future, option].map(describeContract)).toEqual(['TWX', 'SPX', 'ES 2014-06-20', 'TWX 2014-06-21 42.5 C'])
  })
})
