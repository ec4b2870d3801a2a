import { describe, expect, it } from 'vitest'

import { contractDetails } from '../../../../../backtester/gateway/contracts/contract-details.ts'
import { ContractBook } from '../../../../../backtester/gateway/contracts/contracts.ts'
import { MarketRules } from '../../../../../backtester/gateway/contracts/market-rules.ts'
import type { Contract, PriceStep } from '../../../../../market/contract.ts'
import { CONTRACTS, JUNE_70_CALL, OPEN_US, TWX } from '../../../../support/gateway/gateway-tape.ts'

/** As penny classes of options move. */
const PENNY: readonly PriceStep[] = [
  { from: 0, increment: 0.01 },
  { from: 3, increment: 0.05 },
]

describe('market rules', () => {
  it('are one cent, IB number 26, where the tape knows no grid or says the same', () => {
    const rules = new MarketRules()
    const cent = { id: 26, steps: [[0, 0.01]], minTick: 0.01 }
    expect(rules.of(TWX)).toEqual(cent)
    expect(rules.of({ ...TWX, priceGrid: [{ from: 0, increment: 0.01 }] })).toEqual(cent)
    expect(rules.byId(26)).toEqual(cent)
    expect(rules.byId(27)).toBeUndefined()
  })

  it('are those of the tape where it has them, one number for one grid', () => {
    const rules = new MarketRules()
    const penny = rules.of({ ...JUNE_70_CALL, priceGrid: PENNY })
    const nickel = rules.of({ ...TWX, priceGrid: [{ from: 0, increment: 0.05 }] })
    expect([penny.id, penny.minTick, nickel.id, nickel.minTick]).toEqual([1001, 0.01, 1002, 0.05])
    expect(rules.of({ ...TWX, priceGrid: PENNY })).toBe(penny)
    expect(rules.byId(1001)?.steps).toEqual([
      [0, 0.01],
      [3, 0.05],
    ])
  })

  it.each([[], [{}], [null], 'x', { length: 1 }, [{ from: 0, increment: 0 }], [{ from: 'a', increment: 1 }]])(
    'take %j for no grid',
    (grid) => {
      expect(new MarketRules().of({ ...TWX, priceGrid: grid } as unknown as Contract).id).toBe(26)
    },
  )

  it('are named by the details of their contracts, once for each venue, with the finest step', () => {
    const book = new ContractBook(CONTRACTS.map((contract) => (contract === JUNE_70_CALL ? { ...contract, priceGrid: PENNY } : contract)))
    const detailsOf = (contract: Contract) => contractDetails(book.listed(contract), OPEN_US, '')
    expect(detailsOf(JUNE_70_CALL)).toMatchObject({ marketRuleIds: Array(16).fill('1001').join(','), minTick: 0.01 })
    expect(detailsOf(TWX)).toMatchObject({ marketRuleIds: Array(15).fill('26').join(','), minTick: 0.01 })
  })
})
