import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { offGrid } from '../../../../market/rules/off-grid.ts'
import { findingOf, OPTION, quoteOf, RulesAtWork, STOCK, tradeOf } from '../../../support/rules.ts'

/** Nickels up to 3, dimes from there on. */
const GRID = [
  { from: 0, increment: 0.05 },
  { from: 3, increment: 0.1 },
]
const CONTRACT = { ...OPTION, priceGrid: GRID }
const reasonOf = (bid?: number, ask?: number) => findingOf(offGrid, quoteOf(bid, ask), {}, CONTRACT)?.reason

describe('off-grid', () => {
  it('flags a price between two steps of the part of the grid that it is in', () => {
    expect(findingOf(offGrid, quoteOf(2.93, 3), {}, CONTRACT)).toEqual({
      rule: 'off-grid',
      severity: 'warning',
      disposition: 'flag',
      reason: 'bid price 2.93 is no multiple of 0.05',
    })
    expect(reasonOf(2.95, 3.05)).toBe('ask price 3.05 is no multiple of 0.1')
    expect(reasonOf(2.95, 3.1)).toBeUndefined()
    expect(reasonOf(undefined, 0.01)).toBe('ask price 0.01 is no multiple of 0.05')
    expect(reasonOf(0, 0.05)).toBeUndefined()
  })

  it('takes every multiple for one, whatever doubles make of it, and no price half a tick beside', () => {
    fc.assert(
      fc.property(fc.constantFrom(0.01, 0.05, 0.0001, 0.1, 0.25, 1 / 32), fc.integer({ min: 1, max: 5_000_000 }), (increment, steps) => {
        const rules = new RulesAtWork([offGrid], { contracts: [{ ...STOCK, priceGrid: [{ from: 0, increment }] }] })
        expect(rules.findingsOn(quoteOf(steps * increment, Number((steps * increment).toFixed(6))))).toEqual([])
        expect(rules.findingsOn(quoteOf((steps + 0.5) * increment))).toHaveLength(1)
      }),
    )
  })

  it('says nothing of a contract whose grid is not known, nor of trades', () => {
    expect(findingOf(offGrid, quoteOf(2.933, 3), {}, OPTION)).toBeUndefined()
    expect(findingOf(offGrid, tradeOf(2.933), {}, CONTRACT)).toBeUndefined()
    expect(findingOf(offGrid, quoteOf(2.933), {}, { ...OPTION, priceGrid: [] })).toBeUndefined()
  })
})
