/** The watchdog while the clock is set: what it knows of lines goes on, and gaps begin where data ended. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { PATIENTLY } from '../../../support/waiting.ts'
import { market } from './watchdog-support.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }))
afterEach(() => void vi.useRealTimers())

describe('a clock that is set while data has stopped and nobody has noticed', () => {
  const HOUR = 3600
  it.each([-HOUR, HOUR])('(by %i s) has the gap of a line begin with its last data, in the time of the session before', async (by) => {
    const { stock, one, two, three, pass, step, missingAfterStep } = await market()
    pass(30, [stock, one, two, three])
    pass(10, [stock, one, two])
    step(by * 1_000_000)
    pass(5, [stock, one, two])
    expect(three.held).toBe(true)
    pass(1, [stock, one, two])
    expect(three.held).toBe(false)
    expect(await missingAfterStep()).toEqual([
      [three.instrument, 'silent', 30],
      [three.instrument, 'config', 40],
      [three.instrument, 'silent', 40 + by],
    ])
  })

  it('has the gap of all lines begin with the last data too', async () => {
    const { all, ledger, pass, step, missingAfterStep } = await market()
    pass(30, all)
    pass(1, [])
    step(-HOUR * 1_000_000)
    pass(2, [])
    expect(ledger.open).toMatchObject([{ cause: 'stall' }])
    pass(1, all)
    expect(await missingAfterStep()).toEqual([
      ['all', 'stall', 30, 31],
      ['all', 'stall', 31 - HOUR, 34 - HOUR],
    ])
  })

  it('wakes no line that is dead, and no habit', async () => {
    const { stock, one, two, three, log, pass, step } = await market()
    pass(30, [stock, one, two, three])
    pass(16, [stock, one, two])
    await vi.waitFor(() => expect(log).toHaveLength(2), PATIENTLY)
    step(HOUR * 1_000_000)
    pass(5, [stock, one, two])
    expect(three.held).toBe(false)
  })

  it('leaves a line that was held in name only so', async () => {
    const { stock, one, two, three, pass, step, missingAfterStep } = await market()
    pass(5, [stock, one, two])
    step(-HOUR * 1_000_000)
    pass(3, [stock, one, two, three])
    expect(await missingAfterStep()).toEqual([
      [three.instrument, 'no-data', 0],
      [three.instrument, 'config', 5],
      [three.instrument, 'no-data', 5 - HOUR],
    ])
  })
})
