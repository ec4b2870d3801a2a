import { describe, expect, it } from 'vitest'
import { delayedData } from '../../../../market/rules/delayed-data.ts'
import { quoteOf, RulesAtWork } from '../../../support/rules.ts'

const DELAYED = { ...quoteOf(1, 2), delayed: true } as const

/** A session whose configuration asks for this. */
function asking(marketDataType: string) {
  const rules = new RulesAtWork([delayedData])
  rules.take({ kind: 'config', config: { gateway: { marketDataType } } })
  return rules
}

describe('delayed-data', () => {
  it.each(['live', 'frozen'])('flags delayed data where %s data was asked for', (type) => {
    expect(asking(type).verdictOn(DELAYED)).toMatchObject({
      disposition: 'flag',
      findings: [{ severity: 'error', reason: `the source had it some 15 minutes late, and ${type} was asked for` }],
    })
    expect(asking(type).findingsOn(quoteOf(1, 2))).toEqual([])
  })

  it('says nothing where delayed data was asked for, and where nothing says what was', () => {
    expect(asking('delayed').findingsOn(DELAYED)).toEqual([])
    expect(asking('delayed-frozen').findingsOn(DELAYED)).toEqual([])
    expect(new RulesAtWork([delayedData]).findingsOn(DELAYED)).toEqual([])
  })

  it('goes by the configuration that was recorded last', () => {
    const rules = asking('delayed')
    rules.take({ kind: 'config', config: { gateway: { marketDataType: 'live' } } })
    expect(rules.findingsOn(DELAYED)).toHaveLength(1)
  })
})
