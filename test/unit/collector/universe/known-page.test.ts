import { expect, it } from 'vitest'

import { formatUniverse } from '../../../../cli/universe-table.ts'
import { knownPage } from '../../../../collector/universe/known-page.ts'
import { universePageSchema } from '../../../../collector/universe/page.ts'
import type { UnderlyingSettings } from '../../../../collector/universe/universe.ts'
import { option } from './options.ts'

const TWX: UnderlyingSettings = {
  symbol: 'TWX',
  currency: 'USD',
  exchange: 'SMART',
  strikes: { rangePercent: 10 },
  expiryDays: 60,
  minVolume: 5,
}
const STOCK = { contract: { kind: 'stock', symbol: 'TWX', currency: 'USD' }, price: 70, priceDay: '2014-06-05' } as const
const KNOWN = {
  underlyings: [STOCK],
  options: [
    { contract: option(70), volume: 9, volumeDay: '2014-06-04' },
    { contract: option(72.5), volume: 1, volumeDay: '2014-06-04' },
    { contract: option(75), volume: 1, volumeDay: '2014-05-20' },
    { contract: option(90) },
    { contract: option(70, 'C', '2014-06-07') },
  ],
}

it('applies the filters of the settings to what was recorded, by its last values', () => {
  const page = knownPage(KNOWN, { underlyings: [TWX, { ...TWX, symbol: 'FOXA' }], lines: 100, today: '2014-06-08' }, true)
  expect(universePageSchema.parse(page)).toMatchObject({
    from: 'database',
    recordedUntil: '2014-06-05',
    underlyings: [
      { symbol: 'TWX', state: 'recorded', wanted: 2, leftOut: { expired: 1, 'strike-range': 1, volume: 1 } },
      { symbol: 'FOXA', state: 'not-recorded', wanted: 0 },
    ],
  })
  const text = formatUniverse(page ?? expect.unreachable())
  expect(text.replaceAll('\n', ' ')).toContain('No collector is running. Of what the database has recorded up to 2014-06-05')
  expect(text).toContain('FOXA stock: nothing of it was recorded')
  expect(text.split('\n').filter((line) => line.length > 80)).toEqual([])
})

it('is nothing where nothing of the underlyings was recorded', () => {
  expect(knownPage(KNOWN, { underlyings: [{ ...TWX, kind: 'index' }], lines: 100, today: '2014-06-06' }, false)).toBeUndefined()
})
