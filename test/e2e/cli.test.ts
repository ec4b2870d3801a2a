/** Help, wrong arguments, and the commands that need neither a tape of their own nor a database. */

import { readFile, readlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { packageRoot } from '../../system/package-root.ts'
import { expectComplaint, expectDone, linesOf, newPlace, type Place, placeForTest, takePort } from '../support/process/command.ts'

const SHIPPED = join(packageRoot(), 'tapes', 'twx-2014-06-05.tape')
const FIXTURES = join(packageRoot(), 'test', 'fixtures', 'option-quotes')
const SOURCES = [join(FIXTURES, 'twx_20140605_06_quotes_1min.csv'), join(FIXTURES, 'twx_20140605_quote_1min.csv')]
/** A port on which nothing listens. */
const NOWHERE = '127.0.0.1:1'
const SLOW_MS = 120_000

let place: Place
beforeAll(async () => {
  place = await newPlace()
})
afterAll(() => place.remove())

const run = (args: string[], env?: NodeJS.ProcessEnv) => place.tapedeck(args, env).ended
const pathTo = (name: string) => join(place.folder, name)

describe('help', () => {
  it('of a command has its options and examples, and ends well', async () => {
    expect(expectDone(await run(['db', 'migrate', '--help']))).toMatch(
      /^Usage: tapedeck db migrate.*\n[^]*--dry-run[^]*\nExamples:\n {2}tapedeck db migrate/,
    )
  })

  it('names the version', async () => {
    const { version } = JSON.parse(await readFile(join(packageRoot(), 'package.json'), 'utf8')) as { version: string }
    expect(expectDone(await run(['--version']))).toBe(`${version}\n`)
  })

  it('comes on standard error, with exit code 2, when no command is given', async () => {
    const { code, stdout, stderr } = await run([])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain('Usage: tapedeck')
  })
})

describe('a wrong argument', () => {
  it.each<[string[], RegExp]>([
    [['colect'], /unknown command 'colect'[\s\S]*Did you mean collect\?/],
    [['replay', '--judge', '--ndjson'], /option '--ndjson' cannot be used with option '--judge'/],
    [['replay', '--judge', '--speed', '1'], /'--judge' cannot be used with option '--speed/],
    [['replay', '--write'], /--write: expected it with --judge/],
    [['replay', '--judge', '--tape', 'a.tape', '--write'], /--write: expected a session of the database, found --tape/],
    [['collect', '--underlyings', 'AAPL'], /unknown option '--underlyings'[\s\S]*Did you mean --underlying\?/],
    [['collect', 'AAPL'], /too many arguments for 'collect'/],
    [['collect', '--underlying', 'AAPL', '--lines', '0'], /expected an integer from 1 to 10000/],
    [['collect', '--underlying', 'AAPL,'], /expected names separated by commas/],
    [['collect', '--underlying', 'AAPL', '--gateway', 'localhost'], /expected HOST:PORT or PORT/],
    [['collect', '--underlying', 'AAPL', '--gateway', 'localhost:77777'], /gateway\.port: expected an integer from 1 to 65535/],
    [['collect', '--underlying', 'AAPL', '--strikes', 'many'], /universe\.strikes: expected all, or/],
    [['collect', '--underlying', 'AAPL', '--clock', 'sun'], /Allowed choices are wall, gateway/],
    [['collect', '--underlying', 'AAPL', '--metrics-port', 'many'], /'--metrics-port <port>' argument 'many' is invalid/],
    [['collect', '--underlying', 'AAPL', '--log-level', 'loud'], /Allowed choices are trace, debug/],
    [['gateway'], /required option '--tape <file>' not specified/],
    [['gateway', '--tape', SHIPPED, '--speed', '0'], /expected max, or tape seconds per second/],
    [['gateway', '--tape', SHIPPED, '--port', '77777'], /expected an integer from 0 to 65535/],
    [['gateway', '--tape', SHIPPED, '--lines', '5', '--start-after-lines', '6'], /expected at most the 5 lines that may be open/],
    [['gateway', '--tape', SHIPPED, '--log-level', 'loud'], /Allowed choices are trace, debug/],
    [['gateway', '--tape', SHIPPED, '--faults', 'nowhere.yaml'], /The fault script nowhere\.yaml .* cannot be read: it does not exist/],
    [['gateway', '--tape', SHIPPED, '--rate', 'low'], /Option rate: expected an annual rate such as 0\.05/],
    [['at', '2014-06-05T15:00:00Z'], /required option '--chain <symbol>' not specified/],
    [['at', 'noon', '--chain', 'TWX'], /expected a UTC time such as 2014-06-05T13:30:00Z, or a date/],
    [['at', '2014-06-05', '--chain', 'TWX', '--expiry', 'June'], /expected dates separated by commas, such as 2014-06-21/],
    [['at', '2014-06-05', '--chain', 'TWX', '--strikes', '0'], /expected all, or an integer from 1 to 10000/],
    [
      ['at', '2014-06-05T15:00Z', '--chain', 'TWX', '--tape', SHIPPED, '--expiry', '2014-06-20'],
      /--expiry: expected one of 2014-06-21, .* found 2014-06-20/,
    ],
    [['replay', '--session', 'yesterday'], /expected latest, or the number of a session/],
    [['export'], /required option '--out <file>' not specified/],
    [['export', '--out', '-', '--format', 'xml'], /Allowed choices are csv, ndjson/],
    [['replay', '--from', '2014-06-06', '--to', '2014-06-05'], /--to: expected a time after --from/],
    [['replay', '--from', '13:30'], /expected a UTC time such as 2014-06-05T13:30:00Z, or a date/],
    [['tape', 'cat'], /missing required argument 'file'/],
    [['tape', 'cat', SHIPPED, '--kinds', 'quote,candle'], /expected kinds of records separated by commas, of quote, trade/],
    [['tape', 'import', ...SOURCES], /required option '--out <file>' not specified/],
    [['tape', 'import', ...SOURCES, '--out', 'x.tape', '--date', '5.6.2014'], /expected a date as YYYY-MM-DD/],
    [['db', 'migrate', 'sideways'], /Allowed choices are up, down/],
    [['db', 'migrate', '--to', '0'], /--to and --yes go with 'db migrate down' only/],
    [['config', 'check', '--config', 'nowhere.yaml'], /nowhere\.yaml \(given with --config\) cannot be read/],
  ])(
    'ends with 2 and says what is expected: %j',
    async (args, saying) => {
      expectComplaint(await run(args), { code: 2, saying })
    },
    SLOW_MS,
  )
})

describe('tapedeck config', () => {
  it('check names every problem of a broken file, each with its place', async () => {
    const file = pathTo('broken.yaml')
    await writeFile(file, 'gateway:\n  prot: 7497\n  lines: many\nuniverse:\n  underlyings: AAPL\nlog: { level: loud }\n')
    const ended = await run(['config', 'check', '--config', file])
    expectComplaint(ended, { code: 2, saying: /^tapedeck: 4 settings are wrong:$/m })
    expect(linesOf(ended.stderr).slice(1)).toEqual([
      expect.stringMatching(/broken\.yaml:2:3 {2}gateway\.prot: .*did you mean port\?/),
      expect.stringMatching(/broken\.yaml:3:10 {2}gateway\.lines: expected an integer/),
      expect.stringMatching(/broken\.yaml:5:16 {2}universe\.underlyings: expected/),
      expect.stringMatching(/broken\.yaml:6:15 {2}log\.level: expected/),
    ])
  })

  it('check loads the rules of the user, and says what is wrong with them', async () => {
    const file = pathTo('own-rules.yaml')
    await writeFile(file, 'rules: { mine: { file: mine.mjs } }\n')
    await writeFile(pathTo('mine.mjs'), 'export default { name: 1 }\n')
    const ended = await run(['config', 'check', '--config', file])
    expectComplaint(ended, { code: 2, saying: /rules\.mine: .*mine\.mjs is not the shape of a rule: name: expected a name in kebab-case/ })
  })

  it('check says that a good file is good', async () => {
    const example = join(packageRoot(), 'config', 'tapedeck.example.yaml')
    expect(expectDone(await run(['config', 'check', '--config', example]))).toBe(`${example}: ok\n`)
  })

  it('show prints every setting and its source in 80 columns, without passwords, and the same as JSON', async () => {
    const env = { DATABASE_URL: 'postgres://u:hidden@db:5432/t', TAPEDECK_DATA_DIR: '/srv/data', IB_PORT: '4001' }
    const text = expectDone(await run(['config', 'show'], env))
    expect(text).toMatch(/^gateway\.port +4001 +environment IB_PORT$/m)
    expect(text).not.toContain('hidden')
    const settings = JSON.parse(expectDone(await run(['config', 'show', '--json'], env))) as { setting: string; value: unknown }[]
    expect(settings.map(({ setting }) => setting)).toEqual(linesOf(text).map((line) => line.split(' ')[0]))
    expect(settings).toContainEqual({ setting: 'gateway.port', value: 4001, source: 'environment IB_PORT' })
    expect(JSON.stringify(settings)).not.toContain('hidden')
    const defaults = expectDone(await run(['config', 'show'], { TAPEDECK_DATA_DIR: undefined }))
    expect(linesOf(defaults).filter((line) => line.length > 80)).toEqual([])
  })
})

describe('tapedeck gateway', () => {
  it('says that its port is taken', async () => {
    const port = await takePort(0)
    expectComplaint(await run(['gateway', '--tape', SHIPPED, '--port', String(port)]), {
      code: 2,
      saying: new RegExp(`Port ${port} of 127\\.0\\.0\\.1 is in use\\. Choose another one`),
    })
  })

  it('says that its tape is missing or damaged', async () => {
    expectComplaint(await run(['gateway', '--tape', 'nowhere.tape', '--port', '0']), { code: 1, saying: /nowhere\.tape does not exist/ })
    const damaged = pathTo('damaged.tape')
    await writeFile(damaged, 'no tape at all')
    expectComplaint(await run(['gateway', '--tape', damaged, '--port', '0']), { code: 1, saying: /is not a tape/ })
  })

  it('names every mistake in a fault script with its place, and contracts that its tape does not have', async () => {
    const [wrong, foreign] = [pathTo('wrong.yaml'), pathTo('foreign.yaml')]
    await writeFile(wrong, 'faults:\n  - { kind: restart }\n  - { kind: stop }\n')
    const ended = await run(['gateway', '--tape', SHIPPED, '--port', '0', '--faults', wrong])
    expectComplaint(ended, { code: 2, saying: /^tapedeck: 2 things are wrong in the fault script .*wrong\.yaml:$/m })
    expect(linesOf(ended.stderr).slice(1)).toEqual([
      expect.stringMatching(/wrong\.yaml:2:5 {2}faults\[0\]\.seconds: expected seconds, .* found nothing$/),
      expect.stringMatching(/wrong\.yaml:3:13 {2}faults\[1\]\.kind: expected notice, refuse, .* found "stop"$/),
    ])
    await writeFile(foreign, 'faults: [{ kind: silence, of: IBM }]')
    expectComplaint(await run(['gateway', '--tape', SHIPPED, '--port', '0', '--faults', foreign]), {
      code: 2,
      saying: /foreign\.yaml names what is not served: IBM\. Expected all, a farm/,
    })
  })

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('stops on %s with its totals and exit code 0', async (signal) => {
    const gateway = place.tapedeck(['gateway', '--tape', SHIPPED, '--port', '0', '--speed', '60'])
    await gateway.until('it listens', ({ stderr }) => stderr.includes('is listening'))
    gateway.child.kill(signal)
    const { code, stdout } = await gateway.ended
    expect(code).toBe(0)
    expect(stdout).toMatch(/^Ticks served +0$/m)
  })
})

describe('tapedeck collect', () => {
  it('says that there is nothing to record', async () => {
    expectComplaint(await run(['collect']), { code: 2, saying: /Nothing to record: name stocks with --underlying/ })
  })

  it('says that the port of its metrics is taken, and what to set', async () => {
    const port = await takePort(0)
    const ended = await run(['collect', '--underlying', 'TWX', '--gateway', NOWHERE, '--metrics-port', String(port)])
    expectComplaint(ended, {
      code: 2,
      saying: new RegExp(`Cannot serve metrics on 127\\.0\\.0\\.1:${port} .* Set metrics\\.port to a free port`),
    })
  })

  it('says that its data directory cannot be one', async () => {
    const file = pathTo('file')
    await writeFile(file, '')
    const ended = await run(['collect', '--underlying', 'TWX', '--gateway', NOWHERE, '--data-dir', join(file, 'data')])
    expectComplaint(ended, { code: 2, saying: /Expected a data directory at .*file\/data .* Choose another/ })
  })

  it(
    'names the collector that records into the same data directory, and leaves it alone',
    async () => {
      const { dataDir, tapedeck } = await placeForTest().then((own) => ({ dataDir: own.dataDir, tapedeck: own.tapedeck.bind(own) }))
      const args = ['collect', '--underlying', 'TWX', '--gateway', NOWHERE, '--metrics-port', 'off', '--data-dir', dataDir]
      const first = tapedeck(args)
      await first.until('it has locked the directory', () => readlink(join(dataDir, 'collector.lock')).then(Boolean, () => false))
      expectComplaint(await tapedeck(args).ended, {
        code: 1,
        saying: new RegExp(`collector\\.lock is held by process ${first.child.pid} since .*\\(tapedeck collect\\)\\. Stop that process`),
      })
      first.child.kill('SIGINT')
      expect(await first.ended).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Ended +SIGINT$/m) })
    },
    SLOW_MS,
  )

  it(
    'says that a gateway does not publish the time that it was configured to record by',
    async () => {
      const gateway = place.tapedeck(['gateway', '--tape', SHIPPED, '--port', '0', '--json'])
      await gateway.until('it listens', ({ stdout }) => stdout.includes('listening'))
      const { port } = JSON.parse(gateway.stdout) as { port: number }
      const args = ['--gateway', String(port), '--clock', 'gateway', '--metrics-port', 'off', '--log-level', 'error']
      const ended = await run(['collect', '--underlying', 'TWX', ...args])
      expectComplaint(ended, { code: 1, saying: /The gateway does not publish its time\. .*--publish-time, or set gateway\.clock to wall/ })
      gateway.child.kill('SIGINT')
      await gateway.ended
    },
    SLOW_MS,
  )
})
