/** The link to the gateway ends in the middle of a message, again and again: every gap is recorded, and so is what came through. */

import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'

import { expectWhole, numberedQuotes } from '../support/tape/account.ts'
import { startCollecting } from '../support/process/collecting.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { EMBEDDED } from '../support/database/editions.ts'
import { startGatewayProxy } from '../support/gateway/gateway-proxy.ts'
import { CONTRACTS, MS_US, type TapeRoom, tapeOf, tapeRoom } from '../support/gateway/gateway-tape.ts'
import { seeded } from '../support/random.ts'

const LINES = CONTRACTS.length
const QUOTES = numberedQuotes(400_000, MS_US)
/** The message of a price, and the tick type of a bid: every quote of the tape begins with one. */
const TICK_PRICE = '1'
const BID = '1'
/** Links that do not last would make the pauses grow, and the tape end before the last tear. */
const RETRY_AT_ONCE = { lastMs: 500 }

let room: TapeRoom
let tape: string
beforeAll(async () => {
  room = await tapeRoom()
  tape = await room.write(tapeOf(QUOTES))
})
afterAll(() => room.clear())

forEachEdition('a link to the gateway', (edition) => {
  const tears = edition.name === EMBEDDED ? 20 : 5

  it.for(['end', 'reset'] as const)(
    `torn ${tears} times in the middle of a message (%s) leaves recorded gaps and nothing else`,
    async (how) => {
      const random = seeded(how.length)
      const databaseUrl = await edition.createTapeDatabase()
      const { gateway, port } = await room.serveFile(tape, { startAfterLines: LINES, publishTime: true, speed: 2 })
      const proxy = await startGatewayProxy(port)
      onTestFinished(() => proxy.close())
      let passed = 0
      proxy.onPassed = ([type, , , tickType]) => {
        if (type === TICK_PRICE && tickType === BID) passed++
      }
      const collector = await startCollecting({
        port: proxy.port,
        databaseUrl,
        untilEndOfTape: true,
        gateway: { retryDelays: RETRY_AT_ONCE },
      })
      await collector.until('all lines are open', ({ counts }) => counts.lines === LINES && counts.received > 100)
      for (let tear = 1; tear <= tears; tear++) {
        await proxy.tear(Math.floor(random() * 500), how)
        await collector.until('the gap is recorded', ({ counts }) => counts.gaps === tear && counts.lines === LINES)
      }
      await gateway.stop()
      const { counts } = await collector.end()

      const { rows, missing, gaps } = await expectWhole({ databaseUrl, dataDirs: [collector.dataDir], quotes: QUOTES })
      expect(rows).toBe(counts.received)
      // A reset takes along what the collector had not read yet.
      if (how === 'end') expect(rows).toBe(passed)
      else expect(rows).toBeLessThanOrEqual(passed)
      expect(missing.length).toBeGreaterThan(0)
      expect(gaps).toHaveLength(tears)
      for (const { cause } of gaps) expect(cause).toMatch(/closed the connection|ECONNRESET/)
    },
  )
})
