import { describe, expect, it } from 'vitest'
import { RULES } from '../../../../market/rules/index.ts'
import { defineRule, type Rule, type RuleContext } from '../../../../market/rules/rule.ts'
import { defaultSettings } from '../../../../market/rules/settings.ts'
import { Validator } from '../../../../market/rules/validator.ts'
import type { ControlRecord, Tick } from '../../../../market/tick.ts'
import { OPTION, quoteOf, RulesAtWork, STOCK, tradeOf } from '../../../support/rules.ts'

const GREEKS = { kind: 'greeks', instrument: 0, basis: 'model', delta: -0.4, theta: -0.02, optionPrice: 1.2 } as const
const ALL = ['quote', 'trade', 'greeks', 'statistic'] as const

const flagAll = defineRule({
  name: 'flag-all',
  about: 'Flags all.',
  severity: 'warning',
  disposition: 'flag',
  kinds: ALL,
  create: () => ({ check: () => ({ reason: 'seen' }) }),
})
const noQuotes = defineRule({
  name: 'no-quotes',
  about: 'Keeps quotes out.',
  severity: 'error',
  disposition: 'quarantine',
  kinds: ['quote'],
  create: () => ({ check: () => ({ reason: 'a quote' }) }),
})

/** Quarantines bids above 10, so that a test can make a tick that is not believed. */
const tooHigh = defineRule({
  name: 'too-high',
  about: 'Bids above 10.',
  severity: 'error',
  disposition: 'quarantine',
  kinds: ['quote'],
  create: () => ({ check: ({ bidPrice = 0 }) => (bidPrice > 10 ? { reason: String(bidPrice) } : undefined) }),
})

/** Throws while `isBroken`. */
function moody(name = 'moody') {
  const state = { isBroken: true, runs: 0 }
  const rule = defineRule({
    name,
    about: 'Throws at times.',
    severity: 'error',
    disposition: 'quarantine',
    kinds: ['quote'],
    create: () => ({
      check() {
        state.runs++
        if (state.isBroken) throw new Error(`${name} is not up to it`)
        return { reason: 'awake' }
      },
    }),
  })
  return { rule, state }
}

describe('the rules in force', () => {
  it.each([
    ['a fine quote', quoteOf(1, 1.01), []],
    ['a zero bid without an ask', quoteOf(0, undefined), []],
    ['greeks', GREEKS, []],
    ['a crossed quote', quoteOf(1.02, 1), ['crossed-quote: bid 1.02 is above ask 1 for less than 250 ms']],
    [
      'a quote that is negative and crossed',
      quoteOf(-1, -2),
      ['!illegal-price: bid price -1 is negative', '!crossed-quote: bid -1 is above ask -2 by 66.7 % of the middle'],
    ],
    ['a negative trade', tradeOf(-1), ['!illegal-price: trade price -1 is not above zero']],
  ])('judge %s', (_, tick, findings) => {
    const before = structuredClone(tick)
    expect(new RulesAtWork(RULES).findingsOn(tick)).toEqual(findings)
    expect(tick).toEqual(before)
  })

  it('have names of their own, in kebab-case, and say in a sentence what they find', () => {
    expect(new Set(RULES.map(({ name }) => name)).size).toBe(RULES.length)
    for (const { name, about } of RULES) {
      expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/)
      expect(about).toMatch(/^[A-Z].*[^.]\.$/)
    }
  })
})

describe('a verdict', () => {
  it('has one finding for each rule that spoke, in the order of the rules, each with its own severity, disposition and reason', () => {
    expect(new RulesAtWork([flagAll, noQuotes]).verdictOn(quoteOf(1, 2))).toEqual({
      disposition: 'quarantine',
      findings: [
        { rule: 'flag-all', severity: 'warning', disposition: 'flag', reason: 'seen' },
        { rule: 'no-quotes', severity: 'error', disposition: 'quarantine', reason: 'a quote' },
      ],
    })
    expect(new RulesAtWork([noQuotes, flagAll]).verdictOn(quoteOf(1, 2))).toMatchObject({
      disposition: 'quarantine',
      findings: [{ rule: 'no-quotes' }, { rule: 'flag-all' }],
    })
    expect(new RulesAtWork([noQuotes, flagAll]).verdictOn(tradeOf(1))).toMatchObject({
      disposition: 'flag',
      findings: [{ rule: 'flag-all' }],
    })
  })

  it('names what it rests on, where a rule says so', () => {
    const pair = { ...flagAll, create: () => ({ check: () => ({ reason: 'two legs', evidence: [3, 4] }) }) }
    expect(new RulesAtWork([pair]).verdictOn(GREEKS)?.findings[0]).toMatchObject({ reason: 'two legs', evidence: [3, 4] })
  })

  it('can be milder than the settings of a rule, never harsher', () => {
    const mild: Rule = { ...noQuotes, create: () => ({ check: () => ({ reason: '', severity: 'info', disposition: 'flag' }) }) }
    const harsh: Rule = { ...flagAll, create: () => ({ check: () => ({ reason: '', severity: 'error', disposition: 'quarantine' }) }) }
    expect(new RulesAtWork([mild, harsh]).verdictOn(quoteOf(1, 2))).toEqual({
      disposition: 'flag',
      findings: [
        { rule: 'no-quotes', severity: 'info', disposition: 'flag', reason: '' },
        { rule: 'flag-all', severity: 'warning', disposition: 'flag', reason: '' },
      ],
    })
  })

  it('fits onto a tape, whatever a rule says', () => {
    const found = { reason: `${'x'.repeat(999)}😀😀`, evidence: [1.5, -1, Number.NaN, ...Array(100).keys()], severity: 'fatal' as never }
    const rule = { ...flagAll, create: () => ({ check: () => found }) }
    expect(new RulesAtWork([rule]).verdictOn(quoteOf(1, 2))?.findings).toEqual([
      { rule: 'flag-all', severity: 'warning', disposition: 'flag', reason: `${'x'.repeat(999)}…`, evidence: [...Array(64).keys()] },
    ])
  })

  it('is one of its own for each tick', () => {
    const rules = new RulesAtWork([flagAll])
    expect(rules.verdictOn(GREEKS)).not.toBe(rules.verdictOn(GREEKS))
  })
})

describe('what a rule is given', () => {
  /** Writes down what it is given. */
  function witness(kinds: readonly Tick['kind'][] = ALL) {
    const seen: string[] = []
    const contexts: RuleContext[] = []
    const rule: Rule = {
      ...flagAll,
      name: 'witness',
      kinds,
      create: () => ({
        check(tick, context) {
          contexts.push(context)
          seen.push(`check ${tick.kind} after ${context.state.quote?.bidPrice}`)
          return undefined
        },
        take: (tick, { state }) => void seen.push(`take ${tick.verdict?.disposition ?? 'good'} ${tick.kind}, now ${state.quote?.bidPrice}`),
        takeControl: (record: ControlRecord, context) => void seen.push(`${record.kind} of ${context?.contract?.symbol}`),
      }),
    }
    return { rule, seen, contexts }
  }

  it('is ticks of its kinds, before they are part of the state and then with them and their verdicts, and all other records', () => {
    const { rule, seen } = witness(['quote'])
    const rules = new RulesAtWork([rule, tooHigh])
    rules.verdictOn(quoteOf(1, 2))
    rules.verdictOn(tradeOf(3))
    rules.verdictOn(quoteOf(11, 12))
    rules.take({ kind: 'line', instrument: 0, event: 'opened', openedSeq: 1, openedTsUs: 1 })
    expect(seen).toEqual([
      'session of undefined',
      'contract of TWX',
      'check quote after undefined',
      'take good quote, now 1',
      'check quote after 1',
      'take quarantine quote, now 1',
      'line of TWX',
    ])
  })

  it('is the same context for every tick of an instrument, with a slot that counts instruments and is no number of the tape', () => {
    const { rule, contexts } = witness()
    const rules = new RulesAtWork([rule], { contracts: [] })
    for (const [instrument, contract] of [
      [4711, STOCK],
      [17, OPTION],
    ] as const)
      rules.take({ kind: 'contract', instrument, contract })
    for (const instrument of [17, 4711, 17]) rules.verdictOn({ ...quoteOf(1, 2), instrument })
    expect(contexts.map(({ slot, contract }) => [slot, contract?.kind])).toEqual([
      [1, 'option'],
      [0, 'stock'],
      [1, 'option'],
    ])
    expect(contexts[2]).toBe(contexts[0])
    expect(contexts[0]?.market.of(4711)?.quote?.askPrice).toBe(2)
  })

  it('is a context without a contract for an instrument that no record named, and the same one from then on', () => {
    const { rule, contexts } = witness()
    const rules = new RulesAtWork([rule])
    for (let i = 0; i < 2; i++) rules.verdictOn({ ...quoteOf(5, 6), instrument: 99 })
    expect(contexts.map(({ contract, slot }) => [contract, slot])).toEqual([
      [undefined, 1],
      [undefined, 1],
    ])
    expect(contexts[1]?.state.quote?.bidPrice).toBe(5)
    rules.take({ kind: 'contract', instrument: 99, contract: OPTION })
    rules.verdictOn({ ...quoteOf(5, 6), instrument: 99 })
    expect(contexts[2]).toMatchObject({ contract: OPTION, slot: 1 })
  })

  it('is a new slot when a number stands for another contract, and the same with newer hours of one', () => {
    const { rule, contexts } = witness()
    const rules = new RulesAtWork([rule])
    const hours = { readOn: '2014-06-05', timeZone: 'US/Eastern', trading: '', liquid: '' }
    const contracts = [STOCK, { ...STOCK, hours }, OPTION]
    for (const contract of contracts) {
      rules.take({ kind: 'contract', instrument: 0, contract })
      rules.verdictOn(quoteOf(1, 2))
    }
    expect(contexts.map(({ slot }) => slot)).toEqual([0, 0, 1])
    expect(contexts[1]?.contract).toEqual(contracts[1])
  })
})

describe('the phase of trading that a rule is told', () => {
  it('goes by the hours that the contract was listed with last, and is not known without a contract', () => {
    const rule: Rule = { ...flagAll, create: () => ({ check: ({ tsUs }, context) => ({ reason: String(context.phaseAt(tsUs)) }) }) }
    const rules = new RulesAtWork([rule])
    const hours = { readOn: '2014-06-05', timeZone: 'US/Eastern', trading: '20140605:CLOSED', liquid: '20140605:CLOSED' }
    expect(rules.findingsOn(quoteOf(1, 2))).toEqual(['flag-all: regular'])
    rules.take({ kind: 'contract', instrument: 0, contract: { ...STOCK, hours } })
    expect(rules.findingsOn(quoteOf(1, 2))).toEqual(['flag-all: closed'])
    expect(rules.findingsOn({ ...quoteOf(1, 2), instrument: 9 })).toEqual(['flag-all: undefined'])
  })
})

describe('a session that starts', () => {
  /** Finds how many ticks it has taken. */
  const counting = defineRule({
    name: 'counting',
    about: 'Counts.',
    severity: 'info',
    disposition: 'flag',
    kinds: ['quote'],
    create() {
      let taken = 0
      return {
        check: (_, { slot, state }) => ({ reason: `${taken} before, slot ${slot}, bid ${state.quote?.bidPrice}` }),
        take: () => void taken++,
      }
    },
  })

  it('begins the state and the memory of all rules anew, so that its verdicts are those of its replay', () => {
    const session = (rules: RulesAtWork) => {
      rules.take({ kind: 'session', event: 'started' })
      rules.take({ kind: 'contract', instrument: 0, contract: OPTION })
      return [quoteOf(1, 2), quoteOf(2, 3)].map((quote) => rules.findingsOn(quote))
    }
    const live = new RulesAtWork([counting])
    for (const bid of [7, 8]) live.verdictOn({ ...quoteOf(bid, 9), instrument: 5 })
    const replay = new RulesAtWork([counting])
    expect(session(live)).toEqual([['counting: 0 before, slot 0, bid undefined'], ['counting: 1 before, slot 0, bid 1']])
    expect(session(replay)).toEqual(session(live))
  })

  it('has rules that failed in the session before', () => {
    const { rule, state } = moody()
    const rules = new RulesAtWork([rule], { onRuleError: () => undefined })
    rules.verdictOn(quoteOf(1, 2))
    state.isBroken = false
    expect(rules.findingsOn(quoteOf(1, 2))).toEqual([])
    rules.take({ kind: 'session', event: 'started' })
    expect(rules.findingsOn(quoteOf(1, 2))).toEqual(['!moody: awake'])
  })
})

describe('the settings', () => {
  it('turn rules off, and set their severities and dispositions', () => {
    const settings = { 'flag-all': 'off', 'no-quotes': { severity: 'warning', disposition: 'flag' } }
    expect(new RulesAtWork([flagAll, noQuotes], { settings }).verdictOn(quoteOf(1, 2))).toEqual({
      disposition: 'flag',
      findings: [{ rule: 'no-quotes', severity: 'warning', disposition: 'flag', reason: 'a quote' }],
    })
  })

  it('can change within a session: what rules remember begins anew, the state goes on', () => {
    let taken = 0
    const rule: Rule = {
      ...flagAll,
      create() {
        taken = 0
        return { check: (_, { state }) => ({ reason: `${taken}, bid ${state.quote?.bidPrice}` }), take: () => void taken++ }
      },
    }
    const rules = new RulesAtWork([rule])
    rules.verdictOn(quoteOf(1, 2))
    rules.validator.configure({ rules: [rule], settings: { 'flag-all': { severity: 'error', disposition: 'flag' } } })
    expect(rules.verdictOn(quoteOf(1, 2))?.findings).toMatchObject([{ severity: 'error', reason: '0, bid 1' }])
    rules.validator.configure({ rules: [rule], settings: { 'flag-all': 'off' } })
    expect(rules.verdictOn(quoteOf(1, 2))).toBeUndefined()
  })

  it('that lack a rule are refused, and the ones before stay in force', () => {
    const rules = new RulesAtWork([flagAll])
    expect(() => rules.validator.configure({ rules: [flagAll], settings: {} })).toThrow(
      'The rule "flag-all" has no settings; expected a section, or off.',
    )
    expect(rules.findingsOn(GREEKS)).toEqual(['flag-all: seen'])
  })
})

describe('a rule that throws', () => {
  it('is off from then on: the tick passes with the finding rule-error, and the failure is reported once', () => {
    const { rule, state } = moody()
    const errors: unknown[] = []
    const rules = new RulesAtWork([rule, flagAll], { onRuleError: (...error) => errors.push(error) })

    expect(rules.verdictOn(quoteOf(1, 2))).toEqual({
      disposition: 'flag',
      findings: [
        { rule: 'rule-error', severity: 'error', disposition: 'flag', reason: 'rule moody failed and is now off: moody is not up to it' },
        { rule: 'flag-all', severity: 'warning', disposition: 'flag', reason: 'seen' },
      ],
    })
    expect(rules.findingsOn(quoteOf(1, 2))).toEqual(['flag-all: seen'])
    expect(state.runs).toBe(1)
    expect(errors).toEqual([['moody', new Error('moody is not up to it')]])
  })

  it('is one that finds something and gives no reason, as a rule of the user may', () => {
    for (const found of [{}, { reason: 7 }, 'odd', { reason: 'odd', evidence: 7 }]) {
      const rule = { ...flagAll, create: () => ({ check: () => found as never }) }
      expect(new RulesAtWork([rule], { onRuleError: () => undefined }).findingsOn(quoteOf(1, 2))).toEqual([
        expect.stringMatching(/^rule-error: rule flag-all failed and is now off: /),
      ])
    }
  })

  it('keeps no other one from running', () => {
    const failed: string[] = []
    const rules = new RulesAtWork([moody('first').rule, moody('second').rule, noQuotes], { onRuleError: (rule) => failed.push(rule) })
    expect(rules.verdictOn(quoteOf(1, 2))).toMatchObject({
      disposition: 'quarantine',
      findings: [{ rule: 'rule-error' }, { rule: 'rule-error' }, { rule: 'no-quotes' }],
    })
    expect(failed).toEqual(['first', 'second'])
    expect(rules.findingsOn(quoteOf(1, 2))).toEqual(['!no-quotes: a quote'])
  })

  it('is off in its own session alone', () => {
    const { rule, state } = moody()
    new RulesAtWork([rule], { onRuleError: () => undefined }).verdictOn(quoteOf(1, 2))
    state.isBroken = false
    expect(new RulesAtWork([rule]).findingsOn(quoteOf(1, 2))).toEqual(['!moody: awake'])
  })

  it('when it takes in a record is named on the next tick', () => {
    const rule: Rule = {
      ...flagAll,
      name: 'forgetful',
      create: () => ({
        check: () => undefined,
        take() {
          throw new Error('no room')
        },
      }),
    }
    const failed: string[] = []
    const rules = new RulesAtWork([rule], { onRuleError: (name) => failed.push(name) })
    expect(rules.findingsOn(quoteOf(1, 2))).toEqual([])
    expect(failed).toEqual(['forgetful'])
    expect(rules.findingsOn(tradeOf(1))).toEqual(['rule-error: rule forgetful failed and is now off: no room'])
    expect(rules.findingsOn(tradeOf(1))).toEqual([])
  })
})

describe('the names of the rules', () => {
  it.each(['flag-all', 'rule-error'])('are refused when two are %s', (name) => {
    const rules = [flagAll, { ...noQuotes, name }]
    const create = () => new Validator({ rules, settings: defaultSettings(rules), onRuleError: () => undefined })
    expect(create).toThrow(`Two validation rules are named "${name}".`)
  })
})
