/** A collector with two gateways, one of which is gone for a while: what it had moves to the other, and back, and the database says so. */

import { afterAll, beforeAll, expect, it } from 'vitest'

import type { PlanSettings } from '../../collector/lines/plan/state.ts'
import type { LinesPage } from '../../collector/telemetry/lines-page.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { EMBEDDED } from '../support/database/editions.ts'
import { type TapeRoom, tapeRoom } from '../support/gateway/gateway-tape.ts'
import {
  checkTape,
  expectHeldOnce,
  linesWhen,
  openAt,
  type ServedUniverse,
  serveBehindProxy,
  underlyingsOf,
  universeTape,
  watchRequests,
} from '../support/lines/several-gateways.ts'
import { ask, startCollecting } from '../support/process/collecting.ts'

const UNIVERSE: ServedUniverse = { symbols: ['TWX', 'FOXA'], strikes: 10, seconds: 300, ticksPerSecond: 200 }
const LINES = 13
/** Two strikes of each chain, both rights. */
const CORE = 8
const PLAN: PlanSettings = { coreStrikes: 2, corePercent: 75, minimumHoldMs: 500, seenEveryMs: 600_000 }
const HOST = '127.0.0.1'

let room: TapeRoom
let tape: string
beforeAll(async () => {
  room = await tapeRoom()
  tape = await room.write(universeTape(UNIVERSE))
})
afterAll(() => room.clear())

forEachEdition('a collector with two gateways', ({ name, createDatabase }) => {
  // What is done beside the database is the same with each.
  it.runIf(name === EMBEDDED)(
    'has the pinned and core lines of one that is gone on the other, names the rest, counts nothing twice, and moves them back',
    async () => {
      const databaseUrl = await createDatabase()
      const proxies = [await serveBehindProxy(room, tape, LINES), await serveBehindProxy(room, tape, LINES)] as const
      const [first, second] = proxies.map(({ port }) => `${HOST}:${port}`)
      const requests = watchRequests(proxies)
      const { seen, listen } = checkTape()
      const collector = await startCollecting({
        port: proxies[0].port,
        databaseUrl,
        gateway: {
          clock: 'wall',
          lines: LINES,
          lineDelays: { goneMs: 400, backMs: 400 },
          others: [{ host: HOST, port: proxies[1].port, clientId: 87, lines: LINES }],
        },
        underlyings: underlyingsOf(UNIVERSE),
        linePlan: PLAN,
        metrics: { host: HOST, port: 0 },
        onRecord: listen,
      })
      await collector.until('it serves its pages', ({ metricsPort }) => metricsPort !== undefined)
      const isWhole = (page: LinesPage) =>
        [first, second].every(
          (gateway) => openAt(page, gateway, 'pinned').length === 1 && openAt(page, gateway, 'core').length === CORE / 2,
        )
      const before = await linesWhen(collector, 'each gateway has an underlying and its core', isWhole)
      expect(before).toMatchObject({ limit: 2 * LINES, gateways: [{ gateway: first }, { gateway: second }] })
      // All of an underlying is with one gateway.
      for (const gateway of [first, second]) expect(new Set(openAt(before, gateway).map((name) => name.split(' ')[0])).size).toBe(1)

      requests.cut(0)
      const moved = await linesWhen(collector, 'the other one has all that is pinned and core', (page) => {
        return openAt(page, second, 'pinned').length === 2 && openAt(page, second, 'core').length === CORE
      })
      expect(moved.gateways).toMatchObject([
        { gateway: first, isGone: true, open: 0 },
        { gateway: second, isGone: false },
      ])
      await collector.said('a gateway is gone')

      proxies[0].resume()
      const back = await linesWhen(collector, 'each has its own again', isWhole)
      for (const gateway of [first, second])
        expect(openAt(back, gateway, 'pinned', 'core').sort()).toEqual(openAt(before, gateway, 'pinned', 'core').sort())
      await collector.stop('stopped')

      for (const most of requests.most) expect(most).toBeLessThanOrEqual(LINES)
      expect(seen).toMatchObject({ openedTwice: 0, outsideOfHolds: 0 })
      await expectHeldOnce(databaseUrl)
      // Every line that the first gateway held has a gap that names it, and ends; no line of the second one has.
      const gaps = await ask<{ symbol: string; kind: string; cause: string; isOver: boolean }>(
        databaseUrl,
        `SELECT symbol, i.kind, cause, to_ts < ended_ts AS "isOver" FROM feed_gaps JOIN instruments i USING (instrument_id) JOIN sessions USING (session_id)
         WHERE cause LIKE '%(${HOST}:%'`,
      )
      const own = openAt(before, first).map((name) => name.split(' ')[0])
      expect(gaps.length).toBeGreaterThanOrEqual(1 + CORE / 2)
      expect(new Set(gaps.map(({ symbol }) => symbol))).toEqual(new Set(own))
      expect(gaps.filter(({ cause }) => !cause.endsWith(`(${first})`))).toEqual([])
      expect(gaps.filter(({ kind, isOver }) => kind === 'stock' && !isOver)).toEqual([])
    },
  )
})
