import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { DETECTORS } from '../../../../../market/arbitrage/detectors/index.ts'
import { packageRoot } from '../../../../../system/package-root.ts'

describe('the detectors', () => {
  it('have names of their own, in the form of settings', () => {
    const names = DETECTORS.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    for (const name of names) expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/)
  })

  it('each say in one sentence what is traded, and look at options', () => {
    for (const detector of DETECTORS) {
      expect(detector.about).toMatch(/^[A-Z].*\.$/)
      expect(detector).toHaveProperty('onOption')
    }
  })

  it('stand in docs/arbitrage.md in their order', () => {
    const text = readFileSync(join(packageRoot(), 'docs/arbitrage.md'), 'utf8')
    const [, table = ''] = text.split('| detector | package |')
    const rows = (table.split('\n\n')[0] ?? '').split('\n').flatMap((row) => /^\| `([a-z-]+)` \|/.exec(row)?.[1] ?? [])
    expect(rows).toEqual(DETECTORS.map(({ name }) => name))
  })
})
