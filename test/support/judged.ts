/** Streams of records judged anew, as a fingerprint: the same for the same verdicts on the same ticks, whatever their contracts are numbered. */

import { createHash } from 'node:crypto'

import { contractKey } from '../../market/contract.ts'
import { RULES } from '../../market/rules/index.ts'
import type { Rule } from '../../market/rules/rule.ts'
import { defaultSettings } from '../../market/rules/settings.ts'
import { Validator } from '../../market/rules/validator.ts'
import { isTick, type TapeRecord, type Tick, type Verdict } from '../../market/tick.ts'
import { unexpected } from './unexpected.ts'

export interface Fingerprint {
  ticks: number
  /** Ticks that any rule spoke on, by rule. */
  spoke: Record<string, number>
  quarantined: number
  /** Over (seq, contract, tick, verdict). */
  ofSession: string
  /** The same over the order of the ticks in place of their numbers. */
  ofOrder: string
}

/** Gathers verdicts in the order of the records. */
export class Fingerprinter {
  readonly #keys = new Map<number, string>()
  readonly #session = createHash('sha256')
  readonly #order = createHash('sha256')
  readonly #spoke = new Map<string, number>()
  #ticks = 0
  #quarantined = 0

  take(record: TapeRecord, verdict: Verdict | undefined): void {
    if (record.kind === 'contract') this.#keys.set(record.instrument, contractKey(record.contract))
    if (!isTick(record)) return
    const { seq, tsUs: _ts, instrument, verdict: _recorded, ...tick } = record
    const keyOf = (number: number) => this.#keys.get(number) ?? 'unknown'
    const findings = verdict?.findings.map((finding) => ({ ...finding, evidence: finding.evidence?.map(keyOf) }))
    const text = JSON.stringify([keyOf(instrument), sorted(tick), verdict?.disposition, findings])
    this.#session.update(`${seq} ${text}\n`)
    this.#order.update(`${this.#ticks++} ${text}\n`)
    this.#quarantined += Number(verdict?.disposition === 'quarantine')
    for (const { rule } of verdict?.findings ?? []) this.#spoke.set(rule, (this.#spoke.get(rule) ?? 0) + 1)
  }

  get result(): Fingerprint {
    return {
      ticks: this.#ticks,
      spoke: Object.fromEntries([...this.#spoke].sort(([a], [b]) => (a < b ? -1 : 1))),
      quarantined: this.#quarantined,
      ofSession: this.#session.copy().digest('hex'),
      ofOrder: this.#order.copy().digest('hex'),
    }
  }
}

const sorted = (tick: object) =>
  Object.fromEntries(
    Object.entries(tick)
      .filter(([, value]) => value !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  )

/** Judges records that come in chunks; what an earlier judge said of them counts nothing. */
export async function judgedAnew(
  chunks: AsyncIterable<TapeRecord[]> | Iterable<TapeRecord[]>,
  rules: readonly Rule[] = RULES,
): Promise<Fingerprint> {
  const validator = new Validator({ rules, settings: defaultSettings(rules), onRuleError: unexpected })
  const fingerprint = new Fingerprinter()
  for await (const records of chunks)
    for (const record of records) {
      const verdict = isTick(record) ? validator.judge(withoutVerdict(record)) : undefined
      validator.take(isTick(record) ? { ...withoutVerdict(record), verdict } : record)
      fingerprint.take(record, verdict)
    }
  return fingerprint.result
}

function withoutVerdict(tick: Tick): Tick {
  return { ...tick, verdict: undefined }
}

export function* inChunksOf(size: number, records: readonly TapeRecord[]): Generator<TapeRecord[]> {
  for (let i = 0; i < records.length; i += size) yield records.slice(i, i + size)
}
