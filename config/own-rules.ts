/**
 * The validation rules of the configuration: those of the program, and the user's own, each an ES module whose default export has the
 * shape of `Rule` (market/rules/rule.ts). Everything that is wrong with their files and settings is named at once.
 */

import { statSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { z } from 'zod'

import { ConfigError, messageOf } from '../market/errors.ts'
import { RULES } from '../market/rules/index.ts'
import type { Rule, RuleCheck } from '../market/rules/rule.ts'
import {
  type ConfiguredRules,
  isOwnRule,
  type OwnRuleSettings,
  type RuleSettings,
  type RulesInForce,
  settingsOf,
} from '../market/rules/settings.ts'

/** Names that stand in verdicts for what no rule found. */
const TAKEN: readonly string[] = ['rule-error', 'unfinished', 'suspicious', 'unknown-instrument', 'database-refused']
const KINDS = ['quote', 'trade', 'greeks', 'statistic'] as const

const expecting = (error: string) => ({ error })
const isFunction = (value: unknown) => typeof value === 'function'

const ruleShape = z.looseObject(
  {
    name: z.string(expecting('a name in kebab-case')).regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, expecting('a name in kebab-case')),
    about: z.string(expecting('a sentence that says what it finds')),
    severity: z.enum(['info', 'warning', 'error'], expecting('info, warning or error')),
    disposition: z.enum(['flag', 'quarantine'], expecting('flag or quarantine')),
    kinds: z
      .array(z.enum(KINDS, expecting(`one of ${KINDS.join(', ')}`)), expecting('a list of kinds of ticks'))
      .min(1, expecting('a kind')),
    settings: z.custom(isFunction, expecting('a function from zod to types by name')).optional(),
    create: z.custom(isFunction, expecting('a function that returns { check }')),
  },
  expecting('a default export with the shape of a rule'),
)

/** @throws ConfigError `rule-unusable`, whose message names every file and setting that cannot be used. */
export async function loadRules(configured: ConfiguredRules): Promise<RulesInForce> {
  const rules: Rule[] = [...RULES]
  const settings: Record<string, RuleSettings | 'off'> = {}
  const problems: string[] = []
  for (const [name, given] of Object.entries(configured)) {
    if (!isOwnRule(given)) settings[name] = given
    else
      try {
        const rule = await readRule(name, given.file)
        const own = ownSettings(rule, given)
        if (!isFunction((rule.create(own) as Partial<RuleCheck> | undefined)?.check))
          throw new Error(`${given.file}: expected create to return { check }`)
        settings[name] = own
        rules.push(rule)
      } catch (error) {
        problems.push(`  rules.${name}: ${messageOf(error)}`)
      }
  }
  if (problems.length === 0) return { rules, settings }
  const what = problems.length === 1 ? 'A rule of yours' : `${problems.length} rules of yours`
  throw new ConfigError(`${what} cannot be used:\n${problems.join('\n')}`, { code: 'rule-unusable' })
}

async function readRule(name: string, file: string): Promise<Rule> {
  if (TAKEN.includes(name)) throw new Error(`${name} stands for something else in verdicts; give the rule another name`)
  const exported = await readModule(file)
  const { data: rule, error } = ruleShape.safeParse(exported)
  if (!rule) throw new Error(`${file} is not the shape of a rule: ${issuesOf(error, 'default export')}. CONTRIBUTING.md shows one`)
  if (rule.name !== name)
    throw new Error(`expected a rule named ${name} in ${file}, found one named ${rule.name}; use one name in both places`)
  // With the module's own functions, and not what a schema made of them.
  const own = exported as Rule & { settings?: (zod: typeof z) => Rule['settings'] }
  return { ...own, settings: own.settings?.(z) ?? {}, create: (settings) => own.create(settings) }
}

async function readModule(file: string): Promise<unknown> {
  const changedMs = statSync(file, { throwIfNoEntry: false })?.mtimeMs
  if (changedMs === undefined) throw new Error(`expected an ES module in ${file}, found no such file`)
  try {
    // A file that was mended since it was read last is another module.
    const module = (await import(`${pathToFileURL(file).href}?${changedMs}`)) as { default?: unknown }
    return module.default
  } catch (cause) {
    throw new Error(`${file} does not load as an ES module: ${messageOf(cause)}`, { cause })
  }
}

function ownSettings(rule: Rule, { file, ...given }: OwnRuleSettings): RuleSettings {
  const { data, error } = settingsOf(rule).safeParse(given)
  if (data === undefined || data === 'off') throw new Error(`its settings are wrong: ${issuesOf(error, 'settings')}`)
  return { ...data, file }
}

function issuesOf(error: z.ZodError | undefined, whole: string): string {
  return (error?.issues ?? [])
    .map((issue) => (issue.code === 'invalid_union' ? (issue.errors[1]?.[0] ?? issue) : issue))
    .map((issue) =>
      issue.code === 'unrecognized_keys'
        ? `there is no setting ${issue.keys.join(', ')}`
        : `${issue.path.join('.') || whole}: expected ${issue.message}`,
    )
    .join('; ')
}
