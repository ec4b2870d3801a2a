/**
 * One HTML file that needs nothing beside it: styles, scripts and data are in it, and its policy lets it load and send nothing. It opens from
 * a disk without a network, in dark and light, and prints.
 */

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

import { packageRoot } from '../package-root.ts'
import { html, Markup } from './html.ts'

/** Points of a chart, or rows of a timeline. What is not known is NaN. */
export interface Chart {
  /**
   * `bars` and `lines` have a value of each series for each label; `spans` draws from `from` to `to` on the row of each label; `times` has no
   * labels, and the first of its series is the times, in seconds since 1970 UTC, rising.
   */
  kind: 'bars' | 'lines' | 'spans' | 'times'
  title: string
  /** What a reader who does not see the chart is told. */
  summary: string
  /** Of the values: `%`. */
  unit: string
  labels: readonly string[]
  series: readonly ChartSeries[]
  /** The lowest and the highest value that the axis shows; where absent, those of the values. */
  range?: readonly [number, number]
}

export interface ChartSeries {
  name: string
  values: readonly number[]
  /** Of `times`. Default: a line. `up` and `down` are arrows whose tips are at the values. */
  style?: 'line' | 'area' | 'up' | 'down'
}

export interface Page {
  title: string
  language: string
  body: Markup
  /** Drawn where the body has `chartPlace(name)`. */
  charts: Readonly<Record<string, Chart>>
}

/** Where the chart of this name is drawn. */
export function chartPlace(name: string, { title, summary }: Chart): Markup {
  return html`<figure class="chart"><figcaption>${title}</figcaption><div class="plot" role="img" aria-label="${summary}" data-chart="${name}"></div></figure>`
}

/** @throws Error when the package is not whole */
export function renderPage({ title, language, body, charts }: Page): string {
  const folder = join(packageRoot(), 'system', 'page')
  const require = createRequire(import.meta.url)
  const uplot = dirname(require.resolve('uplot'))
  const styles = [read(uplot, 'uPlot.min.css'), read(folder, 'page.css')]
  const scripts = [read(uplot, 'uPlot.iife.min.js'), read(folder, 'charts.js')]
  const policy = [
    "default-src 'none'",
    `script-src ${scripts.map(hashOf).join(' ')}`,
    `style-src ${styles.map(hashOf).join(' ')}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')
  // Its licence asks for its notice in every copy.
  const licence = html`<!--
uPlot
${new Markup(read(uplot, join('..', 'LICENSE')))}
-->`
  const data = html`<script type="application/json" id="charts">${new Markup(inScript(packed(charts)))}</script>`
  const page = html`<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
${styles.map(
  (style) => html`<style>${new Markup(style)}</style>
`,
)}</head>
<body>
${body}
${data}
${licence}
${scripts.map(
  (script) => html`<script>${new Markup(script)}</script>
`,
)}</body>
</html>
`
  return page.text
}

/** Values as base64 of little-endian doubles: small, exact, and NaN is one of them. */
function packed(charts: Page['charts']): unknown {
  const entries = Object.entries(charts).map(([name, { series, ...chart }]) => [
    name,
    { ...chart, series: series.map(({ values, ...one }) => ({ ...one, values: base64(values) })) },
  ])
  return Object.fromEntries(entries)
}

export function base64(values: readonly number[]): string {
  const bytes = Buffer.alloc(values.length * 8)
  for (const [i, value] of values.entries()) bytes.writeDoubleLE(value, i * 8)
  return bytes.toString('base64')
}

/** JSON that no parser of HTML takes for the end of the script. */
const inScript = (value: unknown): string => JSON.stringify(value).replaceAll('<', '\\u003c')
const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`
const read = (folder: string, file: string): string => readFileSync(join(folder, file), 'utf8').replaceAll('\r\n', '\n').trim()
