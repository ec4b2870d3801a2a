import { describe, expect, it } from 'vitest'

import { arbitrageSettings, PRESETS } from '../../../../market/arbitrage/settings.ts'
import { RULES } from '../../../../market/rules/index.ts'
import { problems, settings } from '../../../support/process/config.ts'

const arbitrage = (yaml: string) => settings({ yaml: `arbitrage: ${yaml}` }).arbitrage

describe('the settings of the detectors', () => {
  it('are those of a preset, but for what is said otherwise', () => {
    const chosen = arbitrage('{ preset: conservative, minProfit: 7, days: { from: 3, to: 5 }, maxCapital: none }')
    expect(chosen).toMatchObject({
      ...PRESETS.conservative,
      preset: 'conservative',
      minProfit: 7,
      days: { from: 3, to: 5 },
      maxCapital: 'none',
    })
    expect(arbitrage('{}')).toMatchObject({ ...PRESETS.balanced, preset: 'balanced', enabled: true, closeShare: 0 })
  })

  it('turn detectors off by name', () => {
    expect(arbitrage('{ detectors: { calendar: off } }').detectors).toMatchObject({ calendar: 'off', conversion: 'on' })
    expect(problems({ yaml: 'arbitrage: { detectors: { calender: off } }' })).toEqual([
      'tapedeck.yaml:1:27  arbitrage.detectors.calender: there is no such setting; did you mean calendar?',
    ])
  })

  it('take fees by date, with those of today where a schedule says nothing', () => {
    const [first, second] = arbitrage('{ fees: [{ from: 2010-01-01 }, { from: 2026-01-01, optionMinimum: 0, optionExtra: 0.04 }] }').fees
    expect(first).toMatchObject({ from: '2010-01-01', optionMinimum: 1, shareMaximumPercent: 1 })
    expect(second).toMatchObject({ optionMinimum: 0, optionExtra: 0.04, option: first?.option })
  })

  it.each([
    ['{ preset: bold }', 'arbitrage.preset: expected conservative, balanced or aggressive, found "bold"'],
    ['{ minProfit: -1 }', 'arbitrage.minProfit: expected a number of 0 or above (money), found -1'],
    ['{ maxCapital: much }', 'arbitrage.maxCapital: expected a number above 0 (money), or none, found "much"'],
    ['{ missingCarry: guess }', 'arbitrage.missingCarry: expected refuse, assume-borrow or assume, found "guess"'],
    ['{ fees: [] }', 'arbitrage.fees: expected at least one schedule, found a list'],
    ['{ fees: [{ from: yesterday }] }', 'arbitrage.fees[0].from: expected a date like 2026-01-01, found "yesterday"'],
  ])('refuse %s', (yaml, problem) => {
    expect(problems({ yaml: `arbitrage: ${yaml}` }).map((text) => text.replace(/^\S+ +/, ''))).toEqual([problem])
  })

  it('name rules that there are', () => {
    const rules = RULES.map(({ name }) => name)
    for (const { acceptFindings } of Object.values(PRESETS)) for (const rule of acceptFindings) expect(rules).toContain(rule)
  })

  it('are the same for those who build them without a file', () => {
    const { preset, detectors, ...file } = arbitrage('{}')
    expect(arbitrageSettings()).toMatchObject(file)
    expect([preset, Object.keys(detectors).length > 1]).toEqual(['balanced', true])
  })
})
