/**
 * The shape of a validation rule: what it is called, which ticks it looks at, what it finds on its own account, and its settings.
 *
 * A rule sees the records of one session in order and nothing else: no clock, no timer, no number of an instrument. `check` only looks;
 * what a rule remembers it takes in `take`, as not every tick that is checked is recorded. So the same records give the same findings,
 * live and in every replay of the session.
 */

import type { z } from 'zod'

import type { TradingPhase } from '../calendar/trading-phase.ts'
import type { Contract } from '../contract.ts'
import type { ChainState } from '../state/chain-state.ts'
import type { InstrumentState } from '../state/instrument-state.ts'
import type { MarketState } from '../state/market-state.ts'
import type { ControlRecord, Disposition, Quote, Severity, Tick } from '../tick.ts'

/** What is known of an instrument at a tick of it. The same object for every tick of the instrument in a session. */
export interface RuleContext {
  /** Counts the instruments of the session from 0 on: the place of this one in a rule's memory. It is no number on a tape. */
  readonly slot: number
  /** Undefined when no record named it. */
  readonly contract: Contract | undefined
  /** Of this instrument; in `check` without the tick, in `take` with it. A quarantined tick changes no value of it. */
  readonly state: InstrumentState
  /** Of all instruments of the session. */
  readonly market: MarketState
  /** The option chains of the session, fed from the first time on that a rule asks for them. A quarantined quote changes nothing there. */
  readonly chains: ChainState
  /** Undefined when the hours of the contract are not known. */
  phaseAt(tsUs: number): TradingPhase | undefined
}

/** What a rule found on one tick. */
export interface Found {
  /** With the figures. Contracts are named by `describeContract`, never by their numbers. */
  reason: string
  /** The other instruments that it rests on. */
  evidence?: readonly number[] | undefined
  /** Less than the settings of the rule say. */
  severity?: Severity | undefined
  /** `flag` where the settings of the rule say `quarantine`. */
  disposition?: Disposition | undefined
}

/** A rule at work in one session, with a memory of its own that is bounded by the number of instruments. */
export interface RuleCheck<T extends Tick = Tick> {
  /** Returns undefined when the tick is fine. Changes nothing; allocates nothing on a good tick. */
  check(tick: T, context: RuleContext): Found | undefined
  /** Is given every tick of the rule's kinds that was recorded, with its verdict, behind its check. */
  take?(tick: T, context: RuleContext): void
  /** Is given the other records. `context` is that of the instrument the record is about, if it is about one. */
  takeControl?(record: ControlRecord, context: RuleContext | undefined): void
}

/** Zod types by name, each with a default and a description. An `error` completes the sentence "expected …, found …". */
export type SettingsShape = Readonly<Record<string, z.ZodType>>

export interface Rule<T extends Tick = Tick, Shape extends SettingsShape = SettingsShape> {
  /** kebab-case, unique; stored with every finding. */
  name: string
  /** One sentence: what it finds. */
  about: string
  /** The most it gives a finding, unless the settings say otherwise. */
  severity: Severity
  /** `quarantine` keeps the tick out of the tick tables (rejected_ticks holds it); `flag` only marks it. */
  disposition: Disposition
  /** Which ticks it is given. */
  kinds: readonly Tick['kind'][]
  /** Its own settings. Absent: none. */
  settings?: Shape
  /** Begins it anew, once for each session. */
  create(settings: z.output<z.ZodObject<Shape>>): RuleCheck<T>
}

type TickOf<Kind extends Tick['kind']> = Extract<Tick, { kind: Kind }>

/** Returns the rule as it is; the types of its ticks, by `kinds`, and of its settings are inferred. */
export function defineRule<Kind extends Tick['kind'], Shape extends SettingsShape = SettingsShape>(
  rule: Rule<TickOf<Kind>, Shape> & { kinds: readonly Kind[] },
): Rule<TickOf<Kind>, Shape> {
  return rule
}

export type TwoSidedQuote = Quote & { bidPrice: number; askPrice: number }

export function isTwoSided(quote: Quote): quote is TwoSidedQuote {
  return quote.bidPrice !== undefined && quote.askPrice !== undefined
}

/** True when no rule has more to say of the tick than what is worth knowing. */
export function isBelieved({ verdict }: Tick): boolean {
  return verdict === undefined || verdict.findings.every(({ severity }) => severity === 'info')
}
