/** The dashboards as files: what is committed is what the sources give, and what Grafana and people need is in it. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'

import { parser } from '@prometheus-io/lezer-promql'
import { describe, expect, it } from 'vitest'

import { dashboards } from '../../../compose/grafana/src/index.ts'
import { packageRoot } from '../../../system/package-root.ts'
import { DASHBOARDS, dashboardFiles, queriesOf, shippedDashboards } from '../../support/grafana/dashboards.ts'

const SOURCES = { prometheus: 'tapedeck-prometheus', 'grafana-postgresql-datasource': 'tapedeck-database' }

it('are committed as their sources give them (npm run dashboards writes them)', async () => {
  for (const dashboard of dashboards())
    await expect(`${JSON.stringify(dashboard, null, 2)}\n`).toMatchFileSnapshot(join(DASHBOARDS, `${dashboard.uid}.json`))
  expect(dashboardFiles().sort()).toEqual(
    dashboards()
      .map(({ uid }) => `${uid}.json`)
      .sort(),
  )
})

describe.each(shippedDashboards())('$title', (dashboard) => {
  const queries = queriesOf([dashboard])

  it('has an address of its own, numbered panels and none above another', () => {
    expect(dashboard.uid).toMatch(/^tapedeck-\w+$/)
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length)
    for (const { title, gridPos: a } of dashboard.panels) {
      expect(a.x + a.w, title).toBeLessThanOrEqual(24)
      const above = dashboard.panels.filter(
        ({ title: other, gridPos: b }) => other !== title && a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h,
      )
      expect(
        above.map((panel) => panel.title),
        title,
      ).toEqual([])
    }
  })

  it('describes every panel, shows its legend, and says when there is nothing', () => {
    for (const { title, type, description, options, fieldConfig, targets } of dashboard.panels) {
      if (targets === undefined) continue
      expect(description, title).toMatch(/\.$/)
      expect(fieldConfig?.defaults.noValue, title).toBe('nothing in this range')
      if (['timeseries', 'barchart', 'xychart', 'candlestick'].includes(type)) expect(options?.legend?.showLegend, title).toBe(true)
    }
  })

  it('gives each query a letter of its own and one of the two data sources', () => {
    for (const { name, panel, target } of queries) {
      expect(
        panel.targets?.filter(({ refId }) => refId === target.refId),
        name,
      ).toHaveLength(1)
      expect(SOURCES[target.datasource.type as keyof typeof SOURCES], name).toBe(target.datasource.uid)
      expect((target.expr === undefined) !== (target.rawSql === undefined), name).toBe(true)
    }
  })

  it('uses variables that it has', () => {
    const known = new Set(dashboard.templating.list.map(({ name }) => name))
    const builtIn = new Set(['__interval', '__interval_ms', '__rate_interval', '__timeFilter', '__timeFrom', '__timeTo', '__timeGroup'])
    for (const { name, target } of queries)
      for (const [, variable = ''] of `${target.expr ?? ''}${target.rawSql ?? ''}`.matchAll(/\$(\w+)/g))
        expect(known.has(variable) || builtIn.has(variable), `${name}: $${variable}`).toBe(true)
  })

  it('has no parenthesis within an argument of a macro, and no alias that Grafana adds unasked', () => {
    for (const { name, target } of queries) {
      for (const [macro] of (target.rawSql ?? '').matchAll(/\$__\w+\([^)]*\)/g)) expect(macro.match(/\(/g), name).toHaveLength(1)
      expect(target.rawSql ?? '', name).not.toMatch(/\$__timeGroup\([^)]*\),/)
      expect(target.rawSql ?? '', name).not.toContain('time_bucket')
    }
  })

  it('has PromQL that parses', () => {
    for (const { name, target } of queries) {
      if (target.expr === undefined) continue
      const expr = target.expr.replaceAll('$__rate_interval', '1m')
      const broken: string[] = []
      parser.parse(expr).iterate({
        enter: ({ type, from, to }) => {
          if (type.isError) broken.push(expr.slice(Math.max(0, from - 20), to + 20))
        },
      })
      expect(broken, `${name}: ${expr}`).toEqual([])
    }
  })

  it('names pages of the documentation that exist', () => {
    const named = [...JSON.stringify(dashboard).matchAll(/docs\/[\w-]+\.md/g)].map(([page]) => page)
    expect(named.length).toBeGreaterThan(0)
    for (const page of named) expect(existsSync(join(packageRoot(), page)), page).toBe(true)
  })
})
