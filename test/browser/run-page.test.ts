/** The report on a run in a real browser, opened from a file as a user opens it. */

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import axe from 'axe-core'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'

import { summarise } from '../../backtester/metrics/summary.ts'
import { comparisonPage, runPage } from '../../backtester/report/page.ts'
import type { RunResult } from '../../backtester/run/result.ts'
import { busyRun, runResult } from '../support/backtest/run-result.ts'
import { findBrowser, launchBrowser, NO_BROWSER, openedFrom } from '../support/browser.ts'

const program = findBrowser()
/** What a hostile name would do if it were not escaped. */
const HOSTILE = '<img src=x onerror="globalThis.hacked=1">'
const CHARTS = ['equity', 'drawdown', 'sharpe', 'histogram', 'exposure', 'costs', 'symbols', 'hours', 'trades-1', 'trades-2', 'trades-3']

const reported = (result: RunResult, name = 'run 1') => ({ name, result, summary: summarise(result) })
const busy = runPage(reported(busyRun()))
const compared = comparisonPage([reported(busyRun()), reported(busyRun({ seed: 2, params: { period: 20, quantity: 100 } }), 'run 2')])
const failed = runPage(
  reported(
    runResult({
      status: 'failed',
      error: { code: 'strategy-threw', message: `boom ${HOSTILE}` },
      dataset: undefined,
      params: { note: HOSTILE },
    }),
  ),
)

describe('the page of a run', () => {
  let browser: Browser
  let folder: string
  beforeEach(({ skip }) => {
    if (program === undefined) skip(NO_BROWSER)
  })
  beforeAll(async () => {
    if (program !== undefined) browser = await launchBrowser(program)
    folder = await mkdtemp(join(tmpdir(), 'tapedeck-run-page-'))
  })
  afterAll(async () => {
    if (program !== undefined) await browser.close()
    await rm(folder, { recursive: true, force: true })
  })

  const opened = (text: string, options?: BrowserContextOptions) => openedFrom(join(folder, 'run.html'), text, { browser, options })

  /** How many colours a chart has: more than one when something is drawn. */
  const coloursOf = (page: Page, name: string) =>
    page.evaluate<number>(`(() => {
      const canvas = document.querySelector('[data-chart="${name}"] canvas')
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
      const colours = new Set()
      for (let i = 0; i < data.length; i += 4) if (data[i + 3] === 255) colours.add(data.slice(i, i + 3).join())
      return colours.size
    })()`)

  it.each([
    ['of one run', busy, 'sma-cross, run 1', CHARTS],
    ['of two side by side', compared, 'run 1 and run 2 side by side', ['growth', 'drawdown', 'sharpe']],
  ] as const)(
    '%s opens from a file without a network, draws its charts, asks for nothing else, and complains of nothing',
    async (_, text, title, charts) => {
      const { page, requests, complaints } = await opened(text)
      expect(await page.title()).toBe(title)
      expect(requests).toHaveLength(1)
      expect(complaints).toEqual([])
      expect(await page.locator('[data-chart]').evaluateAll((places) => places.map((place) => place.getAttribute('data-chart')))).toEqual(
        charts,
      )
      for (const name of charts) expect(await coloursOf(page, name), name).toBeGreaterThan(1)
    },
  )

  it('lets nothing run that was not in it when it was written', async () => {
    expect(/content="default-src 'none'; script-src ('sha256-[^']+' ?)+; style-src/.test(busy.replaceAll('&#39;', "'"))).toBe(true)
    const { page, complaints } = await opened(busy)
    await page.evaluate(`(() => {
      const script = document.createElement('script')
      script.textContent = 'globalThis.hacked = 1'
      document.body.append(script)
    })()`)
    expect(await page.evaluate('globalThis.hacked ?? "not run"')).toBe('not run')
    expect(complaints.join()).toContain('Content Security Policy')
  })

  it('shows names and texts as they are, whatever is in them, of a run that failed before it began', async () => {
    const { page, complaints } = await opened(failed)
    expect(await page.evaluate('globalThis.hacked ?? "nothing"')).toBe('nothing')
    expect(await page.locator('img').count()).toBe(0)
    expect(await page.locator('body').textContent()).toContain(`boom ${HOSTILE}`)
    expect(await page.locator('h2').first().textContent()).toBe('The run failed')
    expect(complaints).toEqual([])
  })

  it.each([
    ['light', busy],
    ['dark', busy],
    ['light', compared],
  ] as const)('has nothing for axe to object to, %s', async (colorScheme, text) => {
    const { page } = await opened(text, { colorScheme, bypassCSP: true })
    await page.evaluate(axe.source)
    const { violations } = await page.evaluate<axe.AxeResults>('axe.run()')
    expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([])
  })

  it.each([
    ['run-light', busy, 'light', 1280],
    ['run-dark', busy, 'dark', 1280],
    ['run-telephone', busy, 'light', 360],
    ['two-runs', compared, 'light', 1280],
  ] as const)('can be photographed: %s, and only tables scroll sideways', async (name, text, colorScheme, width) => {
    const { page } = await opened(text, { colorScheme, viewport: { width, height: 900 } })
    const shot = await page.screenshot({ fullPage: true })
    expect(shot.length).toBeGreaterThan(50_000)
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width)
    // For people who want to look at it.
    const kept = process.env['TEST_SCREENSHOTS']
    if (kept === undefined) return
    await mkdir(kept, { recursive: true })
    await writeFile(join(kept, `${name}.png`), shot)
  })

  it('prints in light colours on more than one page', async () => {
    const { page } = await opened(busy, { colorScheme: 'dark' })
    const pdf = await page.pdf({ format: 'A4', printBackground: true })
    expect(pdf.toString('latin1').match(/\/Type\s*\/Page\b/g)?.length).toBeGreaterThan(1)
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' })
    await page.evaluate('dispatchEvent(new Event("beforeprint"))')
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(255, 255, 255)')
  })

  it('is readable without its script', async () => {
    const { page } = await opened(busy, { javaScriptEnabled: false })
    expect(await page.locator('h2').allTextContents()).toEqual(
      expect.arrayContaining([
        'Warnings',
        'Returns by month',
        'Figures',
        'By instrument',
        'Round trips',
        'Parameters and settings',
        'Data',
        'Events and log',
      ]),
    )
  })
})
