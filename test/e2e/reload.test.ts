/** A collector that reads its configuration again (SIGHUP) while it records: what stays, what changes, what is refused. */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect, it } from 'vitest'

import type { GatewayTotals } from '../../backtester/gateway/server/gateway.ts'
import { askStatus } from '../../collector/telemetry/ask.ts'
import type { Status } from '../../collector/telemetry/status.ts'
import type { Contract } from '../../market/contract.ts'
import { busyQuotes } from '../support/tape/busy-tape.ts'
import { ask } from '../support/process/collecting.ts'
import { linesOf, type Place, placeForTest } from '../support/process/command.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { JUNE_70_CALL, MS_US, TWX, tapeOf, tapeRoom } from '../support/gateway/gateway-tape.ts'
import { GAPS_BEHIND_START } from '../support/database/gaps.ts'

const SLOW_MS = 120_000
const FOXA: Contract = { kind: 'stock', symbol: 'FOXA', currency: 'USD', primaryVenue: 'NASDAQ' }
/** On the tape they have the numbers 0 to 3. */
const CONTRACTS: Contract[] = [TWX, JUNE_70_CALL, { ...JUNE_70_CALL, expiry: '2014-07-19' }, FOXA]

const MINE = `export default {
  name: 'mine',
  about: 'Any quote.',
  severity: 'error',
  disposition: 'quarantine',
  kinds: ['quote'],
  create: () => ({ check: () => ({ reason: 'by the rule of the user' }) }),
}
`

interface Hold {
  name: string
  cause: string | null
}

/** What the database says of the lines that were held: symbol and expiry, in the order of their opening, with the cause of their end. */
const holds = (databaseUrl: string) =>
  ask<Hold>(
    databaseUrl,
    `SELECT concat_ws(' ', symbol, to_char(expiry, 'YYYY-MM-DD')) AS name, cause
     FROM line_holds JOIN instruments USING (instrument_id) ORDER BY session_id, opened_seq`,
  )

async function collectingFrom(place: Place, yaml: string, env: NodeJS.ProcessEnv) {
  const room = await tapeRoom()
  const tape = await room.write(tapeOf(busyQuotes(200_000, 10 * MS_US), CONTRACTS))
  const gateway = place.tapedeck(['gateway', '--tape', tape, '--port', '0', '--speed', '10', '--publish-time', '--json'])
  await gateway.until('it listens', ({ stdout }) => stdout.includes('listening'))
  const { port } = JSON.parse(gateway.stdout) as { port: number }
  const file = join(place.folder, 'tapedeck.yaml')
  const write = (text: string) => writeFile(file, `${text}\nmetrics: { port: 0 }\n`)
  await write(yaml)
  const collector = place.tapedeck(['collect', '--gateway', String(port), '--clock', 'gateway'], env)
  const status = (): Promise<Status | undefined> => askStatus({ dataDir: place.dataDir }).catch(() => undefined)
  return {
    write,
    collector,
    /** Waits until so many lines are open, and no other is wanted. */
    open: (lines: number) =>
      collector.until(`${lines} lines are open`, async () => {
        const now = await status()
        return now?.lines.open === lines && now.lines.wanted === lines && now.ticks.written > 0
      }),
    /** Writes the file anew and has it read; resolves with what is logged about it. */
    reread: async (text: string) => {
      const before = logOf(collector.stderr).length
      await write(text)
      collector.child.kill('SIGHUP')
      const logged = () =>
        logOf(collector.stderr)
          .slice(before)
          .find(({ msg }) => msg.startsWith('configuration read again'))
      await collector.until('the file was read again', () => logged() !== undefined)
      return logged() ?? expect.unreachable()
    },
    totals: async (): Promise<GatewayTotals> => {
      gateway.child.kill('SIGINT')
      return JSON.parse(linesOf((await gateway.ended).stdout).at(-1) ?? '') as GatewayTotals
    },
    clear: () => room.clear(),
  }
}

/** The lines of the log that are whole. */
const logOf = (stderr: string) =>
  stderr
    .split('\n')
    .slice(0, -1)
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as { level: number; msg: string; [detail: string]: unknown })

const universe = (...underlyings: string[]) =>
  `universe: { strikes: all, expiryDays: 90, tickByTick: false, underlyings: [${underlyings.map((symbol) => `{ symbol: ${symbol} }`).join(', ')}] }`

forEachEdition('a configuration that is read again', (edition) => {
  it(
    'opens and closes only the lines that it concerns',
    async () => {
      const place = await placeForTest()
      const databaseUrl = await edition.createDatabase()
      const { collector, open, reread, totals, clear } = await collectingFrom(place, universe('TWX'), { DATABASE_URL: databaseUrl })
      await open(3)

      expect(await reread(universe('TWX', 'FOXA'))).toMatchObject({ level: 30, applied: ['universe.underlyings'] })
      await open(4)
      const fewer = universe('TWX', 'FOXA').replace('expiryDays: 90', 'expiryDays: 30')
      expect(await reread(fewer)).toMatchObject({ applied: ['universe.expiryDays', 'universe.underlyings'] })
      await open(3)
      expect(await reread(universe('TWX').replace('expiryDays: 90', 'expiryDays: 30'))).toMatchObject({ level: 30 })
      await open(2)

      collector.child.kill('SIGINT')
      expect(await collector.ended).toMatchObject({ code: 0 })
      expect(await holds(databaseUrl)).toEqual([
        { name: 'TWX', cause: 'SIGINT' },
        { name: 'TWX 2014-06-21', cause: 'SIGINT' },
        { name: 'TWX 2014-07-19', cause: 'config' },
        { name: 'FOXA', cause: 'config' },
      ])
      expect(await ask(databaseUrl, `SELECT FROM ${GAPS_BEHIND_START}`)).toEqual([])
      expect(await totals()).toMatchObject({ linesOpened: 4 })
      await clear()
    },
    SLOW_MS,
  )

  it(
    'puts other rules in force, and says so on the tape',
    async () => {
      const place = await placeForTest()
      const databaseUrl = await edition.createDatabase()
      const { collector, open, reread, clear } = await collectingFrom(place, universe('TWX'), { DATABASE_URL: databaseUrl })
      await open(3)
      expect(await reread(`${universe('TWX')}\nrules: { wide-spread: { stock: 0.0001 } }`)).toMatchObject({
        applied: ['rules.wide-spread.stock'],
      })
      const flagged = () =>
        ask<{ seq: string }>(databaseUrl, "SELECT min(seq) AS seq FROM findings WHERE rule = 'wide-spread' HAVING count(*) > 0")
      await collector.until('quotes are flagged', async () => (await flagged()).length > 0)
      collector.child.kill('SIGINT')
      expect(await collector.ended).toMatchObject({ code: 0 })
      const configs = await ask<{ seq: string; percent: number }>(
        databaseUrl,
        "SELECT seq, (config -> 'rules' -> 'wide-spread' ->> 'stock')::float8 AS percent FROM session_configs ORDER BY seq",
      )
      expect(configs.map(({ percent }) => percent)).toEqual([10, 0.0001])
      expect(Number((await flagged())[0]?.seq)).toBeGreaterThan(Number(configs[1]?.seq))
      await clear()
    },
    SLOW_MS,
  )

  it(
    'puts a rule of the user in force, which judges from then on',
    async () => {
      const place = await placeForTest()
      const databaseUrl = await edition.createDatabase()
      const { collector, open, reread, clear } = await collectingFrom(place, universe('TWX'), { DATABASE_URL: databaseUrl })
      await open(3)
      await writeFile(join(place.folder, 'mine.mjs'), MINE)
      expect(await reread(`${universe('TWX')}\nrules: { mine: { file: mine.mjs } }`)).toMatchObject({ applied: ['rules.mine.file'] })
      const kept = () => ask<{ seq: string }>(databaseUrl, 'SELECT min(seq) AS seq FROM rejected_ticks HAVING count(*) > 0')
      await collector.until('quotes are kept out', async () => (await kept()).length > 0)
      collector.child.kill('SIGINT')
      expect(await collector.ended).toMatchObject({ code: 0 })
      const configs = await ask<{ seq: string; file: string | null }>(
        databaseUrl,
        "SELECT seq, config -> 'rules' -> 'mine' ->> 'file' AS file FROM session_configs ORDER BY seq",
      )
      expect(configs.map(({ file }) => file)).toEqual([null, join(place.folder, 'mine.mjs')])
      expect(Number((await kept())[0]?.seq)).toBeGreaterThan(Number(configs[1]?.seq))
      await clear()
    },
    SLOW_MS,
  )

  it(
    'changes nothing with a mistake in it, names what needs a restart, and never undoes the command line',
    async () => {
      const place = await placeForTest()
      const env = { DATABASE_URL: await edition.createDatabase() }
      const { collector, open, reread, clear } = await collectingFrom(place, universe('TWX'), env)
      await open(3)
      const broken = `${universe('FOXA')}\ngateway: { prot: 1 }\nlog: { level: loud }`
      expect(await reread(broken)).toMatchObject({
        level: 50,
        problems: expect.stringMatching(/2 settings are wrong:[\s\S]*prot[\s\S]*log\.level/),
      })
      expect(await reread(universe())).toMatchObject({ level: 50, problems: expect.stringContaining('Nothing to record') })
      expect(await reread(`${universe('FOXA')}\nrules: { no-such-rule: off }`)).toMatchObject({ level: 50 })
      expect(await reread(`${universe('FOXA')}\nrules: { mine: { file: nowhere.mjs } }`)).toMatchObject({
        level: 50,
        problems: expect.stringMatching(/rules\.mine: expected an ES module in .*nowhere\.mjs, found no such file/),
      })
      // An unknown symbol changes nothing either.
      await reread(universe('NOBODY'))
      await collector.until('the gateway knows none', ({ stderr }) => stderr.includes('the lines stay as they are'))
      await open(3)
      expect(await reread(`${universe('TWX')}\ngateway: { port: 1, heartbeatMs: 20000 }`)).toMatchObject({
        level: 40,
        needRestart: ['gateway.heartbeatMs'],
      })
      const { gateway, gaps } = await askStatus({ dataDir: place.dataDir })
      expect([gateway.reconnects, gaps.total]).toEqual([0, 0])
      collector.child.kill('SIGINT')
      expect(await collector.ended).toMatchObject({ code: 0 })
      await clear()
    },
    SLOW_MS,
  )
})

it('without a file there is nothing to read again: SIGHUP stops in order', async () => {
  const place = await placeForTest()
  const collector = place.tapedeck(['collect', '--underlying', 'TWX', '--gateway', '127.0.0.1:1', '--metrics-port', 'off'])
  await collector.until('it tries to connect', ({ stderr }) => stderr.includes('not connected'))
  collector.child.kill('SIGHUP')
  expect(await collector.ended).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Ended +SIGHUP$/m) })
})
