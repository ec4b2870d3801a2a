import { describe, expect, it } from 'vitest'

import { EarlierSessions } from '../../../../collector/record/earlier-sessions.ts'

describe('what has lasted since before the session began', () => {
  /** 100 to 200; then the clock was set ahead by 1000, and back by 500. The present session began at 800. */
  const sessions = new EarlierSessions()
  sessions.add({ fromUs: 100, toUs: 200, byUs: 1000 })
  sessions.add({ fromUs: 1200, toUs: 1300, byUs: -500 })

  it('is given in the time of the session in which it began', () => {
    expect(sessions.partsSince(790)).toEqual([{ fromUs: 1290, toUs: 1300 }])
  })

  it('is given in the times of all sessions that it has lasted through, the oldest first', () => {
    expect(sessions.partsSince(650)).toEqual([
      { fromUs: 150, toUs: 200 },
      { fromUs: 1200, toUs: 1300 },
    ])
  })

  it('is not given for the time before the first of them', () => {
    expect(sessions.partsSince(0)).toEqual([
      { fromUs: 100, toUs: 200 },
      { fromUs: 1200, toUs: 1300 },
    ])
  })

  it('is nothing when it began with the session', () => {
    expect(sessions.partsSince(800)).toEqual([])
    expect(new EarlierSessions().partsSince(5)).toEqual([])
  })
})
