import { describe, expect, it } from 'vitest'
import type { OptionContract } from '../../../market/contract.ts'
import { occSymbol, parseOccSymbol } from '../../../market/occ.ts'

const twx: OptionContract = {
  kind: 'option',
  symbol: 'TWX',
  currency: 'USD',
  expiry: '2014-06-21',
  strike: 70,
  right: 'C',
  multiplier: 100,
  tradingClass: 'TWX',
}

describe('occSymbol', () => {
  it.each<[Partial<OptionContract>, string]>([
    [{}, 'TWX   140621C00070000'],
    [{ strike: 42.5, right: 'P' }, 'TWX   140621P00042500'],
    [{ strike: 0.5 }, 'TWX   140621C00000500'],
    [{ strike: 0.001 }, 'TWX   140621C00000001'],
    [{ strike: 1.005 }, 'TWX   140621C00001005'],
    [{ strike: 99_999.999 }, 'TWX   140621C99999999'],
    [{ tradingClass: 'F' }, 'F     140621C00070000'],
    [{ symbol: 'SPX', tradingClass: 'SPXW', expiry: '2021-12-31', strike: 4700 }, 'SPXW  211231C04700000'],
    [{ tradingClass: 'TWX1' }, 'TWX1  140621C00070000'],
    [{ tradingClass: 'ABCDEF', expiry: '2099-12-31' }, 'ABCDEF991231C00070000'],
  ])('of an option with %j is %s', (change, symbol) => {
    expect(occSymbol({ ...twx, ...change })).toBe(symbol)
  })

  it('uses the listed expiry, not the last day of trading', () => {
    expect(occSymbol({ ...twx, lastTradeDate: '2014-06-20' })).toBe('TWX   140621C00070000')
  })

  it.each<[Partial<OptionContract>, string]>([
    [{ tradingClass: '' }, 'a trading class of 1 to 6 capitals or digits, found ""'],
    [{ tradingClass: 'TOOLONG' }, 'found "TOOLONG"'],
    [{ tradingClass: 'BRK B' }, 'found "BRK B"'],
    [{ tradingClass: 'twx' }, 'found "twx"'],
    [{ strike: 0 }, 'a strike in whole thousandths, 0.001 to 99999.999, found 0'],
    [{ strike: -5 }, 'found -5'],
    [{ strike: 0.0005 }, 'found 0.0005'],
    [{ strike: 42.1234 }, 'found 42.1234'],
    [{ strike: 100_000 }, 'found 100000'],
    [{ strike: Number.NaN }, 'a strike in whole thousandths'],
    [{ strike: Number.POSITIVE_INFINITY }, 'a strike in whole thousandths'],
    [{ expiry: '20140621' }, 'an expiry as YYYY-MM-DD in 2000 to 2099, found "20140621"'],
    [{ expiry: '2014-02-30' }, 'found "2014-02-30"'],
    [{ expiry: '1999-06-21' }, 'found "1999-06-21"'],
    [{ expiry: '2100-06-21' }, 'found "2100-06-21"'],
  ])('refuses an option with %j', (change, message) => {
    const write = () => occSymbol({ ...twx, ...change })
    expect(write).toThrow(expect.objectContaining({ name: 'TapedeckError', code: 'invalid-occ-symbol' }))
    expect(write).toThrow(message)
  })
})

describe('parseOccSymbol', () => {
  it.each([
    ['TWX   140621C00070000', { root: 'TWX', expiry: '2014-06-21', right: 'C', strike: 70 }],
    ['F     000121P00000500', { root: 'F', expiry: '2000-01-21', right: 'P', strike: 0.5 }],
    ['ABCDEF991231C99999999', { root: 'ABCDEF', expiry: '2099-12-31', right: 'C', strike: 99_999.999 }],
    ['2SPX  260618P00001005', { root: '2SPX', expiry: '2026-06-18', right: 'P', strike: 1.005 }],
  ])('reads %s', (text, parts) => {
    expect(parseOccSymbol(text)).toEqual(parts)
  })

  it.each([
    ['', '21 characters'],
    ['TWX140621C00070000', '21 characters'],
    ['TWX   140621C0007000', '21 characters'],
    ['TWX   140621C000700000', '21 characters'],
    ['TWX   140621X00070000', '21 characters'],
    ['TWX   140621c00070000', '21 characters'],
    ['TWX   1406 1C00070000', '21 characters'],
    ['TWX   140621C00070000\n', '21 characters'],
    ['      140621C00070000', 'a root of 1 to 6'],
    [' TWX  140621C00070000', 'a root of 1 to 6'],
    ['T WX  140621C00070000', 'a root of 1 to 6'],
    ['twx   140621C00070000', 'a root of 1 to 6'],
    ['TWX\t\t\t140621C00070000', 'a root of 1 to 6'],
    ['TWX   141321C00070000', 'an expiration that exists'],
    ['TWX   140230C00070000', 'an expiration that exists'],
    ['TWX   140621C00000000', 'a strike above zero'],
  ])('refuses %j, naming what is wrong', (text, message) => {
    const read = () => parseOccSymbol(text)
    expect(read).toThrow(expect.objectContaining({ code: 'invalid-occ-symbol' }))
    expect(read).toThrow(message)
    expect(read).toThrow(`found ${JSON.stringify(text)}`)
  })
})
