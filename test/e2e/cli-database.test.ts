/** The commands that work on a database: what they do, and what they say when there is nothing to work on. */

import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { packageRoot } from '../../system/package-root.ts'
import { importTape } from '../../db/tape/importers/import-tape.ts'
import { usFromIso } from '../../market/time.ts'
import { ask } from '../support/process/collecting.ts'
import { expectComplaint, expectDone, newPlace, parsed, type Place } from '../support/process/command.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { RawTwsClient } from '../support/gateway/raw-tws-client.ts'
import { recordTape } from '../support/process/recording.ts'

const FIXTURES = join(packageRoot(), 'test', 'fixtures', 'option-quotes')
const SOURCES = [join(FIXTURES, 'twx_20140605_06_quotes_1min.csv'), join(FIXTURES, 'twx_20140605_quote_1min.csv')]
const SLOW_MS = 120_000

let place: Place
beforeAll(async () => {
  place = await newPlace()
})
afterAll(() => place.remove())

const run = (args: string[], env?: NodeJS.ProcessEnv) => place.tapedeck(args, env).ended
const pathTo = (name: string) => join(place.folder, name)

forEachEdition('the command line', (edition) => {
  describe('with an empty database', () => {
    it(
      'replay says that nothing is recorded, after making the tables',
      async () => {
        const env = { DATABASE_URL: await edition.createDatabase() }
        for (const _ of ['empty', 'with tables'])
          expectComplaint(await run(['replay'], env), { code: 1, saying: /The database holds no recorded session\. Record one/ })
      },
      SLOW_MS,
    )

    it(
      'db migrate prints what it would do, does it, and finds it done the second time',
      async () => {
        const env = { DATABASE_URL: await edition.createDatabase() }
        for (const _ of ['once', 'and nothing was done'])
          expect(expectDone(await run(['db', 'migrate', '--dry-run'], env))).toMatch(/^would apply migration 000001_tape\n/)
        expect(expectDone(await run(['db', 'migrate'], env))).toMatch(/^applied migration 000001_tape\n/)
        expect(expectDone(await run(['db', 'migrate'], env))).toMatch(/^migrations: all applied\nstorage: .*\n$/)
        expect(expectDone(await run(['db', 'migrate', '--dry-run'], env))).toMatch(/^migrations: all applied\nstorage: .*\n$/)
      },
      SLOW_MS,
    )
  })

  it(
    'db migrate down takes the tables away again, and asks before it takes rows',
    async () => {
      const databaseUrl = await edition.createDatabase()
      const env = { DATABASE_URL: databaseUrl }
      const down = (...args: string[]) => run(['db', 'migrate', 'down', '--to', '0', ...args], env)
      expect(expectDone(await down())).toBe('migrations: none to undo\n')
      expectDone(await run(['db', 'migrate'], env))
      await ask(databaseUrl, "INSERT INTO instruments (key, kind, symbol, currency) VALUES ('k', 'stock', 'TWX', 'USD')")
      expectComplaint(await down(), { code: 1, saying: /would delete 1 row of instruments\. Nothing was changed\..* with --yes/ })
      expect(expectDone(await down('--dry-run'))).toMatch(/^would undo migration 000001_tape\nwould delete 1 row of instruments\n$/m)
      expect(expectDone(await down('--yes'))).toMatch(/^undid migration 000001_tape\ndeleted 1 row of instruments\n$/m)
      expect(expectDone(await run(['db', 'migrate'], env))).toMatch(/^applied migration 000001_tape$/m)
    },
    SLOW_MS,
  )

  describe('with a recorded session', () => {
    let env: NodeJS.ProcessEnv
    let sessionId: number
    let quotes: number
    beforeAll(async () => {
      const databaseUrl = await edition.createDatabase()
      env = { DATABASE_URL: databaseUrl }
      const tape = pathTo('day.tape')
      const { instruments } = await importTape({ sources: SOURCES, date: '2014-06-05', out: tape })
      const { collected } = await recordTape({ tape, databaseUrl, symbol: 'TWX', lines: instruments })
      sessionId = collected.sessionId
      quotes = collected.written
    }, SLOW_MS)

    it('replay prints a summary of the session, as text and as JSON', async () => {
      expect(expectDone(await run(['replay'], env))).toMatch(new RegExp(`^Session +${sessionId}\nTicks +${quotes}$`, 'm'))
      const byNumber = expectDone(await run(['replay', '--session', String(sessionId), '--json'], env))
      expect(JSON.parse(byNumber)).toMatchObject({ event: 'summary', sessionId, ticks: quotes, instruments: 6 })
    })

    it('replay --ndjson prints the same bytes every time, and only what was asked for', async () => {
      const all = expectDone(await run(['replay', '--ndjson'], env))
      expect(expectDone(await run(['replay', '--ndjson'], env))).toBe(all)
      const ticks = parsed(all)
      expect(ticks).toHaveLength(quotes)
      const [from, to] = ['2014-06-05T13:31:00Z', '2014-06-05T20:00:00Z']
      const some = parsed(expectDone(await run(['replay', '--ndjson', '--from', from, '--to', to, '--symbols', 'TWX'], env)))
      expect(some.length).toBeGreaterThan(0)
      expect(some).toEqual(ticks.filter(({ ts }) => usFromIso(String(ts)) >= usFromIso(from) && usFromIso(String(ts)) < usFromIso(to)))
    })

    it(
      'gateway --session serves a part of it: the time and the symbols that were asked for',
      async () => {
        const part = ['--from', '2014-06-05T13:31:00Z', '--to', '2014-06-05T20:00:00Z', '--symbols', 'TWX']
        const args = [
          'gateway',
          '--session',
          String(sessionId),
          ...part,
          '--speed',
          'max',
          '--start-after-lines',
          '0',
          '--port',
          '0',
          '--json',
        ]
        const gateway = place.tapedeck(args, env)
        await gateway.until('it listens', ({ stdout }) => stdout.includes('listening'))
        const { port } = JSON.parse(gateway.stdout) as { port: number }
        const client = await RawTwsClient.connect({ port, clientId: 1 })
        client.send(1, 11, 1, '', 'TWX', 'STK', '', 0, '', '', 'SMART', '', 'USD', '', '', 0, '', 1, 0, '')
        await client.frame('57|1|1|')
        client.send(
          96,
          2,
          '',
          'TWX',
          'STK',
          '',
          0,
          '',
          '',
          'SMART',
          '',
          'USD',
          '',
          '',
          0,
          '20140605-04:00:00',
          '',
          1000,
          'BID_ASK',
          0,
          0,
          '',
        )
        const times = [...(await client.frame('97|2|')).matchAll(/\|(14\d{8})\|/g)].map(([, seconds]) => Number(seconds) * 1_000_000)
        expect(times.length).toBeGreaterThan(0)
        expect(times.every((us) => us >= usFromIso(part[1] ?? '') && us < usFromIso(part[3] ?? ''))).toBe(true)
        await client.close()
        gateway.child.kill('SIGINT')
        await gateway.ended
        expectComplaint(await run(['gateway', '--session', 'latest', '--symbols', 'IBM', '--port', '0'], env), {
          code: 1,
          saying: /has no ticks of IBM/,
        })
      },
      SLOW_MS,
    )

    it(
      'replay --speed keeps the pace of the tape, and stops on Ctrl-C with 130',
      async () => {
        const range = ['--from', '2014-06-05T08:00:00Z', '--to', '2014-06-05T20:00:00Z']
        // Twelve hours at this speed take as many minutes: all that comes before the signal has come in its time.
        const replay = place.tapedeck(['replay', '--ndjson', '--speed', '60', ...range], env)
        await replay.until('the first tick is shown', ({ stdout }) => stdout.includes('\n'))
        replay.child.kill('SIGINT')
        const { code, stdout, stderr } = await replay.ended
        expect({ code, stderr }).toEqual({ code: 130, stderr: '' })
        expect(stdout.endsWith('\n')).toBe(true)
        expect(parsed(stdout).length).toBeLessThan(quotes / 2)
      },
      SLOW_MS,
    )

    it('replay names the sessions that there are when asked for another', async () => {
      const saying = new RegExp(`The database holds no session 1\\. The latest sessions in it: ${sessionId}\\.`)
      expectComplaint(await run(['replay', '--session', '1'], env), { code: 1, saying })
    })

    it('replay names the symbols of the session when asked for another', async () => {
      const saying = /The session has no ticks of AAPL, MSFT\. It has: TWX\./
      expectComplaint(await run(['replay', '--symbols', 'AAPL,MSFT,TWX'], env), { code: 1, saying })
    })
  })

  it('says that a database cannot be reached, without its password', async () => {
    const url = new URL(await edition.createDatabase())
    url.password = 'a-wrong-one'
    url.port = '1'
    for (const command of [['replay'], ['db', 'migrate']]) {
      const ended = await run(command, { DATABASE_URL: url.href })
      expectComplaint(ended, { code: 1, saying: /gave no connection: .*ECONNREFUSED/ })
      expect(ended.stderr).not.toContain('a-wrong-one')
    }
  })
})
