import { describe, expect, it } from 'vitest'

import { ContractBook, inventConId } from '../../../../../backtester/gateway/contracts/contracts.ts'
import type { ContractQuery } from '../../../../../backtester/gateway/protocol/contract-fields.ts'
import { type Contract, contractKey } from '../../../../../market/contract.ts'
import { CONTRACTS, JULY_72_CALL, JUNE_70_CALL, JUNE_70_PUT, TWX, twxOption } from '../../../../support/gateway/gateway-tape.ts'

const book = new ContractBook(CONTRACTS)

function query(terms: Partial<ContractQuery>): ContractQuery {
  return {
    conId: undefined,
    symbol: 'TWX',
    secType: 'OPT',
    expiry: '',
    strike: undefined,
    right: undefined,
    multiplier: undefined,
    exchange: '',
    currency: '',
    localSymbol: '',
    tradingClass: '',
    ...terms,
  }
}

function found(terms: Partial<ContractQuery>, among = book): Contract[] {
  return among.find(query(terms)).map(({ contract }) => contract)
}

describe('ContractBook', () => {
  it('finds a stock by symbol and type', () => {
    expect(found({ secType: 'STK' })).toEqual([TWX])
    expect(found({ secType: 'STK', exchange: 'NYSE' })).toEqual([TWX])
    expect(found({ secType: 'STK', exchange: 'SMART', currency: 'USD' })).toEqual([TWX])
  })

  it('lists all options that fit, by expiry, strike and right', () => {
    expect(found({})).toEqual([JUNE_70_CALL, JUNE_70_PUT, JULY_72_CALL])
    expect(found({ expiry: '201406' })).toEqual([JUNE_70_CALL, JUNE_70_PUT])
    expect(found({ expiry: '20140719', strike: 72.5, right: 'C', multiplier: 100, tradingClass: 'TWX' })).toEqual([JULY_72_CALL])
    expect(found({ right: 'P' })).toEqual([JUNE_70_PUT])
  })

  it('finds a Saturday expiry also by the Friday on which trading ends', () => {
    expect(found({ expiry: '20140621', right: 'C' })).toEqual([JUNE_70_CALL])
    expect(found({ expiry: '20140620', right: 'C' })).toEqual([JUNE_70_CALL])
    const [listed] = book.find(query({ expiry: '20140621', right: 'C' }))
    expect(listed).toMatchObject({
      expiry: '20140621',
      lastTradeDate: '20140620',
      localSymbol: 'TWX   140621C00070000',
      tradingClass: 'TWX',
    })
  })

  it('tells an option that settles in the morning from one of the same day that trades on it', () => {
    const terms = { symbol: 'SPX', strike: 3900, expiry: '2022-11-18' }
    const morning: Contract = { ...JUNE_70_CALL, ...terms, tradingClass: 'SPX', lastTradeDate: '2022-11-17' }
    const evening: Contract = { ...JUNE_70_CALL, ...terms, tradingClass: 'SPXW' }
    const among = new ContractBook([morning, evening])
    const asked = { symbol: 'SPX', strike: 3900, right: 'C', exchange: 'SMART' } as const
    expect(found({ ...asked, expiry: '20221118' }, among)).toEqual([evening])
    expect(found({ ...asked, expiry: '20221117' }, among)).toEqual([morning])
    expect(found({ ...asked, expiry: '20221118', tradingClass: 'SPX' }, among)).toEqual([morning])
    expect(found({ ...asked, expiry: '202211' }, among)).toHaveLength(2)
  })

  it('lists an option from the day on which the tape has it first to its last day of trading', () => {
    const dayUs = (date: string) => Date.parse(`${date}T16:00:00Z`) * 1000
    const since = [TWX, JUNE_70_CALL].map((contract) => [contractKey(contract), dayUs('2014-06-05')] as const)
    const among = new ContractBook(CONTRACTS, new Map([...since, [contractKey(JULY_72_CALL), dayUs('2014-06-09')]]))
    const on = (date: string) => among.find(query({}), 1, dayUs(date)).map(({ contract }) => contract)
    expect(on('2014-06-06')).toEqual([JUNE_70_CALL, JUNE_70_PUT])
    expect(on('2014-06-09')).toEqual([JUNE_70_CALL, JUNE_70_PUT, JULY_72_CALL])
    // The monthly options of 2014 expire on a Saturday and trade to the Friday.
    expect(on('2014-06-20')).toHaveLength(3)
    expect(on('2014-06-21')).toEqual([JULY_72_CALL])
    expect(on('2014-07-19')).toEqual([])
    // A stock was there before the tape had it.
    expect(among.find(query({ secType: 'STK' }), 1, dayUs('2014-06-01'))).toHaveLength(1)
    const { conId } = among.listed(JUNE_70_CALL)
    expect(among.find(query({ conId }), 1, dayUs('2014-06-20'))).toHaveLength(1)
    expect(among.find(query({ conId }), 1, dayUs('2014-06-23'))).toEqual([])
    const expirations = (date: string) => among.chainsOn(among.listed(TWX).conId, dayUs(date)).map((chain) => chain.expirations)
    expect(expirations('2014-06-06')).toEqual([['20140620']])
    expect(expirations('2014-06-09')).toEqual([['20140620', '20140718']])
    expect(expirations('2014-06-21')).toEqual([['20140718']])
    expect(expirations('2014-07-21')).toEqual([])
  })

  it.each([
    { symbol: 'XXX' },
    { expiry: '20140718', strike: 70 },
    { strike: 71 },
    { currency: 'EUR' },
    { multiplier: 10 },
    { tradingClass: 'TWX1' },
    { exchange: 'CME' },
    { secType: 'CASH' },
  ])('finds nothing for %j', (terms) => {
    expect(found(terms)).toEqual([])
  })

  it('finds a contract by its number alone and by its local symbol', () => {
    const [listed] = book.find(query({ localSymbol: 'TWX   140621P00070000', symbol: '' }))
    expect(listed?.contract).toEqual(JUNE_70_PUT)
    expect(found({ conId: listed?.conId ?? 0, symbol: '', secType: '' })).toEqual([JUNE_70_PUT])
    expect(found({ conId: 1 })).toEqual([])
  })

  it('asks for a symbol and a type', () => {
    expect(() => book.find(query({ symbol: '' }), 8)).toThrow(expect.objectContaining({ code: 200, reqId: 8 }))
    expect(() => book.find(query({ secType: '' }))).toThrow(expect.objectContaining({ code: 200 }))
  })

  it('gives a contract the same positive number on every tape', () => {
    const other = new ContractBook([JUNE_70_PUT, TWX, twxOption({ expiry: '2014-06-21', strike: 60, right: 'C' })])
    for (const contract of [TWX, JUNE_70_PUT]) {
      const { conId } = book.listed(contract)
      expect(conId).toBe(inventConId(contractKey(contract)))
      expect(conId).toBeGreaterThan(0)
      expect(conId).toBeLessThan(2 ** 31)
      expect(other.listed(contract).conId).toBe(conId)
    }
  })

  it('keeps numbers that the tape knows and moves invented ones out of their way', () => {
    const invented = inventConId(contractKey(TWX))
    const known = { ...JUNE_70_CALL, conId: invented }
    const among = new ContractBook([TWX, known])
    expect(among.byConId(invented)?.contract).toEqual(known)
    expect(among.listed(TWX).conId).toBe(invented + 1)
    expect(among.listed(known).underConId).toBe(invented + 1)
  })

  it('describes the chain on an underlying', () => {
    const { conId } = book.listed(TWX)
    expect(book.chainsOn(conId)).toEqual([
      { underConId: conId, tradingClass: 'TWX', multiplier: 100, expirations: ['20140620', '20140718'], strikes: [70, 72.5] },
    ])
    expect(book.chainsOn(book.listed(JUNE_70_CALL).conId)).toEqual([])
    expect(book.chainsOn(1)).toEqual([])
  })

  it('keeps trading classes and multipliers apart', () => {
    const weekly = { ...JUNE_70_CALL, tradingClass: 'TWX1' }
    const mini = { ...JUNE_70_CALL, multiplier: 10 }
    const among = new ContractBook([TWX, JUNE_70_CALL, weekly, mini])
    const chains = among.chainsOn(among.listed(TWX).conId).map(({ tradingClass, multiplier }) => [tradingClass, multiplier])
    expect(chains).toEqual(
      expect.arrayContaining([
        ['TWX', 100],
        ['TWX1', 100],
        ['TWX', 10],
      ]),
    )
    expect(chains).toHaveLength(3)
  })

  it('lists the stock behind options that came without it', () => {
    const among = new ContractBook([JUNE_70_CALL])
    expect(found({ secType: 'STK' }, among)).toEqual([{ kind: 'stock', symbol: 'TWX', currency: 'USD' }])
    expect(among.listed(JUNE_70_CALL).underConId).toBe(book.listed(TWX).conId)
  })

  it('takes an index for the underlying where there is no stock of the name', () => {
    const spx: Contract = { kind: 'index', symbol: 'SPX', currency: 'USD', venue: 'CBOE' }
    const option: Contract = { ...JUNE_70_CALL, symbol: 'SPX', tradingClass: 'SPXW' }
    const among = new ContractBook([spx, option])
    expect(among.listed(option).underConId).toBe(among.listed(spx).conId)
    expect(among.listed(spx)).toMatchObject({ secType: 'IND', exchange: 'CBOE' })
    expect(among.chainsOn(among.listed(spx).conId)).toHaveLength(1)
  })

  it('lists the index behind options that came without it, where one of the name is known', () => {
    const option: Contract = { ...JUNE_70_CALL, symbol: 'SPX', tradingClass: 'SPXW' }
    const among = new ContractBook([option, { ...option, tradingClass: 'SPX' }])
    expect(among.underlyings()).toMatchObject([{ secType: 'IND', exchange: 'CBOE', contract: { kind: 'index', symbol: 'SPX' } }])
    const [{ conId } = expect.unreachable()] = among.underlyings()
    expect(among.chainsOn(conId).map(({ tradingClass }) => tradingClass)).toEqual(['SPX', 'SPXW'])
    expect(new ContractBook([{ ...option, currency: 'EUR' }]).underlyings()).toMatchObject([{ secType: 'STK' }])
  })

  it('names a future as exchanges do', () => {
    const future: Contract = {
      kind: 'future',
      symbol: 'ES',
      currency: 'USD',
      expiry: '2025-09-19',
      multiplier: 50,
      tradingClass: 'ES',
      venue: 'CME',
    }
    expect(new ContractBook([future]).listed(future)).toMatchObject({
      localSymbol: 'ESU5',
      secType: 'FUT',
      exchange: 'CME',
      expiry: '20250919',
    })
  })

  it('keeps contracts that have no OCC symbol or no calendar', () => {
    const odd: Contract = { ...JUNE_70_CALL, expiry: '1997-01-18', tradingClass: 'TWX.OLD' }
    expect(new ContractBook([odd]).listed(odd)).toMatchObject({
      expiry: '19970118',
      lastTradeDate: '19970118',
      localSymbol: 'TWX 1997-01-18 70 C',
    })
  })
})
