/** How well the rules tell corrupted quotes from healthy ones, counted over whole chains. */

import type { Contract } from '../../market/contract.ts'
import { RULES } from '../../market/rules/index.ts'
import { defaultSettings } from '../../market/rules/settings.ts'
import { Validator } from '../../market/rules/validator.ts'
import { type Finding, isTick, type Quote, type TapeRecord, type Verdict } from '../../market/tick.ts'
import { seeded } from './random.ts'
import { CORRUPTIONS, type Corruption, corrupted, Standing } from './tape/corrupted.ts'
import { unexpected } from './unexpected.ts'

const newValidator = () => new Validator({ rules: RULES, settings: defaultSettings(RULES), onRuleError: unexpected })

/** Of healthy data. */
export interface Alarms {
  quotes: number
  quarantined: Finding[]
  /** Findings of severity `warning` and above, by rule. */
  warnings: Map<string, number>
}

export function alarmsOn(records: readonly TapeRecord[]): Alarms {
  const alarms: Alarms = { quotes: 0, quarantined: [], warnings: new Map() }
  verdictsOn(records, (record, verdict) => {
    if (record.kind === 'quote') alarms.quotes++
    for (const finding of verdict?.findings ?? []) {
      if (finding.disposition === 'quarantine') alarms.quarantined.push(finding)
      if (finding.severity !== 'info') alarms.warnings.set(finding.rule, (alarms.warnings.get(finding.rule) ?? 0) + 1)
    }
  })
  return alarms
}

function verdictsOn(records: readonly TapeRecord[], each: (record: TapeRecord, verdict: Verdict | undefined) => void): void {
  const validator = newValidator()
  for (const record of records) {
    if (!isTick(record)) validator.take(record)
    else {
      const { verdict: _recorded, ...tick } = record
      const verdict = validator.judge(tick)
      validator.take({ ...tick, verdict })
      each(tick, verdict)
    }
  }
}

export interface Detection {
  tried: number
  /** What no market can have, by `Standing`. */
  broke: number
  /** By any rule, with a finding that the healthy quote does not have. */
  caught: number
  caughtOfBroke: number
  quarantinedOfBroke: number
  /** Examples that broke a bound and were not caught. */
  missed: string[]
}

/**
 * Corrupts every quote of the chain in turn, each in every way, and has it judged in the place of the healthy one, which then takes its
 * place: judging changes nothing.
 *
 * @param of which contracts
 */
export function detectionIn(records: readonly TapeRecord[], seed: number, of: Contract['kind']): Record<Corruption, Detection> {
  const random = seeded(seed)
  const none = (): Detection => ({ tried: 0, broke: 0, caught: 0, caughtOfBroke: 0, quarantinedOfBroke: 0, missed: [] })
  const found = Object.fromEntries(CORRUPTIONS.map((how) => [how, none()])) as Record<Corruption, Detection>
  const validator = newValidator()
  const contracts = new Map<number, Contract>()
  const older = new Map<number, Quote[]>()
  const standing = new Standing()
  for (const record of records) {
    if (record.kind === 'contract') contracts.set(record.instrument, record.contract)
    if (!isTick(record)) {
      validator.take(record)
      continue
    }
    const { verdict: _recorded, ...tick } = record
    const healthy = validator.judge(tick)
    const contract = contracts.get(tick.instrument)
    if (tick.kind === 'quote' && contract) {
      const before = older.get(tick.instrument) ?? []
      older.set(tick.instrument, before)
      for (const how of contract.kind === of ? CORRUPTIONS : []) {
        const bad = corrupted(tick, how, random, before)
        if (bad)
          count(found[how], { how, contract, bad, verdict: validator.judge(bad), healthy, bound: standing.brokenBound(contract, bad) })
      }
      before.push(tick)
      standing.take(contract, tick)
    }
    validator.take({ ...tick, verdict: healthy })
  }
  return found
}

interface Trial {
  how: Corruption
  contract: Contract
  bad: Quote
  verdict: Verdict | undefined
  healthy: Verdict | undefined
  bound: string | undefined
}

function count(detection: Detection, { how, contract, bad, verdict, healthy, bound }: Trial): void {
  const isCaught = newFindings(verdict, healthy).length > 0
  detection.tried++
  detection.caught += Number(isCaught)
  if (bound === undefined) return
  detection.broke++
  detection.caughtOfBroke += Number(isCaught)
  detection.quarantinedOfBroke += Number(verdict?.disposition === 'quarantine')
  if (!isCaught && detection.missed.length < 5)
    detection.missed.push(`${how}, ${bound}: ${JSON.stringify(contract)} ${JSON.stringify(bad)}`)
}

/** Legal, or about how a tick came and not about what it says. */
const NO_FAULT: readonly string[] = ['locked-quote', 'duplicate-message', 'stalled-arrival', 'burst-arrival', 'wide-spread']

/** What is held against the tick, and not against its healthy self. */
function newFindings(verdict: Verdict | undefined, healthy: Verdict | undefined): Finding[] {
  const known = new Set(healthy?.findings.map(({ rule, disposition }) => `${rule} ${disposition}`))
  return (verdict?.findings ?? []).filter(({ rule, disposition }) => !NO_FAULT.includes(rule) && !known.has(`${rule} ${disposition}`))
}

export interface Accusations {
  trials: number
  /** Quotes of other contracts that were healthy and were quarantined because of the corrupted one. */
  quarantinedOthers: string[]
  /** The same that were flagged. */
  flaggedOthers: string[]
  /** Later, healthy quotes of the same contract that were quarantined. */
  quarantinedSame: string[]
}

/** Corrupts one quote at a time, for good, and compares the verdicts on all others with those of the healthy chain. */
export function accusationsIn(records: readonly TapeRecord[], seed: number, trialsOfEach: number, of: Contract['kind']): Accusations {
  const random = seeded(seed)
  const baseline = new Map<number, Verdict>()
  verdictsOn(records, (record, verdict) => verdict && baseline.set(record.seq, verdict))
  const contracts = new Map(records.flatMap((record) => (record.kind === 'contract' ? [[record.instrument, record.contract]] : [])))
  const places = records.flatMap((record, i) => (record.kind === 'quote' && contracts.get(record.instrument)?.kind === of ? [i] : []))
  const found: Accusations = { trials: 0, quarantinedOthers: [], flaggedOthers: [], quarantinedSame: [] }
  for (const how of CORRUPTIONS)
    for (let trial = 0; trial < trialsOfEach; trial++) {
      const place = places[Math.floor(random() * places.length)] ?? 0
      const quote = records[place] as Quote
      const older = records.slice(0, place).filter((one): one is Quote => one.kind === 'quote' && one.instrument === quote.instrument)
      const bad = corrupted(quote, how, random, older)
      if (!bad) continue
      found.trials++
      verdictsOn(records.with(place, bad), (record, verdict) => {
        if (record.seq === bad.seq || !('instrument' in record)) return
        for (const finding of newFindings(verdict, baseline.get(record.seq))) {
          const text = `${how} of ${describe(contracts.get(bad.instrument))} ${JSON.stringify(bad)} -> ${finding.rule} on ${describe(contracts.get(record.instrument ?? -1))}: ${finding.reason}`
          const isOther = record.instrument !== bad.instrument
          if (finding.disposition === 'quarantine') (isOther ? found.quarantinedOthers : found.quarantinedSame).push(text)
          else if (isOther) found.flaggedOthers.push(text)
        }
      })
    }
  return found
}

const describe = (contract: unknown) => JSON.stringify(contract)
