/** The rooms joined: the state of the connection as the gateway's words and its silence make it. */

import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { type CollectorClock, createWallClock } from '../../../collector/record/clock.ts'
import { usFromIso } from '../../../market/time.ts'
import { greet } from '../../support/gateway/scripted-tws.ts'
import { PATIENTLY } from '../../support/waiting.ts'
import { acceptAll, collectorOn, reqIdsOf } from './topology-support.ts'

const RESTORED = 'Connectivity between IB and Trader Workstation has been restored - data maintained.'

describe('the connection', () => {
  it('is degraded while IB is away or a farm is missing from the words of 1102, and the log says when that changes', async () => {
    const { tws, linesOpen, topology, logged } = await collectorOn(createWallClock())
    const gateway = await tws(0)
    await linesOpen(2)
    const { connection } = topology.feed
    expect(connection.status).toEqual({ state: 'ready', reasons: [] })
    for (let i = 0; i < 20; i++) gateway.send(4, 2, -1, 1100, 'Connectivity between IB and Trader Workstation has been lost.', '')
    await vi.waitFor(() => expect(connection.state).toBe('degraded'), PATIENTLY)
    gateway.send(4, 2, -1, 1102, `${RESTORED} The following farms are connected: usopt. The following farms are not connected: usfarm.`, '')
    await vi.waitFor(() => expect(connection.status.reasons).toEqual(["IB's farm usfarm is not connected (1102)"]), PATIENTLY)
    gateway.send(4, 2, -1, 2104, 'Market data farm connection is OK:usfarm', '')
    await vi.waitFor(() => expect(connection.state).toBe('ready'), PATIENTLY)

    expect(logged.filter(({ msg }) => /keeps market data|is kept away/.test(String(msg)))).toMatchObject([
      { level: 40, state: 'degraded', reasons: ['the gateway has lost its connection to IB (1100)'] },
      { level: 40, state: 'degraded', reasons: ["IB's farm usfarm is not connected (1102)"] },
      { level: 30, state: 'ready' },
    ])
  })

  it.each<[string, number, string]>([
    ['IB was away (1100)', 1100, 'Connectivity between IB and Trader Workstation has been lost.'],
    ['a farm was broken (2103)', 2103, 'Market data farm connection is broken:usfarm.nj'],
  ])('is ready when %s and data goes on, though no notice says so', async (_, code, text) => {
    vi.useFakeTimers({ toFake: ['performance', 'Date', 'setInterval', 'clearInterval'] })
    onTestFinished(() => void vi.useRealTimers())
    const { tws, linesOpen, topology, counts } = await collectorOn(createWallClock())
    const gateway = await tws(0)
    await linesOpen(2)
    gateway.send(4, 2, -1, code, text, '')
    const { connection } = topology.feed
    await vi.waitFor(() => expect(connection.state).toBe('degraded'), PATIENTLY)
    let price = 70
    const seconds = async (many: number) => {
      for (let i = 0; i < many; i++) {
        for (const reqId of reqIdsOf(gateway)) gateway.send(1, 6, reqId, 1, ++price, 3, 0)
        gateway.send(49, 1, 1)
        const { received } = counts
        await vi.waitFor(() => expect(counts.received).toBe(received + 2), PATIENTLY)
        vi.advanceTimersByTime(1000)
      }
    }
    // It may have been on its way.
    await seconds(9)
    expect(connection.state).toBe('degraded')
    await seconds(3)
    expect(connection.state).toBe('ready')
  })

  it('is not degraded by a broken farm that serves none of its lines', async () => {
    const { tws, linesOpen, topology } = await collectorOn(createWallClock())
    const gateway = await tws(0)
    await linesOpen(2)
    const { connection } = topology.feed
    gateway.send(4, 2, -1, 2103, 'Market data farm connection is broken:eufarm', '')
    gateway.send(4, 2, -1, 2103, 'Market data farm connection is broken:usfarm', '')
    await vi.waitFor(() => expect(connection.state).toBe('degraded'), PATIENTLY)
    expect(connection.status.reasons).toEqual(["IB's farm usfarm is not connected (2103)"])
  })

  it('is paused by a competing session until the lines are served again', async () => {
    let isTaken = true
    const { tws, topology, linesOpen } = await collectorOn(
      createWallClock(),
      async (gateway) => {
        await greet(gateway)
        for (;;) {
          const [, , reqId = ''] = await gateway.request(1)
          if (isTaken) gateway.send(4, 2, reqId, 10197, 'No market data during competing live session', '')
          else gateway.send(58, 1, reqId, 1)
        }
      },
      { lineDelays: { pausedMs: 100 } },
    )
    await tws(0)
    const { connection } = topology.feed
    await vi.waitFor(
      () => expect(connection.status).toEqual({ state: 'paused', reasons: ['No market data during competing live session'] }),
      PATIENTLY,
    )
    isTaken = false
    await linesOpen(2)
    await vi.waitFor(() => expect(connection.state).toBe('ready'), PATIENTLY)
  })

  it('is not paused by what is said of a request that was given up', async () => {
    const { tws, linesOpen, topology } = await collectorOn(createWallClock(), acceptAll, { lineDelays: { pausedMs: 100 } })
    const gateway = await tws(0)
    await linesOpen(2)
    const { connection } = topology.feed
    const [one = ''] = reqIdsOf(gateway)
    gateway.send(4, 2, one, 10197, 'No market data during competing live session', '')
    await vi.waitFor(() => expect(reqIdsOf(gateway)).toHaveLength(3), PATIENTLY)
    await vi.waitFor(() => expect(connection.state).toBe('ready'), PATIENTLY)
    gateway.send(4, 2, one, 10197, 'No market data during competing live session', '')
    gateway.send(4, 2, -1, 2103, 'Market data farm connection is broken:usfarm', '')
    const farm = "IB's farm usfarm is not connected (2103)"
    await vi.waitFor(() => expect(connection.status.reasons).toContain(farm), PATIENTLY)
    expect(connection.status).toEqual({ state: 'degraded', reasons: [farm] })
  })

  it('is not paused any more behind 1101, when all lines are asked for again', async () => {
    const { tws, linesOpen, topology } = await collectorOn(createWallClock(), acceptAll)
    const gateway = await tws(0)
    await linesOpen(2)
    gateway.send(4, 2, reqIdsOf(gateway)[0] ?? '', 10197, 'No market data during competing live session', '')
    await vi.waitFor(() => expect(topology.feed.connection.state).toBe('paused'), PATIENTLY)
    gateway.send(4, 2, -1, 1101, 'Connectivity has been restored - data lost', '')
    await vi.waitFor(() => expect(topology.feed.connection.state).toBe('ready'), PATIENTLY)
    await linesOpen(2)
  })

  it('sends a quarter less when the gateway says that too many messages come, and says so once', async () => {
    const { tws, linesOpen, logged, topology } = await collectorOn(createWallClock())
    const gateway = await tws(0)
    await linesOpen(2)
    // With the id of a request, and without one; what was sent at the old rate may be refused all the same.
    for (const id of [-1, 9_999, -1]) gateway.send(4, 2, id, 100, 'Max rate of messages per second has been exceeded', '')
    const said = () => logged.filter(({ messagesPerSecond }) => messagesPerSecond !== undefined)
    await vi.waitFor(() => expect(said()).toHaveLength(1), PATIENTLY)
    gateway.send(49, 1, 1)
    expect(said()).toMatchObject([{ level: 40, messagesPerSecond: 30 }])
    expect(topology.feed.connection.state).toBe('ready')
  })

  it('names a login without data during the hours of the exchange, and that data has come', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    onTestFinished(() => void vi.useRealTimers())
    // A Friday at noon in New York.
    const noonUs = usFromIso('2026-11-20T12:00:00-05:00')
    const clock: CollectorClock = { ...createWallClock(), nowUs: () => noonUs, usAt: () => noonUs, driftMs: () => 0 }
    const { tws, linesOpen, topology } = await collectorOn(clock)
    const gateway = await tws(0)
    await linesOpen(2)
    const { connection } = topology.feed
    vi.advanceTimersByTime(30_000)
    expect(connection.status).toEqual({ state: 'degraded', reasons: [expect.stringContaining('no data on any line')] })
    gateway.send(1, 6, reqIdsOf(gateway)[0] ?? '', 1, 70.5, 3, 1)
    await vi.waitFor(() => expect(connection.state).toBe('ready'), PATIENTLY)
  })
})
