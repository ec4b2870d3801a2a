/** What requests for history mean, and how often they may come. */

import { describe, expect, it } from 'vitest'

import { HistoryPacing } from '../../../../../backtester/gateway/history/history-pacing.ts'
import { barSeconds, parseTime, startOfDuration, timeText } from '../../../../../backtester/gateway/history/history-times.ts'
import { RateMeter } from '../../../../../backtester/gateway/server/limits.ts'

const at = (text: string) => Date.parse(text) * 1000

describe('a time', () => {
  it.each([
    ['20140605-13:30:00', '2014-06-05T13:30:00Z', true],
    ['20140605 13:30:00 UTC', '2014-06-05T13:30:00Z', true],
    ['20140605 09:30:00 US/Eastern', '2014-06-05T13:30:00Z', true],
    ['20140605  09:30:00', '2014-06-05T13:30:00Z', false],
    ['20140605 15:30:00 Europe/Zurich', '2014-06-05T13:30:00Z', true],
  ])('%s is %s', (text, iso, isExplicit) => {
    expect(parseTime(text)).toEqual({ tsUs: at(iso), isExplicit })
  })

  it.each(['', '20140605', '20140631-13:30:00', '20140605-24:00:00', '20140605 13:30:00 Nowhere/At_All', '20140605-13:30:00 UTC'])(
    '"%s" is none',
    (text) => {
      expect(parseTime(text)).toBeUndefined()
    },
  )

  it('is written on the clocks of New York', () => {
    expect(timeText(at('2014-06-05T13:30:00.999Z'))).toBe('20140605 09:30:00 US/Eastern')
  })
})

describe('a duration', () => {
  it.each([
    ['1800 S', '2014-06-05T15:00:00Z', '2014-06-05T14:30:00Z'],
    ['1 D', '2014-06-05T15:00:00Z', '2014-06-05T04:00:00Z'],
    // Over a weekend, from a Monday.
    ['2 D', '2014-06-09T15:00:00Z', '2014-06-06T04:00:00Z'],
    // Up to midnight: the day before is the last one.
    ['1 D', '2014-06-06T04:00:00Z', '2014-06-05T04:00:00Z'],
    ['1 W', '2014-06-12T15:00:00Z', '2014-06-05T15:00:00Z'],
  ])('of %s up to %s begins at %s', (duration, end, start) => {
    expect(startOfDuration(duration, at(end))).toBe(at(start))
  })

  it.each(['', '1', '1 H', '0 D', '99999 Y', '-1 D'])('"%s" is none', (text) => {
    expect(startOfDuration(text, at('2014-06-05T15:00:00Z'))).toBeUndefined()
  })
})

describe('a bar size', () => {
  it.each([
    ['1 secs', 1],
    ['30 secs', 30],
    ['1 min', 60],
    ['20 mins', 1200],
    ['1 hour', 3600],
    ['8 hours', 28_800],
    ['1 day', 86_400],
    ['1 week', 604_800],
    ['1W', 604_800],
    ['1M', 2_592_000],
  ])('%s has %i seconds', (text, seconds) => {
    expect(barSeconds(text)).toBe(seconds)
  })

  it.each(['', '7 mins', '2 weeks', '1 M'])('"%s" is none', (text) => {
    expect(barSeconds(text)).toBeUndefined()
  })
})

describe('the pacing of history', () => {
  it('refuses what was asked for within 15 seconds', () => {
    const pacing = new HistoryPacing()
    expect([0, 14_999, 15_000].map((ms) => pacing.take('a', 'x', 1, ms))).toEqual([true, false, true])
  })

  it('refuses the sixth request for one series within 2 seconds', () => {
    const pacing = new HistoryPacing()
    const taken = Array.from({ length: 7 }, (_, i) => pacing.take(String(i), 'x', 1, i < 6 ? i : 2000))
    expect(taken).toEqual([true, true, true, true, true, false, true])
  })

  it('refuses more than 60 requests within 10 minutes, where bid with ask counts twice', () => {
    const pacing = new HistoryPacing()
    const taken = Array.from({ length: 31 }, (_, i) => pacing.take(String(i), String(i), 2, i * 1000))
    expect(taken.filter(Boolean)).toHaveLength(30)
    expect(pacing.take('later', 'later', 1, 600_000)).toBe(true)
  })
})

describe('the rate of messages', () => {
  it('is averaged: as many at once as in a second, then as time goes by', () => {
    const meter = new RateMeter(2)
    expect([0, 0, 0, 499, 500, 501, 5000, 5000, 5000].map((ms) => meter.take(ms))).toEqual([
      true,
      true,
      false,
      false,
      true,
      false,
      true,
      true,
      false,
    ])
  })

  it('takes what is paced by the second below the limit, though it comes in bursts that bunch up', () => {
    const meter = new RateMeter(50)
    const bursts = [5, 1000, 2000, 3005].flatMap((ms) => Array.from({ length: 40 }, () => meter.take(ms)))
    expect(bursts.every(Boolean)).toBe(true)
  })
})
