import { createHash } from 'node:crypto'

import { describe, expect, it } from 'vitest'

import { html } from '../../../../system/page/html.ts'
import { base64, type Chart, chartPlace, renderPage } from '../../../../system/page/page.ts'

const CHART: Chart = {
  kind: 'bars',
  title: 'A <title>',
  summary: 'What "it" shows',
  unit: ' %',
  labels: ['</script><script>'],
  series: [{ name: 'a', values: [1.5, Number.NaN] }],
}
const page = () =>
  renderPage({ title: 'A & B', language: 'en', body: html`<p>${'<text>'}</p>${chartPlace('one', CHART)}`, charts: { one: CHART } })

describe('a page', () => {
  it('has a policy that allows the scripts and styles in it, by their hashes, and nothing else', () => {
    const text = page()
    const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(text)?.[1]?.replaceAll('&#39;', "'") ?? ''
    const hashes = (tag: string) =>
      [...text.matchAll(new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`, 'g'))].map(
        ([, content = '']) => `'sha256-${createHash('sha256').update(content).digest('base64')}'`,
      )
    expect(hashes('script')).toHaveLength(2)
    expect(hashes('style')).toHaveLength(2)
    expect(policy).toBe(
      `default-src 'none'; script-src ${hashes('script').join(' ')}; style-src ${hashes('style').join(' ')}; base-uri 'none'; form-action 'none'`,
    )
    expect(text).not.toMatch(/\bsrc=|\bhref=|style="/)
  })

  it('has the data of its charts as base64 doubles, in which no text ends the script', () => {
    const data = /<script type="application\/json" id="charts">(.*?)<\/script>/.exec(page())?.[1] ?? ''
    expect(data).not.toContain('<')
    expect(JSON.parse(data)).toEqual({ one: { ...CHART, series: [{ name: 'a', values: 'AAAAAAAA+D8AAAAAAAD4fw==' }] } })
  })

  it('is the same each time, and escapes its title and places', () => {
    expect(page()).toBe(page())
    expect(page()).toContain('<title>A &amp; B</title>')
    expect(page()).toContain('<figcaption>A &lt;title&gt;</figcaption>')
    expect(page()).toContain('aria-label="What &quot;it&quot; shows"')
    expect(page()).toContain('Copyright (c) 2022 Leon Sorokin')
  })
})

describe('base64 of doubles', () => {
  it('is little-endian, and exact', () => {
    const values = [0, -0, 1e-300, Math.PI, Number.NaN, Number.POSITIVE_INFINITY]
    const bytes = Buffer.from(base64(values), 'base64')
    expect(values.map((_, i) => bytes.readDoubleLE(i * 8))).toEqual(values)
  })
})
