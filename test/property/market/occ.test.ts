import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { OptionContract } from '../../../market/contract.ts'
import { occSymbol, parseOccSymbol } from '../../../market/occ.ts'
import { addDays } from '../../../market/time.ts'

const option: fc.Arbitrary<OptionContract> = fc.record({
  kind: fc.constant('option'),
  symbol: fc.constant('XYZ'),
  currency: fc.constant('USD'),
  expiry: fc.integer({ min: 0, max: 36_524 }).map((days) => addDays('2000-01-01', days)),
  strike: fc.integer({ min: 1, max: 99_999_999 }).map((thousandths) => thousandths / 1000),
  right: fc.constantFrom('C', 'P'),
  multiplier: fc.constant(100),
  tradingClass: fc.stringMatching(/^[A-Z0-9]{1,6}$/),
})

describe('OCC symbols', () => {
  it('are 21 characters and give back the option they were made of', () => {
    fc.assert(
      fc.property(option, (contract) => {
        const { tradingClass: root, expiry, right, strike } = contract
        const symbol = occSymbol(contract)
        expect(symbol).toHaveLength(21)
        expect(parseOccSymbol(symbol)).toEqual({ root, expiry, right, strike })
      }),
    )
  })

  it('are either read whole or refused, never read as something else', () => {
    const nearMiss = fc.tuple(option, fc.nat(20), fc.string({ maxLength: 2 })).map(([contract, at, text]) => {
      const symbol = occSymbol(contract)
      return symbol.slice(0, at) + text + symbol.slice(at + 1)
    })
    fc.assert(
      fc.property(nearMiss, (text) => {
        let parsed: ReturnType<typeof parseOccSymbol>
        try {
          parsed = parseOccSymbol(text)
        } catch (error) {
          expect(error).toMatchObject({ code: 'invalid-occ-symbol' })
          return
        }
        const { root, ...rest } = parsed
        expect(occSymbol({ kind: 'option', symbol: root, tradingClass: root, currency: 'USD', multiplier: 100, ...rest })).toBe(text)
      }),
      { numRuns: 1000 },
    )
  })
})
