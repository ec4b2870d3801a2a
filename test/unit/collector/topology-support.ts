/** The rooms joined, between a scripted TWS and a journal in a folder of its own. */

import { join } from 'node:path'
import { pino } from 'pino'
import { expect, onTestFinished, vi } from 'vitest'
import type { CollectorClock } from '../../../collector/record/clock.ts'
import { Journal } from '../../../collector/journal/journal.ts'
import { Outage } from '../../../collector/gaps/outage.ts'
import { Recorder } from '../../../collector/record/recorder.ts'
import { createCounts } from '../../../collector/telemetry/counts.ts'
import { createEvents } from '../../../collector/telemetry/events.ts'
import { joinRooms, type TopologyOptions } from '../../../collector/topology.ts'
import type { LineFeed } from '../../../market/tick.ts'
import { greet, type TwsConnection } from '../../support/gateway/scripted-tws.ts'
import { unbounded } from '../../support/tape/unbounded.ts'
import { unexpected } from '../../support/unexpected.ts'
import { twsFor } from './ib/tws-support.ts'
import { segmentRecords, segmentsIn, temporaryFolder } from './journal/journal-support.ts'

const SYMBOLS = ['TWX', 'FOXA']
const lines = SYMBOLS.map((symbol) => ({ kind: 'stock', symbol, currency: 'USD' }) as const)

export type Script = (tws: TwsConnection, index: number) => unknown

/** Accepts every line that is asked for. */
export const acceptAll: Script = async (tws) => {
  await greet(tws)
  for (;;) tws.send(58, 1, (await tws.request(1))[2] ?? '', 1)
}

export async function collectorOn(
  clock: CollectorClock,
  script: Script = acceptAll,
  options: Partial<TopologyOptions> = {},
  feeds: LineFeed[] = [],
) {
  // The shortest pause between two links.
  const random = vi.spyOn(Math, 'random').mockReturnValue(0)
  onTestFinished(() => random.mockRestore())
  const server = await twsFor(script)
  const directory = await temporaryFolder()
  const counts = createCounts()
  const logged: Record<string, unknown>[] = []
  const sessionIds: number[] = []
  const recorder = new Recorder({
    clock,
    counts,
    judge: () => undefined,
    openJournal(sessionId) {
      sessionIds.push(sessionId)
      return new Journal({
        batchRows: 1000,
        batchMs: 100,
        fsyncMs: 50,
        segmentBytes: 1 << 26,
        directory,
        sessionId,
        bound: unbounded(),
        onBatch: () => undefined,
        onSegmentClosed: () => undefined,
        onSync: () => undefined,
        onError: unexpected,
      })
    },
    detail: {},
    config: {},
    onDropping: () => undefined,
    onDropped: () => undefined,
  })
  let ended = 0
  const topology = joinRooms({
    feed: { host: '127.0.0.1', port: server.port, clientId: 5, handshakeTimeoutMs: 5000, heartbeatMs: 60_000, messagesPerSecond: 1000 },
    marketDataType: 1,
    genericTicks: [100, 101],
    clock,
    recorder,
    outage: new Outage({ record: (gap) => recorder.gap(gap) }),
    counts,
    events: createEvents(pino({ base: null, timestamp: false }, { write: (line) => void logged.push(JSON.parse(line)) }), counts),
    onReady() {
      if (topology.subscriptions.wanted > 0) return
      const wanted = lines.map((contract) => ({ instrument: recorder.instrumentOf(contract), contract }))
      topology.subscriptions.want(wanted)
      topology.subscriptions.want(wanted.flatMap((line) => feeds.map((feed) => ({ ...line, feed }))))
    },
    universeIsKnown: () => true,
    onEndOfTape: () => ended++,
    ...options,
  })
  onTestFinished(async () => {
    await topology.stop()
    await recorder.end('test')
  })
  if (clock.known) topology.begin()
  topology.feed.start()
  /** Ends everything and gives the records of each session. */
  const finish = async () => {
    await topology.stop()
    await recorder.end('test')
    const names = await segmentsIn(directory)
    return Promise.all(sessionIds.map((id) => segmentRecords(join(directory, names.find((name) => name.startsWith(`${id}-`)) ?? ''))))
  }
  const tws = async (index: number) => {
    await vi.waitFor(() => expect(server.connections.length).toBeGreaterThan(index), { timeout: 5000 })
    return server.connections[index] ?? unexpected()
  }
  const linesOpen = (open: number) => vi.waitFor(() => expect(counts.lines).toBe(open), { timeout: 5000 })
  return { counts, recorder, logged, topology, finish, tws, linesOpen, ended: () => ended }
}

/** The ids under which the lines were asked for, in order. */
export const reqIdsOf = (tws: TwsConnection) => tws.requests.filter(({ fields }) => fields[0] === '1').map(({ fields }) => fields[2] ?? '')
