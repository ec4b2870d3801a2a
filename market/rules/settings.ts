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

/** What judges ticks. */
export interface RulesInForce {
  rules: readonly Rule[]
  /** Of all of these rules. */
  settings: RulesSettings
}

const OFF_OR_SECTION = 'off, or a section of settings'

/** The schema of the settings of these rules. Each description is what an editor shows. */
export function rulesSchema(rules: readonly Rule[]) {
  return z.strictObject(Object.fromEntries(rules.map((rule) => [rule.name, settingsOf(rule)])), { error: 'a section of settings' })
}

/** Of a rule of the user's, before its file was read: what is beside the file is for that to say. */
export interface OwnRuleSettings {
  /** Path of an ES module. */
  file: string
  [setting: string]: unknown
}

/** The same with rules of the user's beside them, each with the file that it is in. */
export function configuredRulesSchema(rules: readonly Rule[]): z.ZodType<ConfiguredRules, Record<string, unknown>> {
  const error = 'the path of a file'
  const file = z.string({ error }).min(1, { error }).describe('An ES module with a rule of your own. A relative path starts at this file.')
  return rulesSchema(rules).catchall(z.looseObject({ file }, { error: 'a section with the file of a rule' }))
}

/** Of all rules that a configuration names. */
export type ConfiguredRules = Readonly<Record<string, RuleSettings | OwnRuleSettings | 'off'>>

/** True for the settings of a rule of the user's: those of the others know no file. */
export function isOwnRule(settings: ConfiguredRules[string]): settings is OwnRuleSettings {
  return settings !== 'off' && 'file' in settings
}

/** What is in force when nothing is set. */
export function defaultSettings(rules: readonly Rule[]): RulesSettings {
  return rulesSchema(rules).parse({})
}

/** Of one rule. */
export function settingsOf({ about, severity, disposition, settings }: Rule) {
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
