import { OptionType, SecType } from '@stoqey/ib'
import { describe, expect, it } from 'vitest'
import {
  compactDate,
  isoDate,
  marketRuleOf,
  optionFromDetails,
  stockFromDetails,
  toIbContract,
} from '../../../../../collector/ib/lookup/map-contract.ts'

const option = {
  kind: 'option',
  symbol: 'SPX',
  currency: 'USD',
  expiry: '2014-06-21',
  lastTradeDate: '2014-06-20',
  strike: 1900,
  right: 'C',
  multiplier: 100,
  tradingClass: 'SPXW',
} as const

describe('toIbContract', () => {
  it.each([
    [
      { kind: 'stock', symbol: 'TWX', currency: 'USD', primaryVenue: 'NYSE', conId: 7 },
      { symbol: 'TWX', currency: 'USD', exchange: 'SMART', secType: SecType.STK, primaryExch: 'NYSE', conId: 7 },
    ],
    [
      { kind: 'stock', symbol: 'TWX', currency: 'USD' },
      { symbol: 'TWX', currency: 'USD', exchange: 'SMART', secType: SecType.STK },
    ],
    [
      { kind: 'index', symbol: 'SPX', currency: 'USD', venue: 'CBOE' },
      { symbol: 'SPX', currency: 'USD', exchange: 'CBOE', secType: SecType.IND },
    ],
    [
      { kind: 'future', symbol: 'ES', currency: 'USD', expiry: '2014-06-20', multiplier: 50, tradingClass: 'ES', venue: 'CME' },
      {
        symbol: 'ES',
        currency: 'USD',
        exchange: 'CME',
        secType: SecType.FUT,
        lastTradeDateOrContractMonth: '20140620',
        multiplier: 50,
        tradingClass: 'ES',
      },
    ],
    [
      option,
      {
        symbol: 'SPX',
        currency: 'USD',
        exchange: 'SMART',
        secType: SecType.OPT,
        lastTradeDateOrContractMonth: '20140621',
        strike: 1900,
        right: OptionType.Call,
        multiplier: 100,
        tradingClass: 'SPXW',
      },
    ],
  ] as const)('spells %o as IB does', (contract, expected) => {
    expect(toIbContract(contract)).toEqual(expected)
  })

  it('names an option that is settled at the opening by its last day of trading, as IB lists it', () => {
    const settledAtOpen = { ...option, expiry: '2022-11-18', lastTradeDate: '2022-11-17', tradingClass: 'SPX' }
    expect(toIbContract(settledAtOpen).lastTradeDateOrContractMonth).toBe('20221117')
  })

  it('tells puts from calls', () => {
    expect(toIbContract({ ...option, right: 'P' }).right).toBe(OptionType.Put)
  })
})

describe('a stock of IB', () => {
  const contract = { symbol: 'TWX', secType: SecType.STK, currency: 'USD', primaryExch: 'NYSE', conId: 7 }

  it('is ours with what IB says of it', () => {
    expect(stockFromDetails({ contract })).toEqual({ kind: 'stock', symbol: 'TWX', currency: 'USD', primaryVenue: 'NYSE', conId: 7 })
    expect(stockFromDetails({ contract: { symbol: 'TWX', secType: SecType.STK } })).toEqual({
      kind: 'stock',
      symbol: 'TWX',
      currency: 'USD',
    })
  })

  it('is none when it is something else or has no name', () => {
    expect(stockFromDetails({ contract: { ...contract, secType: SecType.CFD } })).toBeUndefined()
    expect(stockFromDetails({ contract: { ...contract, symbol: '' } })).toBeUndefined()
  })
})

describe('an option of IB', () => {
  const contract = {
    symbol: 'SPX',
    secType: SecType.OPT,
    currency: 'USD',
    lastTradeDateOrContractMonth: '20140621',
    lastTradeDate: '20140620',
    strike: 1900,
    right: OptionType.Call,
    multiplier: 100,
    tradingClass: 'SPXW',
    conId: 9,
  }

  it('is ours with what IB says of it', () => {
    expect(optionFromDetails({ contract })).toEqual({ ...option, conId: 9 })
    expect(optionFromDetails({ contract: { ...contract, right: OptionType.Put } })?.right).toBe('P')
  })

  it('that is settled at the opening expires on the day after its last day of trading', () => {
    const listed = { ...contract, lastTradeDateOrContractMonth: '20221117', lastTradeDate: '20221117', tradingClass: 'SPX' }
    expect(optionFromDetails({ contract: listed, realExpirationDate: '20221118' })).toMatchObject({
      expiry: '2022-11-18',
      lastTradeDate: '2022-11-17',
      tradingClass: 'SPX',
    })
    expect(optionFromDetails({ contract: { ...listed, tradingClass: 'SPXW' }, realExpirationDate: '20221117' })).toMatchObject({
      expiry: '2022-11-17',
      tradingClass: 'SPXW',
    })
  })

  it('has the usual multiplier, its symbol as class and no second date when IB leaves them out', () => {
    const { conId: _, ...bare } = contract
    expect(optionFromDetails({ contract: { ...bare, multiplier: 0, tradingClass: '', lastTradeDate: '20140621' } })).toEqual({
      kind: 'option',
      symbol: 'SPX',
      currency: 'USD',
      expiry: '2014-06-21',
      strike: 1900,
      right: 'C',
      multiplier: 100,
      tradingClass: 'SPX',
    })
  })

  it.each([
    ['its expiry', { lastTradeDateOrContractMonth: '' }],
    ['a whole date of expiry', { lastTradeDateOrContractMonth: '201406' }],
    ['its strike', { strike: 0 }],
    ['its symbol', { symbol: '' }],
  ])('is none without %s', (_, missing) => {
    expect(optionFromDetails({ contract: { ...contract, ...missing } })).toBeUndefined()
  })

  it('is none without its right, and when it is something else', () => {
    const { right: _, ...rightless } = contract
    expect(optionFromDetails({ contract: rightless })).toBeUndefined()
    expect(optionFromDetails({ contract: { ...contract, secType: SecType.FOP } })).toBeUndefined()
  })
})

describe('dates', () => {
  it.each([
    ['20140621', '2014-06-21'],
    ['20140621 16:00:00 US/Eastern', '2014-06-21'],
    ['20140621-16:00:00', '2014-06-21'],
    ['201406', undefined],
    ['201406211', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('%s of IB is %s', (text, date) => {
    expect(isoDate(text)).toBe(date)
  })

  it('lose their hyphens on the way to IB', () => {
    expect(compactDate('2014-06-21')).toBe('20140621')
  })
})

describe('marketRuleOf', () => {
  it.each([
    ['the one beside the router', 'CBOE,SMART,ISE', '32,110,109', 110],
    ['the first one where the router is no venue', 'CBOE,ISE', '32,109', 32],
    ['the only one', 'SMART,NYSE', '26', 26],
    ['none where none is told', 'SMART', '', undefined],
    ['none where it cannot be read', 'SMART', 'x', undefined],
  ])('is %s', (_, validExchanges, marketRuleIds, rule) => {
    expect(marketRuleOf({ contract: {}, validExchanges, marketRuleIds })).toBe(rule)
  })
})
