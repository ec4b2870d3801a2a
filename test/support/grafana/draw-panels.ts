/**
 * Grafana's own time-series component, for a real browser. Its packages are large, so they are no dependency of the project: drawing/ has a
 * package.json of its own, installed by the first test that draws. Packages that drawing never loads are replaced there by one of the smallest.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'

import type { Page } from 'playwright-core'
import { build } from 'vite'

import { packageRoot } from '../../../system/package-root.ts'
import type { Panel } from './dashboards.ts'
import type { RecordedPanel } from './recorded-panels.ts'

const FOLDER = join(packageRoot(), 'test', 'support', 'grafana', 'drawing')
const LOCK = join(FOLDER, 'package-lock.json')
/** A copy of the lock file that was installed. */
const INSTALLED = join(FOLDER, 'node_modules', '.installed-lock.json')

/** Installs what is missing. Takes seconds, and nothing the next time. */
export async function installDrawing(): Promise<void> {
  if (existsSync(INSTALLED) && readFileSync(INSTALLED, 'utf8') === readFileSync(LOCK, 'utf8')) return
  const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error']
  const npm = spawn('npm', ['ci', ...options], { cwd: FOLDER, stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  npm.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  const [code] = (await once(npm, 'close')) as [number | null]
  if (code !== 0) throw new Error(`npm ci in ${FOLDER} ended with ${code}: ${said}`)
  await copyFile(LOCK, INSTALLED)
}

export interface Drawing {
  script: string
  style: string
}

/** The page's script and style, as text. */
export async function bundleDrawing(): Promise<Drawing> {
  const output = await build({
    configFile: false,
    root: FOLDER,
    logLevel: 'error',
    define: { 'process.env.NODE_ENV': '"production"' },
    build: {
      write: false,
      minify: false,
      lib: { entry: join(FOLDER, 'page.mjs'), formats: ['iife'], name: 'drawing' },
    },
  })
  const [result] = [output].flat()
  if (result === undefined || !('output' in result)) throw new Error('the bundle of the page has no output')
  // Grafana's page has the style of the charts from elsewhere; the component alone brings none.
  return { script: result.output[0].code, style: readFileSync(join(FOLDER, 'node_modules', 'uplot', 'dist', 'uPlot.min.css'), 'utf8') }
}

/** What a panel shows. */
export interface Drawn {
  title: string
  /** What is written on the canvas: the axes. */
  texts: string[]
  /** Names in the legend, with how many pixels of the canvas have the colour of each. */
  legend: { name: string; pixels: number }[]
}

/** Notes what is written on each canvas, before anything is drawn. */
const WATCH = `
const { fillText } = CanvasRenderingContext2D.prototype
CanvasRenderingContext2D.prototype.fillText = function (text, ...where) {
  ;(this.canvas.texts ??= new Set()).add(String(text))
  return fillText.call(this, text, ...where)
}`

/** The canvas is transparent where nothing is, so that a pixel at the edge of a line has the colour of the line. */
const LOOK = `
[...document.querySelectorAll('[data-panel]')].map((panel) => {
  const canvas = panel.querySelector('canvas')
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
  const pixels = (colour) => {
    const wanted = colour.match(/[0-9]+/g).slice(0, 3).map(Number)
    let count = 0
    for (let i = 0; i < data.length; i += 4)
      if (data[i + 3] > 60 && wanted.every((value, k) => Math.abs(value - data[i + k]) < 25)) count++
    return count
  }
  const marks = [...panel.querySelectorAll('[data-testid="series-icon"]')]
  const legend = marks.map((mark) => ({
    name: (mark.closest('tr')?.querySelector('button') ?? mark.parentElement).textContent.trim(),
    pixels: pixels(getComputedStyle(mark).backgroundColor),
  }))
  return { title: panel.dataset.panel, texts: [...(canvas.texts ?? [])], legend }
})`

export interface PictureSize {
  /** Of all, in pixels. */
  width: number
  /** Of each panel. */
  height: number
}

/** An empty page that can draw. No request leaves the browser. */
export async function preparePage(page: Page, { script, style }: Drawing): Promise<void> {
  // Grafana asks for the storage of its site, which a page without an address lacks.
  await page.route('**/*', (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>Panels</title><body>' }))
  await page.goto('http://grafana.test/')
  await page.addStyleTag({ content: `* { box-sizing: border-box } ${style}` })
  await page.addScriptTag({ content: `${WATCH};\n${script}` })
}

/** Draws panels, two a row, in place of those that were there. */
export async function drawPanels(
  page: Page,
  panels: readonly { shipped: Panel; recorded: RecordedPanel }[],
  size: PictureSize,
): Promise<Drawn[]> {
  const drawing = panels.map(({ shipped, recorded }) => ({
    ...recorded,
    fieldConfig: shipped.fieldConfig,
    legend: shipped.options?.legend,
  }))
  await page.evaluate(`drawPanels(${JSON.stringify(drawing)}, ${JSON.stringify(size)})`)
  return page.evaluate<Drawn[]>(LOOK)
}
