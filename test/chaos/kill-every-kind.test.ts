/**
 * kill -9 of a collector that records every kind of tick, sampled and tick by tick, on the gateway's clock and on the machine's, and of
 * the starts after it that never come so far as to record. CHAOS_KILLS sets how many recordings each clock gets.
 */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { afterAll, beforeAll, expect, it, vi } from 'vitest'

import { isTick } from '../../market/tick.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { EMBEDDED } from '../support/database/editions.ts'
import { CONTRACTS, type TapeRoom, tapeRoom } from '../support/gateway/gateway-tape.ts'
import { folderForTest, PATIENCE } from '../support/process/collecting.ts'
import { type CollectTotals, startCollector } from '../support/process/recording.ts'
import { inTurn, seeded } from '../support/random.ts'
import { journalOf } from '../support/tape/account.ts'
import { everyKind, expectEveryKindWhole } from '../support/tape/every-kind.ts'

const KILLS = Number(process.env['CHAOS_KILLS'] ?? 3)
/** Market data of every contract; trades and quotes of the stock, tick by tick. */
const LINES = CONTRACTS.length + 2
const TICKS = 200_000
const STEP_US = 500
const KINDS = [
  'quote sampled',
  'quote tick-by-tick',
  'trade last',
  'trade rt-volume',
  'trade tick-by-tick',
  'greeks bid',
  'greeks ask',
  'greeks last',
  'greeks model',
  'statistic day-volume',
]

type Clock = 'gateway' | 'wall'

let room: TapeRoom
let tapes: Record<Clock, string>
beforeAll(async () => {
  room = await tapeRoom()
  tapes = {
    gateway: await room.write(everyKind(TICKS, STEP_US)),
    wall: await room.write(everyKind(TICKS, STEP_US, Date.now() * 1000)),
  }
})
afterAll(() => room.clear())

forEachEdition('a collector of every kind of tick that is killed', (edition) => {
  const kills = edition.name === EMBEDDED ? KILLS : 1

  it.each(['gateway', 'wall'] as const)(
    'on the clock of the %s finds each exactly once and names what is missing',
    async (clock) => {
      const databaseUrl = await edition.createTapeDatabase()
      const missing = await inTurn(kills, 2, (seed) => killAndRecover(seed, clock, databaseUrl))
      expect(missing.every((ticks) => ticks > 0)).toBe(true)
    },
    900_000,
  )
})

/** Returns how many ticks the gaps name. */
async function killAndRecover(seed: number, clock: Clock, databaseUrl: string): Promise<number> {
  const random = seeded(seed)
  const dataDir = await folderForTest()
  const config = join(dataDir, 'fast.yaml')
  const settings = ['database: { batchRows: 300, batchMs: 30 }', 'journal: { fsyncMs: 5, segmentBytes: 64KiB }']
  await writeFile(config, settings.join('\n'))
  const serving = { startAfterLines: LINES, publishTime: clock === 'gateway', speed: 2 }
  const { port } = await room.serveFile(tapes[clock], serving)
  const start = (gatewayPort = port) =>
    startCollector({
      port: gatewayPort,
      dataDir,
      databaseUrl,
      symbol: 'TWX',
      collectArgs: ['--clock', clock],
      env: { TAPEDECK_CONFIG: config },
    })
  const recorded = async (sessions: number) =>
    vi.waitFor(async () => {
      const found = await journalOf(dataDir)
      expect(found.length).toBeGreaterThanOrEqual(sessions)
      expect(found.at(-1)?.records.filter(isTick).length).toBeGreaterThan(1000)
      return found.length
    }, PATIENCE)

  let victim = start()
  let sessions = await recorded(1)
  await sleep(random() * 300)
  victim.kill('SIGKILL')
  await victim.exited
  // Starts that never reach the gateway: killed at any moment, or stopped in order.
  for (let starts = Math.floor(random() * 3); starts > 0; starts--) {
    victim = start(1)
    await sleep(random() * 2500)
    victim.kill(random() < 0.5 ? 'SIGKILL' : 'SIGTERM')
    await victim.exited
  }
  sessions = (await journalOf(dataDir)).length
  const successor = start()
  await recorded(sessions + 1)
  successor.kill('SIGTERM')
  const { dropped, inFlight } = await successor.event<CollectTotals>('summary')
  await successor.succeeded()
  expect({ dropped, inFlight }).toEqual({ dropped: 0, inFlight: 0 })

  const { streams, missing, gaps } = await expectEveryKindWhole(databaseUrl, dataDir)
  expect(gaps.length).toBeGreaterThan(0)
  for (const kind of KINDS) expect(streams.filter((stream) => stream.endsWith(kind))).not.toEqual([])
  return missing
}
