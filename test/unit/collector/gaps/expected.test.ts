import { describe, expect, it } from 'vitest'
import { missingSinceUs, neverSinceUs } from '../../../../collector/gaps/expected.ts'
import { nyse } from '../../../../market/calendar/calendar.ts'
import { usFromIso } from '../../../../market/time.ts'

/** In New York, in summer: 2014-06-05 is a Thursday. */
const ny = (date: string, time: string) => usFromIso(`${date}T${time}Z`) + 4 * 3_600_000_000
const since = (lastData: number, proved: number, now: number) => missingSinceUs(nyse, lastData, proved, now)

describe('data is missing', () => {
  it('within a session from the last data on, whatever the gateway has answered since', () => {
    const lastData = ny('2014-06-05', '11:00:00')
    expect(since(lastData, ny('2014-06-05', '11:00:50'), ny('2014-06-05', '11:01:00'))).toBe(lastData)
  })

  it('from the opening on, when the last came the day before', () => {
    const lastData = ny('2014-06-04', '15:59:59')
    expect(since(lastData, ny('2014-06-05', '09:30:50'), ny('2014-06-05', '09:31:00'))).toBe(ny('2014-06-05', '09:30:00'))
  })

  it('from before the opening on, when it came ahead of the opening and stopped', () => {
    const lastData = ny('2014-06-05', '09:10:00')
    expect(since(lastData, ny('2014-06-05', '09:30:50'), ny('2014-06-05', '09:31:00'))).toBe(lastData)
  })

  it('only from the last sign of life on while the market is closed', () => {
    const proved = ny('2014-06-07', '03:00:00')
    expect(since(ny('2014-06-06', '15:59:59'), proved, ny('2014-06-07', '03:00:10'))).toBe(proved)
    expect(since(ny('2014-06-05', '16:14:59'), ny('2014-06-05', '16:20:00'), ny('2014-06-05', '16:21:00'))).toBe(
      ny('2014-06-05', '16:20:00'),
    )
  })

  it('from the last sign of life on when nothing ever came, or the last data is that sign', () => {
    const now = ny('2014-06-05', '11:01:00')
    expect(since(0, now - 1, now)).toBe(now - 1)
    expect(since(now - 1, now - 2, now)).toBe(now - 1)
  })

  it('where nothing ever came, from the begin on, or from the opening on when nothing was expected before', () => {
    const now = ny('2014-06-05', '11:01:00')
    const never = (since: number) => neverSinceUs(nyse, since, now)
    expect(never(ny('2014-06-05', '10:00:00'))).toBe(ny('2014-06-05', '10:00:00'))
    expect(never(ny('2014-06-02', '10:00:00'))).toBe(ny('2014-06-05', '09:30:00'))
    const night = ny('2014-06-04', '22:00:00')
    expect(neverSinceUs(nyse, night, ny('2014-06-05', '03:00:00'))).toBe(night)
  })

  it('from the last data on where the calendar does not know the day', () => {
    const old = usFromIso('1990-06-05T15:00:00Z')
    expect(since(old, old + 10, old + 20)).toBe(old)
  })
})
