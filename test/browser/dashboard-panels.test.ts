/** The time-series panels of the dashboards, with what they showed of the recorded day, drawn by Grafana's own component. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'

import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'

import { packageRoot } from '../../system/package-root.ts'
import { findBrowser, launchBrowser, NO_BROWSER } from '../support/browser.ts'
import { type Panel, type ShippedDashboard, shippedDashboards } from '../support/grafana/dashboards.ts'
import type { Series } from '../support/grafana/frames.ts'
import { bundleDrawing, drawPanels, installDrawing, preparePage } from '../support/grafana/draw-panels.ts'
import { queriesOfPanel, type RecordedPanel, recordedPanels, WRITES_PICTURES } from '../support/grafana/recorded-panels.ts'

const program = findBrowser()
/** Packages are fetched the first time. */
const INSTALL_MS = 300_000
const SIZE = { width: 1200, height: 240 }

/** What docs/dashboards.md shows of each dashboard. */
const SHOWN: Readonly<Record<string, readonly string[]>> = {
  'tapedeck-arbitrage': ['Implied rate', 'Implied forward'],
  'tapedeck-collector': ['Ticks per second', 'Lag', 'Journal', 'Lines'],
  'tapedeck-database': ['Commits', 'Batches'],
  'tapedeck-market': ['Spreads', 'Volatility at the money by expiry'],
  'tapedeck-quality': ['Ticks by what became of them', 'Contracts with data'],
}

/** How Grafana writes the unit on an axis. */
const UNITS: Readonly<Record<string, RegExp>> = {
  cps: /^[\d.]+K? c\/s$/,
  s: /^[\d.]+ (ns|µs|ms|s|mins?|hours?|days?)$/,
  bytes: /^[\d.]+ ([KMG]i)?B$/,
  percentunit: /^-?[\d.]+%$/,
  currencyUSD: /^-?\$-?[\d.]+K?$/,
}
const TIME = /^\d\d:\d\d(:\d\d)?$/
const NUMBER = /^-?[\d.]+( [KM]|K| Mil)?$/

interface Both {
  shipped: Panel
  recorded: RecordedPanel
}

function timeSeriesOf({ uid, panels }: ShippedDashboard): Both[] {
  const recorded = new Map(recordedPanels(uid).map((panel) => [panel.title, panel]))
  return panels.flatMap((shipped) => {
    if (shipped.type !== 'timeseries') return []
    const found = recorded.get(shipped.title)
    return [{ shipped, recorded: found ?? { title: shipped.title, queries: [], from: 0, to: 1, series: [] } }]
  })
}

describe.each(shippedDashboards())('the panels of $title', (dashboard) => {
  it('were recorded with the queries that they have (npm run pictures records them anew)', () => {
    const panels = timeSeriesOf(dashboard)
    expect(panels.length).toBeGreaterThan(1)
    for (const { shipped, recorded } of panels) expect(recorded.queries, shipped.title).toEqual(queriesOfPanel(shipped))
  })
})

describe("in Grafana's component for time series", () => {
  let browser: Browser
  let page: Page
  const complaints: string[] = []
  let missing = NO_BROWSER
  beforeEach(({ skip }) => {
    if (missing !== '') skip(missing)
  })
  beforeAll(async () => {
    if (program === undefined) return
    try {
      await installDrawing()
    } catch (error) {
      if (process.env['TAPEDECK_REQUIRE_BROWSER'] === '1') throw error
      missing = String(error)
      return
    }
    missing = ''
    const drawing = await bundleDrawing()
    browser = await launchBrowser(program)
    const context = await browser.newContext({ viewport: { width: SIZE.width, height: 500 }, offline: true })
    page = await context.newPage()
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text())
    })
    await preparePage(page, drawing)
  }, INSTALL_MS)
  afterAll(() => browser?.close())

  it.each(shippedDashboards())(
    '$title: a line for each series, a scale in the unit of the panel, and the time below',
    async (dashboard) => {
      const panels = timeSeriesOf(dashboard)
      const drawn = await drawPanels(page, panels, SIZE)
      expect(drawn.map(({ title }) => title)).toEqual(panels.map(({ shipped }) => shipped.title))
      for (const [i, { shipped, recorded }] of panels.entries()) {
        const { title, legend, texts } = drawn[i] ?? expect.unreachable(shipped.title)
        expect(legend.map(({ name }) => name).sort(), title).toEqual(recorded.series.map(({ name }) => name).sort())
        for (const { name, pixels } of legend)
          if (isVisible(name, recorded)) expect(pixels, `${title}: pixels of ${name}`).toBeGreaterThan(5)
        expect(Math.max(...legend.map(({ pixels }) => pixels)), title).toBeGreaterThan(5)
        expect(texts.filter((text) => TIME.test(text)).length, `${title}: times in ${texts.join(', ')}`).toBeGreaterThan(1)
        const unit = UNITS[shipped.fieldConfig?.defaults?.unit ?? ''] ?? NUMBER
        expect(texts.filter((text) => unit.test(text)).length, `${title}: unit in ${texts.join(', ')}`).toBeGreaterThan(1)
      }
      expect(complaints).toEqual([])
    },
  )

  it('no line where a series has no value', async () => {
    const panels = shippedDashboards().flatMap(timeSeriesOf).slice(0, 4)
    const empty = panels.map(({ shipped, recorded }) => ({
      shipped,
      recorded: { ...recorded, series: recorded.series.map((one) => ({ ...one, values: one.values.map(() => null) })) },
    }))
    const drawn = await drawPanels(page, empty, SIZE)
    expect(drawn.flatMap(({ legend }) => legend.filter(({ pixels }) => pixels > 0))).toEqual([])
  })

  it.each(shippedDashboards())('$title: the panels that docs/dashboards.md shows', async (dashboard) => {
    const titles = SHOWN[dashboard.uid] ?? []
    const panels = timeSeriesOf(dashboard).filter(({ shipped }) => titles.includes(shipped.title))
    const drawn = await drawPanels(page, panels, SIZE)
    expect(drawn.map(({ title }) => title).sort()).toEqual([...titles].sort())
    const file = join(packageRoot(), 'docs', 'pictures', `${dashboard.uid}.png`)
    if (WRITES_PICTURES) await page.locator('#panels').screenshot({ path: file })
    expect(existsSync(file)).toBe(true)
  })
})

/** Rises above the others' width of a line, and no later series has the same values. */
function isVisible(name: string, { series }: RecordedPanel): boolean {
  const greatest = (one: Series | undefined) => Math.max(0, ...(one?.values ?? []).map((value) => Math.abs(value ?? 0)))
  const at = series.findIndex((one) => one.name === name)
  const values = JSON.stringify(series[at]?.values)
  if (series.slice(at + 1).some((other) => JSON.stringify(other.values) === values)) return false
  return greatest(series[at]) > 0.02 * Math.max(...series.map(greatest))
}
