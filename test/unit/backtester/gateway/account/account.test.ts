import { describe, expect, it } from 'vitest'

import { Account } from '../../../../../backtester/gateway/account/account.ts'

const account = new Account(25_000.5)
const keysOf = (tags: string) => account.summary(tags).map(({ key }) => key)

describe('an account', () => {
  it('has its cash as every number that a buyer looks at, and nothing else', () => {
    const values = new Map(account.values.map(({ key, value }) => [key, value]))
    for (const key of ['NetLiquidation', 'TotalCashValue', 'BuyingPower', 'AvailableFunds', 'ExcessLiquidity', 'CashBalance'])
      expect(values.get(key), key).toBe('25000.50')
    for (const key of ['GrossPositionValue', 'InitMarginReq', 'MaintMarginReq', 'StockMarketValue', 'UnrealizedPnL'])
      expect(values.get(key), key).toBe('0.00')
  })

  it('sums up the tags that are asked for, whatever the blanks around them, and leaves out unknown ones', () => {
    expect(keysOf('BuyingPower, NetLiquidation,Nonsense')).toEqual(['NetLiquidation', 'BuyingPower'])
    expect(keysOf('')).toEqual([])
  })

  it.each(['$LEDGER', '$LEDGER:USD', '$LEDGER:ALL'])('gives the balances of its currency for %s', (tag) => {
    expect(keysOf(tag)).toContain('CashBalance')
    expect(keysOf(tag)).not.toContain('NetLiquidation')
  })

  it('names every key once, and a currency for money alone', () => {
    const keys = account.values.map(({ key }) => key)
    expect(new Set(keys).size).toBe(keys.length)
    for (const { key, value, currency } of account.values)
      if (/^\d+\.\d\d$/.test(value) && key !== 'Leverage') expect(currency, key).toBe('USD')
  })
})
