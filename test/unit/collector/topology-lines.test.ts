/** The rooms joined: what becomes of lines that are refused, delayed, or served tick by tick. */

import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createWallClock } from '../../../collector/record/clock.ts'
import type { LineFeed } from '../../../market/tick.ts'
import { greet } from '../../support/gateway/scripted-tws.ts'
import { acceptAll, collectorOn, reqIdsOf, type Script } from './topology-support.ts'
import { PATIENTLY } from '../../support/waiting.ts'

describe('lines that are refused for now', () => {
  it('are closed on the tape, and open again with the data that resumes, of which nothing is lost', async () => {
    const { finish, tws, linesOpen, counts, logged } = await collectorOn(createWallClock(), acceptAll, { lineDelays: { trustMs: 0 } })
    const gateway = await tws(0)
    await linesOpen(2)
    const [one = '', two = ''] = reqIdsOf(gateway)
    for (const reqId of [one, two]) gateway.send(4, 2, reqId, 10197, 'No market data during competing live session', '')
    await linesOpen(0)
    gateway.send(1, 6, two, 1, 35.1, 8, 1)
    gateway.send(46, 6, one, 45, '1401975060')
    gateway.send(1, 6, one, 1, 70.5, 3, 1)
    await linesOpen(2)
    await vi.waitFor(() => expect(counts.received).toBe(2), PATIENTLY)
    // The first data may have been on its way already; that there is more of it ends the pause.
    gateway.send(1, 6, two, 1, 35.2, 8, 1)
    gateway.send(1, 6, one, 1, 70.6, 3, 1)
    await vi.waitFor(() => expect(counts.received).toBe(4), PATIENTLY)
    const [records] = await finish()

    expect(records?.slice(8, 17)).toMatchObject([
      { kind: 'line', event: 'closed', instrument: 0, cause: 'refused: 10197' },
      { kind: 'line', event: 'closed', instrument: 1, cause: 'refused: 10197' },
      { kind: 'line', event: 'opened', instrument: 1 },
      { kind: 'quote', instrument: 1, bidPrice: 35.1 },
      { kind: 'line', event: 'opened', instrument: 0 },
      { kind: 'quote', instrument: 0, bidPrice: 70.5 },
      { kind: 'quote', instrument: 1, bidPrice: 35.2 },
      { kind: 'quote', instrument: 0, bidPrice: 70.6 },
      { kind: 'line', event: 'closed' },
    ])
    expect(counts.dropped.size).toBe(0)
    const notices = logged.filter(({ msg }) => /for now|serves its lines again/.test(String(msg)))
    expect(notices).toMatchObject([{ level: 40, code: 10197 }, { level: 30 }])
    // The report of entitlements, once.
    expect(logged.filter(({ msg }) => /real time/.test(String(msg)))).toHaveLength(1)
  })

  it('are cancelled and asked for again', async () => {
    const { tws, linesOpen } = await collectorOn(createWallClock(), acceptAll, { lineDelays: { pausedMs: 100 } })
    const gateway = await tws(0)
    await linesOpen(2)
    const [one = ''] = reqIdsOf(gateway)
    gateway.send(4, 2, one, 10197, 'No market data during competing live session', '')
    expect((await gateway.request(2))[2]).toBe(one)
    await vi.waitFor(() => expect(reqIdsOf(gateway)).toHaveLength(3), PATIENTLY)
    await linesOpen(2)
  })
})

describe('a line that is refused though it was served', () => {
  it('is asked for three times more, and reported once', async () => {
    const refusedLater: Script = async (gateway) => {
      await greet(gateway)
      for (let asked = 1; ; asked++) {
        const [, , reqId = ''] = await gateway.request(1)
        if (asked <= 2) gateway.send(58, 1, reqId, 1)
        else gateway.send(4, 2, reqId, 200, 'No security definition has been found for the request', '')
      }
    }
    const { tws, linesOpen, logged, topology } = await collectorOn(createWallClock(), refusedLater, { lineDelays: { refusedMs: 50 } })
    const gateway = await tws(0)
    await linesOpen(2)
    gateway.send(4, 2, reqIdsOf(gateway)[0] ?? '', 200, 'No security definition has been found for the request', '')
    await vi.waitFor(() => expect(reqIdsOf(gateway)).toHaveLength(5), { timeout: 5000 })
    await vi.waitFor(() => expect(topology.supply.lines.marketData).toMatchObject({ open: 1, refused: 1 }), { timeout: 5000 })
    expect(logged.filter(({ msg }) => String(msg).includes('does not serve a line'))).toMatchObject([
      { level: 40, contract: 'TWX', code: 200 },
    ])
    expect(topology.supply.entitlements.rows).toMatchObject([
      { symbol: 'TWX', refused: 1, reasons: [{ code: 200 }] },
      { symbol: 'FOXA', live: 1 },
    ])
  })
})

describe('lines that stay silent when IB is back', () => {
  it('are asked for again, although it says that they were kept', async () => {
    const { finish, tws, linesOpen, counts } = await collectorOn(createWallClock(), acceptAll, { lineDelays: { silentMs: 200 } })
    const gateway = await tws(0)
    await linesOpen(2)
    const [one = '', two = ''] = reqIdsOf(gateway)
    gateway.send(4, 2, -1, 1100, 'Connectivity between IB and Trader Workstation has been lost.', '')
    gateway.send(4, 2, -1, 1102, 'Connectivity between IB and Trader Workstation has been restored - data maintained.', '')
    gateway.send(1, 6, two, 1, 35.1, 8, 1)
    expect((await gateway.request(2))[2]).toBe(one)
    await vi.waitFor(() => expect(reqIdsOf(gateway)).toHaveLength(3), PATIENTLY)
    gateway.send(1, 6, reqIdsOf(gateway)[2] ?? '', 1, 70.5, 3, 1)
    await vi.waitFor(() => expect(counts.received).toBe(2), PATIENTLY)
    const [records] = await finish()

    const events = records?.filter(({ kind }) => kind === 'quote' || kind === 'line').slice(4)
    expect(events).toMatchObject([
      { kind: 'quote', instrument: 1 },
      { kind: 'line', event: 'closed', instrument: 0, cause: 'ib-1102' },
      { kind: 'line', event: 'opened', instrument: 0 },
      { kind: 'quote', instrument: 0 },
      { kind: 'line', event: 'closed', instrument: 1 },
      { kind: 'line', event: 'closed', instrument: 0 },
    ])
    expect(gateway.requests.filter(({ fields }) => fields[0] === '2')).toHaveLength(1)
  })
})

describe('delayed data', () => {
  /** Says of the first line that it is live, of the second that it is delayed. */
  const secondIsDelayed: Script = async (gateway) => {
    await greet(gateway)
    gateway.send(58, 1, (await gateway.request(1))[2] ?? '', 1)
    const [, , reqId = ''] = await gateway.request(1)
    gateway.send(4, 2, reqId, 10167, 'Requested market data is not subscribed. Displaying delayed market data.', '')
    gateway.send(58, 1, reqId, 3)
    gateway.send(1, 6, reqId, 66, 35.1, 8, 1)
  }

  it('that is not wanted is cancelled, and the report says how to have it', async () => {
    const { finish, tws, logged, counts } = await collectorOn(createWallClock(), secondIsDelayed)
    const gateway = await tws(0)
    const [, , cancelled] = await gateway.request(2)
    expect(cancelled).toBe(reqIdsOf(gateway)[1])
    gateway.send(1, 6, reqIdsOf(gateway)[0] ?? '', 1, 70.5, 3, 1)
    await vi.waitFor(() => expect(counts.received).toBe(1), PATIENTLY)
    const [records] = await finish()

    expect(records?.filter(({ kind }) => kind === 'quote' || kind === 'line')).toMatchObject([
      { kind: 'line', event: 'missing', instrument: 0, cause: 'not-open-yet' },
      { kind: 'line', event: 'missing', instrument: 1, cause: 'not-open-yet' },
      { kind: 'line', event: 'opened', instrument: 0 },
      { kind: 'line', event: 'missing', instrument: 1, cause: 'delayed data is not wanted' },
      { kind: 'quote', instrument: 0 },
      { kind: 'line', event: 'closed', instrument: 0 },
    ])
    expect(counts.dropped.size).toBe(0)
    const [report] = logged.filter(({ msg }) => String(msg).includes('not all market data'))
    expect(report).toMatchObject({
      level: 40,
      msg: expect.stringMatching(/FOXA +stock +1 +0 +0 +0 +1 +10167 +delayed only; set gateway.marketDataType to delayed/),
    })
  })

  it('that only the types of its ticks give away is cancelled too', async () => {
    const { finish, tws, linesOpen, topology } = await collectorOn(createWallClock())
    const gateway = await tws(0)
    await linesOpen(2)
    gateway.send(1, 6, reqIdsOf(gateway)[1] ?? '', 66, 35.1, 8, 1)
    await linesOpen(1)
    expect((await gateway.request(2))[2]).toBe(reqIdsOf(gateway)[1])
    expect(topology.supply.entitlements.rows).toMatchObject([
      { symbol: 'TWX', live: 1 },
      { symbol: 'FOXA', refused: 1 },
    ])
    const [records] = await finish()
    expect(records?.filter(({ kind }) => kind === 'quote')).toEqual([])
  })

  it('that is wanted is recorded and marked', async () => {
    const { finish, counts, topology } = await collectorOn(createWallClock(), secondIsDelayed, { marketDataType: 3 })
    await vi.waitFor(() => expect(counts.received).toBe(1), PATIENTLY)
    expect(topology.supply.entitlements.rows).toMatchObject([
      { symbol: 'TWX', live: 1 },
      { symbol: 'FOXA', delayed: 1, reasons: [{ code: 10167, text: expect.stringContaining('recorded, marked as delayed') }] },
    ])
    const [records] = await finish()
    expect(records?.filter(({ kind }) => kind === 'quote')).toMatchObject([{ instrument: 1, bidPrice: 35.1, delayed: true }])
  })
})

describe('the report of entitlements', () => {
  it('is one line when everything is served live', async () => {
    const { linesOpen, logged } = await collectorOn(createWallClock())
    await linesOpen(2)
    expect(logged.filter(({ msg }) => /real time/.test(String(msg)))).toMatchObject([{ level: 30, lines: 2 }])
  })

  it('does not wait forever for a line without an answer', async () => {
    const { tws, logged, topology } = await collectorOn(createWallClock(), async (gateway) => {
      await greet(gateway)
      gateway.send(4, 2, (await gateway.request(1))[2] ?? '', 354, 'Requested market data is not subscribed', '')
    })
    await vi.waitFor(async () => expect(reqIdsOf(await tws(0))).toHaveLength(2), PATIENTLY)
    await vi.waitFor(() => expect(topology.supply.lines.marketData).toMatchObject({ refused: 1, asked: 1 }), PATIENTLY)
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    topology.supply.universeFound()
    expect(logged.filter(({ msg }) => /real time/.test(String(msg)))).toEqual([])
    vi.advanceTimersByTime(10_000)
    const [report] = logged.filter(({ msg }) => /real time/.test(String(msg)))
    expect(report).toMatchObject({ level: 40, msg: expect.stringMatching(/TWX +stock +1 +0 +0 +0 +1 +354 +subscribe/) })
    expect(logged.filter(({ level, contract }) => level === 40 && contract)).toEqual([])
  })
})

describe('a line that gets no answer after a reconnect', () => {
  it('is not held, and does not keep the gap of the others open', async () => {
    const { finish, tws, linesOpen, topology } = await collectorOn(createWallClock(), async (gateway, index) => {
      await greet(gateway)
      gateway.send(58, 1, (await gateway.request(1))[2] ?? '', 1)
      const [, , second = ''] = await gateway.request(1)
      if (index === 0) gateway.send(58, 1, second, 1)
    })
    await linesOpen(2)
    const first = await tws(0)
    first.socket.destroy()
    await vi.waitFor(async () => expect(reqIdsOf(await tws(1))).toHaveLength(2), { timeout: 5000 })
    await linesOpen(1)
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    topology.supply.universeFound()
    vi.advanceTimersByTime(10_000)
    vi.useRealTimers()
    const [records] = await finish()

    expect(records?.filter(({ kind }) => kind === 'gap')).toHaveLength(1)
    const held = records?.filter((record) => record.kind === 'line' && record.event === 'opened')
    expect(held?.map((record) => 'instrument' in record && record.instrument)).toEqual([0, 1, 0])
  })
})

describe('tick-by-tick lines of the underlyings', () => {
  const FEEDS: LineFeed[] = ['tick-by-tick-trades', 'tick-by-tick-quotes']

  it('are recorded beside the sampled ones from their first tick on, without waiting for it', async () => {
    const { finish, tws, linesOpen, counts } = await collectorOn(createWallClock(), acceptAll, {}, FEEDS)
    const gateway = await tws(0)
    await linesOpen(2)
    const asked = [await gateway.request(97), await gateway.request(97), await gateway.request(97), await gateway.request(97)]
    expect(asked.map((fields) => [fields[3], fields[14]])).toEqual([
      ['TWX', 'AllLast'],
      ['TWX', 'BidAsk'],
      ['FOXA', 'AllLast'],
      ['FOXA', 'BidAsk'],
    ])
    gateway.send(99, asked[1]?.[1] ?? '', 3, 1401975060, 70.5, 70.6, 3, 4, 0)
    gateway.send(1, 6, reqIdsOf(gateway)[0] ?? '', 1, 70.5, 3, 1)
    gateway.send(99, asked[0]?.[1] ?? '', 2, 1401975061, 70.55, 100, 0, 'NYSE', '')
    await vi.waitFor(() => expect(counts.received).toBe(3), PATIENTLY)
    const [records] = await finish()

    expect(records?.slice(8)).toMatchObject([
      { kind: 'line', event: 'opened', instrument: 0, feed: 'tick-by-tick-quotes' },
      { kind: 'quote', instrument: 0, source: 'tick-by-tick', bidPrice: 70.5, askPrice: 70.6 },
      { kind: 'quote', instrument: 0, bidPrice: 70.5 },
      { kind: 'line', event: 'opened', instrument: 0, feed: 'tick-by-tick-trades' },
      { kind: 'trade', instrument: 0, source: 'tick-by-tick', price: 70.55 },
      { kind: 'line', event: 'closed', instrument: 0 },
      { kind: 'line', event: 'closed', instrument: 1 },
      { kind: 'line', event: 'closed', instrument: 0, feed: 'tick-by-tick-quotes' },
      { kind: 'line', event: 'closed', instrument: 0, feed: 'tick-by-tick-trades' },
      { kind: 'session', event: 'ended' },
    ])
    expect(counts.lines).toBe(0)
  })

  it('that IB has no room for leave the sampled ones, and that is logged once for each underlying', async () => {
    const { tws, linesOpen, logged, topology } = await collectorOn(createWallClock(), acceptAll, {}, FEEDS)
    const gateway = await tws(0)
    await linesOpen(2)
    for (const _ of [1, 2, 3, 4])
      gateway.send(4, 2, (await gateway.request(97))[1] ?? '', 10190, 'Max number of tick-by-tick requests has been reached', '')
    await vi.waitFor(() => expect(topology.supply.lines.tickByTick.refused).toBe(4), PATIENTLY)

    const notices = logged.filter(({ msg }) => String(msg).includes('not served tick by tick'))
    expect(notices).toMatchObject([
      { level: 30, contract: 'TWX', code: 10190 },
      { level: 30, contract: 'FOXA', code: 10190 },
    ])
    expect(topology.supply.entitlements.rows).toMatchObject([
      {},
      {},
      { kind: 'tick-by-tick', refused: 2 },
      { kind: 'tick-by-tick', refused: 2 },
    ])
    expect(gateway.requests.filter(({ fields }) => fields[0] === '98')).toEqual([])
  })
})

describe('a line that the gateway does not like', () => {
  it('is asked for without generic ticks when these do not go with it', async () => {
    const { tws, linesOpen } = await collectorOn(createWallClock(), async (gateway) => {
      await greet(gateway)
      for (;;) {
        const request = await gateway.request(1)
        if (request.at(-4) === '') gateway.send(58, 1, request[2] ?? '', 1)
        else gateway.send(4, 2, request[2] ?? '', 321, 'Error validating request:-incorrect generic tick list', '')
      }
    })
    await linesOpen(2)
    const gateway = await tws(0)

    expect(gateway.requests.filter(({ fields }) => fields[0] === '1').map(({ fields }) => fields.at(-4))).toEqual([
      '100,101',
      '100,101',
      '',
      '',
    ])
  })

  it('is not recorded, and the others are', async () => {
    const { linesOpen, logged } = await collectorOn(createWallClock(), async (gateway) => {
      await greet(gateway)
      gateway.send(4, 2, (await gateway.request(1))[2] ?? '', 200, 'No security definition has been found', '')
      gateway.send(58, 1, (await gateway.request(1))[2] ?? '', 1)
    })
    await linesOpen(1)

    expect(logged).toContainEqual(expect.objectContaining({ level: 40, contract: 'TWX', code: 200 }))
  })
})
