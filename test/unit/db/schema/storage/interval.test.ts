import { describe, expect, it } from 'vitest'

import { intervalOf, sameInterval, secondsOf } from '../../../../../db/schema/storage/interval.ts'

describe('an interval', () => {
  it('is read as PostgreSQL writes it', () => {
    const written = ['7 days', '1 day', '01:30:00', '1 day 02:00:00', '00:00:30', '-01:00:00', '1 mon', '2 hours 5 minutes', '1 week']
    expect(written.map(secondsOf)).toEqual([604_800, 86_400, 5400, 93_600, 30, -3600, 2_592_000, 7500, 604_800])
  })

  it('is refused when it is none', () => {
    for (const text of ['', 'soon', '7 fortnights', '7']) expect(() => secondsOf(text)).toThrow(/expected an interval/)
  })

  it('is the same in other words, and nothing is only the same as nothing', () => {
    expect(sameInterval('90 minutes', '01:30:00')).toBe(true)
    expect(sameInterval('1 day', '25 hours')).toBe(false)
    expect(sameInterval(null, '1 day')).toBe(false)
    expect(sameInterval(null, null)).toBe(true)
  })

  it('is written in its largest unit', () => {
    expect([86_400, 172_800, 3600, 5400, 90].map(intervalOf)).toEqual(['1 day', '2 days', '1 hour', '90 minutes', '90 seconds'])
  })
})
