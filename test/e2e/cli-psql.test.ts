/** `tapedeck db url` and `tapedeck db psql`: the way to the database from outside, with its password kept out of sight. */

import { expect, it } from 'vitest'

import { forEachEdition } from '../support/database/databases.ts'
import { ask } from '../support/process/collecting.ts'
import { expectComplaint, expectDone, type Place, placeForTest } from '../support/process/command.ts'
import { COMMAND } from '../support/process/recording.ts'

const SLOW_MS = 120_000
const NO_PSQL = 'there is no psql on this machine'

async function hasPsql(place: Place): Promise<boolean> {
  const psql = await place.start(['psql', '--version']).ended.catch(() => undefined)
  return psql?.code === 0
}

/** A query that lasts until it is cancelled. */
const LASTING = ['db', 'psql', '--', '-Atc', 'SELECT pg_sleep(1000)']

const RUNNING = "SELECT count(*)::int AS n FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(1000)' AND state = 'active'"

forEachEdition('the database of the settings', (edition) => {
  it(
    'has its address printed, and psql runs on it without its password in the process list',
    async ({ skip }) => {
      const place = await placeForTest()
      const address = new URL(await edition.createDatabase())
      // A server may ask for none.
      address.password ||= 'not-asked-for'
      const { href: url, password } = address
      expect(expectDone(await place.tapedeck(['db', 'url'], { DATABASE_URL: url }).ended)).toBe(`${url}\n`)
      expect(JSON.parse(expectDone(await place.tapedeck(['db', 'url', '--json'], { DATABASE_URL: url }).ended))).toEqual({
        url,
        private: false,
      })
      if (!(await hasPsql(place))) return skip(NO_PSQL)
      const psql = place.tapedeck(LASTING, { DATABASE_URL: url })
      await psql.until('the query runs', async () => {
        const running = await ask<{ n: number }>(
          url,
          "SELECT count(*)::int AS n FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(1000)'",
        )
        return running[0]?.n === 1
      })
      const seen = (await place.processes()).filter((command) => command.includes('pg_sleep'))
      expect(seen.length).toBeGreaterThan(1)
      expect(seen.filter((command) => command.includes(password))).toEqual([])
      psql.child.kill('SIGTERM')
      expect((await psql.ended).code).not.toBe(0)
    },
    SLOW_MS,
  )
})

it(
  'the private database has an address while it runs, and is started for psql where it does not',
  async ({ skip }) => {
    const place = await placeForTest()
    const run = (...args: string[]) => place.tapedeck(['db', ...args]).ended
    const notRunning = /The private database in .*postgres is not running, so it has no address\. `tapedeck collect` runs it/
    expectComplaint(await run('url'), { code: 1, saying: notRunning })
    if (!(await hasPsql(place))) return skip(NO_PSQL)
    const unmade = /Expected a private database in .*postgres, found none\. `tapedeck collect` makes it; or name its data directory/
    expectComplaint(await run('psql', '--', '-Atc', 'SELECT 1'), { code: 1, saying: unmade })
    expectDone(await run('migrate'))
    expectComplaint(await run('url'), { code: 1, saying: notRunning })

    expect(expectDone(await run('psql', '--', '-Atc', 'SELECT count(*) FROM sessions'))).toBe('0\n')
    expectComplaint(await run('url'), { code: 1, saying: notRunning })
    // In a process group of its own, as in a terminal, where Ctrl-C reaches psql and us.
    const psql = place.start([...COMMAND, ...LASTING], { detached: true })
    let url = ''
    await psql.until('it runs for psql', async () => {
      const { code, stdout } = await run('url')
      url = stdout.trim()
      return code === 0
    })
    expect(await ask(url, 'SELECT count(*)::int AS n FROM sessions')).toEqual([{ n: 0 }])
    expect(JSON.parse(expectDone(await run('url', '--json')))).toEqual({ url, private: true })
    const { password } = new URL(url)
    expect((await place.processes()).filter((command) => command.includes(password))).toEqual([])
    await psql.until('the query runs', async () => (await ask<{ n: number }>(url, RUNNING))[0]?.n === 1)
    process.kill(-(psql.child.pid ?? 0), 'SIGINT')
    expect(await psql.ended).toMatchObject({ code: 1, stderr: expect.stringContaining('canceling statement due to user request') })
    expectComplaint(await run('url'), { code: 1, saying: notRunning })
    // The exit code is that of psql.
    expect((await run('psql', '--', '-c', 'SELEC')).code).toBe(1)
  },
  SLOW_MS,
)

it('psql that is missing is said, with what to do', async () => {
  const place = await placeForTest()
  const ended = await place.tapedeck(['db', 'psql'], { PATH: place.folder }).ended
  expectComplaint(ended, {
    code: 1,
    saying: /Expected psql, the client of PostgreSQL, on the PATH, found none\. Install it .*`tapedeck db url`/,
  })
})
