/** What the rules said on one day, by rule and symbol, each with the contract that it spoke on most as its example. */

import type { NamedInstrument } from '../../db/read/queries/named-instruments.ts'
import type { RuleFinding } from '../../db/read/queries/quality-findings.ts'
import type { Disposition, Severity } from '../../market/tick.ts'

export interface QualityFinding {
  date: string
  rule: string
  severity: Severity
  disposition: Disposition
  /** Undefined: the tape did not say of which contract the ticks are. */
  symbol: string | undefined
  contracts: number
  ticks: number
  /** The first tick of the contract that has most of them. */
  example: { tsUs: number; contract: string | undefined; reason: string; evidence: readonly string[] }
}

/**
 * The most ticks first.
 *
 * @param rules the most ticks first
 */
export function findingsOfDay(
  date: string,
  rules: readonly RuleFinding[],
  nameOf: (instrument: number) => NamedInstrument | undefined,
): QualityFinding[] {
  const findings = new Map<string, QualityFinding>()
  for (const { instrument, rule, severity, disposition, ticks, example } of rules) {
    const name = instrument === undefined ? undefined : nameOf(instrument)
    const key = [name?.symbol, rule, severity, disposition].join('\n')
    const found = findings.get(key)
    if (found) {
      found.contracts++
      found.ticks += ticks
      continue
    }
    const { tsUs, reason, evidence } = example ?? { tsUs: 0, reason: '', evidence: [] }
    const others = evidence.map((other) => nameOf(other)?.key ?? 'a contract that could not be stored')
    findings.set(key, {
      date,
      rule,
      severity,
      disposition,
      symbol: name?.symbol,
      contracts: 1,
      ticks,
      example: { tsUs, contract: name?.key, reason, evidence: others },
    })
  }
  return [...findings.values()].sort((a, b) => b.ticks - a.ticks)
}
