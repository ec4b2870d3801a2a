import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Contract, contractKey } from '../../../market/contract.ts'

// Few values, so that equal contracts are common; a number a broker gave is no part of what a contract is.
const base = { currency: fc.constantFrom('USD', 'EUR'), symbol: fc.constantFrom('A', 'AA', 'BRK B') }
const listed = {
  ...base,
  tradingClass: fc.constantFrom('A', 'AA'),
  expiry: fc.constantFrom('2014-06-20', '2014-06-21'),
  multiplier: fc.constantFrom(1, 10, 100),
}
const contract: fc.Arbitrary<Contract> = fc.oneof(
  fc.record({ kind: fc.constant('stock'), ...base }),
  fc.record({ kind: fc.constant('index'), venue: fc.constant('CBOE'), ...base }),
  fc.record({ kind: fc.constant('future'), venue: fc.constant('CME'), ...listed }),
  fc.record({ kind: fc.constant('option'), right: fc.constantFrom('C', 'P'), strike: fc.constantFrom(1, 10, 10.5, 0.5), ...listed }),
)

function sorted(value: Contract): [string, unknown][] {
  return Object.entries(value).toSorted(([a], [b]) => a.localeCompare(b))
}

describe('contractKey', () => {
  it('is equal for equal contracts and different for different ones', () => {
    fc.assert(
      fc.property(contract, contract, fc.nat(), (one, other, conId) => {
        const isSame = JSON.stringify(sorted(one)) === JSON.stringify(sorted(other))
        expect(contractKey({ ...one, conId }) === contractKey(other)).toBe(isSame)
      }),
      { numRuns: 1000 },
    )
  })
})
