import { describe, expect, it } from 'vitest'
import { windowsOf } from '../../../../db/operate/refresh-windows.ts'
import { isoFromUs, usFromIso } from '../../../../market/time.ts'

const at = (time: string) => usFromIso(`2014-06-${time}:00Z`)
const HOUR_US = 3_600_000_000
const NOW_US = at('30T12:30')

/** A chunk for each day of ticks. */
const days = (first: number, last: number, bytes = 1) =>
  Array.from({ length: last - first + 1 }, (_, i) => {
    const fromUs = at('01T00:00') + (first - 1 + i) * 24 * HOUR_US
    return { fromUs, toUs: fromUs + 24 * HOUR_US, bytes }
  })

interface Asked {
  computedTo?: number
  wholeFrom?: number
  chunks?: ReturnType<typeof days>
  touched?: [fromUs: number, toUs: number]
}

/** Of an aggregate by the hour: `day hour to day hour`. */
function windows({ computedTo, wholeFrom = Number.NEGATIVE_INFINITY, chunks = days(2, 29), touched }: Asked): string[] {
  const state = { name: 'bars_1h', table: 'trades', bucketUs: HOUR_US, computedToUs: computedTo, wholeFromUs: wholeFrom }
  const only = touched && { fromUs: touched[0], toUs: touched[1] }
  const short = (us: number) => isoFromUs(us).slice(8, 13)
  return windowsOf(state, chunks, NOW_US, only).map(({ fromUs, toUs }) => `${short(fromUs)} to ${short(toUs)}`)
}

describe('the windows of ticks that were touched', () => {
  it('are the whole buckets that hold them', () => {
    const computedTo = at('29T20:00')
    expect(windows({ computedTo, touched: [at('05T10:15'), at('05T13:40')] })).toEqual(['05T10 to 05T14'])
    expect(windows({ computedTo, touched: [at('05T10:00'), at('05T10:00')] }), 'one tick').toEqual(['05T10 to 05T11'])
    expect(windows({ computedTo, touched: [at('05T10:00'), at('05T11:00')] }), 'the last one begins a bucket').toEqual(['05T10 to 05T12'])
  })

  it('begin where the aggregate was computed to, when that is earlier, as what lies between would be hidden', () => {
    expect(windows({ computedTo: at('04T08:00'), touched: [at('05T10:15'), at('05T10:20')] })).toEqual(['04T08 to 05T11'])
    expect(windows({ touched: [at('05T10:15'), at('05T10:20')] }), 'never computed').toEqual(['02T00 to 05T11'])
  })

  it('leave out the bucket that is being filled', () => {
    const chunks = days(29, 30)
    expect(windows({ computedTo: at('30T12:00'), chunks, touched: [at('30T11:20'), at('30T12:20')] })).toEqual(['30T11 to 30T12'])
    expect(windows({ computedTo: at('30T12:00'), chunks, touched: [at('30T12:10'), at('30T12:20')] })).toEqual([])
  })

  it('never reach behind the time whose ticks are gone, as their bars would be deleted', () => {
    const computedTo = at('29T20:00')
    expect(windows({ computedTo, wholeFrom: at('05T12:00'), touched: [at('05T10:15'), at('05T13:40')] })).toEqual(['05T12 to 05T14'])
    expect(windows({ computedTo, wholeFrom: at('05T20:00'), touched: [at('05T10:15'), at('05T13:40')] })).toEqual([])
  })

  it('are none where no ticks are', () => {
    expect(windows({ computedTo: at('29T20:00'), touched: [at('01T10:15'), at('01T13:40')] })).toEqual([])
  })
})

describe('the windows of everything', () => {
  it('join small chunks and part large ones, one behind the other', () => {
    expect(windows({ chunks: days(2, 29) })).toEqual(['02T00 to 30T00'])
    expect(windows({ chunks: days(2, 5, 40 * 2 ** 20) })).toEqual(['02T00 to 03T00', '03T00 to 04T00', '04T00 to 05T00', '05T00 to 06T00'])
  })
})
