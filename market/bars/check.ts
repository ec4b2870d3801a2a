/** Runs all rules for bars over the bars of a market. */

import type { BarSet } from './bar-set.ts'
import type { BarFinding } from './rule.ts'
import { BAR_RULES } from './rules/index.ts'

/** By rule, then as each rule names them. */
export function checkBars(set: BarSet, isDaily: boolean): BarFinding[] {
  return BAR_RULES.filter(({ lengths }) => isDaily || lengths === 'any').flatMap((rule) =>
    rule.check(set).map((found) => ({ rule: rule.name, severity: rule.severity, disposition: rule.disposition, ...found })),
  )
}
