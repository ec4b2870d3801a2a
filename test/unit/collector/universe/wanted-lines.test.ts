import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { Subscriptions, type WantedLine } from '../../../../collector/universe/subscriptions.ts'

const line = (instrument: number): WantedLine => ({ instrument, contract: { kind: 'stock', symbol: `S${instrument}`, currency: 'USD' } })
const trades = (instrument: number): WantedLine => ({ ...line(instrument), feed: 'tick-by-tick-trades' })
const nameOf = ({ instrument, feed }: WantedLine) => `${instrument}${feed ? ' tick by tick' : ''}`

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** A link up with these lines wanted, those of them open that have a reqId from 100 on; the log behind that. */
async function wanting(wanted: WantedLine[], open = wanted.length) {
  const log: string[] = []
  const note = (text: string) => void log.push(text)
  const unheard = () => undefined
  const subscriptions = new Subscriptions({
    onRequested: unheard,
    onEnded: unheard,
    onReleased: (reqId) => note(`released ${reqId}`),
    onOpened: unheard,
    onClosed: (closed, cause) => note(`closed ${nameOf(closed)}: ${cause}`),
    onRefused: unheard,
    onUnwanted: (unwanted) => note(`unwanted ${nameOf(unwanted)}`),
    onLimit: unheard,
    onPaused: unheard,
    onResumed: () => note('resumed'),
    onSettled: unheard,
  })
  let reqId = 100
  subscriptions.linkUp({
    newReqId: () => reqId++,
    open: async (id, opened) => note(`ask ${id} ${nameOf(opened)}`),
    close: async (id) => note(`cancel ${id}`),
  })
  subscriptions.want(wanted)
  const seen = async (ms = 0) => {
    await vi.advanceTimersByTimeAsync(ms)
    return log.splice(0)
  }
  await seen()
  for (let i = 0; i < open; i++) subscriptions.accepted(100 + i)
  await seen()
  return { subscriptions, seen }
}

describe('lines that are no longer wanted', () => {
  it('are cancelled, released and closed with the cause; the others are left as they are', async () => {
    const { subscriptions, seen } = await wanting([line(1), line(2), line(3)])
    subscriptions.wantOnly([line(1), line(3)], 'config')
    expect(await seen()).toEqual(['cancel 101', 'released 101', 'closed 2: config', 'unwanted 2'])
    expect(subscriptions.wanted).toBe(2)
    expect(subscriptions.marketData).toMatchObject({ open: 2, idle: 0 })
  })

  it('make room for new ones, which come in their order of importance with the next link', async () => {
    const { subscriptions, seen } = await wanting([line(1), line(2)])
    subscriptions.wantOnly([line(3), line(2), line(4)], 'config')
    expect(await seen()).toEqual(['cancel 100', 'released 100', 'closed 1: config', 'unwanted 1', 'ask 102 3', 'ask 103 4'])
    subscriptions.linkDown('link-lost', 5)
    const asked: string[] = []
    subscriptions.linkUp({ newReqId: () => 1, open: async (_, opened) => void asked.push(nameOf(opened)), close: async () => undefined })
    await seen()
    expect(asked).toEqual(['3', '2', '4'])
  })

  it('are never opened when they waited for their turn, an answer, a line or the end of a pause', async () => {
    const { subscriptions, seen } = await wanting([line(1), line(2), line(3), line(4)], 1)
    subscriptions.refused(101, 101, 'Max number of tickers has been reached', 'no-line')
    subscriptions.refused(102, 10_197, 'No market data during competing session', 'for-now')
    await seen()
    subscriptions.wantOnly([line(1)], 'config')
    expect((await seen()).filter((text) => !text.startsWith('released'))).toEqual([
      'unwanted 2',
      'cancel 102',
      'unwanted 3',
      'cancel 103',
      'unwanted 4',
    ])
    expect(await seen(3_600_000)).toEqual([])
    expect(subscriptions.marketData).toEqual({ idle: 0, queued: 0, requested: 0, open: 1, 'no-line': 0, paused: 0, refused: 0 })
  })

  it('leave their line to one that waits for it', async () => {
    const { subscriptions, seen } = await wanting([line(1), line(2), line(3)], 2)
    subscriptions.refused(102, 101, 'Max number of tickers has been reached', 'no-line')
    await seen()
    subscriptions.wantOnly([line(1), line(3)], 'config')
    expect(await seen()).toEqual(['cancel 101', 'released 101', 'closed 2: config', 'unwanted 2', 'ask 103 3'])
  })

  it('are not asked for again tick by tick', async () => {
    const { subscriptions, seen } = await wanting([line(1), trades(1)], 1)
    subscriptions.dataCame(101)
    subscriptions.linkDown('link-lost', 5)
    await seen()
    subscriptions.linkUp({ newReqId: () => 200, open: async () => undefined, close: async () => undefined })
    await seen()
    subscriptions.wantOnly([line(1)], 'config')
    await seen(3_600_000)
    expect(Object.values(subscriptions.tickByTick)).toEqual([0, 0, 0, 0, 0, 0, 0])
  })

  it('are the least important of the others when new ones need their room', async () => {
    const { subscriptions, seen } = await wanting([line(1), trades(1), line(2), line(3)], 4)
    subscriptions.makeRoomFor([line(1), line(4)], 3, 'config')
    expect(await seen()).toEqual(['cancel 103', 'released 103', 'closed 3: config', 'unwanted 3'])
    subscriptions.makeRoomFor([line(1)], 2, 'config')
    expect(await seen()).toEqual([])
  })
})
