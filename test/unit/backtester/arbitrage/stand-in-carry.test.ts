import { expect, it } from 'vitest'

import { standInCarry } from '../../../../backtester/arbitrage/stand-in-carry.ts'
import type { Contract } from '../../../../market/contract.ts'
import type { TapeRecord } from '../../../../market/tick.ts'
import { CONTRACTS, FIRST_TS_US, quote } from '../../../support/tape/ticks.ts'

const named = (instrument: number, contract: Contract): TapeRecord => ({
  kind: 'contract',
  seq: instrument + 1,
  tsUs: FIRST_TS_US,
  instrument,
  contract,
})
const stock = (symbol: string, currency: string): Contract => ({ kind: 'stock', symbol, currency })

it('names the rate of a currency once, and what is known of an underlying when its contract is', () => {
  const [later, sooner] = [
    { exDate: '2014-11-26', amount: 0.4 },
    { exDate: '2014-08-27', amount: 0.3 },
  ]
  const behind = standInCarry({ rate: 0.02, underlyings: [{ symbol: 'TWX', currency: 'USD', dividends: [later, sooner], borrow: 0.01 }] })
  const base = { kind: 'carry', tsUs: FIRST_TS_US, asOf: '2014-06-05', source: 'settings' }
  const option = CONTRACTS[1] as Contract
  expect(behind(named(0, option))).toEqual([{ ...base, seq: 1, input: 'rates', currency: 'USD', points: [{ days: 0, rate: 0.02 }] }])
  expect(behind(named(1, stock('TWX', 'USD')))).toEqual([
    { ...base, seq: 2, input: 'dividends', instrument: 1, payments: [sooner, later] },
    { ...base, seq: 2, input: 'borrow', instrument: 1, rate: 0.01 },
  ])
  expect(behind(named(2, stock('TWX', 'EUR')))).toMatchObject([{ input: 'rates', currency: 'EUR' }])
  expect(behind(named(3, stock('IBM', 'USD')))).toEqual([])
  expect(behind(quote(4))).toEqual([])
})

it('says that an underlying pays nothing only when the settings do', () => {
  const behind = standInCarry({ rate: 0, underlyings: [{ symbol: 'KO', currency: 'USD', dividends: [] }] })
  expect(behind(named(0, stock('KO', 'USD'))).map(({ input }) => input)).toEqual(['rates', 'dividends'])
})
