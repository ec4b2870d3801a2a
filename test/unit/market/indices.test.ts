import { readFileSync } from 'node:fs'

import { describe, expect, it } from 'vitest'

import { indexClassOf, indexNamed } from '../../../market/indices.ts'

describe('indices', () => {
  it('are known by their ticker, in dollars', () => {
    expect(indexNamed('SPX', 'USD')).toEqual({ kind: 'index', symbol: 'SPX', currency: 'USD', venue: 'CBOE' })
    expect([indexNamed('SPX', 'EUR'), indexNamed('SPXW', 'USD'), indexNamed('SPY', 'USD'), indexNamed('constructor', 'USD')]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ])
  })

  it('are those that the guide to imports names', () => {
    const guide = readFileSync('docs/imports.md', 'utf8')
    const names = (text = '') => text.split(/, | and /)
    const listed = names(/^(.+) are indices; any other ticker/m.exec(guide)?.[1])
    expect(listed.filter((name) => indexNamed(name, 'USD') === undefined)).toEqual([])
    expect(listed).toHaveLength(10)
    const opening = names(/settled at the opening \(([^)]+)\)/.exec(guide)?.[1])
    expect(opening.map((name) => indexClassOf(name)?.settlesAtOpening)).toEqual(opening.map(() => true))
    expect(opening).toHaveLength(6)
  })

  it('are those that the guide to connections names', () => {
    const listed =
      /names it as well: (.+) are taken for indices/.exec(readFileSync('docs/connection.md', 'utf8'))?.[1]?.split(/, | and /) ?? []
    expect(listed.filter((name) => indexNamed(name, 'USD') === undefined)).toEqual([])
    expect(listed).toHaveLength(10)
  })

  it('have their trading classes, settled at the opening or at the close', () => {
    expect(['SPX', 'SPXW', 'NDXP', 'VIXW', 'TWX'].map(indexClassOf)).toEqual([
      { symbol: 'SPX', settlesAtOpening: true },
      { symbol: 'SPX', settlesAtOpening: false },
      { symbol: 'NDX', settlesAtOpening: false },
      { symbol: 'VIX', settlesAtOpening: true },
      undefined,
    ])
  })
})
