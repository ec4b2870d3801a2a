import { expect, it } from 'vitest'

import { SizeUnits } from '../../../../market/stock-sizes/size-units.ts'
import type { Quote, Statistic, StockSizes, TapeRecord, Tick, Trade } from '../../../../market/tick.ts'

const at = { seq: 0, tsUs: 0 }
const AAPL: TapeRecord = { kind: 'contract', ...at, instrument: 1, contract: { kind: 'stock', symbol: 'AAPL', currency: 'USD' } }
const F: TapeRecord = { kind: 'contract', ...at, instrument: 2, contract: { kind: 'stock', symbol: 'F', currency: 'USD' } }
const SAP: TapeRecord = { kind: 'contract', ...at, instrument: 3, contract: { kind: 'stock', symbol: 'SAP', currency: 'EUR' } }
const quote = (instrument: number, source?: 'tick-by-tick'): Quote => ({
  kind: 'quote',
  ...at,
  instrument,
  bidPrice: 9,
  bidSize: 3,
  source,
})
const trade = (source: Trade['source']): Trade => ({ kind: 'trade', ...at, instrument: 1, price: 9, size: 3, source })
const figure = (name: string): Statistic => ({ kind: 'statistic', ...at, instrument: 1, name, value: 3 })
const said = (sizes: StockSizes): TapeRecord => ({ kind: 'session', ...at, event: 'sizes', sizes })
const unit = (unit: 'shares' | 'lots') => ({ unit, how: 'inferred' }) as const

function unitsAfter(...records: TapeRecord[]): (tick: Tick) => number | undefined {
  const units = new SizeUnits()
  for (const record of [AAPL, F, SAP, ...records]) units.apply(record)
  return (tick) => units.sharesPerUnit(tick)
}

it('cannot say shares of a session that has not learned the unit', () => {
  const perUnit = unitsAfter()
  for (const tick of [quote(1), trade('last'), figure('day-volume')]) expect(perUnit(tick)).toBeUndefined()
})

it('says shares of each group by what is known of that group', () => {
  const perUnit = unitsAfter(
    said({ groups: { quotes: unit('lots'), 'tick-by-tick': unit('shares'), volume: unit('shares') }, lots: { 'stock:AAPL:USD': 40 } }),
  )
  expect(perUnit(quote(1))).toBe(40)
  expect(perUnit(trade('last'))).toBe(40)
  expect(perUnit(quote(1, 'tick-by-tick'))).toBe(1)
  expect(perUnit(trade('tick-by-tick'))).toBe(1)
  expect(perUnit(figure('day-volume'))).toBe(1)
  expect(perUnit(trade('rt-volume'))).toBeUndefined()
  // Of a stock whose lots were not measured: lots depend on the price.
  expect(perUnit(quote(2))).toBeUndefined()
})

it('says nothing of what is no size of a US stock', () => {
  const perUnit = unitsAfter(said({ groups: { quotes: unit('shares'), volume: unit('shares') }, lots: {} }))
  expect(perUnit(quote(2))).toBe(1)
  expect(perUnit(quote(3))).toBeUndefined()
  expect(perUnit(quote(4))).toBeUndefined()
  expect(perUnit(trade('import'))).toBeUndefined()
  expect(perUnit(figure('previous-close'))).toBeUndefined()
  expect(perUnit({ kind: 'greeks', ...at, instrument: 2, basis: 'bid' })).toBeUndefined()
})

it('forgets what another session had learned', () => {
  const perUnit = unitsAfter(said({ groups: { quotes: unit('shares') }, lots: {} }), { kind: 'session', ...at, event: 'started' })
  expect(perUnit(quote(1))).toBeUndefined()
})
