/**
 * A stock's day of trades that fell into a gap, 50,000 of them, filled from the history of a gateway that paces as IB does, in real time, against
 * the least time in which IB's limits let so many requests through: of one contract five in two seconds, and 60 in ten minutes.
 */

import { historyWindows } from '../../collector/backfill/pacing.ts'
import { repairGaps } from '../../collector/backfill/repair-gaps.ts'
import { createPool } from '../../db/pool.ts'
import { createTickStore } from '../../db/write/tick-store.ts'
import type { Trade } from '../../market/tick.ts'
import { usFromIso } from '../../market/time.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { CONTRACTS, type TapeRoom, tapeOf, tapeRoom } from '../support/gateway/gateway-tape.ts'
import { seeded } from '../support/random.ts'
import { at, LineSession } from '../support/tape/line-session.ts'
import { block } from '../support/tape/ticks.ts'
import { measure, timed } from './harness.ts'

const TRADES = 50_000
const [OPEN, CLOSE] = ['13:30:00', '20:00:00']
const STOCK = 0
const WINDOWS = historyWindows()

/** A day, busiest at its ends. */
function trades(): Trade[] {
  const random = seeded(3)
  const lengthUs = at(CLOSE) - at(OPEN)
  const times = Array.from({ length: TRADES }, () => {
    const share = random()
    const end = random() < 0.5 ? share ** 2 : 1 - share ** 2
    return at(OPEN) + Math.floor(end * lengthUs)
  }).sort((a, b) => a - b)
  return times.map((tsUs): Trade => {
    const eventTsUs = Math.floor(tsUs / 1_000_000) * 1_000_000
    const price = 70 + Math.floor(random() * 100) / 100
    return { kind: 'trade', seq: 0, tsUs, eventTsUs, instrument: STOCK, price, size: 100, source: 'tick-by-tick', venue: 'NYSE' }
  })
}

forEachEdition('repair', ({ name, createTapeDatabase }) => {
  let room: TapeRoom | undefined
  let tape: string | undefined
  measure({
    title: `a day of one stock's trades out of a paced history, on ${name}`,
    unit: 'requests/s',
    limit: "the same number of requests by IB's limits",
    round: async () => {
      room ??= await tapeRoom()
      tape ??= await room.write(tapeOf(trades(), CONTRACTS))
      // A gateway of its own: another round's requests would count.
      const { gateway } = await room.serveFile(tape, { startAfterLines: 0, limits: { messagesPerSecond: 0, historyPacing: true } })
      await gateway.ended
      const url = await createTapeDatabase()
      await record(url)
      const { seconds, result } = await timed(() => repair(url, gateway.port))
      await gateway.stop()
      if (result.ticks !== TRADES || result.refused.length > 0) throw new Error(`expected ${TRADES} trades, found ${result.ticks}`)
      const leastSeconds = leastMs(result.sent) / 1000
      return {
        ours: result.sent / seconds,
        limit: result.sent / leastSeconds,
        more: { requests: result.sent, seconds, 'least seconds': leastSeconds, 'more than that, %': (seconds / leastSeconds - 1) * 100 },
      }
    },
    cleanUp: async () => room?.clear(),
  })
})

/** From the first request to the last one's sending. */
function leastMs(requests: number): number {
  const { burstMs, burstRequests, periodMs, periodRequests } = WINDOWS
  const periods = Math.floor((requests - 1) / periodRequests)
  const inLast = requests - periods * periodRequests
  return periods * periodMs + Math.floor((inLast - 1) / burstRequests) * burstMs
}

/** A session whose line was without data all day. */
async function record(url: string): Promise<void> {
  const session = new LineSession(at('13:00:00')).opened(STOCK, '13:00:01').gap(OPEN, CLOSE, 'link-lost').ended('20:30:00', 'stopped')
  const pool = createPool({ url, lanes: 1, logger: { warn: () => undefined } })
  await createTickStore({ pool }).store({ sessionId: 1, batchNo: 1, blocks: [block(session.records)] }, (i) => CONTRACTS[i])
  await pool.end()
}

function repair(url: string, port: number) {
  return repairGaps({
    url,
    gateway: { host: '127.0.0.1', port, handshakeTimeoutMs: 5000, heartbeatMs: 60_000, messagesPerSecond: 40, lines: 100 },
    routeOf: () => ({ exchange: 'SMART' }),
    range: { fromUs: at('2014-06-05T00:00:00'), toUs: at('2014-06-06T00:00:00') },
    series: ['trades'],
    windows: WINDOWS,
    nowUs: usFromIso('2014-06-10T12:00:00Z'),
  })
}
