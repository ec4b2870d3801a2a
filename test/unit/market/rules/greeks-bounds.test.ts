import { describe, expect, it } from 'vitest'
import { greeksBounds } from '../../../../market/rules/greeks-bounds.ts'
import type { Greeks } from '../../../../market/tick.ts'
import { findingOf, OPTION } from '../../../support/rules.ts'

const PUT = { ...OPTION, right: 'P' } as typeof OPTION
const of = (greeks: Partial<Greeks>) => ({ kind: 'greeks', instrument: 0, basis: 'model', ...greeks }) as const

describe('greeks-bounds', () => {
  it.each([
    [OPTION, { delta: -0.1 }, 'delta -0.1 is not from 0 to 1'],
    [OPTION, { delta: 1.01 }, 'delta 1.01 is not from 0 to 1'],
    [PUT, { delta: 0.1 }, 'delta 0.1 is not from -1 to 0'],
    [OPTION, { gamma: -0.1 }, 'gamma -0.1 is below 0'],
    [OPTION, { vega: -0.1 }, 'vega -0.1 is below 0'],
    [OPTION, { impliedVolatility: -0.1 }, 'implied volatility -0.1 is not from 0 to 10'],
    [OPTION, { impliedVolatility: 11 }, 'implied volatility 11 is not from 0 to 10'],
    [OPTION, { optionPrice: -1 }, 'option price -1 is below 0'],
    [OPTION, { underlyingPrice: -1 }, 'underlying price -1 is below 0'],
    [OPTION, { gamma: Number.NaN }, 'gamma NaN is below 0'],
  ])('flags of %o %o: %s', (contract, greeks, reason) => {
    expect(findingOf(greeksBounds, of(greeks), {}, contract)).toEqual({
      rule: 'greeks-bounds',
      severity: 'warning',
      disposition: 'flag',
      reason,
    })
  })

  it.each([
    ['zero everywhere', OPTION, { delta: 0, gamma: 0, vega: 0, theta: 0, impliedVolatility: 0, optionPrice: 0, pvDividend: 0 }],
    ['those of a put', PUT, { delta: -1, gamma: 0.1, vega: 0.1, theta: -0.3, impliedVolatility: 10 }],
    ['those of a call, a little rounded', OPTION, { delta: 1.0000001 }],
    ['none', OPTION, {}],
  ])('lets %s pass', (_, contract, greeks) => {
    expect(findingOf(greeksBounds, of(greeks), {}, contract)).toBeUndefined()
  })

  it('takes the volatility that is the most from its settings', () => {
    expect(findingOf(greeksBounds, of({ impliedVolatility: 3 }), { mostVolatility: 2 }, OPTION)?.reason).toContain('not from 0 to 2')
  })
})
