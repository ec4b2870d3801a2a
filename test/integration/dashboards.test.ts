/**
 * Every query of the shipped dashboards on real servers: SQL on each edition of the database with the recorded day in it, PromQL on
 * Prometheus 2 and 3 that scraped the collector while it recorded that day.
 */

import { parser } from '@prometheus-io/lezer-promql'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { applyRoles, roleNames } from '../../db/operate/roles.ts'
import { connectClient } from '../../db/pool.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { EMBEDDED } from '../support/database/editions.ts'
import { queriesOf, shippedDashboards, type ShippedDashboard, type Target } from '../support/grafana/dashboards.ts'
import { EXPECTED_SERIES, EXPECTED_SQL, NOTHING_ON_A_GOOD_DAY, WITH_TIMESCALEDB_ONLY } from '../support/grafana/expected.ts'
import { type Column, columnsOf, type Series, seriesOf } from '../support/grafana/frames.ts'
import { type Chosen, expandSql, interpolate, intervalOf, type TimeRange } from '../support/grafana/macros.ts'
import { PanelRecording, WRITES_PICTURES } from '../support/grafana/recorded-panels.ts'
import { BAD_MINUTES, giveRows, recordDay, type Rows, takeRows } from '../support/grafana/recorded-day.ts'
import { temporaryDirectory } from '../support/process/recording.ts'
import { type PrometheusSeries, type PrometheusServer, startPrometheus } from '../support/prometheus/file-server.ts'
import { freePort } from '../support/prometheus/prometheus.ts'
import { findTool, noTool, type Tool } from '../support/tools.ts'

const DASHBOARDS = shippedDashboards()
const RECORDING_MS = 240_000
const PROMETHEUS = ['prometheus-2/prometheus', 'prometheus-3/prometheus'] as const satisfies Tool[]

/** Recorded once, on the first edition; the others get its rows. */
let rows: Rows | undefined
const scraping = new Map<Tool, { server: PrometheusServer; from: number }>()
let metrics = ''
afterAll(async () => {
  for (const { server } of scraping.values()) await server.stop()
})

async function recordOnce(databaseUrl: string): Promise<Rows> {
  const metricsPort = await freePort()
  const config = `
global: { scrape_interval: 1s, scrape_timeout: 1s }
scrape_configs: [{ job_name: tapedeck, static_configs: [{ targets: ['127.0.0.1:${metricsPort}'] }] }]`
  for (const tool of PROMETHEUS) {
    const program = findTool(tool)
    if (program) scraping.set(tool, { server: await startPrometheus(program, config), from: Date.now() / 1000 })
  }
  const dataDir = await temporaryDirectory()
  const look = setInterval(() => {
    fetch(`http://127.0.0.1:${metricsPort}/metrics`)
      .then((response) => response.text())
      .then((text) => (metrics = text))
      .catch(() => undefined)
  }, 200)
  await recordDay({ databaseUrl, dataDir, metricsPort }).finally(() => clearInterval(look))
  return takeRows(databaseUrl)
}

forEachEdition('the dashboards', (edition) => {
  let owner: pg.Client | undefined
  let client: pg.Client
  /** What TimescaleDB is licensed for, where it is there. */
  let license: string | null | undefined
  const prefix = `t${Math.trunc(performance.timeOrigin % 1e9).toString(36)}`
  const roles = roleNames(prefix)
  const login = `${prefix}_grafana`
  beforeAll(async () => {
    const databaseUrl = await edition.createTapeDatabase()
    if (rows === undefined) rows = await recordOnce(databaseUrl)
    else await giveRows(databaseUrl, rows)
    owner = await connectClient(databaseUrl)
    await owner.query(BAD_MINUTES)
    await owner.query('ANALYZE')
    const { rows: settings } = await owner.query<{ license: string | null }>(
      "SELECT current_setting('timescaledb.license', true) AS license",
    )
    license = settings[0]?.license
    if (license === 'timescale') await owner.query("SELECT compress_chunk(chunk) FROM show_chunks('quotes') chunk")
    // The role that docs/dashboards.md gives to Grafana.
    await applyRoles(owner, roles)
    await owner.query(`CREATE ROLE ${login} LOGIN PASSWORD 'pw'; GRANT ${roles.reader}, pg_read_all_stats TO ${login}`)
    client = await connectClient(Object.assign(new URL(databaseUrl), { username: login, password: 'pw' }).href)
  }, RECORDING_MS)
  afterAll(async () => {
    await client?.end()
    for (const role of [login, ...Object.values(roles)])
      await owner?.query(`REASSIGN OWNED BY ${role} TO CURRENT_USER; DROP OWNED BY ${role}; DROP ROLE ${role}`)
    await owner?.end()
  })

  async function answer(sql: string, range: TimeRange, chosen: Record<string, Chosen>, least?: string): Promise<Column[]> {
    const interval = intervalOf(range, least)
    return columnsOf(await client.query(expandSql(interpolate(sql, chosen), { range, interval })))
  }

  /** The range that a click on the only session in the list sets. */
  async function rangeOf(dashboard: ShippedDashboard): Promise<TimeRange> {
    const now = Date.now()
    const lately = { from: new Date(now - 6 * 3_600_000), to: new Date(now + 1000) }
    const list = dashboard.panels.find(({ title }) => title.startsWith('Recorded sessions'))
    if (list === undefined) return lately
    const columns = await answer(list.targets?.[0]?.rawSql ?? '', lately, {})
    const at = (name: string) => new Date(Number(columns.find((column) => column.name === name)?.values[0]))
    const links = list.fieldConfig?.overrides.flatMap(({ properties }) => properties.filter(({ id }) => id === 'links'))
    expect(JSON.stringify(links)).toContain(`/d/${dashboard.uid}?from=\${__data.fields.from_ms}&to=\${__data.fields.to_ms}`)
    return { from: at('from_ms'), to: at('to_ms') }
  }

  /** What Grafana chooses when the dashboard is opened: the first value of a variable, or all of them. */
  async function choose(dashboard: ShippedDashboard, range: TimeRange): Promise<Record<string, Chosen>> {
    const chosen: Record<string, Chosen> = {}
    for (const { name, query, includeAll, allValue } of dashboard.templating.list) {
      if (typeof query !== 'string') continue
      const columns = await answer(query, range, chosen)
      const values = (columns.find((column) => column.name === '__value') ?? columns[0])?.values.map(String) ?? []
      expect(values, `${dashboard.title}: ${name}`).not.toEqual([])
      chosen[name] = includeAll ? (allValue === undefined ? values : { raw: allValue }) : (values[0] ?? '')
    }
    return chosen
  }

  it.each(DASHBOARDS)('$title: a click on the recorded session shows rows in every panel of SQL', async (dashboard) => {
    const range = await rangeOf(dashboard)
    const chosen = await choose(dashboard, range)
    const found: Record<string, unknown> = {}
    const recording = new PanelRecording()
    for (const { name, panel, target } of queriesOf([dashboard])) {
      if (target.rawSql === undefined) continue
      const columns = await answer(target.rawSql, range, chosen, panel.interval).catch((cause: unknown) => {
        throw new Error(`${name}: ${String(cause)}`, { cause })
      })
      found[name] = columns.map((column) => `${column.name}:${column.type}`).join(' ')
      const needed = WITH_TIMESCALEDB_ONLY[name]
      if (needed !== undefined && !needed.includes(license ?? 'none')) {
        expect(columns[0]?.values, name).toEqual([])
        continue
      }
      expect(columns[0]?.values.length, name).toBeGreaterThan(0)
      expect(
        columns.some(({ values }) => values.some((value) => value !== null)),
        name,
      ).toBe(true)
      if (target.format !== 'time_series') continue
      const series = seriesOf(columns)
      found[`${name} series`] = series.map((one) => one.name)
      recording.add(panel, { from: range.from.getTime(), to: range.to.getTime() }, series)
    }
    if (WRITES_PICTURES && edition.name === EMBEDDED) await recording.write(dashboard.uid)
    const expected = Object.entries(EXPECTED_SQL).filter(([name]) => name.startsWith(`${dashboard.title}: `))
    expect(found).toEqual(Object.fromEntries(expected))
  })

  it('draws a volatility surface that is no accident: a smile an expiry, and a term structure of five', async () => {
    const dashboard = DASHBOARDS.find(({ uid }) => uid === 'tapedeck-market')
    if (dashboard === undefined) return expect.unreachable()
    const range = { from: new Date('2014-06-05T13:30:00Z'), to: new Date('2014-06-05T19:30:00Z') }
    const chosen = await choose(dashboard, range)
    const of = async (title: string) => {
      const panel = dashboard.panels.find((one) => one.title.startsWith(title))
      const columns = await answer(panel?.targets?.[0]?.rawSql ?? '', range, chosen, panel?.interval)
      return (name: string) => columns.find((column) => column.name === name)?.values ?? []
    }
    const surface = await of('Implied volatility surface')
    expect(new Set(surface('expiry')).size).toBe(5)
    expect(surface('volatility').length).toBe(79)
    expect(surface('volatility').every((value) => Number(value) > 0.15 && Number(value) < 0.45)).toBe(true)
    const term = await of('Term structure')
    expect(term('days')).toEqual([16, 44, 135, 226, 589])
  })

  if (edition.name !== EMBEDDED) return

  it('names only metrics that the collector has', () => {
    const known = new Set(
      [...metrics.matchAll(/^# TYPE (\S+) (\S+)$/gm)].flatMap(([, name = '', type]) =>
        type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
      ),
    )
    expect(known.size).toBeGreaterThan(30)
    for (const { name, target } of queriesOf(DASHBOARDS))
      for (const metric of metricsIn(target)) expect(known.has(metric), `${name}: ${metric}`).toBe(true)
  })

  describe.each(PROMETHEUS)('on %s', (tool) => {
    it.for(DASHBOARDS)('$title: every PromQL has the series that the panel promises', async (dashboard, { skip }) => {
      const { server, from } = scraping.get(tool) ?? {}
      if (server === undefined || from === undefined) return skip(noTool(tool))
      const ready = await server.queryRange('tapedeck_ready', { from, to: Date.now() / 1000, step: 0.5 })
      const times = ready.flatMap(({ values }) => values ?? []).map(([at]) => at)
      const [first, last] = [Math.min(...times), Math.max(...times)]
      expect(last - first, 'seconds of scraping').toBeGreaterThan(2)
      const found: Record<string, unknown> = {}
      const empty: string[] = []
      const recording = new PanelRecording()
      for (const { name, panel, target } of queriesOf([dashboard])) {
        if (target.expr === undefined) continue
        const expr = target.expr.replaceAll('$collector', '.*').replaceAll('$__rate_interval', '10s')
        const series = target.instant ? await server.query(expr, last) : await server.queryRange(expr, { from: first, to: last, step: 0.5 })
        found[name] = [...new Set(series.map(({ metric }) => legendOf(target, metric)))].sort()
        if (series.length === 0) empty.push(name)
        const numbers = series
          .flatMap(({ value, values }) => values ?? (value ? [value] : []))
          .filter(([, text]) => !Number.isNaN(Number(text)))
        if (series.length > 0) expect(numbers.length, `${name} has numbers`).toBeGreaterThan(0)
        recording.add(
          panel,
          { from: first * 1000, to: last * 1000 },
          series.map((one) => drawable(target, one)),
        )
      }
      if (WRITES_PICTURES && tool === 'prometheus-3/prometheus') await recording.write(dashboard.uid)
      expect(empty.filter((name) => !NOTHING_ON_A_GOOD_DAY.includes(name))).toEqual([])
      const expected = Object.entries(EXPECTED_SERIES).filter(([name]) => name.startsWith(`${dashboard.title}: `))
      expect(found).toEqual(
        Object.fromEntries(
          expected.map(([name, series]) => [name, expect.toSatisfy((have: string[]) => matches(have, series)) as unknown]),
        ),
      )
    })
  })
})

/** Names of the metrics in an expression, as the parser of Prometheus' own editor sees them. */
function metricsIn({ expr }: Target): string[] {
  const text = (expr ?? '').replaceAll('$__rate_interval', '1m')
  const names: string[] = []
  parser.parse(text).iterate({
    enter: ({ name, from, to, node }) => {
      if (name === 'Identifier' && node.parent?.name === 'VectorSelector') names.push(text.slice(from, to))
    },
  })
  return names
}

/** `{{state}}` of the legend, with the labels of a series; addresses of collectors as such. */
function legendOf({ legendFormat = '' }: Target, metric: Readonly<Record<string, string>>): string {
  return legendFormat.replaceAll(/\{\{(\w+)\}\}/g, (_, label: string) =>
    label === 'instance' && metric['instance'] ? 'ADDRESS' : (metric[label] ?? 'MISSING'),
  )
}

/** A series of Prometheus as a panel draws it. */
function drawable(target: Target, { metric, values = [] }: PrometheusSeries): Series {
  const name = legendOf(target, metric).replace('ADDRESS', '127.0.0.1:9464')
  return { name, times: values.map(([at]) => at * 1000), values: values.map(([, text]) => Number(text)) }
}

/** Series that must be there, and no other but those after `…`. */
function matches(have: readonly string[], series: readonly string[]): boolean {
  const open = series.includes('…')
  const must = series.filter((name) => name !== '…')
  return (
    must.every((name) => have.includes(name)) &&
    (open || have.every((name) => must.includes(name))) &&
    !have.some((name) => name.includes('MISSING'))
  )
}
