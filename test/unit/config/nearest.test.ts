import { describe, expect, it } from 'vitest'
import { nearest } from '../../../config/nearest.ts'

describe('the nearest name', () => {
  const names = ['port', 'host', 'clientId', 'maxSpreadPercent']

  it.each([
    ['prot', 'port'],
    ['hots', 'host'],
    ['client_id', 'clientId'],
    ['CLIENTID', 'clientId'],
    ['max-spread-percnt', 'maxSpreadPercent'],
  ])('to %s is %s', (word, name) => {
    expect(nearest(word, names)).toBe(name)
  })

  it.each(['', 'timeout', 'x', 'p'])('does not exist for %j', (word) => {
    expect(nearest(word, names)).toBeUndefined()
  })

  it('does not exist where there are none', () => {
    expect(nearest('port', [])).toBeUndefined()
  })
})
