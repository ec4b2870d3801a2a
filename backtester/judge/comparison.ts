/** Adds up what differs between what was recorded and what the present rules say. */

import { contractKey } from '../../market/contract.ts'
import type { RulesSettings } from '../../market/rules/settings.ts'
import type { ValidatorOptions } from '../../market/rules/validator.ts'
import { isTick, type TapeRecord } from '../../market/tick.ts'
import { type Cause, causeOf, type Change, type Difference, differencesOf } from './differences.ts'
import { type JudgedTick, SessionJudge } from './session-judge.ts'

/** Ticks that differ in the same way, and the first of them. */
export interface DifferenceRow {
  rule: string
  change: Change
  cause: Cause
  ticks: number
  example: DifferenceExample
}

export interface DifferenceExample {
  sessionId: number
  seq: number
  tsUs: number
  /** The key of the tick's contract. */
  contract: string | undefined
  /** Severity, disposition and reason then and now; absent where the rule said nothing. */
  recorded?: string | undefined
  now?: string | undefined
}

export interface JudgeCounts {
  /** Compared ones. */
  ticks: number
  flagged: number
  quarantined: number
  differing: number
  /** Whose contract is not in the database: they cannot be judged again. */
  skipped: number
  /** Of the ticks that were compared. */
  firstTsUs: number | undefined
  lastTsUs: number | undefined
}

/** Which ticks are compared; all are judged, as rules look at what was before and beside a tick. */
export interface ComparedPart {
  fromUs?: number | undefined
  toUs?: number | undefined
  symbols?: readonly string[] | undefined
}

export class Comparison {
  readonly #options: ValidatorOptions
  readonly #part: ComparedPart
  readonly #settings: RulesSettings
  readonly #rows = new Map<string, DifferenceRow>()
  /** Versions of the programs that recorded. */
  readonly versions = new Set<string>()
  /** The records begin within a session: what was before them is not known to rules that remember. */
  beginsWithin = false
  readonly counts: JudgeCounts = {
    ticks: 0,
    flagged: 0,
    quarantined: 0,
    differing: 0,
    skipped: 0,
    firstTsUs: undefined,
    lastTsUs: undefined,
  }

  constructor(options: ValidatorOptions, part: ComparedPart) {
    this.#options = options
    this.#part = part
    this.#settings = options.settings
  }

  /** Returns a function that takes the records of one session from its start, and returns those ticks that are compared. */
  session(sessionId: number): (record: TapeRecord) => JudgedTick | undefined {
    const judge = new SessionJudge(this.#options)
    const contracts = new Map<number, { key: string; symbol: string }>()
    let hasStarted = sessionId === 0
    return (record) => {
      if (record.kind === 'contract')
        contracts.set(record.instrument, { key: contractKey(record.contract), symbol: record.contract.symbol })
      else if (record.kind === 'session' && record.event === 'started') {
        hasStarted = true
        const version = record.detail?.['version']
        if (typeof version === 'string') this.versions.add(version)
      }
      const judged = judge.take(record)
      if (!judged || !isTick(record)) return undefined
      if (!hasStarted) this.beginsWithin = true
      const contract = contracts.get(record.instrument)
      if (!this.#isCompared(record.tsUs, contract?.symbol)) return undefined
      this.#count(judged)
      if (!judged.isComparable) return undefined
      const differences = differencesOf(judged.recorded, record.verdict)
      if (differences.length > 0) this.counts.differing++
      for (const difference of differences)
        this.#add(difference, causeOf(difference.rule, judge.settingsThen, this.#settings), {
          sessionId,
          seq: record.seq,
          tsUs: record.tsUs,
          contract: contract?.key,
        })
      return judged
    }
  }

  /** The most frequent first. */
  get rows(): DifferenceRow[] {
    return [...this.#rows.values()].sort((a, b) => b.ticks - a.ticks || (a.rule < b.rule ? -1 : 1))
  }

  #isCompared(tsUs: number, symbol: string | undefined): boolean {
    const { fromUs, toUs, symbols } = this.#part
    if ((fromUs !== undefined && tsUs < fromUs) || (toUs !== undefined && tsUs >= toUs)) return false
    return symbols === undefined || (symbol !== undefined && symbols.includes(symbol))
  }

  #count({ tick, isComparable }: JudgedTick): void {
    const { counts } = this
    if (!isComparable) {
      counts.skipped++
      return
    }
    counts.ticks++
    if (tick.verdict?.disposition === 'flag') counts.flagged++
    else if (tick.verdict) counts.quarantined++
    counts.firstTsUs ??= tick.tsUs
    counts.lastTsUs = tick.tsUs
  }

  #add({ rule, change, recorded, now }: Difference, cause: Cause, place: Omit<DifferenceExample, 'recorded' | 'now'>): void {
    const key = `${rule} ${change} ${cause}`
    const row = this.#rows.get(key)
    if (row) row.ticks++
    else
      this.#rows.set(key, {
        rule,
        change,
        cause,
        ticks: 1,
        example: { ...place, ...(recorded && { recorded: textOf(recorded) }), ...(now && { now: textOf(now) }) },
      })
  }
}

function textOf({ severity, disposition, reason }: NonNullable<Difference['now']>): string {
  return `${severity}, ${disposition}: ${reason}`
}
