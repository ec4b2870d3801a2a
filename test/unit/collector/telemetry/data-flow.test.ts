import { describe, expect, it } from 'vitest'
import { DataFlow, dataIsExpected } from '../../../../collector/telemetry/data-flow.ts'
import { nyse } from '../../../../market/calendar/calendar.ts'

const MINUTE_MS = 60_000

/** Ticks every `intervalMs` until `untilMs`, sampled four times a second. */
function flowing(intervalMs: number, untilMs: number): DataFlow {
  const flow = new DataFlow()
  for (let ms = 0; ms <= untilMs; ms += 250) flow.sample(Math.floor(ms / intervalMs), ms)
  return flow
}

describe('the flow of market data', () => {
  it('is silent when nothing has come for more than 15 s', () => {
    const flow = flowing(5, 2 * MINUTE_MS)
    expect(flow.silentMs(2 * MINUTE_MS + 15_000)).toBeUndefined()
    expect(flow.silentMs(2 * MINUTE_MS + 15_001)).toBe(15_001)
  })

  it('is not silent while a quiet market is as quiet as usual', () => {
    const flow = flowing(4000, 4 * MINUTE_MS)
    expect(flow.silentMs(4 * MINUTE_MS + 60_000)).toBeUndefined()
    expect(flow.silentMs(4 * MINUTE_MS + 90_000)).toBe(90_000)
  })

  it('flows again with the next tick', () => {
    const flow = flowing(5, MINUTE_MS)
    flow.sample(1_000_000, 2 * MINUTE_MS)
    expect(flow.silentMs(2 * MINUTE_MS + 1000)).toBeUndefined()
  })

  it('says nothing before the first tick', () => {
    const flow = new DataFlow()
    flow.sample(0, MINUTE_MS)
    expect(flow.silentMs(MINUTE_MS)).toBeUndefined()
  })
})

describe('market data is', () => {
  /** New York, summer time. */
  const us = (text: string) => Date.parse(`${text}-04:00`) * 1000
  it.each([
    ['expected within a session', '2014-06-05T10:00:00', '2014-06-05T12:00:00', true],
    ['not expected behind the close, at which it stopped', '2014-06-05T15:59:58', '2014-06-05T16:00:30', false],
    ['not expected behind the late close of some options', '2014-06-05T16:14:58', '2014-06-05T16:15:20', false],
    ['not expected behind the end of extended trading', '2014-06-05T19:58:00', '2014-06-05T20:01:00', false],
    ['not expected behind an early close', '2014-07-03T12:59:59', '2014-07-03T13:01:00', false],
    ['not expected in the night, when the day has ended well', '2014-06-05T19:59:00', '2014-06-06T03:00:00', false],
    ['expected in the night, where it flowed a moment ago', '2014-06-06T02:59:00', '2014-06-06T03:00:00', true],
    ['expected on a Saturday on which it flowed', '2014-06-07T12:00:00', '2014-06-07T12:01:00', true],
    ['expected when the market has opened again', '2014-06-05T15:59:58', '2014-06-06T09:31:00', true],
  ])('%s', (_title, last, now, expected) => {
    expect(dataIsExpected(nyse, us(last), us(now))).toBe(expected)
  })

  it('not expected before any came while the market is closed', () => {
    expect(dataIsExpected(nyse, undefined, us('2014-06-07T12:00:00'))).toBe(false)
    expect(dataIsExpected(nyse, undefined, us('2014-06-06T12:00:00'))).toBe(true)
  })
})
