/** `tapedeck status` and `tapedeck doctor`, beside a collector that runs and without one. */

import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

import { describe, expect, it, onTestFinished } from 'vitest'

import { askStatus } from '../../collector/telemetry/ask.ts'
import { type Status, statusSchema } from '../../collector/telemetry/status.ts'
import { packageRoot } from '../../system/package-root.ts'
import { expectComplaint, expectDone, linesOf, type Place, placeForTest, type Run, takePort } from '../support/process/command.ts'
import { forEachEdition } from '../support/database/databases.ts'

const SHIPPED = join(packageRoot(), 'tapes', 'twx-2014-06-05.tape')
const SLOW_MS = 120_000
/** A port on which nothing listens. */
const NOWHERE = '127.0.0.1:1'

interface Finding {
  check: string
  state: string
  found: string
  todo?: string
}

/** A gateway that plays the shipped day, and its port. */
async function playing(place: Place): Promise<number> {
  const gateway = place.tapedeck(['gateway', '--tape', SHIPPED, '--port', '0', '--speed', '600', '--publish-time', '--json'])
  await gateway.until('it listens', ({ stdout }) => stdout.includes('listening'))
  return (JSON.parse(gateway.stdout) as { port: number }).port
}

/** A collector of the shipped day: the whole chain of TWX that expires within a year. */
function collecting(place: Place, gateway: number | string, env: NodeJS.ProcessEnv, ...more: string[]): Run {
  const universe = ['--underlying', 'TWX', '--strikes', 'all', '--expiry-days', '365']
  const args = ['--gateway', String(gateway), '--clock', 'gateway', '--metrics-port', '0', '--log-level', 'warn', ...universe, ...more]
  return place.tapedeck(['collect', ...args], env)
}

async function stopped(run: Run): Promise<void> {
  run.child.kill('SIGINT')
  expect((await run.ended).code).toBe(0)
}

const tooWide = (text: string) => linesOf(text).filter((line) => line.length > 80)

async function findingsOf(
  place: Place,
  args: string[],
  env?: NodeJS.ProcessEnv,
): Promise<{ code: number | string; findings: Finding[]; of: (check: string) => Finding }> {
  const { code, stdout, stderr } = await place.tapedeck(['doctor', '--json', ...args], env).ended
  expect(stderr).toBe('')
  const { findings } = JSON.parse(stdout) as { findings: Finding[] }
  return {
    code,
    findings,
    of: (check) => findings.find((finding) => finding.check === check) ?? expect.unreachable(`nothing was found of ${check}`),
  }
}

forEachEdition('beside a collector that records', (edition) => {
  it(
    'status shows what it does, as figures that add up and as a table of 80 columns',
    async () => {
      const place = await placeForTest()
      const env = { DATABASE_URL: await edition.createDatabase() }
      const port = await playing(place)
      const collector = collecting(place, port, env)
      let status: Status | undefined
      await collector.until('ticks are written', async () => {
        status = await askStatus({ dataDir: place.dataDir }).catch(() => undefined)
        if (!status || status.database.missingRows === null) return false
        return status.ticks.written > 0 && status.lines.asked === 0 && status.entitlements.length === 2
      })
      status = statusSchema.parse(JSON.parse(expectDone(await place.tapedeck(['status', '--json']).ended)))
      const { ticks, lines, gateway, session, database, journal, entitlements, ...rest } =
        status ?? expect.unreachable('there is no status')
      const dropped = Object.values(ticks.dropped).reduce((sum, count) => sum + count, 0)
      expect(ticks.received).toBe(ticks.written + ticks.quarantined + dropped + ticks.inFlight)
      expect(rest).toMatchObject({ program: 'tapedeck', pid: collector.child.pid, dataDir: place.dataDir, gaps: { total: 0, last: [] } })
      expect(session).toMatchObject({ clock: 'gateway', marketTime: expect.stringMatching(/^2014-06-05T/) })
      expect(gateway).toMatchObject({
        port,
        clientId: 87,
        state: 'ready',
        hindrances: [],
        reconnects: 0,
        fault: null,
        connectedSince: expect.any(String),
      })
      expect(lines).toMatchObject({ limit: 100, asked: 0, withoutLine: 0, paused: 0, refused: 0, wanted: lines.open })
      expect(lines.open).toBeGreaterThan(1)
      expect(database).toEqual({
        lastCommit: expect.any(String),
        server: expect.stringMatching(/^PostgreSQL \d/),
        answering: true,
        fault: null,
        missingRows: 0,
      })
      expect(journal.segments).toBe(1)
      expect(entitlements.map(({ kind, live }) => [kind, live])).toEqual([
        ['stock', 1],
        ['option', lines.open - 1],
      ])

      const table = expectDone(await place.tapedeck(['status']).ended)
      expect(tooWide(table)).toEqual([])
      expect(table).toMatch(new RegExp(`^Gateway +127\\.0\\.0\\.1:${port}, client id 87$`, 'm'))
      expect(table).toMatch(new RegExp(`^Lines +${lines.open} open of ${lines.open} wanted, at most 100$`, 'm'))
      expect(table).toMatch(/^ +(takes ticks, )?last commit \d+ s ago$/m)
      await stopped(collector)
      expect(await readdir(place.dataDir)).not.toContain('collector.address')
    },
    SLOW_MS,
  )

  it(
    'doctor finds everything in order, and neither disturbs it nor leaves anything behind',
    async () => {
      const place = await placeForTest()
      const env = { DATABASE_URL: await edition.createDatabase() }
      const port = await playing(place)
      const asked = { ...env, IB_PORT: String(port) }
      const config = join(place.folder, 'tapedeck.yaml')
      await writeFile(config, 'gateway: { clock: gateway }\nuniverse: { underlyings: [{ symbol: TWX }] }\n')

      const alone = await findingsOf(place, [], asked)
      expect(alone.of('data directory').state).toBe('ok')
      expect(alone.of('collector').found).toBe('none is running here')
      expect(alone.of('gateway')).toMatchObject({ state: 'ok', found: expect.stringMatching(/answers, server version \d+$/) })
      expect(alone.of('market data')).toMatchObject({ state: 'ok', found: expect.stringMatching(/^TWX: live; TWX .*: live$/) })
      expect(alone.of('tables')).toMatchObject({
        state: 'ok',
        found: expect.stringMatching(/migrations missing; `tapedeck collect` applies them/),
      })
      expect(alone.code).toBe(0)
      expect(await readdir(place.folder)).toEqual(['tapedeck.yaml'])

      const collector = collecting(place, port, env)
      await collector.until('lines are open', async () => {
        const status = await askStatus({ dataDir: place.dataDir }).catch(() => undefined)
        return status?.database.answering === true
      })
      const before = await readdir(place.dataDir)
      const beside = await findingsOf(place, [], asked)
      expect(beside.code).toBe(0)
      expect(beside.of('collector').found).toMatch(new RegExp(`^process ${collector.child.pid} has been recording since `))
      expect(beside.of('market data')).toMatchObject({ state: 'not checked', found: expect.stringContaining('tapedeck status') })
      expect(beside.of('tables').found).toMatch(/^up to date \(\d{6}_/)
      expect(beside.of('database clock').state).toBe('ok')
      expect(await readdir(place.dataDir)).toEqual(before)
      const { gateway, gaps } = statusSchema.parse(JSON.parse(expectDone(await place.tapedeck(['status', '--json']).ended)))
      expect([gateway.reconnects, gaps.total]).toEqual([0, 0])
      await stopped(collector)
    },
    SLOW_MS,
  )

  it(
    'doctor says that the database refuses the login, without showing the password',
    async () => {
      const place = await placeForTest()
      const url = new URL(await edition.createDatabase())
      // A server that asks for no password knows its roles all the same.
      url.username = 'no_such_role'
      url.password = 'a-wrong-one'
      const { code, of } = await findingsOf(place, [], { DATABASE_URL: url.href, IB_PORT: '1' })
      expect(code).toBe(1)
      expect(of('database')).toMatchObject({ state: 'failed', found: expect.stringContaining('gave no connection') })
      expect(JSON.stringify(of('database'))).not.toContain('a-wrong-one')
    },
    SLOW_MS,
  )
})

describe('without a collector', () => {
  it('status says that none runs, before the first and after one was killed', async () => {
    const place = await placeForTest()
    const config = join(place.folder, 'tapedeck.yaml')
    await writeFile(config, 'metrics: { port: 1 }\n')
    const saying = /No collector is running on .*data, and nothing listens on 127\.0\.0\.1:1\. Start one with `tapedeck collect`/
    expectComplaint(await place.tapedeck(['status']).ended, { code: 1, saying })
    const collector = collecting(place, NOWHERE, {})
    await collector.until('it can be asked', async () =>
      (await readdir(place.dataDir).catch((): string[] => [])).includes('collector.address'),
    )
    expect(expectDone(await place.tapedeck(['status']).ended)).toMatch(/^ +not connected/m)
    collector.child.kill('SIGKILL')
    await collector.ended
    expect(await readdir(place.dataDir)).toContain('collector.address')
    expectComplaint(await place.tapedeck(['status']).ended, { code: 1, saying })
    expect((await findingsOf(place, [], { IB_PORT: '1' })).of('collector')).toMatchObject({
      state: 'warning',
      found: expect.stringMatching(new RegExp(`^process ${collector.child.pid} was killed while it recorded`)),
    })
  })

  it('status says that one runs which cannot be asked', async () => {
    const place = await placeForTest()
    const collector = collecting(place, NOWHERE, {}, '--metrics-port', 'off')
    await collector.until('it has begun', async () => (await readdir(place.dataDir).catch((): string[] => [])).includes('journal'))
    const saying = new RegExp(`Process ${collector.child.pid} records into .* and cannot be asked: it serves no metrics.*--metrics-port`)
    expectComplaint(await place.tapedeck(['status']).ended, { code: 1, saying })
    await stopped(collector)
  })

  it('status does not mistake another program for one', async () => {
    const place = await placeForTest()
    const server = createServer((_, response) => response.end('hello')).listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    await writeFile(join(place.folder, 'tapedeck.yaml'), `metrics: { port: ${port} }\n`)
    const saying = new RegExp(`what answers on 127\\.0\\.0\\.1:${port} gives no status of one .*another program`)
    expectComplaint(await place.tapedeck(['status']).ended, { code: 1, saying })
  })

  it('doctor says in 80 columns what is wrong and what to do, and makes nothing', async () => {
    const place = await placeForTest()
    const { code, stdout, stderr } = await place.tapedeck(['doctor'], { IB_PORT: '1' }).ended
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' })
    expect(tooWide(stdout)).toEqual([])
    expect(stdout).toMatch(/^failed +gateway +No connection to 127\.0\.0\.1:1: /m)
    expect(stdout).toMatch(/^ +-> /m)
    expect(stdout).toMatch(/^not checked +database +the private one/m)
    expect(await readdir(place.folder)).toEqual([])
  })

  it('doctor names every problem of the settings, and each port that no gateway answers on', async () => {
    const place = await placeForTest()
    const file = join(place.folder, 'wrong.yaml')
    await writeFile(file, 'gateway: { prot: 1 }\nlog: { level: loud }\n')
    const wrong = await findingsOf(place, ['--config', file])
    expect(wrong.code).toBe(1)
    expect(wrong.of('settings').found).toMatch(/2 settings are wrong:[\s\S]*did you mean port\?[\s\S]*log\.level/)
    await writeFile(file, `gateway: { port: 1, handshakeTimeoutMs: 200, others: [{ port: ${await takePort(0)} }] }\n`)
    const silent = await findingsOf(place, ['--config', file])
    const gateways = silent.findings.filter(({ check }) => check === 'gateway')
    expect(gateways.map(({ state }) => state)).toEqual(['failed', 'failed'])
    expect(gateways[0]?.found).toContain('No connection to 127.0.0.1:1: ')
    expect(gateways[1]?.found).toContain('did not finish the TWS handshake within 200 ms')
  })

  it('doctor says that the data directory cannot be one', async () => {
    const place = await placeForTest()
    await mkdir(place.dataDir)
    await writeFile(join(place.dataDir, 'file'), '')
    const { of } = await findingsOf(place, ['--data-dir', join(place.dataDir, 'file', 'data')], { IB_PORT: '1' })
    expect(of('data directory')).toMatchObject({ state: 'failed', found: expect.stringContaining('is not a folder') })
  })
})
