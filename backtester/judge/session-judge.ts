/**
 * Judges the ticks of one session again, in the order in which they were recorded, and says what each was found to be then and now.
 *
 * The rules see what they saw live: a session from its start, every record, and the verdicts of now on the ticks before. What was written
 * into a verdict by others than rules is told apart: the assembler and importers give a tick its verdict before any rule sees it, so
 * it stays; the database refuses a row behind the rules, so that it is left out of the comparison.
 */

import { isDeepStrictEqual } from 'node:util'

import { Validator, type ValidatorOptions } from '../../market/rules/validator.ts'
import { type ConfigRecord, isTick, type TapeRecord, type Tick, type Verdict } from '../../market/tick.ts'

/** Given ahead of the rules, which then are not run: fields of a broken connection, rows that their source doubts. */
const AHEAD_OF_RULES: readonly string[] = ['unfinished', 'suspicious']
/** Given behind the rules, by the database. */
const DATABASE_REFUSED = 'database-refused'
/** The database does not say which contract the tick is of: the rules saw more than can be read back. */
const UNKNOWN_INSTRUMENT = 'unknown-instrument'

/** A tick with what was found then; its own verdict is that of now. */
export interface JudgedTick {
  tick: Tick
  recorded: Verdict | undefined
  /** False when it cannot be judged again: its contract is not known any more. */
  isComparable: boolean
}

export class SessionJudge {
  readonly #validator: Validator
  readonly #options: ValidatorOptions
  /** Of the rules, as the session says: undefined when no rule judged it. */
  settingsThen: Readonly<Record<string, unknown>> | undefined

  constructor(options: ValidatorOptions) {
    this.#options = options
    this.#validator = new Validator(options)
  }

  /** Takes the next record. Returns undefined for what is no tick. */
  take(record: TapeRecord): JudgedTick | undefined {
    if (!isTick(record)) {
      if (record.kind === 'config') this.#takeSettings(record)
      else if (record.kind === 'session' && record.event === 'started') this.settingsThen = undefined
      this.#validator.take(record)
      return undefined
    }
    const { verdict } = record
    const hasFound = (rule: string) => verdict?.findings.some((finding) => finding.rule === rule) === true
    const recorded = verdict && withoutRefusal(verdict)
    const isComparable = !hasFound(UNKNOWN_INSTRUMENT)
    record.verdict = AHEAD_OF_RULES.some(hasFound) || !isComparable ? recorded : this.#validator.judge(record)
    this.#validator.take(record)
    return { tick: record, recorded, isComparable }
  }

  /** Live, other settings make the rules forget what they remember: so here, although the settings stay. */
  #takeSettings({ config }: ConfigRecord): void {
    const then = config['rules']
    const before = this.settingsThen
    this.settingsThen = typeof then === 'object' && then !== null ? (then as Record<string, unknown>) : {}
    if (before && !isDeepStrictEqual(before, this.settingsThen)) this.#validator.configure(this.#options)
  }
}

function withoutRefusal({ findings }: Verdict): Verdict | undefined {
  const ours = findings.filter(({ rule }) => rule !== DATABASE_REFUSED && rule !== UNKNOWN_INSTRUMENT)
  if (ours.length === 0) return undefined
  return { disposition: ours.some(({ disposition }) => disposition === 'quarantine') ? 'quarantine' : 'flag', findings: ours }
}
