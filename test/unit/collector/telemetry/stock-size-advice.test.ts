import { expect, it } from 'vitest'

import { stockSizeAdvice } from '../../../../collector/telemetry/stock-size-advice.ts'
import type { SizeUnit, StockSizes } from '../../../../market/tick.ts'

const inLots: SizeUnit = { unit: 'lots', how: 'inferred' }
const inShares: SizeUnit = { unit: 'shares', how: 'inferred' }
const adviceOn = (groups: StockSizes['groups']) => stockSizeAdvice({ groups, lots: {} }).join('\n')

it('nothing is to be done about sizes in shares, and about what is not known', () => {
  expect(adviceOn({})).toBe('')
  expect(adviceOn({ quotes: inShares, volume: { unit: 'shares', how: 'stated' } })).toBe('')
})

it('the box to untick in TWS is the one of the sizes that come in lots', () => {
  const [marketData, volumes] = [/"Send market data in lots for US stocks/, /"Send volumes in lots from all market data sources/]
  expect(adviceOn({ quotes: inLots, volume: inShares })).toMatch(marketData)
  expect(adviceOn({ quotes: inLots, volume: inShares })).not.toMatch(volumes)
  expect(adviceOn({ quotes: inShares, volume: inLots })).toMatch(volumes)
  expect(adviceOn({ quotes: inShares, volume: inLots })).not.toMatch(marketData)
  expect(adviceOn({ 'rt-volume': inLots, volume: inLots })).toMatch(/API clients" and "Send volumes/)
})

it('a statement that the data speaks against is to be corrected, and lots that come all the same are to be unticked', () => {
  const doubtedShares = adviceOn({ quotes: { unit: 'shares', how: 'stated', doubted: true } })
  expect(doubtedShares).toMatch(/bid, ask and last sizes come in lots/)
  expect(doubtedShares).toMatch(/gateway\.stockSizes/)
  const doubtedLots = adviceOn({ quotes: { unit: 'lots', how: 'stated', doubted: true } })
  expect(doubtedLots).not.toMatch(/untick/)
  expect(doubtedLots).toMatch(/do not look as gateway\.stockSizes says/)
})
