/** The rooms joined: lines that seem dead on a TWS that lives, and what its history says of them. Second by second on a trading day. */

import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { LineDelays } from '../../../collector/lines/ask-again.ts'
import { createWallClock } from '../../../collector/record/clock.ts'
import type { LineFeed } from '../../../market/tick.ts'
import type { TwsConnection } from '../../support/gateway/scripted-tws.ts'
import { PATIENTLY } from '../../support/waiting.ts'
import { acceptAll, collectorOn, reqIdsOf, type Script } from './topology-support.ts'

/** 10:00 in New York. */
const START_MS = Date.UTC(2014, 5, 5, 14)
const secondsAt = (ms: number) => Math.floor(ms / 1000)

/** What TWS answers to a request for the newest tick (96), by the fields of it. */
type History = (tws: TwsConnection, reqId: string, fields: string[]) => void

const withHistory =
  (answer: History): Script =>
  async (tws, index) => {
    void acceptAll(tws, index)
    for (;;) {
      const fields = await tws.request(96)
      answer(tws, fields[1] ?? '', fields)
    }
  }

/** Two stocks whose lines tick every second; then only the first. Time passes in the test alone. */
async function market(answer: History, feeds: LineFeed[] = [], lineDelays: Partial<LineDelays> = {}) {
  vi.useFakeTimers({ toFake: ['performance', 'Date', 'setInterval', 'clearInterval'], now: START_MS })
  onTestFinished(() => void vi.useRealTimers())
  const { tws, linesOpen, counts, ...rig } = await collectorOn(createWallClock(), withHistory(answer), { lineDelays }, feeds)
  const gateway = await tws(0)
  await linesOpen(2)
  const { lines } = rig.topology.supply
  let price = 70
  const pass = async (seconds: number, send: () => number) => {
    for (let i = 0; i < seconds; i++) {
      const received = counts.received + send()
      // What ends the group of the last line.
      gateway.send(49, 1, 1)
      await vi.waitFor(() => expect(counts.received).toBeGreaterThanOrEqual(received), PATIENTLY)
      vi.advanceTimersByTime(1000)
    }
  }
  /** A bid of each of the first so many lines. */
  const bids = (of: number) => () => {
    price += 0.01
    for (const reqId of reqIdsOf(gateway).slice(0, of)) gateway.send(1, 6, reqId, 1, price.toFixed(2), 3, 0)
    return of
  }
  const asked = () => gateway.requests.map(({ fields }) => fields).filter(([id]) => id === '96')
  return { ...rig, gateway, lines, pass, bids, asked, counts }
}

const quoteAt = (tws: TwsConnection, reqId: string, seconds: number) => tws.send(97, reqId, 1, seconds, 0, 35.1, 35.2, 3, 4, 1)

describe('a line that is silent while the other one has data', () => {
  it('is dead when IB has had a newer quote: it is closed as of its last data and asked for again', async () => {
    const { gateway, lines, pass, bids, asked, finish } = await market((tws, reqId) => quoteAt(tws, reqId, secondsAt(Date.now())))
    await pass(30, bids(2))
    await pass(16, bids(1))
    await vi.waitFor(() => expect(asked()).toHaveLength(1), PATIENTLY)
    // One tick, the newest, of the quotes, at any hour, by UTC.
    expect(asked()[0]?.slice(3)).toEqual([
      'FOXA',
      'STK',
      '',
      '',
      '',
      '',
      'SMART',
      '',
      'USD',
      '',
      '',
      '0',
      '',
      '20140605-14:00:46',
      '1',
      'BID_ASK',
      '0',
      '0',
      '',
    ])
    await vi.waitFor(async () => {
      await pass(1, bids(1))
      expect(reqIdsOf(gateway)).toHaveLength(3)
    }, PATIENTLY)
    expect(lines.all[1]?.held).toBe(false)
    const [records] = await finish()
    const quotes = records?.filter(({ kind, ...record }) => kind === 'quote' && 'instrument' in record && record.instrument === 1)
    const closed = records?.find((record) => record.kind === 'line' && record.event === 'closed' && record.instrument === 1)
    expect(closed).toMatchObject({ cause: 'silent', untilTsUs: quotes?.at(-1)?.tsUs })
  })

  it('is quiet when IB has had nothing newer: no gap, and nothing is asked for', async () => {
    const { gateway, lines, pass, bids, asked, ledger, finish } = await market((tws, reqId) =>
      quoteAt(tws, reqId, secondsAt(START_MS) + 29),
    )
    await pass(30, bids(2))
    await pass(16, bids(1))
    await vi.waitFor(() => expect(asked()).toHaveLength(1), PATIENTLY)
    await pass(40, bids(1))
    expect(lines.all[1]?.held).toBe(true)
    expect(reqIdsOf(gateway)).toHaveLength(2)
    expect(ledger.open).toEqual([])
    const [records] = await finish()
    expect(
      records?.filter((record) => record.kind === 'line' && record.event === 'closed').map((record) => 'cause' in record && record.cause),
    ).toEqual(['test', 'test'])
  })

  it('is taken for dead when the account has no history', async () => {
    const refuse: History = (tws, reqId) =>
      tws.send(4, 2, reqId, 162, 'Historical Market Data Service error message:No market data permissions for NYSE STK', '')
    const { gateway, lines, pass, bids, asked } = await market(refuse)
    await pass(30, bids(2))
    await pass(16, bids(1))
    await vi.waitFor(() => expect(asked()).toHaveLength(1), PATIENTLY)
    await vi.waitFor(async () => {
      await pass(1, bids(1))
      expect(reqIdsOf(gateway)).toHaveLength(3)
    }, PATIENTLY)
    expect(lines.all[1]?.held).toBe(false)
  })
})

describe('a tick-by-tick line that stops while market data of the stock goes on', () => {
  it('is dead without a request for history, and asked for again when IB has let go of the old stream', async () => {
    const { gateway, lines, pass, bids, asked, topology } = await market(() => undefined, ['tick-by-tick-quotes'])
    const requests = () => gateway.requests.map(({ fields }) => fields).filter(([id]) => id === '97')
    await vi.waitFor(() => expect(requests()).toHaveLength(2), PATIENTLY)
    const [first = ''] = requests().map(([, reqId]) => reqId)
    let size = 3
    const all = () => {
      const sent = bids(2)()
      gateway.send(99, first, 3, secondsAt(Date.now()), 70.5, 70.6, ++size, 4, 0)
      return sent + 1
    }
    await pass(30, all)
    const line = lines.all.find(({ feed, instrument }) => feed && instrument === 0)
    expect(line?.held).toBe(true)
    await pass(17, bids(2))
    expect(line?.held).toBe(false)
    expect(asked()).toEqual([])
    await vi.waitFor(() => expect(gateway.requests.map(({ fields }) => fields.slice(0, 2))).toContainEqual(['98', first]), PATIENTLY)
    expect(topology.supply.lines.marketData.open).toBe(2)
  })
})

describe('a tick-by-tick line without a first tick', () => {
  it('is cancelled after a minute, and open with the first tick of the next request', async () => {
    const { gateway, lines, pass, bids } = await market(() => undefined, ['tick-by-tick-trades'], { tickByTickMs: 10 })
    const [, dead = ''] = await gateway.request(97)
    await gateway.request(97)
    await pass(62, bids(2))
    expect(await gateway.request(98)).toEqual(['98', dead])
    await pass(1, bids(2))
    const [, next = '', , symbol] = await gateway.request(97)
    expect(symbol).toBe('TWX')
    gateway.send(99, next, 2, secondsAt(Date.now()), 70.55, 100, 0, 'NYSE', '')
    await vi.waitFor(() => expect(lines.tickByTick.open).toBe(1), PATIENTLY)
  })
})
