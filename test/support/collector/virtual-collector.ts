/**
 * The live side of the collector as topology.ts joins it, in virtual time, at a TWS of this process: a real socket, real look-ups, a real
 * journal. What takes hours takes a moment, and is the same each time.
 */

import { vi } from 'vitest'
import { createWallClock } from '../../../collector/record/clock.ts'
import { joinFeed } from '../../../collector/topology.ts'
import type { StatedUnit } from '../../../market/stock-sizes/detector.ts'
import { nyse } from '../../../market/calendar/calendar.ts'
import { Loopback } from '../gateway/loopback.ts'
import { CHAIN, type TradedContract } from '../gateway/simulated-market.ts'
import { SimulatedTws } from '../gateway/simulated-tws.ts'
import { seeded } from '../random.ts'
import { unexpected } from '../unexpected.ts'
import { VirtualTime } from '../virtual-time.ts'
import { recordingIn } from '../../unit/collector/topology-support.ts'

const SECOND_MS = 1000
export const MINUTE_MS = 60 * SECOND_MS

/** Of each contract, before the market says anything. */
export const EARLIER_PRICE = 0.5

/** A time of New York, in milliseconds since 1970. */
export function at(date: string, clock: string): number {
  const [hours = 0, minutes = 0, seconds = 0] = clock.split(':').map(Number)
  return nyse.zone.toUs(date, ((hours * 60 + minutes) * 60 + seconds) * SECOND_MS) / 1000
}

export interface VirtualOptions {
  /** Of the journal. */
  directory: string
  startMs: number
  contracts: readonly TradedContract[]
  seed?: number
  tickByTick?: boolean
  stockSizes?: StatedUnit
  /** What TWS is up to before the collector comes. */
  before?: (tws: SimulatedTws) => unknown
}

export async function collectorInVirtualTime({
  directory,
  startMs,
  contracts,
  seed = 1,
  tickByTick = false,
  stockSizes,
  before,
}: VirtualOptions) {
  const loopback = new Loopback()
  const tws = new SimulatedTws(contracts, CHAIN, loopback)
  const time = new VirtualTime(startMs, () => tws.isStarting || loopback.isBusy)
  loopback.start()
  await tws.start()
  before?.(tws)
  time.install()
  const random = vi.spyOn(Math, 'random').mockImplementation(seeded(seed))
  const recording = recordingIn(directory, createWallClock(), { batchMs: MINUTE_MS, fsyncMs: MINUTE_MS })
  const options = { currency: 'USD', exchange: 'SMART', strikes: 'all', expiryDays: 60 } as const
  const topology = joinFeed({
    ...recording,
    startedMs: performance.now(),
    feed: {
      host: '127.0.0.1',
      port: tws.port,
      clientId: 5,
      handshakeTimeoutMs: 15 * SECOND_MS,
      heartbeatMs: 20 * SECOND_MS,
      messagesPerSecond: 40,
      lines: 100,
    },
    marketDataType: 1,
    genericTicks: [],
    stockSizes,
    universe: {
      underlyings: [
        { ...options, symbol: 'TWX', tickByTick },
        { ...options, symbol: 'SPX', kind: 'index' },
      ],
      lines: 100,
    },
    onBroken: unexpected,
    onBegun: () => undefined,
    onEndOfTape: unexpected,
  })
  const start = () => {
    // What stood before.
    for (const contract of contracts) tws.stands(contract, EARLIER_PRICE)
    topology.sessions.start()
    topology.feed.start()
  }
  /** The recording ends, and time is real again. */
  const finish = async () => {
    try {
      const stopped = topology.stop()
      await time.settle()
      await stopped
      await topology.sessions.end('test')
      tws.stop()
      await time.settle()
    } finally {
      random.mockRestore()
      time.uninstall()
      loopback.stop()
    }
  }
  return { ...recording, time, tws, loopback, topology, start, finish }
}

/** Every tick of every contract, at its time. */
export function playMarket(time: VirtualTime, contracts: readonly TradedContract[], tws: SimulatedTws): void {
  const ticks = contracts
    .flatMap((contract) => contract.ticksMs.map((ms, k) => ({ ms, contract, price: k + 1 })))
    .sort((a, b) => a.ms - b.ms)
  let next = 0
  const play = () => {
    for (let tick = ticks[next]; tick && tick.ms <= time.nowMs; tick = ticks[++next]) tws.tick(tick.contract, tick.price)
    const tick = ticks[next]
    if (tick) time.at(tick.ms, play)
  }
  play()
}
