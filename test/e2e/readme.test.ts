/**
 * Every command that the documentation tells a reader to type is typed here, in order, in a copy of the checkout's layout. A command that
 * the table below does not know fails, and so does one that the documentation no longer has: neither drifts away from the other.
 */

import { readdirSync, readFileSync } from 'node:fs'
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { startEmbedded } from '../../db/embedded/server.ts'
import { packageRoot } from '../../system/package-root.ts'
import { busyRun } from '../support/backtest/run-result.ts'
import { storeRuns } from '../support/backtest/stored-runs.ts'
import { sessionWithOpportunities } from '../support/arbitrage/session.ts'
import { newPlace, type Place, type Run } from '../support/process/command.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { recordTape } from '../support/process/recording.ts'
import { recordThroughJournal } from '../support/tape/through-journal.ts'

const SHIPPED = join(packageRoot(), 'tapes', 'twx-2014-06-05.tape')
const COMMAND_MS = 120_000

interface Code {
  file: string
  language: string
  text: string
}

const inFolder = (folder: string) => readdirSync(join(packageRoot(), folder)).map((name) => `${folder}/${name}`)
const FILES = ['README.md', 'CONTRIBUTING.md', ...inFolder('docs'), ...inFolder('tapes')].filter((file) => file.endsWith('.md'))

const CODE: Code[] = FILES.flatMap((file) =>
  [...readFileSync(join(packageRoot(), file), 'utf8').matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language = '', text = '']) => ({
    file,
    language,
    text,
  })),
)

/** Lines that end in a backslash go on. */
const commandsIn = (text: string) =>
  text
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
const COMMANDS = CODE.filter(({ language }) => language === 'sh').flatMap(({ file, text }) =>
  commandsIn(text).map((command) => ({ file, command })),
)

const OF_README = new Set(COMMANDS.filter(({ file }) => file === 'README.md').map(({ command }) => command))

/** Run elsewhere, and why. */
const ELSEWHERE: Record<string, string> = {
  'npm run demo': 'demo.test.ts runs it in many ways, clean-clone.test.ts exactly so',
  'npm test': 'it is running',
  "tapedeck tape import twx_20140605_06_quotes_1min.csv.gz underlying/twx_20140605_quote_1min.csv --date 2014-06-05 --attribution 'Quotes from QuantConnect/Lean, commit 24863901deff, folder Data/. Copyright QuantConnect Corporation. Licensed under the Apache License 2.0.' --out twx-2014-06-05.tape":
    'shipped-tape.test.ts imports it so where the files are at hand, and compares the bytes',
  'npm run check': 'it looks at the sources, which a change may have in disorder while it is tested; its tests are part of this run',
  'npm run bench': 'it measures, for minutes, with the machine to itself',
  'bash compose/prepare.sh': 'compose-file.test.ts runs it in a copy of the folder, where it writes',
  ...Object.fromEntries(
    [
      '--env-file compose/demo.env up --build --detach',
      '--env-file compose/demo.env down --volumes',
      'up --build --detach',
      'ps',
      'logs --follow collector',
      'exec collector node launch.mjs status',
      'kill --signal HUP collector',
      'run --rm database-setup db plan',
      'run --rm database-setup db maintain',
    ].map((rest) => [`docker compose --file compose/compose.yaml ${rest}`, 'compose-stack.test.ts runs docker-compose on the file']),
  ),
  'docker build --file compose/Dockerfile --tag tapedeck .': 'compose-stack.test.ts builds the image',
  'docker run --rm tapedeck --version': 'compose-stack.test.ts runs the image',
}

/** Run as they stand; what they print. */
const AS_THEY_STAND: Record<string, RegExp> = {
  'npx tapedeck config check --config config/tapedeck.example.yaml': /^.*\/tapedeck\.example\.yaml: ok$/m,
  'npx tapedeck config show': /^gateway\.port +7497 +default$/m,
  'npx tapedeck config schema > tapedeck.schema.json': /^$/,
  'npx tapedeck db migrate --dry-run': /^would apply migration 000001_tape$/m,
  'npx tapedeck db migrate': /^applied migration 000001_tape$/m,
  'npx tapedeck db plan': /^storage: /m,
  'npx tapedeck db apply --dry-run': /^storage: /m,
  'npx tapedeck db apply': /^(nothing to change|\d+ changes?)$/m,
  'npx tapedeck db migrate down --to 0 --dry-run': /^would undo migration 000001_tape$/m,
  'npx tapedeck db roles --dry-run': /^would make the role tapedeck_reader$/m,
  'npx tapedeck db drop-before 2014-06-01 --dry-run': /^Nothing to drop\.$/m,
  'npx tapedeck bars import --symbol SPY --source example test/fixtures/bars/spy_daily.csv': /^bars +60 +0 +0 +0$/m,
  'npx tapedeck rates import --unit percent --compounding semiannual test/fixtures/bars/par_yields.csv': /^Curves, new +2$/m,
  'npx tapedeck backfill --symbols TWX --length 1m --from 2014-06-02 --to 2014-06-07 --dry-run': /^Requests +5$/m,
  'npx tapedeck backfill --gaps --from 2014-06-05 --to 2014-06-06 --dry-run': /^Gaps of contracts to fill +0$/m,
  'npx tapedeck bars check': /^XNYS: 60 bars of 1d, 1 instruments, 60 days, 2017-01-03 to 2017-03-29$/m,
  'npx tapedeck tape info tapes/twx-2014-06-05.tape': /^instruments +185 \(1 stock, 184 option\)$/m,
  'npx tapedeck at 2014-06-05T15:00:00Z --chain TWX --tape tapes/twx-2014-06-05.tape': /^2014-06-21 TWX: 16 days, 12 of 15 strikes, /m,
  'npx tapedeck arb scan --tape tapes/twx-2014-06-05.tape': /^Quotes looked at +\d/m,
  'npx tapedeck backtest --strategy z-score --tape tapes/twx-2014-06-05.tape':
    /^Read +30,944 ticks$[\s\S]*^Result +complete, hash [0-9a-f]{12}\nStored +run \d+$/m,
  'npx tapedeck strategy list': /^z-score \(version 1\)$/m,
  'npx tapedeck tape verify tapes/twx-2014-06-05.tape': /: 8 blocks, .* records, ok$/m,
  'npx tapedeck tape cat tapes/twx-2014-06-05.tape --symbols TWX --limit 3': /^(\{"kind":.*\}\n){3}$/,
  'npx tapedeck tape import --out ibm.tape test/fixtures/stock-ticks/ibm_20131007_trade_tick.csv test/fixtures/stock-ticks/ibm_20131007_quote_tick.csv':
    /^Instruments +1$/m,
}

/** Run as they stand on a database in which two runs are stored; what they print. The last one deletes one of them. */
const ON_STORED_RUNS: Record<string, RegExp> = {
  'npx tapedeck runs list': /^ {4}2 2026-11-22 sma-cross /m,
  'npx tapedeck runs show 1': /^ {2}Sharpe +-?\d/m,
  'npx tapedeck runs report 1 --out run.html': /^Wrote run\.html\.$/m,
  'npx tapedeck runs report 1 --csv trips --out trips.csv': /^Wrote trips\.csv\.$/m,
  'npx tapedeck runs compare 1 2': /^period +15 +20$/m,
  'npx tapedeck runs compare 1 2 --out compared.html': /^Wrote compared\.html\.$/m,
  'npx tapedeck runs monte-carlo 1 --draws 1000': /^Drawn with replacement$/m,
  'npx tapedeck runs rm 2 --yes': /^Deleted 1 run\.$/m,
}

/** Run as they stand on a database into which the shipped day was recorded; what they print. */
const ON_THE_RECORDED_DAY: Record<string, RegExp> = {
  'npx tapedeck bars build': /^Bars of 1m, new +\d/m,
  'npx tapedeck at 2014-06-05T15:00:00Z --chain TWX': /^2014-06-21 TWX: 16 days, 12 of 15 strikes, /m,
  'npx tapedeck at 2014-06-05T11:00:00-04:00 --chain TWX --expiry 2014-06-21 --strikes all':
    /^TWX at 2014-06-05 11:00:00 in New York \(2014-06-05T15:00:00Z\)\nstock: 70\.9\d x .*\n\n2014-06-21 TWX: 16 days, 15 strikes$/m,
  'npx tapedeck at 2014-06-05T15:00:00Z --chain TWX --json': /^\{"symbol":"TWX","at":"2014-06-05T15:00:00\.000000Z",.*\}$/m,
  'npx tapedeck replay': /^Ticks +28,755$/m,
  'npx tapedeck replay --judge': /^Identical: /m,
  'npx tapedeck replay --judge --session all --from 2014-06-05 --to 2014-06-06 --symbols TWX --json':
    /^\{"event":"judgement","identical":true,.*\}$/m,
  'npx tapedeck replay --judge --write': /^Stored: judgement 1 of session \d+\.$/m,
  'npx tapedeck arb scan': /^Quotes looked at +\d/m,
  'npx tapedeck arb scan --from 2014-06-05 --to 2014-06-06 --symbols TWX --json': /^\{"sessionIds":\[\d+\],"ticks":28753,.*\}$/m,
  'npx tapedeck arb scan --write': /^Stored: [\d,]+ opportunit(y|ies)(, in place of [\d,]+)?\.$/m,
  'npx tapedeck gaps': /^coverage +TWX\n2014-06-05 +\d+(\.\d\d)?%$/m,
  'npx tapedeck gaps --json': /^\{"from":"2014-.*"days":\[\{"date":"2014-06-05","symbol":"TWX".*\]\}$/m,
  'npx tapedeck gaps --from 2014-06-05 --to 2014-06-06 --json': /^\{"from":"2014-06-05T00:00:00.000000Z",.*\}$/m,
  'npx tapedeck gaps --from 2014-06-05 --to 2014-06-06 --symbols TWX': /^(No gaps|Gaps) from 2014-06-05T00:00:00Z to 2014-06-06T00:00:00Z/m,
  'npx tapedeck quality': /^2014-06-05 TWX +184 option /m,
  'npx tapedeck quality --from 2014-06-05 --to 2014-06-06 --symbols TWX': /^2014-06-05 TWX +1 stock /m,
  'npx tapedeck quality --html quality.html': /^2014-06-05 TWX +184 option /m,
  'npx tapedeck quality --json': /^\{"from":"2014-.*"unknown":\[.*\]\}$/m,
  'npx tapedeck db maintain':
    /^(bars are views here: always up to date, and nothing to compute|\d+ windows of \d+ aggregates are up to date)$/m,
  'npx tapedeck db status': /^Newest tick +2014-06-0\d/m,
  'npx tapedeck verify': /^session \d+: .* 28,755 ticks.*: whole\n {2}hash \d+-[0-9a-f]{64}$/m,
  'npx tapedeck verify --all --json': /^\{"ok":true,"sessions":\[\{"sessionId":\d+,.*\}\n$/,
  'npx tapedeck replay --from 2014-06-05T13:31:00Z --to 2014-06-05T13:32:00Z --symbols TWX --ndjson': /^(\{"ts":.*"kind":"quote",.*\}\n)+$/,
  'npx tapedeck export --symbols TWX --out twx.csv': /^Ticks +28,755$/m,
  'npx tapedeck export --format ndjson --out -': /^(\{.*\}\n){28755}$/,
  'npx tapedeck export --out day.csv': /^Ticks +28,755$/m,
  'npx tapedeck export --from 2014-06-05T13:30:00Z --to 2014-06-05T14:00:00Z --symbols TWX --format ndjson --out -': /^(\{.*\}\n)+$/,
}

interface Reader {
  place: Place
  /** A new, empty database. */
  createDatabase: () => Promise<string>
  /** A database with the shipped day. */
  recordedDay: () => Promise<string>
  /** What was exported in the shell. */
  env: NodeJS.ProcessEnv
}

/** Run with something changed: what, and why, stands beside each. */
const CHANGED: Record<string, (command: string, reader: Reader) => Promise<void>> = {
  // Into a folder of the test: the user's own service is none of its business, and uninstall would stop it.
  'npx tapedeck service install --user --config tapedeck.yaml --dry-run': elsewhereInstalled(/^ExecStart=".*" "collect" /m),
  'npx tapedeck service install --user --config tapedeck.yaml': elsewhereInstalled(/^Wrote .*tapedeck\.service\./m),
  'npx tapedeck service uninstall --user': elsewhereInstalled(/^(Removed .*|.* is not there: nothing to do\.)$/m),
  // No TWS listens on 7497: a replay gateway on a free port stands in. Nor may the port of the metrics be taken from others.
  'npx tapedeck collect --underlying AAPL,TWX --gateway 127.0.0.1:7497': async (command, { place, env }) => {
    const gateway = place.tapedeck(['gateway', '--tape', SHIPPED, '--port', '0', '--speed', '600', '--json'])
    await gateway.until('it listens', ({ stdout }) => stdout.includes('listening'))
    const { port } = JSON.parse(gateway.stdout) as { port: number }
    const collector = typed(place, `${command.replace('7497', String(port))} --metrics-port 0`, env)
    await collector.until('the chain of TWX is found', ({ stderr }) => stderr.includes('chain discovered'))
    expect(await interrupted(collector)).toMatch(/^Ended +SIGINT$/m)
    gateway.child.kill('SIGINT')
    await gateway.ended
  },
  // The id is an example: one of a session that was made for it.
  'npx tapedeck arb explain 7239411712147456-2417-1': async (command, { place, env, createDatabase }) => {
    const own = { ...env, DATABASE_URL: await createDatabase() }
    await typed(place, 'npx tapedeck db migrate', own).ended
    await recordThroughJournal({
      url: own.DATABASE_URL,
      dataDir: join(place.folder, 'made'),
      sessionId: 1,
      records: sessionWithOpportunities(),
    })
    const { stdout } = await typed(place, 'npx tapedeck arb scan --write', own).ended
    const { code, stdout: explained } = await typed(
      place,
      command.replace('7239411712147456-2417-1', /^ +(1-\d+-1) /m.exec(stdout)?.[1] ?? ''),
      own,
    ).ended
    expect({ code, stdout: explained }).toEqual({ code: 0, stdout: expect.stringMatching(/^Certainty +guaranteed$/m) })
  },
  // No rule has judged an import: what the rules find is a difference.
  'npx tapedeck replay --judge --tape tapes/twx-2014-06-05.tape': async (command, { place, env }) => {
    const { code, stdout } = await typed(place, command, env).ended
    expect({ code, stdout }).toEqual({ code: 3, stdout: expect.stringMatching(/wide-spread +new finding +no rule had judged it$/m) })
  },
  // The port may be taken here; a free one serves as well.
  'npx tapedeck gateway --tape tapes/twx-2014-06-05.tape --port 7497 --speed 60': servingNobody,
  // The script is the one that stands beside the command.
  'npx tapedeck gateway --tape tapes/twx-2014-06-05.tape --port 7497 --speed 60 --faults outage.yaml': async (command, reader) => {
    const script = CODE.find(({ file, language }) => file === 'docs/fault-scripts.md' && language === 'yaml')?.text ?? ''
    await writeFile(join(checkoutIn(reader.place), 'outage.yaml'), script)
    await servingNobody(command, reader)
  },
  'npx tapedeck gateway --session latest --port 7497': async (command, reader) =>
    servingNobody(command, { ...reader, env: { ...reader.env, DATABASE_URL: await reader.recordedDay() } }),
  // These look at a collector that records, and at a gateway, which does not listen where the settings say.
  'npx tapedeck status': besideACollector(/^Gateway +127\.0\.0\.1:\d+, client id 87$/m),
  'npx tapedeck arb watch --once': besideACollector(/^[\d,]+ quotes, [\d,]+ candidates, [\d,]+ opportunities$/m),
  'npx tapedeck lines': besideACollector(/^\d+ lines? open of at most \d+: /m),
  'npx tapedeck status --json': besideACollector(/^\{"program":"tapedeck",.*\}$/m),
  'npx tapedeck doctor': besideACollector(/^ok +gateway +127\.0\.0\.1:\d+ answers/m),
  'npx tapedeck doctor --json': besideACollector(/^\{"findings":\[.*\]\}$/m),
  // The private database has an address while it runs, as it does beside a collector.
  'npx tapedeck db url': async (command, { place, env }) => {
    const stop = await runningDatabase(place)
    const ended = await typed(place, command, env).ended
    expect(ended).toMatchObject({ code: 0, stdout: expect.stringMatching(/^postgresql:\/\/tapedeck:\w+@127\.0\.0\.1:\d+\/tapedeck\n$/) })
    await stop()
  },
  // A machine without psql gets to know what to install.
  "npx tapedeck db psql -- -c 'SELECT * FROM sessions'": async (command, { place, env }) => {
    const psql = await place.start(['psql', '--version']).ended.catch(() => undefined)
    const { code, stdout, stderr } = await typed(place, command, env).ended
    if (psql?.code === 0) expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/session_id[\s\S]*\(\d rows?\)$/m) })
    else expect(stderr).toMatch(/^tapedeck: Expected psql/m)
  },
  // The address is an example: the reader has a server of their own.
  'export DATABASE_URL=postgres://user:password@127.0.0.1:5432/tapedeck': async (_, reader) => {
    reader.env['DATABASE_URL'] = await reader.createDatabase()
  },
}

async function servingNobody(command: string, { place, env }: Reader): Promise<void> {
  const gateway = typed(place, command.replace('--port 7497', '--port 0'), env)
  await gateway.until('it listens', ({ stderr }) => stderr.includes('is listening'))
  expect(await interrupted(gateway)).toMatch(/^Ticks served +0$/m)
}

const checkoutIn = (place: Place) => join(place.folder, 'checkout')

/**
 * In a process group of its own, as in a terminal, where Ctrl-C reaches all that a command has started. npx alone takes longer than most
 * commands: those of the README run by it, those of the other pages by what it would start.
 */
function typed(place: Place, command: string, env: NodeJS.ProcessEnv): Run {
  const direct = command.replace(/^npx tapedeck /, `node "${join(packageRoot(), 'launch.mjs')}" `)
  return place.start(['sh', '-c', `exec ${OF_README.has(command) ? command : direct}`], { env, cwd: checkoutIn(place), detached: true })
}

function elsewhereInstalled(printed: RegExp) {
  return async (command: string, { place, env }: Reader) => {
    await writeFile(join(checkoutIn(place), 'tapedeck.yaml'), '')
    const ended = await typed(place, `${command} --unit-dir ${join(place.folder, 'units')}`, env).ended
    await rm(join(checkoutIn(place), 'tapedeck.yaml'))
    expect(ended).toMatchObject({ code: 0, stdout: expect.stringMatching(printed) as string })
  }
}

/** Runs the private database until the returned function is called. */
async function runningDatabase(place: Place): Promise<() => Promise<void>> {
  const server = await startEmbedded({ dataDir: place.dataDir, logger: pino({ level: 'silent' }) })
  return () => server.close()
}

function besideACollector(printed: RegExp) {
  return async (command: string, { place, env }: Reader) => {
    const gateway = place.tapedeck(['gateway', '--tape', SHIPPED, '--port', '0', '--json'])
    await gateway.until('it listens', ({ stdout }) => stdout.includes('listening'))
    const asked = { ...env, IB_PORT: String((JSON.parse(gateway.stdout) as { port: number }).port) }
    const collector = place.tapedeck(['collect', '--underlying', 'TWX', '--metrics-port', '0'], asked)
    await collector.until('it is connected', ({ stderr }) => stderr.includes('connected to the gateway'))
    const ended = await typed(place, command, asked).ended
    for (const run of [collector, gateway]) {
      run.child.kill('SIGINT')
      await run.ended
    }
    expect(ended).toMatchObject({ code: 0 })
    expect(ended.stdout).toMatch(printed)
  }
}

/** What it printed. Its exit code is that of npm, which ends by the signal whatever its child made of it. */
async function interrupted(run: Run): Promise<string> {
  process.kill(-(run.child.pid ?? 0), 'SIGINT')
  return (await run.ended).stdout
}

describe('the documentation', () => {
  it('shows no command that this test does not know, and all that it knows', () => {
    const known = [ELSEWHERE, AS_THEY_STAND, ON_STORED_RUNS, ON_THE_RECORDED_DAY, CHANGED].flatMap((table) => Object.keys(table))
    const shown = new Set(COMMANDS.map(({ command }) => command))
    expect([...shown].filter((command) => !known.includes(command))).toEqual([])
    expect(known.filter((command) => !shown.has(command))).toEqual([])
  })

  it('shows commands in blocks marked sh only', () => {
    const unmarked = CODE.filter(({ language, text }) => language !== 'sh' && /^(npx|npm|tapedeck|node) /m.test(text))
    expect(unmarked).toEqual([])
  })
})

forEachEdition('the documentation', (edition) => {
  let recorded: string | undefined
  let withRuns: string | undefined
  let reader: Reader
  beforeAll(async () => {
    const place = await newPlace()
    // What a command writes into the current folder must not stay in the checkout.
    const checkout = checkoutIn(place)
    await mkdir(checkout)
    for (const name of readdirSync(packageRoot())) await symlink(join(packageRoot(), name), join(checkout, name))
    reader = { place, createDatabase: () => edition.createDatabase(), recordedDay, env: {} }
  })
  afterAll(() => reader.place.remove())

  async function recordedDay(): Promise<string> {
    if (recorded !== undefined) return recorded
    recorded = await edition.createDatabase()
    await recordTape({ tape: SHIPPED, databaseUrl: recorded, symbol: 'TWX', lines: 185 })
    return recorded
  }

  async function storedRuns(): Promise<string> {
    if (withRuns !== undefined) return withRuns
    withRuns = await edition.createDatabase()
    await storeRuns(withRuns, [busyRun({ days: 60 }), busyRun({ days: 60, seed: 2, params: { period: 20, quantity: 100 } })])
    return withRuns
  }

  async function databaseFor(command: string): Promise<string | undefined> {
    if (command in ON_THE_RECORDED_DAY) return recordedDay()
    return command in ON_STORED_RUNS ? storedRuns() : undefined
  }

  it.each(COMMANDS.filter(({ command }) => !(command in ELSEWHERE)))(
    '$file: $command',
    async ({ command }) => {
      const change = CHANGED[command]
      if (change) return change(command, reader)
      const url = await databaseFor(command)
      const env = url === undefined ? reader.env : { ...reader.env, DATABASE_URL: url }
      const ended = await typed(reader.place, command, env).ended
      expect(ended).toMatchObject({ code: 0 })
      expect(ended.stdout).toMatch(AS_THEY_STAND[command] ?? ON_STORED_RUNS[command] ?? ON_THE_RECORDED_DAY[command] ?? /^$/)
    },
    COMMAND_MS,
  )
})

describe('the reader of tapes in docs/tape-format.md', () => {
  const program = CODE.find(({ file, language }) => file === 'docs/tape-format.md' && language === 'python')?.text

  it('reads the shipped tape', async ({ skip }) => {
    const place = await newPlace()
    try {
      const python = await place.start(['python3', '--version']).ended.catch(() => undefined)
      if (python?.code !== 0) return skip('there is no python3 on this machine')
      await writeFile(join(place.folder, 'reader.py'), program ?? '')
      const { code, stdout, stderr } = await place.start(['python3', 'reader.py', SHIPPED]).ended
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(stdout.trimEnd().split('\n')).toHaveLength(30_944)
    } finally {
      await place.remove()
    }
  })
})
