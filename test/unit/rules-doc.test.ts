import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { RULES } from '../../market/rules/index.ts'
import { defaultSettings } from '../../market/rules/settings.ts'
import { packageRoot } from '../../system/package-root.ts'
import { settings } from '../support/process/config.ts'

const text = readFileSync(join(packageRoot(), 'docs/rules.md'), 'utf8')
/** The rows of the tables under a heading. */
const rowsUnder = (heading: string) =>
  (text.split(`\n## ${heading}\n`)[1] ?? '')
    .split('\n## ')[0]
    ?.split('\n')
    .filter((line) => line.startsWith('| `')) ?? []

/** What the example sets. */
const example = /```yaml\n(.*?)```/s.exec(text)?.[1] ?? ''

const KINDS = { quote: 'quotes', trade: 'trades', greeks: 'greeks', statistic: 'statistics' }

describe('docs/rules.md', () => {
  it('lists every rule in the order in which they are applied, with what it finds, its severity, disposition and ticks', () => {
    expect(rowsUnder('The rules')).toEqual(
      RULES.map(
        ({ name, about, severity, disposition, kinds }) =>
          `| \`${name}\` | ${about} | ${severity} | ${disposition} | ${kinds.map((kind) => KINDS[kind]).join(', ')} |`,
      ),
    )
  })

  it('shows settings that are taken as they are shown', () => {
    expect(settings({ yaml: example }).rules).toMatchObject({
      'locked-quote': 'off',
      'crossed-quote': { lastsMs: 500, deepPercent: 5 },
      'wide-spread': { option: 50, severity: 'warning', disposition: 'flag' },
    })
  })

  it('lists every setting of every rule with its default', () => {
    const defaults = defaultSettings(RULES)
    expect(rowsUnder('Their settings')).toEqual(
      RULES.flatMap(({ name, settings = {} }) =>
        Object.entries(settings).map(([key, type]) => {
          const value = (defaults[name] as Record<string, unknown>)[key]
          return `| \`${name}.${key}\` | ${String(value)} | ${type.meta()?.description} |`
        }),
      ),
    )
  })
})
