/** The rooms joined, between a scripted TWS and a journal in a folder of its own. */

import { join } from 'node:path'
import { pino } from 'pino'
import { expect, onTestFinished, vi } from 'vitest'
import type { CollectorClock } from '../../../collector/record/clock.ts'
import { Journal } from '../../../collector/journal/journal.ts'
import { GapLedger } from '../../../collector/gaps/ledger.ts'
import { Recorder } from '../../../collector/record/recorder.ts'
import { createCounts } from '../../../collector/telemetry/counts.ts'
import { createEvents } from '../../../collector/telemetry/events/index.ts'
import { type FeedOptions, joinFeed } from '../../../collector/topology.ts'
import { MarketState } from '../../../market/state/market-state.ts'
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

/** What follows the socket, up to the journal. */
export function recordingIn(directory: string, clock: CollectorClock, pace = { batchMs: 100, fsyncMs: 50 }) {
  const counts = createCounts()
  const logged: Record<string, unknown>[] = []
  const sessionIds: number[] = []
  const recorder = new Recorder({
    clock,
    counts,
    judge: { judge: () => undefined, take: () => undefined },
    openJournal(sessionId) {
      sessionIds.push(sessionId)
      return new Journal({
        batchRows: 1000,
        ...pace,
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
    onSubscriberError: unexpected,
  })
  const events = createEvents(pino({ base: null, timestamp: false }, { write: (line) => void logged.push(JSON.parse(line)) }), counts)
  const state = new MarketState()
  recorder.subscribe((record) => state.apply(record))
  return { clock, counts, recorder, state, ledger: new GapLedger(recorder, events), events, logged, directory, sessionIds }
}

export async function collectorOn(
  clock: CollectorClock,
  script: Script = acceptAll,
  options: Partial<FeedOptions> = {},
  feeds: LineFeed[] = [],
) {
  // The shortest pause between two links.
  const random = vi.spyOn(Math, 'random').mockReturnValue(0)
  onTestFinished(() => random.mockRestore())
  const server = await twsFor(script)
  const { directory, sessionIds, logged, ...recording } = recordingIn(await temporaryFolder(), clock)
  const { counts, recorder, ledger } = recording
  let ended = 0
  const topology = joinFeed({
    feed: {
      host: '127.0.0.1',
      port: server.port,
      clientId: 5,
      handshakeTimeoutMs: 5000,
      heartbeatMs: 60_000,
      messagesPerSecond: 1000,
      lines: 100,
    },
    marketDataType: 1,
    genericTicks: [100, 101],
    ...recording,
    // Nothing to discover, unless a test says otherwise: the lines are wanted here.
    universe: { underlyings: [], lines: 100 },
    onBroken: unexpected,
    startedMs: performance.now(),
    onBegun: () => undefined,
    onEndOfTape: () => ended++,
    ...options,
  })
  if (!options.universe) topology.discovery.begin = () => undefined
  topology.supply.attached$.subscribe(() => {
    if (options.universe || topology.supply.lines.wanted > 0) return
    const wanted = lines.map((contract) => ({
      instrument: recorder.instrumentOf(contract),
      contract,
      wantedUs: topology.coverage.startedUs,
    }))
    topology.supply.lines.want(wanted)
    topology.supply.lines.want(wanted.flatMap((line) => feeds.map((feed) => ({ ...line, feed }))))
    topology.supply.universeFound()
  })
  onTestFinished(async () => {
    await topology.stop()
    await topology.sessions.end('test')
  })
  topology.sessions.start()
  topology.feed.start()
  /** Ends everything and gives the records of each session. */
  const finish = async () => {
    await topology.stop()
    await topology.sessions.end('test')
    const names = await segmentsIn(directory)
    return Promise.all(sessionIds.map((id) => segmentRecords(join(directory, names.find((name) => name.startsWith(`${id}-`)) ?? ''))))
  }
  const tws = async (index: number) => {
    await vi.waitFor(() => expect(server.connections.length).toBeGreaterThan(index), { timeout: 5000 })
    return server.connections[index] ?? unexpected()
  }
  const linesOpen = (open: number) => vi.waitFor(() => expect(counts.lines).toBe(open), { timeout: 5000 })
  return { counts, recorder, ledger, logged, topology, finish, tws, linesOpen, ended: () => ended }
}

/** The ids under which the lines were asked for, in order. */
export const reqIdsOf = (tws: TwsConnection) => tws.requests.filter(({ fields }) => fields[0] === '1').map(({ fields }) => fields[2] ?? '')

/** Sends two bids on each line that was asked for: nothing else is proof that a line has data, and the first may be what stands. */
export function tickAll(tws: TwsConnection): void {
  for (const price of [70.5, 70.6]) for (const reqId of reqIdsOf(tws)) tws.send(1, 6, reqId, 1, price, 3, 1)
}
