/** The settings of the rules, `rules: { <name>: { … } | off }`, as the rules themselves bring them. */

import { z } from 'zod'

import type { Disposition, Severity } from '../tick.ts'
import type { Rule } from './rule.ts'

/** Of one rule: what all have, and its own. */
export interface RuleSettings {
  severity: Severity
  disposition: Disposition
  [own: string]: unknown
}

/** Of all rules, by their names. */
export type RulesSettings = Readonly<Record<string, RuleSettings | 'off'>>

const OFF_OR_SECTION = 'off, or a section of settings'

/** The schema of the settings of these rules. Each description is what an editor shows. */
export function rulesSchema(rules: readonly Rule[]) {
  return z.strictObject(Object.fromEntries(rules.map((rule) => [rule.name, settingsOf(rule)])), { error: 'a section of settings' })
}

/** What is in force when nothing is set. */
export function defaultSettings(rules: readonly Rule[]): RulesSettings {
  return rulesSchema(rules).parse({})
}

function settingsOf({ about, severity, disposition, settings }: Rule) {
  const section = z.strictObject(
    {
      severity: z
        .enum(['info', 'warning', 'error'], { error: 'info, warning or error' })
        .default(severity)
        .describe('How bad it is: info, warning or error.'),
      disposition: z
        .enum(['flag', 'quarantine'], { error: 'flag or quarantine' })
        .default(disposition)
        .describe('flag marks the tick; quarantine keeps it out of the tables of good ticks.'),
      ...settings,
    },
    { error: OFF_OR_SECTION },
  )
  return z
    .union([z.literal('off'), section], { error: OFF_OR_SECTION })
    .prefault({})
    .describe(about)
}
