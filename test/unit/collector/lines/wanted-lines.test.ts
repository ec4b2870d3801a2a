import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import type { WantedLine } from '../../../../collector/lines/line.ts'
import { LineRegistry } from '../../../../collector/lines/registry.ts'

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
  const registry = new LineRegistry({
    onRequested: unheard,
    onWatched: unheard,
    onReleased: (reqId) => note(`released ${reqId}`),
    onOpened: unheard,
    onClosed: (closed, cause) => note(`closed ${nameOf(closed)}: ${cause}`),
    onRefused: unheard,
    onUnwanted: (unwanted) => note(`unwanted ${nameOf(unwanted)}`),
    onLimit: unheard,
    onPaused: unheard,
    onResumed: () => note('resumed'),
    onSettled: unheard,
    nowUs: () => 0,
  })
  let reqId = 100
  registry.linkUp({
    newReqId: () => reqId++,
    open: async (id, opened) => note(`ask ${id} ${nameOf(opened)}`),
    close: async (id) => note(`cancel ${id}`),
  })
  registry.want(wanted)
  const seen = async (ms = 0) => {
    await vi.advanceTimersByTimeAsync(ms)
    return log.splice(0)
  }
  await seen()
  for (let i = 0; i < open; i++) registry.accepted(100 + i)
  await seen()
  return { registry, seen, log }
}

describe('lines that are wanted already', () => {
  it('are asked for anew when the broker has given their contract another number', async () => {
    const numbered = (instrument: number, conId: number) => ({ instrument, contract: { ...line(instrument).contract, conId } })
    const { registry, seen } = await wanting([numbered(1, 10), numbered(2, 20), numbered(3, 30)], 2)
    registry.refused(102, 101, 'Max number of tickers has been reached', 'no-line')
    await seen()
    registry.wantOnly([numbered(1, 11), line(2), numbered(3, 31)], 'config')
    expect(await seen()).toEqual(['cancel 100', 'released 100', 'closed 1: contract-renumbered', 'ask 103 1'])
    expect(registry.all.map(({ contract, state }) => [contract.conId, state])).toEqual([
      [11, 'asked'],
      [undefined, 'open'],
      [31, 'no-line'],
    ])
    registry.accepted(103)
    registry.want([numbered(1, 11)])
    expect(await seen()).toEqual([])
  })

  it('are left as they are, and take over the hours that were listed last', async () => {
    const { registry, seen } = await wanting([line(1)])
    const hours = { readOn: '2014-06-06', timeZone: 'US/Eastern', trading: '', liquid: '20140606:0930-20140606:1600' }
    registry.wantOnly([{ instrument: 1, contract: { ...line(1).contract, hours } }], 'config')
    expect(await seen()).toEqual([])
    expect(registry.all[0]?.contract.hours?.readOn).toBe('2014-06-06')
    expect(registry.marketData).toMatchObject({ open: 1 })
  })
})

describe('lines that are no longer wanted', () => {
  it('are cancelled, released and closed with the cause; the others are left as they are', async () => {
    const { registry, seen } = await wanting([line(1), line(2), line(3)])
    registry.wantOnly([line(1), line(3)], 'config')
    expect(await seen()).toEqual(['cancel 101', 'released 101', 'closed 2: config', 'unwanted 2'])
    expect(registry.wanted).toBe(2)
    expect(registry.marketData).toMatchObject({ open: 2, idle: 0 })
  })

  it('make room for new ones, which come in their order of importance with the next link', async () => {
    const { registry, seen } = await wanting([line(1), line(2)])
    registry.wantOnly([line(3), line(2), line(4)], 'config')
    expect(await seen()).toEqual(['cancel 100', 'released 100', 'closed 1: config', 'unwanted 1', 'ask 102 3', 'ask 103 4'])
    registry.linkDown('link-lost', 5)
    const asked: string[] = []
    registry.linkUp({ newReqId: () => 1, open: async (_, opened) => void asked.push(nameOf(opened)), close: async () => undefined })
    await seen()
    expect(asked).toEqual(['3', '2', '4'])
  })

  it('are never opened when they waited for their turn, an answer, a line or the end of a pause', async () => {
    const { registry, seen } = await wanting([line(1), line(2), line(3), line(4)], 1)
    registry.refused(101, 101, 'Max number of tickers has been reached', 'no-line')
    registry.refused(102, 10_197, 'No market data during competing session', 'for-now')
    await seen()
    registry.wantOnly([line(1)], 'config')
    expect((await seen()).filter((text) => !text.startsWith('released'))).toEqual([
      'unwanted 2',
      'cancel 102',
      // None of those that are wanted is paused any more.
      'resumed',
      'unwanted 3',
      'cancel 103',
      'unwanted 4',
    ])
    expect(await seen(3_600_000)).toEqual([])
    expect(registry.marketData).toEqual({ idle: 0, queued: 0, asked: 0, open: 1, silent: 0, paused: 0, 'no-line': 0, refused: 0 })
  })

  it('leave their line to one that waits for it', async () => {
    const { registry, seen } = await wanting([line(1), line(2), line(3)], 2)
    registry.refused(102, 101, 'Max number of tickers has been reached', 'no-line')
    await seen()
    registry.wantOnly([line(1), line(3)], 'config')
    expect(await seen()).toEqual(['cancel 101', 'released 101', 'closed 2: config', 'unwanted 2', 'ask 103 3'])
  })

  it('are not asked for again tick by tick', async () => {
    const { registry, seen } = await wanting([line(1), trades(1)], 1)
    registry.dataCame(101)
    registry.linkDown('link-lost', 5)
    await seen()
    registry.linkUp({ newReqId: () => 200, open: async () => undefined, close: async () => undefined })
    await seen()
    registry.wantOnly([line(1)], 'config')
    await seen(3_600_000)
    expect(Object.values(registry.tickByTick)).toEqual([0, 0, 0, 0, 0, 0, 0, 0])
  })

  it('are the least important of the others when new ones need their room', async () => {
    const { registry, seen } = await wanting([line(1), trades(1), line(2), line(3)], 4)
    registry.makeRoomFor([line(1), line(4)], 3, 'config')
    expect(await seen()).toEqual(['cancel 103', 'released 103', 'closed 3: config', 'unwanted 3'])
    registry.makeRoomFor([line(1)], 2, 'config')
    expect(await seen()).toEqual([])
  })

  it('make room also where the gateway has fewer lines than the settings allow', async () => {
    const { registry, seen } = await wanting([line(1), line(2), line(3)], 2)
    registry.refused(102, 101, 'Max number of tickers has been reached', 'no-line')
    expect(registry.limit).toBe(2)
    await seen()
    registry.makeRoomFor([line(1), line(4)], 100, 'config')
    registry.want([line(4)])
    expect(await seen()).toEqual(['unwanted 3', 'cancel 101', 'released 101', 'closed 2: config', 'unwanted 2', 'ask 103 4'])
    registry.accepted(103)
    registry.wantOnly([line(1), line(4), line(3)], 'config')
    expect(await seen()).toEqual(['ask 104 3'])
  })
})

describe('a line that waits for one', () => {
  it('is tried though the one that was tried before it got no answer', async () => {
    const { registry, seen } = await wanting([line(1), line(2), line(3)], 1)
    for (const reqId of [101, 102]) registry.refused(reqId, 101, 'Max number of tickers has been reached', 'no-line')
    await seen()
    const asksFor = async (ms: number, instrument: number) =>
      (await seen(ms)).filter((text) => text.startsWith('ask') && text.endsWith(` ${instrument}`))
    expect(await seen(300_000)).toEqual(['ask 103 2'])
    expect(await asksFor(299_999, 3)).toEqual([])
    expect(await asksFor(1, 3)).toHaveLength(1)
  })
})

describe('lines that are wanted anew while there is no link', () => {
  it('are asked for as the last link has taught', async () => {
    const { registry, seen, log } = await wanting([line(1), line(2), line(3)], 2)
    registry.refused(102, 101, 'Max number of tickers has been reached', 'no-line')
    registry.linkDown('link-lost', 1)
    registry.wantOnly([line(3), line(2), line(1)], 'config')
    await seen()
    let reqId = 200
    registry.linkUp({ newReqId: () => reqId++, open: async (id) => void log.push(`ask ${id}`), close: async () => undefined })
    expect(await seen()).toEqual(['ask 200', 'ask 201'])
  })
})

describe('a tick-by-tick line that has to wait for its turn', () => {
  it('is left alone when its data comes meanwhile, and keeps coming', async () => {
    const { registry, seen } = await wanting([trades(1)], 0)
    registry.dataCame(100)
    registry.refused(100, 10_225, 'Bust event occurred', 'ask-again')
    await seen(5000)
    registry.dataCame(100)
    await seen(10_000)
    registry.dataCame(100)
    await seen()
    expect(await seen(3_600_000)).toEqual([])
    expect(registry.tickByTick).toMatchObject({ open: 1 })
  })

  it('waits also when it was not wanted for a while', async () => {
    const { registry, seen } = await wanting([line(1), trades(1)])
    await seen(5000)
    registry.wantOnly([line(1)], 'config')
    registry.wantOnly([line(1), trades(1)], 'config')
    expect(await seen(11_499)).toEqual(['cancel 101', 'released 101', 'closed 1 tick by tick: config', 'unwanted 1 tick by tick'])
    expect(await seen(1)).toEqual(['ask 102 1 tick by tick'])
  })
})

describe('a request that waits to be sent while IB forgets all lines', () => {
  it('is taken back when it was sent, since its id belongs to no line any more', async () => {
    const { registry, seen, log } = await wanting([], 0)
    let send = () => {}
    const opener = {
      newReqId: () => 500,
      open: (id: number) => new Promise<void>((resolve) => (send = resolve)).then(() => void log.push(`ask ${id}`)),
      close: async (id: number) => void log.push(`cancel ${id}`),
    }
    registry.linkDown('link-lost', 1)
    registry.linkUp(opener)
    registry.want([line(1)])
    registry.linkDown('ib-1101', 2)
    registry.linkUp({ newReqId: () => 501, open: async (id) => void log.push(`ask ${id}`), close: opener.close })
    expect(await seen()).toEqual(['released 500', 'ask 501'])
    send()
    expect(await seen()).toEqual(['ask 500', 'cancel 500'])
  })
})
