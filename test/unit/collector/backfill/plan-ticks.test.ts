/** What a backfill of ticks asks for, and what it leaves out. */

import { describe, expect, it } from 'vitest'

import { isTicks, requestsLeft, type TicksJob } from '../../../../collector/backfill/jobs.ts'
import { type PlannedTicks, planTicks } from '../../../../collector/backfill/plan-ticks.ts'
import { nyse } from '../../../../market/calendar/calendar.ts'
import { usFromIso } from '../../../../market/time.ts'
import { JUNE_70_CALL, SECOND_US, TWX } from '../../../support/gateway/gateway-tape.ts'

const RANGE = { from: '2014-06-04', to: '2014-06-06' }
const BY = { nowUs: usFromIso('2014-06-10T12:00:00Z'), calendar: nyse }
const [first, second] = nyse.sessions('2014-06-04', '2014-06-05').map(({ openUs, closeUs }) => ({ fromUs: openUs, toUs: closeUs }))
if (!first || !second) throw new Error('expected two sessions')

function plan(more: Partial<PlannedTicks>, nowUs = BY.nowUs) {
  return planTicks([{ contract: TWX, what: 'trades', done: [], covered: [], ...more }], RANGE, { ...BY, nowUs })
}

describe('a plan of ticks', () => {
  it('has one part for each session of the market', () => {
    expect(plan({}).parts).toEqual([
      { contract: TWX, what: 'trades', ...first, skip: [] },
      { contract: TWX, what: 'trades', ...second, skip: [] },
    ])
  })

  it('leaves out sessions that were asked for, and the part of one that was', () => {
    const done = [first, { fromUs: second.fromUs, toUs: second.fromUs + 60 * SECOND_US }]
    const { parts, doneBefore, leftOut } = plan({ done })
    expect(parts).toEqual([{ contract: TWX, what: 'trades', ...second, skip: [done[1]] }])
    expect({ doneBefore, leftOut }).toEqual({ doneBefore: 1, leftOut: [] })
  })

  it('leaves out every second of which something was recorded', () => {
    const covered = [{ fromUs: first.fromUs + 1.5 * SECOND_US, toUs: first.fromUs + 3.25 * SECOND_US }]
    expect(plan({ covered }).parts[0]?.skip).toEqual([{ fromUs: first.fromUs + SECOND_US, toUs: first.fromUs + 4 * SECOND_US }])
  })

  it('has nothing of a session that was recorded whole, and says so', () => {
    const { parts, leftOut, doneBefore } = plan({ covered: [{ fromUs: first.fromUs - 1, toUs: first.toUs + 1 }] })
    expect(parts.map(({ fromUs }) => fromUs)).toEqual([second.fromUs])
    expect(leftOut).toEqual([{ what: 'trades of TWX', reason: expect.stringContaining('6.50 h of 13.00 h were recorded') }])
    expect(doneBefore).toBe(0)
  })

  it('refuses expired options, and sessions of more than three years ago', () => {
    const nowUs = usFromIso('2017-06-04T12:00:00Z')
    expect(plan({ contract: JUNE_70_CALL }, nowUs).refused).toMatchObject([{ reason: expect.stringContaining('expired') }])
    const { parts, leftOut } = plan({}, nowUs)
    expect(parts.map(({ fromUs }) => fromUs)).toEqual([second.fromUs])
    expect(leftOut).toMatchObject([{ what: 'before 2014-06-05', reason: expect.stringContaining('three years') }])
    expect(() => plan({}, usFromIso('2017-06-06T12:00:00Z'))).toThrow('three years')
  })
})

describe('how many requests are left', () => {
  const job: TicksJob = {
    contract: TWX,
    what: 'quotes',
    ...first,
    skip: [],
    instrumentId: 1,
    found: TWX,
    requests: 0,
    reachedUs: first.fromUs,
  }
  const halfUs = (first.fromUs + first.toUs) / 2

  it('is one at the least, and else what the time that is done took, or other sessions', () => {
    expect(isTicks(job)).toBe(true)
    expect(requestsLeft(job, undefined)).toBe(1)
    expect(requestsLeft(job, 12)).toBe(12)
    expect(requestsLeft({ ...job, requests: 20, reachedUs: halfUs }, 12)).toBe(20)
    expect(requestsLeft({ ...job, requests: 20, reachedUs: first.toUs }, 12)).toBe(1)
  })
})
