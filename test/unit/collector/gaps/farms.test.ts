import { describe, expect, it } from 'vitest'
import { farmOf, farmsIn, servesLine, servesTickByTickOnly, usualFarm } from '../../../../collector/gaps/farms.ts'

const stock = { contract: { kind: 'stock', currency: 'USD' } } as const
const option = { contract: { kind: 'option', currency: 'USD' } } as const
const trades = { contract: { kind: 'stock', currency: 'USD' }, feed: 'tick-by-tick-trades' } as const

describe('a farm', () => {
  it.each([
    ['usfarm', { stock: true, option: false, trades: false }],
    ['usfarm.nj', { stock: true, option: false, trades: false }],
    ['usopt', { stock: false, option: true, trades: false }],
    ['usfuture', { stock: false, option: false, trades: false }],
    ['cashfarm', { stock: false, option: false, trades: false }],
    ['eufarm', { stock: false, option: false, trades: false }],
    ['jfarm', { stock: false, option: false, trades: false }],
    ['ushmds', { stock: false, option: false, trades: true }],
    ['euhmds', { stock: false, option: false, trades: false }],
    ['secdefil', { stock: false, option: false, trades: false }],
    ['newfarm', { stock: true, option: true, trades: true }],
  ])('%s serves %o', (farm, expected) => {
    expect({ stock: servesLine(farm, stock), option: servesLine(farm, option), trades: servesLine(farm, trades) }).toEqual(expected)
  })

  it('of history serves tick-by-tick lines only', () => {
    expect(['ushmds', 'euhmds', 'newhmds', 'usfarm', 'eufarm', 'cashhmds', 'newfarm'].filter(servesTickByTickOnly)).toEqual([
      'ushmds',
      'euhmds',
      'newhmds',
    ])
  })

  it('of Europe serves European lines of every kind', () => {
    for (const kind of ['stock', 'option', 'future'] as const)
      expect(servesLine('eufarmnj', { contract: { kind, currency: 'EUR' } })).toBe(true)
  })

  it('that no notice has named is known for lines of the United States', () => {
    expect([stock, option, trades].map(usualFarm)).toEqual(['usfarm', 'usopt', 'ushmds'])
    expect(usualFarm({ contract: { kind: 'stock', currency: 'EUR' } })).toBeUndefined()
  })

  it('is named at the end of its notices', () => {
    expect(farmOf('Market data farm connection is broken:usfarm.nj')).toBe('usfarm.nj')
    const dormant = 'Market data farm connection is inactive but should be available upon demand'
    expect(farmOf(`${dormant}.usfarm.nj`)).toBe('usfarm.nj')
    expect(farmOf(`${dormant}:usopt`)).toBe('usopt')
    expect(farmOf(`${dormant}.`)).toBe('unknown')
  })
})

describe('the text of a restored link', () => {
  it('may list all farms as connected', () => {
    const text =
      'Connectivity between IB and Trader Workstation has been restored - data maintained. All data farms are connected: usfarm.nj; usopt; ushmds.'
    expect(farmsIn(text)).toEqual({ connected: ['usfarm.nj', 'usopt', 'ushmds'], broken: [] })
  })

  it('may list some as not connected', () => {
    const text =
      'Connectivity between IB and Trader Workstation has been restored - data maintained. The following farms are connected: cashfarm; secdefil. The following farms are not connected: usfuture; usfarm.'
    expect(farmsIn(text)).toEqual({ connected: ['cashfarm', 'secdefil'], broken: ['usfuture', 'usfarm'] })
  })

  it('may say nothing of farms', () => {
    expect(farmsIn('Connectivity between IB and Trader Workstation has been restored - data maintained.')).toBeUndefined()
  })
})
