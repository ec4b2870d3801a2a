/**
 * Runs the rules over the records of a session, live and in replay alike. It is given every record in order: `judge` for a tick, and
 * `take` for each record that was recorded, ticks with their verdicts. Verdicts depend on these records and on the settings alone.
 *
 * `session started` begins everything anew, MarketState and what the rules remember, so that the replay of a session gives the verdicts
 * that were given live, whatever came before it. A rule that throws is off until then: the tick it failed on passes, flagged
 * `rule-error`, and `onRuleError` is called once.
 */

import { messageOf } from '../errors.ts'
import { ChainState } from '../state/chain-state.ts'
import { MarketState } from '../state/market-state.ts'
import {
  type ControlRecord,
  type Disposition,
  type Finding,
  isTick,
  type Severity,
  type TapeRecord,
  type Tick,
  type Verdict,
} from '../tick.ts'
import { InstrumentContext } from './context.ts'
import type { Found, Rule, RuleCheck } from './rule.ts'
import type { RulesInForce, RulesSettings } from './settings.ts'

export interface ValidatorOptions extends RulesInForce {
  onRuleError: (rule: string, error: unknown) => void
}

/** The name of the finding on a tick on which a rule failed. */
const RULE_ERROR = 'rule-error'

type Kind = Tick['kind']

/** A rule that is in force, in the session at hand. */
interface ActiveRule {
  name: string
  severity: Severity
  disposition: Disposition
  kinds: readonly Kind[]
  check: RuleCheck
}

export class Validator {
  #rules: readonly Rule[] = []
  readonly #onRuleError: ValidatorOptions['onRuleError']
  #settings: RulesSettings = {}
  #active: ActiveRule[] = []
  /** The same by the kind of tick: all of them, and those that remember. */
  #checks: Record<Kind, readonly ActiveRule[]> = byKind([])
  #takers: Record<Kind, readonly ActiveRule[]> = byKind([])
  #market = new MarketState()
  /** Undefined until a rule asks for it. */
  #chains: ChainState | undefined
  readonly #chainsAsked = () => (this.#chains ??= ChainState.joining(this.#market))
  readonly #instruments = new Map<number, InstrumentContext>()
  #slots = 0
  /** Rules that failed at a record which has no verdict any more: the next tick says so. */
  #failed: Finding[] = []

  /** Throws when two rules have one name or the settings lack a rule. */
  constructor({ onRuleError, ...by }: ValidatorOptions) {
    this.#onRuleError = onRuleError
    this.configure(by)
  }

  /** Judges by these from here on. What the rules remember begins anew; MarketState goes on. Throws as the constructor, and changes nothing then. */
  configure({ rules, settings }: RulesInForce): void {
    const names = new Set([RULE_ERROR])
    for (const { name } of rules) {
      if (names.has(name)) throw new Error(`Two validation rules are named "${name}". Rename one of them.`)
      names.add(name)
    }
    const active = begun(rules, settings)
    this.#rules = rules
    this.#settings = settings
    this.#begin(active)
  }

  /** The verdict on the tick that comes next; undefined when every rule passes. Changes nothing, but for a rule that fails. */
  judge(tick: Tick): Verdict | undefined {
    let findings: Finding[] | undefined
    let disposition: Disposition = 'flag'
    if (this.#failed.length > 0) {
      findings = this.#failed
      this.#failed = []
    }
    const context = this.#contextOf(tick.instrument)
    const checks = this.#checks[tick.kind]
    for (let i = 0; i < checks.length; i++) {
      const rule = checks[i] as ActiveRule
      let finding: Finding | undefined
      try {
        const found = rule.check.check(tick, context)
        if (found === undefined) continue
        finding = findingOf(rule, found)
      } catch (error) {
        finding = this.#fail(rule, error)
      }
      if (finding.disposition === 'quarantine') disposition = 'quarantine'
      if (findings) findings.push(finding)
      else findings = [finding]
    }
    return findings && { disposition, findings }
  }

  /** Takes in a record of the stream, a tick with its verdict. */
  take(record: TapeRecord): void {
    if (isTick(record)) this.#takeTick(record)
    else this.#takeControl(record)
  }

  #takeTick(tick: Tick): void {
    this.#market.apply(tick)
    this.#chains?.apply(tick)
    const known = this.#contextOf(tick.instrument)
    const context = known.isKnown ? known : this.#named(tick.instrument)
    const takers = this.#takers[tick.kind]
    for (let i = 0; i < takers.length; i++) {
      const rule = takers[i] as ActiveRule
      try {
        rule.check.take?.(tick, context)
      } catch (error) {
        this.#failed.push(this.#fail(rule, error))
      }
    }
  }

  #takeControl(record: ControlRecord): void {
    if (record.kind === 'session' && record.event === 'started') {
      this.#market = new MarketState()
      this.#chains = undefined
      this.#instruments.clear()
      this.#slots = 0
      this.#begin(begun(this.#rules, this.#settings))
    }
    this.#market.apply(record)
    this.#chains?.apply(record)
    const instrument = 'instrument' in record ? record.instrument : undefined
    const context = instrument === undefined ? undefined : this.#named(instrument)
    for (const rule of this.#active) {
      try {
        rule.check.takeControl?.(record, context)
      } catch (error) {
        this.#failed.push(this.#fail(rule, error))
      }
    }
  }

  #begin(active: ActiveRule[]): void {
    this.#failed = []
    this.#activate(active)
  }

  #activate(active: ActiveRule[]): void {
    this.#active = active
    this.#checks = byKind(active)
    this.#takers = byKind(active.filter(({ check }) => 'take' in check))
  }

  /** Returns the finding that says so. */
  #fail(rule: ActiveRule, error: unknown): Finding {
    this.#onRuleError(rule.name, error)
    this.#activate(this.#active.filter((other) => other !== rule))
    const reason = reasonOf(`rule ${rule.name} failed and is now off: ${messageOf(error)}`)
    return { rule: RULE_ERROR, severity: 'error', disposition: 'flag', reason }
  }

  #contextOf(instrument: number): InstrumentContext {
    const known = this.#instruments.get(instrument)
    if (known !== undefined) return known
    const added = new InstrumentContext(this.#slots++, this.#market, instrument, this.#chainsAsked)
    this.#instruments.set(instrument, added)
    return added
  }

  /** Behind a record that names the instrument. A number that now stands for another contract begins anew. */
  #named(instrument: number): InstrumentContext {
    const context = this.#contextOf(instrument)
    const state = this.#market.of(instrument)
    if (state === undefined) return context
    if (context.isKnown && context.state !== state) {
      this.#instruments.delete(instrument)
      return this.#contextOf(instrument)
    }
    context.name(state)
    return context
  }
}

/** The rules that are not off, each with an empty memory. */
function begun(rules: readonly Rule[], settings: RulesSettings): ActiveRule[] {
  return rules.flatMap((rule) => {
    const set = settings[rule.name]
    if (set === undefined) throw new Error(`The rule "${rule.name}" has no settings; expected a section, or off.`)
    if (set === 'off') return []
    const { severity, disposition, ...own } = set
    return [{ name: rule.name, severity, disposition, kinds: rule.kinds, check: rule.create(own) }]
  })
}

/** A finding that fits onto a tape whatever a rule of the user's says: a tick must not be lost for what is said of it. */
const MOST_EVIDENCE = 64
const LONGEST_REASON = 1000

/** @throws TypeError for what is no reason, as code without types may give */
function reasonOf(reason: unknown): string {
  if (typeof reason !== 'string') throw new TypeError(`expected a finding with a reason, found ${typeof reason}`)
  return reason.length <= LONGEST_REASON ? reason : `${reason.slice(0, LONGEST_REASON).replace(HALF_PAIR, '')}…`
}

function isInstrument(number: unknown): boolean {
  return Number.isInteger(number) && (number as number) >= 0 && (number as number) < 2 ** 32 - 1
}

const HALF_PAIR = /[\uD800-\uDBFF]$/

const SEVERITIES: readonly Severity[] = ['info', 'warning', 'error']

/** A rule may say less than its settings do, never more. */
function findingOf(rule: ActiveRule, found: Found): Finding {
  const reason = reasonOf(found.reason)
  const evidence = found.evidence?.filter(isInstrument).slice(0, MOST_EVIDENCE)
  const isMilder = SEVERITIES.slice(0, SEVERITIES.indexOf(rule.severity)).some((milder) => milder === found.severity)
  const severity = isMilder && found.severity ? found.severity : rule.severity
  const disposition = found.disposition === 'flag' ? 'flag' : rule.disposition
  return evidence && evidence.length > 0
    ? { rule: rule.name, severity, disposition, reason, evidence }
    : { rule: rule.name, severity, disposition, reason }
}

function byKind(rules: readonly ActiveRule[]): Record<Kind, readonly ActiveRule[]> {
  const of = (kind: Kind) => rules.filter(({ kinds }) => kinds.includes(kind))
  return { quote: of('quote'), trade: of('trade'), greeks: of('greeks'), statistic: of('statistic') }
}
