import { describe, expect, it } from 'vitest'

import { lotsSuspected } from '../../../../market/rules/lots-suspected.ts'
import type { SizeGroup } from '../../../../market/tick.ts'
import { findingOf, OPTION, quoteOf, RulesAtWork, STOCK } from '../../../support/rules.ts'

describe('lots-suspected', () => {
  it.each([
    ['bid 70 has a size of 0', quoteOf(70, 70.01, 0, 3)],
    ['ask 70.01 has a size of 0', quoteOf(70, 70.01, 3, 0)],
  ])('flags a side of a stock with a price and no size: %s', (reason, quote) => {
    expect(findingOf(lotsSuspected, quote)).toEqual({ rule: 'lots-suspected', severity: 'warning', disposition: 'flag', reason })
  })

  it.each([
    ['sizes of one share and of less', quoteOf(70, 70.01, 1, 0.5)],
    ['a side that is empty', { ...quoteOf(70, undefined, 5), askSize: 0 }],
    ['a bid at zero without a size', quoteOf(0, 70.01, 0)],
    ['a size that is not known', { ...quoteOf(70, 70.01), bidSize: undefined }],
  ])('lets %s pass', (_, quote) => {
    expect(findingOf(lotsSuspected, quote)).toBeUndefined()
  })

  it('lets options and stocks of other countries pass, whose sizes are never in lots', () => {
    for (const contract of [OPTION, { ...STOCK, currency: 'EUR' }])
      expect(findingOf(lotsSuspected, quoteOf(70, 70.01, 0), {}, contract)).toBeUndefined()
  })

  it('suspects nothing where the session knows that these sizes are in lots, and anything else in the next session', () => {
    const rules = new RulesAtWork([lotsSuspected])
    const know = (group: SizeGroup, unit: 'shares' | 'lots') =>
      rules.take({ kind: 'session', event: 'sizes', sizes: { groups: { [group]: { unit, how: 'inferred' } }, lots: {} } })
    know('tick-by-tick', 'lots')
    expect(rules.findingsOn(quoteOf(70, 70.01, 0))).toHaveLength(1)
    expect(rules.findingsOn({ ...quoteOf(70, 70.01, 0), source: 'tick-by-tick' })).toEqual([])
    know('quotes', 'lots')
    expect(rules.findingsOn(quoteOf(70, 70.01, 0))).toEqual([])
    know('quotes', 'shares')
    expect(rules.findingsOn(quoteOf(70, 70.01, 0))).toHaveLength(1)
    know('quotes', 'lots')
    rules.take({ kind: 'session', event: 'started' })
    rules.take({ kind: 'contract', instrument: 0, contract: STOCK })
    expect(rules.findingsOn(quoteOf(70, 70.01, 0))).toHaveLength(1)
  })
})
