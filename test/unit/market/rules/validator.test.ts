import { describe, expect, it } from 'vitest'
import { RULES } from '../../../../market/rules/index.ts'
import type { QuoteRule, Rule, TickRule } from '../../../../market/rules/rule.ts'
import { createValidator } from '../../../../market/rules/validator.ts'
import { GREEKS, quoteOf, tradeOf } from './ticks.ts'
import { finding, flagged, quarantined, verdictOf } from '../../../support/tape/verdicts.ts'

const settings = { maxSpreadPercent: 50 }
const never = (rule: string) => {
  throw new Error(`${rule} failed unexpectedly`)
}

function judgeOf(rules: readonly Rule[], disabled: string[] = []) {
  return createValidator({ rules, settings, disabled, onRuleError: never })
}

const flagAll: TickRule = { name: 'flag-all', on: 'tick', severity: 'warning', disposition: 'flag', check: () => 'seen' }
const quarantineQuotes: QuoteRule = { name: 'no-quotes', on: 'quote', severity: 'error', disposition: 'quarantine', check: () => 'a quote' }

describe('the rules in force', () => {
  const judge = judgeOf(RULES)

  it.each([
    ['a fine quote', quoteOf(1, 1.01), undefined],
    ['a zero bid without an ask', quoteOf(0, undefined), undefined],
    ['greeks', GREEKS, undefined],
    ['a crossed quote', quoteOf(1.02, 1), quarantined('crossed-quote', 'bid 1.02 is above ask 1')],
    ['a wide quote', quoteOf(1, 3), flagged('wide-spread', 'spread 100.0 % of mid is above 50 %')],
    ['a negative trade', tradeOf(-1), quarantined('negative-value', 'trade price -1 is negative')],
    [
      'a quote that is negative and crossed',
      quoteOf(-1, -2),
      verdictOf(
        finding('quarantine', 'negative-value', 'bid price -1 is negative'),
        finding('quarantine', 'crossed-quote', 'bid -1 is above ask -2'),
      ),
    ],
  ])('judge %s', (_, tick, verdict) => {
    const before = structuredClone(tick)
    expect(judge(tick)).toEqual(verdict)
    expect(tick).toEqual(before)
  })

  it('have names of their own', () => {
    expect(new Set(RULES.map(({ name }) => name)).size).toBe(RULES.length)
  })
})

describe('a validator', () => {
  it('shows rules on quotes nothing but quotes', () => {
    const judge = judgeOf([quarantineQuotes])

    expect(judge(quoteOf(1, 2))?.findings.map(({ rule }) => rule)).toEqual(['no-quotes'])
    expect(judge(tradeOf(1))).toBeUndefined()
  })

  it('quarantines when any rule does, whatever the order, and keeps every reason', () => {
    for (const rules of [
      [flagAll, quarantineQuotes],
      [quarantineQuotes, flagAll],
    ]) {
      const verdict = judgeOf(rules)(quoteOf(1, 2))
      const findings = rules.map(({ name }) =>
        name === 'flag-all' ? finding('flag', name, 'seen') : finding('quarantine', name, 'a quote'),
      )
      expect(verdict).toEqual({ disposition: 'quarantine', findings })
    }
  })

  it('hands the settings to the rules', () => {
    const echo: TickRule = {
      name: 'echo',
      on: 'tick',
      severity: 'warning',
      disposition: 'flag',
      check: (_, { maxSpreadPercent }) => String(maxSpreadPercent),
    }
    expect(judgeOf([echo])(GREEKS)?.findings[0]?.reason).toBe('50')
  })

  it('gives each tick a verdict of its own', () => {
    const judge = judgeOf([flagAll])
    expect(judge(GREEKS)).not.toBe(judge(GREEKS))
  })

  it('disables a rule that throws, flags the tick it failed on with rule-error, and reports it once', () => {
    const failure = new Error('division by a missing price')
    let runs = 0
    const broken: QuoteRule = {
      name: 'broken',
      on: 'quote',
      severity: 'error',
      disposition: 'quarantine',
      check() {
        runs++
        throw failure
      },
    }
    const errors: unknown[] = []
    const judge = createValidator({ rules: [broken, flagAll], settings, onRuleError: (...error) => errors.push(error) })

    const failed = { ...finding('flag', 'rule-error', 'rule broken failed and is now off: division by a missing price'), severity: 'error' }
    expect(judge(quoteOf(1, 2))).toEqual({ disposition: 'flag', findings: [failed, finding('flag', 'flag-all', 'seen')] })
    expect(judge(quoteOf(1, 2))).toEqual(flagged('flag-all', 'seen'))
    expect(runs).toBe(1)
    expect(errors).toEqual([['broken', failure]])
  })

  it('goes on with the rule behind one that throws', () => {
    const throwing = (name: string): QuoteRule => ({
      name,
      on: 'quote',
      severity: 'warning',
      disposition: 'flag',
      check() {
        throw new Error(name)
      },
    })
    const failed: string[] = []
    const rules = [throwing('first'), throwing('second'), quarantineQuotes]
    const judge = createValidator({ rules, settings, onRuleError: (rule) => failed.push(rule) })

    expect(judge(quoteOf(1, 2))).toMatchObject({
      disposition: 'quarantine',
      findings: [{ rule: 'rule-error' }, { rule: 'rule-error' }, { rule: 'no-quotes' }],
    })
    expect(failed).toEqual(['first', 'second'])
    expect(judge(quoteOf(1, 2))).toMatchObject({ findings: [{ rule: 'no-quotes' }] })
  })

  it('leaves other validators over the same rules alone when it disables one', () => {
    let healthy = false
    const moody: QuoteRule = {
      name: 'moody',
      on: 'quote',
      severity: 'warning',
      disposition: 'flag',
      check() {
        if (!healthy) throw new Error('not yet')
        return 'awake'
      },
    }
    const rules = [moody]
    createValidator({ rules, settings, onRuleError: () => undefined })(quoteOf(1, 2))
    healthy = true

    expect(rules).toHaveLength(1)
    expect(judgeOf(rules)(quoteOf(1, 2))).toMatchObject({ findings: [{ rule: 'moody' }] })
  })

  it('does not run a disabled rule', () => {
    expect(judgeOf(RULES, ['crossed-quote'])(quoteOf(1.02, 1))).toBeUndefined()
  })

  it('refuses two rules of one name', () => {
    expect(() => judgeOf([flagAll, { ...quarantineQuotes, name: 'flag-all' }])).toThrow('Two validation rules are named "flag-all".')
  })

  it('refuses to disable a rule that does not exist, and says which do', () => {
    expect(() => judgeOf(RULES, ['crossed-quotes'])).toThrow(
      'There is no validation rule "crossed-quotes" to disable (rules.disabled). Known: negative-value, crossed-quote, wide-spread.',
    )
  })
})
