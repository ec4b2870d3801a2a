import { describe, expect, it } from 'vitest'

import { DETECTORS } from '../../../../../market/arbitrage/detectors/index.ts'

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
})
