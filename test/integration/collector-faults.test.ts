/** A collector beside a gateway that plays a fault script: the gaps that it names are those that the script made. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { parseFaultScript } from '../../backtester/gateway/faults/script.ts'
import { busyQuotes } from '../support/tape/busy-tape.ts'
import { ask, type Collecting, startCollecting } from '../support/process/collecting.ts'
import { type Edition, forEachEdition } from '../support/database/databases.ts'
import { CONTRACTS, MS_US, OPEN_US, SECOND_US, type TapeRoom, tapeOf, tapeRoom } from '../support/gateway/gateway-tape.ts'
import { GAPS_BEHIND_START } from '../support/database/gaps.ts'

const LINES = CONTRACTS.length

let room: TapeRoom
let tape: string
beforeAll(async () => {
  room = await tapeRoom()
  tape = await room.write(tapeOf(busyQuotes(100_000, 10 * MS_US)))
})
afterAll(() => room.clear())

interface Gap {
  /** Seconds of the tape. */
  from: number
  to: number
  cause: string
}

const seconds = (column: string) => `(extract(epoch FROM ${column}) - ${OPEN_US / SECOND_US})::float8`

interface Recorded {
  collector: Collecting
  gaps: Gap[]
  /** Seconds of the tape at which quotes were recorded. */
  quotes: number[]
}

/** Records beside these faults until `isOver`. */
async function record(edition: Edition, faults: string, isOver: (collector: Collecting) => Promise<unknown>): Promise<Recorded> {
  const databaseUrl = await edition.createDatabase()
  const options = { startAfterLines: LINES, publishTime: true, speed: 10, faults: parseFaultScript(faults, 'test.yaml') }
  const { port } = await room.serveFile(tape, options)
  const collector = await startCollecting({ port, databaseUrl })
  await isOver(collector)
  await collector.stop('stopped')
  const gaps = await ask<Gap>(
    databaseUrl,
    `SELECT ${seconds('from_ts')} AS from, ${seconds('to_ts')} AS to, cause FROM ${GAPS_BEHIND_START} ORDER BY session_id, seq`,
  )
  const quotes = await ask<{ at: number }>(databaseUrl, `SELECT ${seconds('ts')} AS at FROM quotes ORDER BY ts`)
  return { collector, gaps, quotes: quotes.map(({ at }) => at) }
}

/** Waits for quotes of every line from so many seconds of the tape on. */
const recordedUntil = (tapeSeconds: number) => (collector: Collecting) =>
  collector.until(`tape second ${tapeSeconds}`, ({ counts }) => counts.received >= tapeSeconds * 100)

forEachEdition('a collector beside a fault script', (edition) => {
  it('names the minute that IB was away as one gap, from the last tick before it until data is back', async () => {
    const { gaps, quotes } = await record(
      edition,
      `faults:
        - { kind: notice, afterTapeSeconds: 20, code: 1100 }
        - { kind: silence, afterTapeSeconds: 20, tapeSeconds: 60 }
        - { kind: notice, afterTapeSeconds: 80, code: 1102 }`,
      // A minute of the tape's 100 ticks a second is missing: second 100.
      recordedUntil(40),
    )
    expect(gaps).toEqual([{ cause: 'ib-1100', from: expect.any(Number), to: expect.any(Number) }])
    const [{ from, to } = { from: 0, to: 0 }] = gaps
    expect(quotes.filter((at) => at > from && at < 80)).toEqual([])
    expect([from > 19.9 && from <= 20, to >= 80]).toEqual([true, true])
    expect(quotes.some((at) => at >= 80)).toBe(true)
  })

  it.each([
    ['a restart', '{ kind: restart, afterTapeSeconds: 20, seconds: 2 }'],
    ['a half-open connection', '{ kind: half-open, afterTapeSeconds: 20, seconds: 1 }'],
    [
      'a restart behind which the first connection is left without a word',
      '{ kind: restart, afterTapeSeconds: 20, seconds: 1 }, { kind: handshake, how: silent, connections: 1, afterTapeSeconds: 20, seconds: 3 }',
    ],
  ])('names %s as one gap that covers all that was not recorded', async (_, faults) => {
    const { gaps, quotes } = await record(edition, `faults: [${faults}]`, async (collector) => {
      await collector.until('the loss is noticed', ({ counts }) => counts.reconnects > 0)
      await collector.until('all lines are open again, and the gap is named', ({ counts }) => counts.lines === LINES && counts.gaps > 0)
      const { received } = collector.progress.counts
      await collector.until('ticks come again', ({ counts }) => counts.received >= received + 100)
    })
    const [gap, ...others] = gaps
    expect(others).toEqual([])
    // What was on its way to the client when the connections ended is lost with them.
    const lastBefore = Math.max(...quotes.filter((at) => at <= 20))
    expect(gap?.from).toBeGreaterThanOrEqual(lastBefore)
    expect(gap?.from).toBeLessThanOrEqual(20)
    const firstBehind = Math.min(...quotes.filter((at) => at > 20))
    expect(gap?.to).toBeGreaterThanOrEqual(firstBehind)
  })
})

describe('the tape of these tests', () => {
  it('has a hundred quotes a second', () => {
    expect(busyQuotes(200, 10 * MS_US).filter(({ tsUs }) => tsUs < OPEN_US + SECOND_US)).toHaveLength(100)
  })
})
