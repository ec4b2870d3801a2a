/** The section `rules` of the example configuration, as the rules themselves say it. */

import { RULES } from '../../market/rules/index.ts'
import type { Rule } from '../../market/rules/rule.ts'
import { defaultSettings } from '../../market/rules/settings.ts'

const COLUMNS = 118

export function rulesExample(): string {
  const defaults = defaultSettings(RULES)
  const introduction = comment(
    'Each rule by its name, or `off`. severity is info, warning or error; disposition is flag, which marks the tick, or quarantine, ' +
      'which keeps it out of the tables of good ticks (rejected_ticks holds it).',
    2,
  )
  return `${['rules:', ...introduction, ...RULES.flatMap((rule) => ['', ...ofRule(rule, defaults[rule.name] as object)])].join('\n')}\n`
}

function ofRule({ name, about, settings = {} }: Rule, defaults: object): string[] {
  const values = Object.entries(defaults)
  const lines = values.flatMap(([key, value]) => [
    ...comment(settings[key]?.meta()?.description, 4),
    `    ${key}: ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`,
  ])
  const inline = values.map(([key, value]) => `${key}: ${String(value)}`).join(', ')
  return [...comment(about, 2), ...(Object.keys(settings).length === 0 ? [`  ${name}: { ${inline} }`] : [`  ${name}:`, ...lines])]
}

function comment(text: string | undefined, indent: number): string[] {
  const lines: string[] = []
  for (const word of text?.split(' ') ?? []) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + word.length < COLUMNS) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(`${' '.repeat(indent)}# ${word}`)
  }
  return lines
}
