import { expect, it } from 'vitest'

import { Mark } from '../../../../market/marks.ts'
import type { Tick } from '../../../../market/tick.ts'
import { usFromIso } from '../../../../market/time.ts'
import { onGatewayTime, OTHER, STOCK } from './recorder-support.ts'

const NIGHT_US = usFromIso('2014-06-06T02:00:00Z')
const OPTION = {
  kind: 'option',
  symbol: 'TWX',
  currency: 'USD',
  expiry: '2014-06-21',
  strike: 70,
  right: 'C',
  multiplier: 100,
  tradingClass: 'TWX',
} as const

it('marks the trades of US stocks in the overnight session by their own time, and counts marked ticks', async () => {
  const { recorder, ticks, sessions, clock, counts, tapes } = await onGatewayTime()
  clock.publish(NIGHT_US)
  recorder.begin()
  const [stock, option, foreign] = [STOCK, OPTION, { ...OTHER, currency: 'EUR' }].map((contract) => recorder.instrumentOf(contract))
  const base = { seq: 0, tsUs: 0 }
  const trade = (instrument = stock ?? 0, eventTsUs?: number): Tick => ({
    kind: 'trade',
    ...base,
    instrument,
    eventTsUs,
    price: 70,
    source: 'last',
  })
  const all: Tick[] = [
    trade(),
    { ...trade(), marks: Mark.initial },
    trade(stock, usFromIso('2014-06-05T19:59:59Z')),
    trade(option),
    trade(foreign),
    { kind: 'quote', ...base, instrument: stock ?? 0, bidPrice: 70 },
  ]
  for (const [i, tick] of all.entries()) ticks.take(tick, NIGHT_US + i)
  await sessions.end('test')

  const [tape] = await tapes()
  const marks = tape?.filter(({ kind }) => kind === 'trade' || kind === 'quote').map((tick) => tick['marks'])
  expect(marks).toEqual([Mark.overnight, Mark.overnight | Mark.initial, undefined, undefined, undefined, undefined])
  expect([...counts.marked]).toEqual([
    [Mark.overnight, 1],
    [Mark.overnight | Mark.initial, 1],
  ])
})
