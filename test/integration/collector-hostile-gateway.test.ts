/**
 * A gateway that talks nonsense: the collector counts every tick that it makes of it, writes what can be written, and lives on.
 * `TAPEDECK_FUZZ_MESSAGES=1000000` makes the long run of it.
 */

import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'

import { isConnected } from '../../collector/ib/link/connection.ts'
import { busyQuotes } from '../support/tape/busy-tape.ts'
import { ask, startCollecting } from '../support/process/collecting.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { fuzzedMessages } from '../support/gateway/fuzzed-messages.ts'
import { startGatewayProxy } from '../support/gateway/gateway-proxy.ts'
import { CONTRACTS, MS_US, type TapeRoom, tapeOf, tapeRoom } from '../support/gateway/gateway-tape.ts'

const MESSAGES = Number(process.env['TAPEDECK_FUZZ_MESSAGES'] ?? 5000)
const CHUNK = 500
/** At a hundred a second, more than the run takes. */
const QUOTES = 30_000 + MESSAGES / 2
const LINES = CONTRACTS.length
/** Opted in: who did not has no lines left after the first word of delayed data. */
const DELAYED = 3
const SEED = 20140605
/** An hour for a million. */
const FUZZ_MS = 60_000 + MESSAGES * 4

let room: TapeRoom
beforeAll(async () => {
  room = await tapeRoom()
})
afterAll(() => room.clear())

forEachEdition('a collector whose gateway talks nonsense', (edition) => {
  it(
    `of every type, ${MESSAGES} messages of it, accounts for every tick and lives on`,
    async () => {
      const databaseUrl = await edition.createDatabase()
      const { port } = await room.serve(tapeOf(busyQuotes(QUOTES, 10 * MS_US)), { startAfterLines: LINES, publishTime: true, speed: 1 })
      const proxy = await startGatewayProxy(port)
      onTestFinished(() => proxy.close())
      const collector = await startCollecting({ port: proxy.port, databaseUrl, gateway: { marketDataType: DELAYED } })
      await collector.until('all lines are open', ({ counts }) => counts.lines === LINES)
      const reqIds = proxy.marketDataRequests.map((fields) => Number(fields[2]))

      for (let round = 0; round * CHUNK < MESSAGES; round++) {
        for (const fields of fuzzedMessages(SEED + round, CHUNK, reqIds)) proxy.say(...fields)
        // One round at a time is on its way: the last word of each is a notice.
        proxy.say(4, 2, -1, 2100, `end of round ${round}`, '')
        await collector.said(`end of round ${round}`)
        collector.logged.length = 0
      }
      const { received } = collector.progress.counts
      await collector.until('ticks come as before', ({ counts, feed }) => isConnected(feed) && counts.received > received + 200)
      const { counts } = await collector.stop()

      expect(counts).toMatchObject({ inFlight: 0, reconnects: 0 })
      expect(counts.messages).toBeGreaterThan(MESSAGES / 2)
      expect(counts.quarantined).toBeGreaterThan(0)
      expect(counts.dropped.get('unknown-line')).toBeGreaterThan(0)
      const [rows] = await ask(databaseUrl, 'SELECT count(*)::int AS rejected FROM rejected_ticks')
      expect(rows).toEqual({ rejected: counts.quarantined })
    },
    FUZZ_MS,
  )
})
