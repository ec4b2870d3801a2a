/** What differs between two verdicts on one tick, and why. */

import { isDeepStrictEqual } from 'node:util'

import type { RulesSettings } from '../../market/rules/settings.ts'
import type { Finding, Verdict } from '../../market/tick.ts'

/** `reordered`: the same findings in another order. */
export type Change = 'appeared' | 'vanished' | 'changed' | 'reordered'

/**
 * What explains it. `not-judged`: no rule had judged the recording. `same-settings`: the rule is another by its code, or what it
 * remembered or looked at was: other rules' quarantines change that too.
 */
export type Cause = 'not-judged' | 'rule-new' | 'rule-gone' | 'was-off' | 'is-off' | 'settings-changed' | 'same-settings'

export interface Difference {
  rule: string
  change: Change
  recorded?: Finding | undefined
  now?: Finding | undefined
}

/** None for verdicts that are the same, reasons, evidence and order included. */
export function differencesOf(recorded: Verdict | undefined, now: Verdict | undefined): Difference[] {
  if (recorded === undefined && now === undefined) return []
  const [then, present] = [recorded?.findings ?? [], now?.findings ?? []]
  const rules = new Set([...then, ...present].map(({ rule }) => rule))
  const differences: Difference[] = []
  for (const rule of rules) {
    const ours = (findings: readonly Finding[]) => findings.filter((finding) => finding.rule === rule)
    const [before, after] = [ours(then), ours(present)]
    for (let i = 0; i < Math.max(before.length, after.length); i++) {
      const [was, is] = [before[i], after[i]]
      if (was === undefined) differences.push({ rule, change: 'appeared', now: is })
      else if (is === undefined) differences.push({ rule, change: 'vanished', recorded: was })
      else if (!isSame(was, is)) differences.push({ rule, change: 'changed', recorded: was, now: is })
    }
  }
  if (differences.length > 0) return differences
  const moved = then.find(({ rule }, i) => rule !== present[i]?.rule)
  return moved ? [{ rule: moved.rule, change: 'reordered' }] : []
}

/**
 * @param then settings of the rules as they were recorded; undefined when no rule judged the recording
 * @param now settings of the rules that there are
 */
export function causeOf(rule: string, then: Readonly<Record<string, unknown>> | undefined, now: RulesSettings): Cause {
  if (then === undefined) return 'not-judged'
  const [before, after] = [then[rule], now[rule]]
  if (before === undefined && after === undefined) return 'same-settings'
  if (before === undefined) return 'rule-new'
  if (after === undefined) return 'rule-gone'
  if (before === 'off' && after !== 'off') return 'was-off'
  if (after === 'off' && before !== 'off') return 'is-off'
  // As they are on tape and in the database: a setting that is undefined is none.
  return isDeepStrictEqual(before, JSON.parse(JSON.stringify(after))) ? 'same-settings' : 'settings-changed'
}

function isSame(a: Finding, b: Finding): boolean {
  const { rule, severity, disposition, reason, evidence = [] } = a
  return (
    rule === b.rule &&
    severity === b.severity &&
    disposition === b.disposition &&
    reason === b.reason &&
    isDeepStrictEqual([...evidence], [...(b.evidence ?? [])])
  )
}
