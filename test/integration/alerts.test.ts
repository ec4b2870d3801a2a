/** The rules of Prometheus and the settings around them, read and run by the real programs against what the real ones serve. */

import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { parse } from 'yaml'

import { DETECTORS } from '../../market/arbitrage/detectors/index.ts'
import { arbitrageSchema } from '../../market/arbitrage/settings.ts'
import { packageRoot } from '../../system/package-root.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { EMBEDDED } from '../support/database/editions.ts'
import { MS_US, tapeOf, tapeRoom } from '../support/gateway/gateway-tape.ts'
import { startCollecting } from '../support/process/collecting.ts'
import { freePort, startPrometheus, startServer } from '../support/prometheus/prometheus.ts'
import { busyQuotes } from '../support/tape/busy-tape.ts'
import { findTool, noTool } from '../support/tools.ts'

const at = (...names: string[]) => join(packageRoot(), 'compose', 'prometheus', ...names)
const RULES = [at('rules', 'recording.yml'), at('rules', 'alerts.yml')]
const run = promisify(execFile)
/** Prometheus evaluates, scrapes and starts in seconds; a busy machine may need longer. */
const PATIENCE = { timeout: 55_000, interval: 200 }

describe('the settings', () => {
  describe.each([2, 3] as const)('by promtool of Prometheus %i', (major) => {
    it('fire the alerts when they must and not otherwise', { timeout: 120_000 }, async ({ skip }) => {
      const promtool = findTool(`prometheus-${major}/promtool`)
      if (promtool === undefined) return skip(noTool(`prometheus-${major}/promtool`))
      expect((await run(promtool, ['check', 'config', at('prometheus.yml')])).stdout).toContain('SUCCESS')
      expect((await run(promtool, ['check', 'rules', ...RULES])).stdout).not.toContain('FAILED')
      const { stdout } = await run(promtool, ['test', 'rules', at('tests', 'alerts.test.yml')])
      expect(stdout).toContain('SUCCESS')
    })
  })

  it('are such that Alertmanager takes them, with a receiver that needs no secret', async ({ skip }) => {
    const amtool = findTool('bin/amtool')
    if (amtool === undefined) return skip(noTool('bin/amtool'))
    const { stdout } = await run(amtool, ['check-config', at('alertmanager.yml')])
    expect(stdout).toContain('SUCCESS')
    const routed = await run(amtool, ['config', 'routes', 'test', `--config.file=${at('alertmanager.yml')}`, 'severity=critical'])
    expect(routed.stdout.trim()).toBe('nobody')
  })
})

/** Names and labels of what is served, also of what has no sample now. */
async function served(port: number | undefined): Promise<{ names: Set<string>; text: string }> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)]
  const names = types.flatMap(([, name = '', type]) => (type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name]))
  return { names: new Set(names), text }
}

interface RuleFile {
  groups: { rules: { record?: string; alert?: string; expr: string }[] }[]
}

forEachEdition('the rules', (edition) => {
  const prometheus = findTool('prometheus-3/prometheus')
  const exporter = findTool('bin/prometheus-postgres-exporter')
  const missing = prometheus === undefined ? noTool('prometheus-3/prometheus') : noTool('bin/prometheus-postgres-exporter')

  it('name only what a collector, the exporter and Prometheus serve, and work on it', { timeout: 180_000 }, async ({ skip }) => {
    skip(edition.name !== EMBEDDED, 'the metrics are the same on every edition')
    if (prometheus === undefined || exporter === undefined) return skip(missing)
    const room = await tapeRoom()
    onTestFinished(() => room.clear())
    const databaseUrl = await edition.createDatabase()
    const { port } = await room.serveFile(await room.write(tapeOf(busyQuotes(20_000, MS_US))), {
      startAfterLines: 4,
      publishTime: true,
      speed: 2,
    })
    const collector = await startCollecting({
      port,
      databaseUrl,
      metrics: { host: '127.0.0.1', port: 0 },
      detect: { arbitrage: arbitrageSchema(DETECTORS).parse({}) },
    })
    const { metricsPort } = await collector.until('it writes', ({ counts }) => counts.written > 500)
    const exporterPort = await freePort()
    await startServer(exporter, {
      args: [`--web.listen-address=127.0.0.1:${exporterPort}`],
      readyUrl: `http://127.0.0.1:${exporterPort}/`,
      env: { DATA_SOURCE_NAME: `${databaseUrl}?sslmode=disable` },
    })
    const local = (own: number | undefined) => [`127.0.0.1:${own}`]
    const { query, rules, metricsIn, url } = await startPrometheus({
      program: prometheus,
      targets: { tapedeck: local(metricsPort), postgres: local(exporterPort) },
      ruleFiles: RULES,
    })

    // Alertmanager's own is taken on trust here: Debian's needs a template at a fixed place of the machine, and runs in containers only.
    const known = new Set(['up', 'alertmanager_notifications_failed_total'])
    for (const own of [metricsPort, exporterPort, Number(new URL(url).port)]) for (const name of (await served(own)).names) known.add(name)
    const files = RULES.map((path) => parse(readFileSync(path, 'utf8')) as RuleFile)
    const all = files.flatMap(({ groups }) => groups).flatMap((group) => group.rules)
    for (const { record } of all) if (record !== undefined) known.add(record)
    const named = new Map<string, string[]>()
    for (const { alert, record, expr } of all) named.set(alert ?? record ?? '', [...(await metricsIn(expr))])
    expect([...named.values()].flat().length).toBeGreaterThan(all.length)
    expect([...named].flatMap(([rule, names]) => names.filter((name) => !known.has(name)).map((name) => `${rule}: ${name}`))).toEqual([])

    await vi.waitFor(async () => {
      expect(new Set((await rules()).map(({ health }) => health))).toEqual(new Set(['ok']))
      const up = await query('sum by (job) (up)')
      expect(Object.fromEntries(up.map(({ metric, value }) => [metric['job'], value[1]]))).toEqual({
        postgres: '1',
        prometheus: '1',
        tapedeck: '1',
      })
      expect((await query('tapedeck:journal_fill:ratio')).length).toBe(1)
    }, PATIENCE)
    const value = async (promql: string) => Number((await query(promql))[0]?.value[1])
    // The day of the tape is a trading day, and its hour one of trading.
    expect(await value('tapedeck_data_expected')).toBe(1)
    expect(await value('tapedeck_ticks_received_total')).toBeGreaterThan(500)
    expect(await value('tapedeck_database_up')).toBe(1)
    expect(await value('pg_up')).toBe(1)
    expect(await value('tapedeck_journal_disk_free_bytes')).toBeGreaterThan(0)
    // With the labels that the alerts choose by.
    for (const chosen of ['tapedeck_gateway_state{state="paused"}', 'tapedeck_lines{feed="market-data",state="refused"}'])
      expect(await value(chosen), chosen).toBe(0)
    expect(await query('ALERTS{alertstate="firing",severity="critical"}')).toEqual([])
    await collector.stop()
  })
})
