/** Two gateways, each a process of its own, one of which is killed: the collector has its pinned and core lines on the other, and names the rest. */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect, it, onTestFinished } from 'vitest'

import { linesPageSchema } from '../../collector/telemetry/lines-page.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { tapeRoom } from '../support/gateway/gateway-tape.ts'
import { expectHeldOnce, openAt, type ServedUniverse, universeTape } from '../support/lines/several-gateways.ts'
import { ask } from '../support/process/collecting.ts'
import { type Place, placeForTest } from '../support/process/command.ts'

const UNIVERSE: ServedUniverse = { symbols: ['TWX', 'FOXA', 'DIS', 'GE'], strikes: 15, seconds: 300, ticksPerSecond: 500 }
const LINES = 40
const PAIRS = 2
const CORE = UNIVERSE.symbols.length * PAIRS * 2
const BACK_WITHIN_S = 30

interface Gap {
  contract: string
  cause: string
  seconds: number
  isOver: boolean
}

async function startGateway(place: Place, tape: string) {
  const served = ['--tape', tape, '--speed', '1', '--lines', String(LINES), '--port', '0', '--log-level', 'warn', '--json']
  const gateway = place.tapedeck(['gateway', ...served])
  await gateway.until('the gateway listens', ({ stdout }) => stdout.includes('"port"'))
  const port = Number(/"port":(\d+)/.exec(gateway.stdout)?.[1])
  return { gateway, port, name: `127.0.0.1:${port}` }
}

forEachEdition('a collector with two gateways', ({ createDatabase }) => {
  it('has the pinned and core lines of the one that is killed on the other within 30 s, and names what the others missed', async () => {
    const place = await placeForTest()
    const databaseUrl = await createDatabase()
    const room = await tapeRoom()
    onTestFinished(() => room.clear())
    const tape = await room.write(universeTape(UNIVERSE))
    const [first, second] = [await startGateway(place, tape), await startGateway(place, tape)]
    const config = join(place.folder, 'two.yaml')
    await writeFile(
      config,
      `gateway: { port: ${first.port}, lines: ${LINES}, others: [{ port: ${second.port} }] }
lines: { coreStrikes: ${PAIRS} }
universe: { strikes: all, expiryDays: 1000, tickByTick: false, underlyings: [${UNIVERSE.symbols.map((symbol) => `{ symbol: ${symbol} }`).join()}] }
metrics: { port: 0 }`,
    )
    const collector = place.tapedeck(['collect', '--config', config], { DATABASE_URL: databaseUrl })
    const page = async () => {
      const asked = await place.tapedeck(['lines', '--config', config, '--json']).ended
      return asked.code === 0 ? linesPageSchema.parse(JSON.parse(asked.stdout)) : undefined
    }
    const openOf = async (...names: string[]) => {
      const now = await page()
      const open = (reason: string) => (now ? names.flatMap((name) => openAt(now, name, reason)) : [])
      return { pinned: open('pinned'), core: open('core') }
    }
    const isWhole = async (...names: string[]) => {
      const { pinned, core } = await openOf(...names)
      return pinned.length === UNIVERSE.symbols.length && core.length === CORE
    }
    await collector.until('all that is pinned and core is open', () => isWhole(first.name, second.name))
    const lost = await openOf(first.name)
    expect(lost.pinned.length).toBeGreaterThan(0)
    first.gateway.child.kill('SIGKILL')
    await collector.until('all of it is open at the other', () => isWhole(second.name))
    collector.child.kill('SIGTERM')
    expect((await collector.ended).code).toBe(0)

    await expectHeldOnce(databaseUrl)
    // Every line that the killed gateway held has a gap that names it, and no line of the other one has.
    const gaps = await ask<Gap>(
      databaseUrl,
      `SELECT concat_ws(' ', symbol, expiry, trim_scale(strike::numeric), "right") AS contract, cause, extract(epoch FROM duration)::float AS seconds,
         to_ts < ended_ts AS "isOver"
       FROM feed_gaps JOIN instruments USING (instrument_id) JOIN sessions USING (session_id) WHERE cause LIKE '%(127.0.0.1:%)'`,
    )
    expect(gaps.filter(({ cause }) => !cause.endsWith(`(${first.name})`))).toEqual([])
    const back = [...lost.pinned, ...lost.core].map(
      (contract) => gaps.find((gap) => gap.contract === contract && gap.isOver)?.seconds ?? Infinity,
    )
    console.log(`of ${gaps.length} lines ${back.length} were pinned or core, and back within ${Math.max(...back).toFixed(1)} s`)
    expect(Math.max(...back)).toBeLessThan(BACK_WITHIN_S)
  })
})
