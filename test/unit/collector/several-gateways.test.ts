/** A collector with two gateways and no database, one of which has few lines or never answers. */

import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'

import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'

import type { PlanSettings } from '../../../collector/lines/plan/state.ts'
import type { RecordListener } from '../../../market/record-source.ts'
import { type TapeRoom, tapeRoom } from '../../support/gateway/gateway-tape.ts'
import {
  checkTape,
  linesWhen,
  openAt,
  type ServedUniverse,
  serveBehindProxy,
  underlyingsOf,
  universeTape,
} from '../../support/lines/several-gateways.ts'
import { type Collecting, startCollecting } from '../../support/process/collecting.ts'

const UNIVERSE: ServedUniverse = { symbols: ['TWX', 'FOXA'], strikes: 10, seconds: 300, ticksPerSecond: 200 }
const CONTRACTS = 2 * (1 + 2 * UNIVERSE.strikes)
const PLAN: PlanSettings = { coreStrikes: 2, corePercent: 75, minimumHoldMs: 500, seenEveryMs: 600_000 }
const METRICS = { host: '127.0.0.1', port: 0 }
const HOST = '127.0.0.1'
const NO_DATABASE = 'postgres://nobody@127.0.0.1:1/none'

let room: TapeRoom
let tape: string
beforeAll(async () => {
  room = await tapeRoom()
  tape = await room.write(universeTape(UNIVERSE))
})
afterAll(() => room.clear())

const gatewaySettings = (port: number, lines: number) => ({
  clock: 'wall' as const,
  lines,
  lineDelays: { goneMs: 400, backMs: 400 },
  others: [{ host: HOST, port, clientId: 87, lines }],
})

/** Records on both, the first of which may be anything that listens on a port. */
async function recordOn(ports: readonly [number, number], lines: number, onRecord?: RecordListener): Promise<Collecting> {
  const collector = await startCollecting({
    port: ports[0],
    databaseUrl: NO_DATABASE,
    gateway: gatewaySettings(ports[1], lines),
    underlyings: underlyingsOf(UNIVERSE),
    linePlan: PLAN,
    metrics: METRICS,
    drainTimeoutMs: 10,
    ...(onRecord && { onRecord }),
  })
  await collector.until('it serves its pages', ({ metricsPort }) => metricsPort !== undefined)
  return collector
}

describe('a collector with two gateways', () => {
  it('moves what one has no lines for, as it turns out, to the other', async () => {
    const few = 9
    const proxies = [await serveBehindProxy(room, tape, CONTRACTS), await serveBehindProxy(room, tape, few)] as const
    const { seen, listen } = checkTape()
    const collector = await recordOn([proxies[0].port, proxies[1].port], CONTRACTS, listen)
    const page = await linesWhen(collector, 'every contract has a line', ({ lines }) => {
      return lines.length === CONTRACTS && lines.every(({ state }) => state === 'open')
    })
    expect(openAt(page, `${HOST}:${proxies[1].port}`).length).toBeLessThanOrEqual(few)
    await collector.force('stopped')
    expect(seen).toMatchObject({ openedTwice: 0, outsideOfHolds: 0 })
  })

  it('does not wait for one that never answers', async () => {
    const sockets: Socket[] = []
    const mute = createServer((socket) => sockets.push(socket)).listen(0, HOST)
    await once(mute, 'listening')
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy()
      mute.close()
    })
    const proxy = await serveBehindProxy(room, tape, CONTRACTS)
    const collector = await recordOn([(mute.address() as AddressInfo).port, proxy.port], CONTRACTS)
    await collector.until('every contract has a line', ({ counts }) => counts.lines === CONTRACTS)
    expect(sockets.length).toBeGreaterThan(0)
    await collector.force('stopped')
  })
})
