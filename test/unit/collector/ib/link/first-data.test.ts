import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Connection } from '../../../../../collector/ib/link/connection.ts'
import { FirstData } from '../../../../../collector/ib/link/first-data.ts'
import type { GatewayMessage } from '../../../../../collector/ib/messages.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
})
afterEach(() => {
  vi.useRealTimers()
})

const TICK: GatewayMessage = { type: 'size', reqId: 1, tickType: 8, size: 1, arrivalMs: 0 }
const TIME: GatewayMessage = { type: 'current-time', value: 1, arrivalMs: 0 }

function loggedIn(isExpected = () => true) {
  const connection = new Connection()
  const firstData = new FirstData({ connection, isExpected })
  connection.opened()
  connection.greeted()
  firstData.linkUp()
  return { connection, firstData }
}

describe('a login', () => {
  it('after which no line gets any data is named, with what to look for, until data comes', () => {
    const { connection, firstData } = loggedIn()
    firstData.take([TIME])
    vi.advanceTimersByTime(29_999)
    expect(connection.state).toBe('ready')
    vi.advanceTimersByTime(1)
    expect(connection.status).toEqual({
      state: 'degraded',
      reasons: [expect.stringMatching(/^logged in, and no data on any line: .*dialog .* in lots/)],
    })
    firstData.take([TIME, TICK])
    expect(connection.status).toEqual({ state: 'ready', reasons: [] })
  })

  it('with data is not, however silent it falls afterwards', () => {
    const { connection, firstData } = loggedIn()
    firstData.take([TICK])
    vi.advanceTimersByTime(3_600_000)
    expect(connection.state).toBe('ready')
  })

  it('is not while nothing is expected, and is when the market opens', () => {
    let isOpen = false
    const { connection } = loggedIn(() => isOpen)
    vi.advanceTimersByTime(3_600_000)
    expect(connection.state).toBe('ready')
    isOpen = true
    vi.advanceTimersByTime(30_000)
    expect(connection.state).toBe('degraded')
    isOpen = false
    vi.advanceTimersByTime(30_000)
    expect(connection.state).toBe('ready')
  })

  it('that is lost is not looked at any more', () => {
    const { connection, firstData } = loggedIn()
    firstData.linkDown()
    connection.lost('closed')
    vi.advanceTimersByTime(3_600_000)
    expect(connection.status).toEqual({ state: 'waiting', reasons: ['closed'] })
    expect(vi.getTimerCount()).toBe(0)
  })
})
