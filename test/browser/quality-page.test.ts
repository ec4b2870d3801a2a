/** The page of `tapedeck quality` in a real browser, opened from a file as a user opens it. */

import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import axe from 'axe-core'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'

import { qualityPage } from '../../cli/quality/page.ts'
import { findBrowser, launchBrowser, NO_BROWSER, openedFrom } from '../support/browser.ts'
import { PATIENTLY } from '../support/waiting.ts'
import { NOTHING, report } from '../unit/cli/quality/quality-report.ts'

const program = findBrowser()
/** What a hostile name would do if it were not escaped. */
const HOSTILE = '<img src=x onerror="globalThis.hacked=1">'

describe('the page of quality', () => {
  let browser: Browser
  let folder: string
  beforeEach(({ skip }) => {
    if (program === undefined) skip(NO_BROWSER)
  })
  beforeAll(async () => {
    if (program !== undefined) browser = await launchBrowser(program)
    folder = await mkdtemp(join(tmpdir(), 'tapedeck-page-'))
  })
  afterAll(async () => {
    if (program !== undefined) await browser.close()
    await rm(folder, { recursive: true, force: true })
  })

  const opened = (text: string, options?: BrowserContextOptions) => openedFrom(join(folder, 'quality.html'), text, { browser, options })

  const many = () => qualityPage(report({ symbols: 12 }))
  /** The colours of a drawn chart; more than one when something is drawn. */
  const coloursOf = (page: Page, name: string) =>
    page.locator(`[data-chart="${name}"] canvas`).evaluate((canvas) => {
      const { width, height } = canvas as unknown as { width: number; height: number }
      const drawing = (
        canvas as unknown as { getContext: (kind: string) => { getImageData: (...box: number[]) => { data: Uint8Array } } }
      ).getContext('2d')
      const { data } = drawing.getImageData(0, 0, width, height)
      const colours = new Set<string>()
      for (let i = 0; i < data.length; i += 4) if (data[i + 3] === 255) colours.add(data.slice(i, i + 3).join())
      return [...colours]
    })

  it('opens from a file without a network, asks for nothing else, and complains of nothing', async () => {
    const { page, requests, complaints } = await opened(many())
    expect(await page.title()).toBe('Quality from 2014-06-05T00:00:00Z to 2014-06-07T00:00:00Z')
    expect(requests).toHaveLength(1)
    expect(complaints).toEqual([])
    for (const name of ['completeness', 'spreads', 'gaps', 'findings'])
      expect((await coloursOf(page, name)).length, name).toBeGreaterThan(1)
  })

  it('may load, send and run nothing that was not in it when it was written', async () => {
    const asked: (string | undefined)[] = []
    const server = createServer((request, response) => {
      asked.push(request.url)
      response.setHeader('Access-Control-Allow-Origin', '*').end('there')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    const attempt = `(async () => {
      const script = document.createElement('script')
      script.textContent = 'globalThis.hacked = 1'
      document.body.append(script)
      const image = new Image()
      const ended = new Promise((resolve) => { image.onload = image.onerror = resolve })
      image.src = '${url}image'
      await ended
      const fetched = await fetch('${url}data').then(() => 'fetched', () => 'refused')
      return [fetched, globalThis.hacked ?? 'not run']
    })()`
    const { page, complaints } = await opened(many(), { offline: false })
    expect(await page.evaluate(attempt)).toEqual(['refused', 'not run'])
    expect(asked).toEqual([])
    expect(complaints.filter((text) => text.includes('Content Security Policy')).length).toBeGreaterThanOrEqual(3)
    // Without the policy all of it works, so that the attempts are real ones.
    const { page: open } = await opened(many(), { offline: false, bypassCSP: true })
    expect(await open.evaluate(attempt)).toEqual(['fetched', 1])
    expect(asked).toEqual(['/image', '/data'])
  })

  it('shows names and texts as they are, whatever is in them', async () => {
    const { page, complaints } = await opened(qualityPage(report({ symbol: HOSTILE })))
    expect(await page.evaluate('globalThis.hacked ?? "nothing"')).toBe('nothing')
    expect(await page.locator('img').count()).toBe(0)
    expect(await page.locator('table').first().isVisible()).toBe(true)
    expect(await page.locator('body').textContent()).toContain(HOSTILE)
    expect(complaints).toEqual([])
  })

  it.each(['light', 'dark'] as const)('has nothing for axe to object to, %s', async (colorScheme) => {
    const { page } = await opened(many(), { colorScheme, bypassCSP: true })
    await page.evaluate(axe.source)
    const { violations } = await page.evaluate<axe.AxeResults>('axe.run()')
    expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([])
  })

  it('draws its charts anew when the reader changes to dark', async () => {
    const { page } = await opened(many(), { colorScheme: 'light' })
    const light = await coloursOf(page, 'findings')
    await page.emulateMedia({ colorScheme: 'dark' })
    expect(light).toContain('31,95,168')
    await vi.waitFor(async () => expect(await coloursOf(page, 'findings')).toContain('111,177,245'), PATIENTLY)
    expect(await coloursOf(page, 'findings')).not.toContain('31,95,168')
  })

  it('prints in light colours, on more than one page, without anything cut off', async () => {
    const { page } = await opened(many(), { colorScheme: 'dark' })
    const pdf = await page.pdf({ format: 'A4', printBackground: true })
    expect(pdf.subarray(0, 5).toString()).toBe('%PDF-')
    expect(pdf.toString('latin1').match(/\/Type\s*\/Page\b/g)?.length).toBeGreaterThan(1)
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' })
    await page.setViewportSize({ width: 703, height: 900 })
    await page.evaluate('dispatchEvent(new Event("beforeprint"))')
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(255, 255, 255)')
    expect(await coloursOf(page, 'findings')).toContain('31,95,168')
    await page.evaluate('dispatchEvent(new Event("afterprint"))')
    expect(await coloursOf(page, 'findings')).toContain('111,177,245')
  })

  it('fits a telephone: only tables scroll sideways', async () => {
    const { page } = await opened(many(), { viewport: { width: 360, height: 700 } })
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360)
  })

  it('is readable without its script, and when nothing is recorded', async () => {
    const { page } = await opened(many(), { javaScriptEnabled: false })
    expect(await page.locator('h2').allTextContents()).toContain('The lowest grades')
    const { page: empty, complaints } = await opened(qualityPage(NOTHING))
    expect(await empty.locator('main').textContent()).toContain('Nothing is recorded yet.')
    expect(complaints).toEqual([])
  })
})
