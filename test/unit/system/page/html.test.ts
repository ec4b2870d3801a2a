import { describe, expect, it } from 'vitest'
import { escapeText, html, Markup } from '../../../../system/page/html.ts'

describe('markup', () => {
  it('escapes what is no markup, in text and in quoted attributes', () => {
    const name = `<b>"A&B's"</b>`
    expect(html`<p title="${name}">${name}</p>`.text).toBe(
      '<p title="&lt;b&gt;&quot;A&amp;B&#39;s&quot;&lt;/b&gt;">&lt;b&gt;&quot;A&amp;B&#39;s&quot;&lt;/b&gt;</p>',
    )
  })

  it('keeps markup within markup, joins lists, and leaves out what is undefined', () => {
    expect(html`<ul>${['<', '>'].map((text) => html`<li>${text}</li>`)}${undefined}${1.5}</ul>`.text).toBe(
      '<ul><li>&lt;</li><li>&gt;</li>1.5</ul>',
    )
    expect(html`${new Markup('<i>')}${['a', ['b', html`<c>`]]}`.text).toBe('<i>ab<c>')
  })

  it('escapes an ampersand that is already escaped once more: it cannot know', () => {
    expect(escapeText('&amp;')).toBe('&amp;amp;')
  })
})
