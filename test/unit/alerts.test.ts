/** Every alert can be acted on and is tested: its runbook, its cases, its commands. What Prometheus makes of them: alerts.test.ts of integration. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import type { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'

import { buildProgram } from '../../cli/program.ts'
import { TROUBLES } from '../../collector/telemetry/counts.ts'
import { packageRoot } from '../../system/package-root.ts'

interface Alert {
  alert: string
  expr: string
  labels: { severity: string }
  annotations: { summary: string; description: string; runbook_url: string }
}

interface Case {
  alertname: string
  exp_alerts: { exp_labels: { instance?: string } }[]
}

const read = (...names: string[]) => readFileSync(join(packageRoot(), ...names), 'utf8')
const groupsIn = (file: string) => (parse(read('compose', 'prometheus', 'rules', file)) as { groups: { rules: unknown[] }[] }).groups
const ALERTS = groupsIn('alerts.yml').flatMap(({ rules }) => rules) as Alert[]
const RUNBOOKS = read('docs', 'alerts.md')
const SECTIONS = new Map(
  RUNBOOKS.split(/^## /m)
    .slice(1)
    .map((text) => [text.split('\n')[0] ?? '', text]),
)
const TESTS = parse(read('compose', 'prometheus', 'tests', 'alerts.test.yml')) as {
  tests: { input_series: { series: string }[]; alert_rule_test: Case[] }[]
}

describe.each(ALERTS)('$alert', ({ alert, labels, annotations }) => {
  it('has a severity, says what happened, and leads to its section of the runbook', () => {
    expect(['critical', 'warning', 'info']).toContain(labels.severity)
    expect(annotations.summary).not.toBe('')
    expect(annotations.description).not.toBe('')
    expect(annotations.runbook_url).toBe(`{{ $externalLabels.runbooks }}docs/alerts.md#${alert.toLowerCase()}`)
    const section = SECTIONS.get(alert)
    expect(section, `## ${alert} in docs/alerts.md`).toBeDefined()
    expect(section).toContain(`*${labels.severity}.*`)
    for (const part of ['Check', 'Do', 'Harmless']) expect(section).toContain(`- **${part}**: `)
  })

  it('has a case in which it fires and one in which it does not', () => {
    const instances = new Set(
      TESTS.tests.flatMap(({ input_series }) => input_series.map(({ series }) => /instance="([^"]*)"/.exec(series)?.[1] ?? '')),
    )
    const own = [...instances].filter((instance) => `Tapedeck${instance.split(',')[0]}` === alert)
    const cases = TESTS.tests.flatMap(({ alert_rule_test }) => alert_rule_test).filter(({ alertname }) => alertname === alert)
    const fired = cases.flatMap(({ exp_alerts }) => exp_alerts)
    expect(fired.length).toBeGreaterThan(0)
    const quiet = own.filter((instance) => !fired.some(({ exp_labels }) => exp_labels.instance === instance))
    expect(quiet.length + cases.filter(({ exp_alerts }) => exp_alerts.length === 0).length).toBeGreaterThan(0)
  })
})

it('has no runbook for an alert that is gone', () => {
  const names = new Set(ALERTS.map(({ alert }) => alert))
  expect([...SECTIONS.keys()].filter((title) => title.startsWith('Tapedeck') && !names.has(title))).toEqual([])
})

it('names only commands that there are', () => {
  const unknown = [...RUNBOOKS.matchAll(/`tapedeck ([^`]+)`/g)]
    .map(([, words = '']) => words)
    .filter((words) => !isCommand(words.split(' ')))
  expect(unknown).toEqual([])
  expect(isCommand(['arb', 'scam'])).toBe(false)
})

/** Every word up to the first option is a command, and every option is one of that command. */
function isCommand(words: readonly string[]): boolean {
  let command: Command = buildProgram()
  for (const word of words) {
    if (word.startsWith('--')) {
      if (!command.options.some(({ long }) => long === word)) return false
      continue
    }
    const next = command.commands.find((own) => own.name() === word)
    if (!next) return false
    command = next
  }
  return true
}

it('has an alert for every kind of trouble that is counted', () => {
  const asked = ALERTS.flatMap(({ expr }) => [...expr.matchAll(/kind=~?"([^"]+)"/g)].flatMap(([, kinds = '']) => kinds.split('|')))
  // Found at start, before the first scrape: an increase would not show.
  expect([...asked, 'records-lost'].toSorted()).toEqual([...TROUBLES].toSorted())
})
