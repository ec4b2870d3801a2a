/**
 * Every command that has to do with a database or a secret, with a password in each place where it can be kept, and a server that refuses it,
 * is away, or is none: the password is in no output, no log, no file and no argument of any process.
 */

import { randomBytes } from 'node:crypto'
import { chmod, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'

import type { Command } from 'commander'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { buildProgram } from '../../cli/program.ts'
import { packageRoot } from '../../system/package-root.ts'
import { type BadServer, startNone, startRefusing, startTalkingHttp } from '../support/database/bad-servers.ts'
import { type Ended, newPlace, type Place } from '../support/process/command.ts'

/** Without signs that an address would encode: it is found however the password is written. */
const MARK = `mark${randomBytes(12).toString('hex')}`
const PASSWORD = `p@/${MARK}#%:`
const BARS = join(packageRoot(), 'test', 'fixtures', 'bars')
const SHIPPED = join(packageRoot(), 'tapes', 'twx-2014-06-05.tape')
const SLOW_MS = 300_000

/** What each command is run with. */
const ARGUMENTS: Record<string, string[]> = {
  status: [],
  universe: [],
  lines: [],
  gaps: [],
  quality: [],
  verify: [],
  doctor: [],
  gateway: ['--session', '1', '--port', '0'],
  at: ['2014-06-05T15:00:00Z', '--chain', 'TWX'],
  replay: [],
  export: ['--out', 'ticks.csv'],
  'arb watch': [],
  'arb scan': [],
  'arb explain': ['1'],
  'bars import': ['--symbol', 'SPY', '--source', 'example', join(BARS, 'spy_daily.csv')],
  'bars build': [],
  'bars check': [],
  backfill: ['--symbols', 'TWX', '--from', '2014-06-02', '--to', '2014-06-07', '--dry-run'],
  'rates import': ['--unit', 'percent', '--compounding', 'semiannual', join(BARS, 'par_yields.csv')],
  'dataset create': ['--name', 'day'],
  'dataset list': [],
  'dataset show': ['day'],
  'dataset verify': ['day'],
  'dataset rm': ['day', '--yes'],
  backtest: ['--strategy', 'z-score', '--tape', SHIPPED],
  'runs list': [],
  'runs show': ['1'],
  'runs compare': ['1', '2'],
  'runs report': ['1'],
  'runs rm': ['1', '--yes'],
  'runs monte-carlo': ['1'],
  'experiment grid': ['first', '--strategy', 'z-score', '--tape', SHIPPED, '--param', 'period=10,20'],
  'experiment random': ['first', '--strategy', 'z-score', '--tape', SHIPPED, '--param', 'period=10..20', '--draws', '2'],
  'experiment walk-forward': [
    'first',
    '--strategy',
    'z-score',
    '--tape',
    SHIPPED,
    '--param',
    'period=10,20',
    '--train',
    '2',
    '--test',
    '1',
  ],
  'experiment perturb': ['first', '--run', '1'],
  'experiment stress': ['first', '--run', '1'],
  'experiment resume': ['first'],
  'experiment work': ['first'],
  'experiment list': [],
  'experiment show': ['first'],
  'experiment rm': ['first', '--yes'],
  'config check': [],
  'config show': [],
  'db status': [],
  'db migrate': [],
  'db plan': [],
  'db apply': [],
  'db maintain': [],
  'db backup': ['backup.dump'],
  'db restore': ['backup.dump', '--into', 'restored'],
  'db drop-before': ['2014-06-01', '--dry-run'],
  'db roles': ['--login', 'pat=reader:password'],
  'db psql': [],
}

/** Read no settings, or (`db url`) show the password because that is what they are for; `collect` has a test of its own. */
const OTHERS = /^(collect|demo|strategy (list|new)|tape (import|info|verify|cat)|config schema|db url|service (install|uninstall))$/

interface Secret {
  file?: (port: number) => string
  env?: (port: number) => NodeJS.ProcessEnv
}

const address = (password: string) => (port: number) => `postgres://tapedeck${password}@127.0.0.1:${port}/tapedeck`
const inUrl = address(`:${encodeURIComponent(PASSWORD)}`)
const withoutPassword = address('')
const section = (url: string, more = '') => `database:\n  url: ${JSON.stringify(url)}\n${more}`

/** Where a password can be. */
const SECRETS: Record<string, Secret> = {
  'the address in the file': { file: (port) => section(inUrl(port)) },
  DATABASE_URL: { env: (port) => ({ DATABASE_URL: inUrl(port) }) },
  DB_PASSWORD: { env: (port) => ({ DB_HOST: '127.0.0.1', DB_PORT: String(port), DB_PASSWORD: PASSWORD }) },
  passwordFile: { file: (port) => section(withoutPassword(port), '  passwordFile: ./password\n') },
  passwordCommand: { file: (port) => section(withoutPassword(port), '  passwordCommand: cat password\n') },
  'a command that fails': {
    file: (port) => section(withoutPassword(port), '  passwordCommand: cat password >&2; exit 3\n'),
  },
  'a file of several lines': { file: (port) => section(withoutPassword(port), '  passwordFile: ./two-lines\n') },
  'an address that is not encoded': { file: (port) => section(address(`:${PASSWORD}`)(port)) },
  'a setting that is mistyped': { file: (port) => section(inUrl(port), `  pasword: ${JSON.stringify(PASSWORD)}\n`) },
}

/** What is said of each to somebody who has to do something about it. */
const SAYING: Record<string, RegExp> = {
  ...Object.fromEntries(Object.keys(SECRETS).map((where) => [where, /password authentication failed/])),
  'a command that fails': /database\.passwordCommand ended with code 3\. Run it by hand/,
  'a file of several lines': /database\.passwordFile: expected one line, found several/,
  'an address that is not encoded': /database\.url: expected /,
  'a setting that is mistyped': /database\.pasword: there is no such setting/,
}

/** Runs commands one after the other as tapedeck.ts does, in one process: starting one for each would take most of the time. */
const DRIVER = `
  const { buildProgram } = await import(process.env.PROGRAM)
  const { exitCodeOf } = await import(process.env.EXIT_CODES)
  process.exit = (code) => { throw new Error('ends with ' + code) }
  process.setMaxListeners(0)
  const own = { ...process.env }
  for (const { args, env } of JSON.parse(own.RUNS)) {
    for (const name of Object.keys(process.env)) if (!(name in own)) delete process.env[name]
    Object.assign(process.env, own, env)
    for (const stream of [process.stdout, process.stderr]) stream.write('@@ next\\n')
    try {
      await buildProgram().parseAsync(args, { from: 'user' })
    } catch (error) {
      process.stderr.write(exitCodeOf(error) === undefined && !/^ends with/.test(error.message) ? error.stack : 'tapedeck: ' + error.message + '\\n')
    }
  }
  process.exitCode = 0
`

const leaves = (command: Command, words: string[] = []): string[] => {
  const below = command.commands.filter((one) => one.name() !== 'help')
  return below.length === 0 ? [words.join(' ')] : below.flatMap((one) => leaves(one, [...words, one.name()]))
}

describe('a secret', () => {
  let place: Place
  const servers: Record<string, BadServer> = {}
  const sent = new Set<string>()
  const commandLines = new Set<string>()
  const over = new AbortController()
  let watching: Promise<void>

  beforeAll(async () => {
    place = await newPlace()
    await writeFile(join(place.folder, 'password'), `${PASSWORD}\n`, { mode: 0o600 })
    await writeFile(join(place.folder, 'two-lines'), `${PASSWORD}\n${MARK}\n`, { mode: 0o600 })
    // Says what it was started with, which a look at the processes could miss.
    await writeFile(join(place.folder, 'psql'), '#!/bin/sh\necho "psql was given: $*"\n')
    await chmod(join(place.folder, 'psql'), 0o755)
    servers['a server that refuses'] = await startRefusing((password) => void sent.add(password))
    servers['something else'] = await startTalkingHttp()
    servers['nothing'] = await startNone()
    watching = watch()
  })
  afterAll(async () => {
    over.abort()
    await watching
    for (const server of Object.values(servers)) server.close()
    await place.remove()
  })

  async function watch(): Promise<void> {
    while (!over.signal.aborted) {
      for (const line of await place.processes()) commandLines.add(line)
      await sleep(250, undefined, { signal: over.signal }).catch(() => undefined)
    }
  }

  /** Settings in a file of its own, which also has the address of a webhook with a token in it. */
  async function environment(name: string, { file, env }: Secret, port: number): Promise<NodeJS.ProcessEnv> {
    const path = join(place.folder, `${name.replaceAll(/\W/g, '-')}-${port}.yaml`)
    await writeFile(path, `${file?.(port) ?? ''}webhook:\n  url: https://127.0.0.1:1/${MARK}?token=${MARK}\n`)
    return { TAPEDECK_CONFIG: path, PATH: `${place.folder}:${process.env['PATH']}`, ...env?.(port) }
  }

  /** What each of the commands printed. */
  async function runInOne<T extends { args: string[]; env: NodeJS.ProcessEnv }>(
    runs: T[],
  ): Promise<(T & Pick<Ended, 'stdout' | 'stderr'>)[]> {
    const room = (file: string) => pathToFileURL(join(packageRoot(), 'dist', 'cli', file)).href
    const env = { PROGRAM: room('program.js'), EXIT_CODES: room('exit-codes.js'), RUNS: JSON.stringify(runs) }
    expect((await place.start([process.execPath, join(packageRoot(), 'launch.mjs'), '--prepare']).ended).code).toBe(0)
    const { code, stdout, stderr } = await place.start([process.execPath, '--input-type=module', '--eval', DRIVER], { env }).ended
    expect(code, stderr).toBe(0)
    const parts = [stdout, stderr].map((text) => text.split('@@ next\n').slice(1))
    expect(parts.map(({ length }) => length)).toEqual([runs.length, runs.length])
    return runs.map((run, i) => ({ ...run, stdout: parts[0]?.[i] ?? '', stderr: parts[1]?.[i] ?? '' }))
  }

  const reveals = ({ stdout, stderr }: Pick<Ended, 'stdout' | 'stderr'>) => `${stdout}${stderr}`.includes(MARK)

  it('is looked for in every command that there is', () => {
    const all = leaves(buildProgram())
    expect(all.filter((name) => !(name in ARGUMENTS) && !OTHERS.test(name))).toEqual([])
    expect(Object.keys(ARGUMENTS).filter((name) => !all.includes(name))).toEqual([])
  })

  it(
    'is shown by no command, wherever it is kept and whatever is at the address',
    async () => {
      const places = Object.entries(SECRETS)
      const addresses = Object.entries(servers)
      const runs = await Promise.all(
        Object.entries(ARGUMENTS).map(async ([command, args], i) => {
          const [where, secret] = places[i % places.length] as [string, Secret]
          const [what, server] = addresses[(i + Math.floor(i / places.length)) % addresses.length] as [string, BadServer]
          return { what: `${where}, ${what}`, args: [...command.split(' '), ...args], env: await environment(where, secret, server.port) }
        }),
      )
      const said = await runInOne(runs)
      expect(said.filter(({ stdout, stderr }) => reveals({ stdout, stderr }) || /^\s+at /m.test(stderr))).toEqual([])
      // Each with what it has to say, and none without.
      expect(said.filter(({ stdout, stderr }) => stdout === '' && stderr === '').map(({ args }) => args.join(' '))).toEqual([])
      expect(new Set(runs.map(({ what }) => what)).size).toBe(Math.min(runs.length, places.length * addresses.length))
    },
    SLOW_MS,
  )

  it(
    'reaches a server that asks for it, and is in no complaint about that server',
    async () => {
      const port = servers['a server that refuses']?.port ?? 0
      const places = Object.entries(SECRETS)
      const runs = await Promise.all(
        places.map(async ([where, secret]) => ({ args: ['db', 'status', '--json'], env: await environment(where, secret, port) })),
      )
      const said = await runInOne(runs)
      expect(
        said.map(({ stdout, stderr }, i) => ({
          shown: reveals({ stdout, stderr }),
          says: SAYING[places[i]?.[0] ?? '']?.test(stderr) || stderr,
        })),
      ).toEqual(places.map(() => ({ shown: false, says: true })))
      // It was sent whole, and is no less a secret for that.
      expect([...sent]).toEqual([PASSWORD])
    },
    SLOW_MS,
  )

  it(
    'is in nothing that a collector logs or leaves',
    async () => {
      const cases = [
        ['the address in the file', 'a server that refuses', /password authentication failed/],
        ['DB_PASSWORD', 'nothing', /ECONNREFUSED/],
        ['a command that fails', 'a server that refuses', /passwordCommand ended with code 3/],
      ] as const
      const record = async ([where, what, saying]: (typeof cases)[number]) => {
        const env = await environment(where, SECRETS[where] ?? expect.fail(where), servers[what]?.port ?? 0)
        const collector = place.tapedeck(
          ['collect', '--underlying', 'AAPL', '--gateway', '127.0.0.1:1', '--metrics-port', '0', '--log-level', 'debug', '--json'],
          { ...env, TAPEDECK_DATA_DIR: join(place.folder, `data of ${where}`) },
        )
        await collector.until('it was refused', ({ stderr }) => saying.test(stderr))
        collector.child.kill('SIGTERM')
        await collector.until('it waits for the database', ({ stderr }) => stderr.includes('a second Ctrl-C'))
        collector.child.kill('SIGTERM')
        return { where, reveals: reveals(await collector.ended) }
      }
      expect(await Promise.all(cases.map(record))).toEqual(cases.map(([where]) => ({ where, reveals: false })))
    },
    SLOW_MS,
  )

  it(
    'is no argument of psql, and of no other process',
    async () => {
      const port = servers['nothing']?.port ?? 0
      const psql = async (where: string) =>
        (await place.tapedeck(['db', 'psql'], await environment(where, SECRETS[where] ?? expect.fail(where), port)).ended).stdout
      const all = ['the address in the file', 'DATABASE_URL', 'passwordFile', 'passwordCommand']
      const given = `psql was given: --dbname postgres://tapedeck@127.0.0.1:${port}/tapedeck\n`
      expect(await Promise.all(all.map(psql))).toEqual(all.map(() => given))
      // What shows it because that is what it is for: it would be found.
      const shown = await place.tapedeck(['db', 'url'], await environment('passwordFile', SECRETS['passwordFile'] ?? {}, port)).ended
      expect(reveals(shown)).toBe(true)
      expect([...commandLines].some((line) => line.includes('launch.mjs'))).toBe(true)
      expect([...commandLines].filter((line) => line.includes(MARK))).toEqual([])
    },
    SLOW_MS,
  )

  it('is in no file that was written meanwhile', async () => {
    const files = await readdir(place.folder, { recursive: true, withFileTypes: true })
    const holding: string[] = []
    for (const file of files.filter((one) => one.isFile()))
      if ((await readFile(join(file.parentPath, file.name))).includes(MARK)) holding.push(file.name)
    // Written by this test.
    expect(holding.filter((name) => !/^(password|two-lines)$|\.yaml$/.test(name))).toEqual([])
    expect(
      files.some(({ name }) => name.endsWith('.seg') || name === 'collector.json'),
      'what collectors left is among them',
    ).toBe(true)
  })
})
