/** The demonstration from the command line: what it says adds up, it can be repeated, and Ctrl-C ends it cleanly whenever it comes. */

import { readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { SAME_PRESS_MS } from '../../cli/signals.ts'
import { type Ended, newPlace, type Place, placeForTest, type Run, takePort } from '../support/process/command.ts'
import { seeded } from '../support/random.ts'

const DEMO_MS = 120_000
/** Every change of 185 instruments, and tick by tick the 476 rows of the stock. */
const TICKS = 28_279 + 476
const FIRST = '2014-06-05T08:01:00'
/** The tape's last minute closes at 20:01 in New York. */
const LAST = '2014-06-06T00:01:00'

const demo = (place: Place, dataDir = place.dataDir) => place.tapedeck(['demo', '--data-dir', dataDir])

/** The summary of a demonstration that accounts for all that was served. Returns the session and the number of ticks. */
function expectAccounts({ stdout }: Ended): { sessionId: string; ticks: number } {
  const number = (label: string) => Number(new RegExp(`${label} +([\\d,]+)$`, 'm').exec(stdout)?.[1]?.replaceAll(',', ''))
  const ticks = number('ticks served')
  expect(number('ticks received')).toBe(ticks)
  expect(number('written') + number('quarantined') + number('dropped')).toBe(ticks)
  expect(number('Read back  ticks')).toBe(ticks)
  expect(number('dropped')).toBe(0)
  expect(number('gaps')).toBe(0)
  expect(stdout.match(/^ok {4}/gm)).toHaveLength(4)
  expect(stdout).not.toContain('FAIL')
  expect(stdout).toContain('Every tick is accounted for')
  return { sessionId: /Session (\d+)/.exec(stdout)?.[1] ?? '', ticks }
}

function expectWholeDay(ended: Ended): string {
  expect(ended).toMatchObject({ code: 0 })
  const { sessionId, ticks } = expectAccounts(ended)
  expect(ticks).toBe(TICKS)
  return sessionId
}

/** The closing findings: the sums of the funnel, and the sentence on carry, which must be true of them. */
function expectFindings({ stdout }: Ended): void {
  const text = stdout.replaceAll(/\s+/g, ' ')
  const figures = (pattern: RegExp) => (pattern.exec(text) ?? []).slice(1).map((figure) => Number(figure.replaceAll(',', '')))
  const [quotes, candidates, opened] = figures(/Arbitrage: ([\d,]+) quotes looked at, ([\d,]+) candidates, ([\d,]+) opportunities/)
  expect(quotes).toBe(28_279)
  const [carry, all] = figures(/is carry: ([\d,]+) of ([\d,]+) candidates/)
  expect(all).toBe(candidates)
  expect(stdout).toMatch(new RegExp(`^ *${carry?.toLocaleString('en-US')}  carry `, 'm'))
  expect(carry).toBeGreaterThan(0.9 * (candidates ?? 0))
  expect(figures(/([\d,]+) are left/)).toEqual([opened])
  const each = text.includes('Each of them stood for less than a second') ? opened : 0
  const [brief = each] = figures(/([\d,]+) of them stood for less than a second/)
  const [longer = 0] = figures(/([\d,]+) stood longer/)
  expect((brief ?? 0) + longer).toBe(opened)
  expect(text).toContain('Taken for known: interest of 0.5 % a year; dividends of TWX: 0.3175, 6 times until 2015-11-25')
}

const expectNothingLeft = async (place: Place) => expect(await place.processes()).toEqual([])

describe('the demonstration', () => {
  let place: Place
  beforeAll(async () => {
    place = await newPlace()
  })
  afterAll(() => place.remove())
  let firstSession = ''

  it(
    'records the shipped day, reads it back and accounts for every tick',
    async () => {
      const ended = await demo(place).ended
      firstSession = expectWholeDay(ended)
      expect(ended.stderr).toMatch(/^starting the replay gateway$/m)
      const commands = ['See the ticks: npx tapedeck replay --ndjson', 'See them: npx tapedeck arb scan --all']
      expect(`${ended.stdout}${ended.stderr}`.split('\n').filter((line) => line.length > 80 || line.startsWith('See '))).toEqual(
        commands.map((command) => `${command} --data-dir ${place.dataDir}`),
      )
      expectFindings(ended)
      await expectNothingLeft(place)
    },
    DEMO_MS,
  )

  it(
    'records a second session into the same database, with the usual ports taken and the settings of a recorder beside it',
    async () => {
      await writeFile(join(place.folder, 'tapedeck.yaml'), 'universe: { tickByTick: false }\ngateway: { genericTicks: [] }\n')
      for (const port of [5432, 7497, 9464]) await takePort(port)
      const secondSession = expectWholeDay(await demo(place).ended)
      expect(secondSession).not.toBe(firstSession)
      await expectNothingLeft(place)
    },
    DEMO_MS,
  )

  it(
    'keeps the times of 2014-06-05 in the rows of both sessions',
    async () => {
      for (const session of [[], ['--session', firstSession]]) {
        const { stdout, stderr } = await place.tapedeck(['replay', '--ndjson', '--include-quarantined', ...session]).ended
        expect(stderr).toBe('')
        const times = stdout
          .trimEnd()
          .split('\n')
          .map((line) => (JSON.parse(line) as { ts: string }).ts)
        expect(times).toHaveLength(TICKS)
        expect(times[0]).toContain(FIRST)
        expect(times.at(-1)).toContain(LAST)
        expect(times).toEqual(times.toSorted())
      }
    },
    DEMO_MS,
  )

  it.each(['replay --ndjson', 'export --format ndjson --out -'])(
    'leaves no database behind when the reader of %s has seen enough',
    async (command) => {
      const run = place.tapedeck(command.split(' '))
      await run.until('a tick is shown', ({ stdout }) => stdout.includes('\n'))
      run.child.stdout?.destroy()
      expect(await run.ended).toMatchObject({ code: 0, stderr: '' })
      await expectNothingLeft(place)
    },
    DEMO_MS,
  )
})

describe('the scenario of arbitrage', () => {
  it(
    'shows every planned opportunity as it opens and closes, and nothing that has no moved quote',
    async () => {
      const place = await placeForTest()
      const { code, stdout, stderr } = await place.tapedeck(['demo', '--scenario', 'arbitrage', '--data-dir', place.dataDir]).ended
      expect({ code, failed: stdout.match(/^FAIL.*$/gm), stderr }).toEqual({ code: 0, failed: null, stderr: expect.any(String) as string })
      expect(stdout.match(/^ok {4}.*: found exactly, closed in time$/gm)).toHaveLength(7)
      for (const change of ['opened', 'closed']) expect(stdout.match(new RegExp(`^[\\d:.]+  ${change}  `, 'gm'))).toHaveLength(7)
      expect(stdout.split('\n').filter((line) => line.length > 80 && !line.startsWith('See '))).toEqual([])
      await expectNothingLeft(place)
    },
    DEMO_MS,
  )
})

type Reached = (place: Place, run: Run, random: () => number) => Promise<void>

/** Moments that can be seen from outside, and whether a session that can be read back has begun by then. */
const MOMENTS: Record<string, { reached: Reached; recorded: boolean }> = {
  'while it starts': {
    reached: (_, run) => run.until('it says that it starts', ({ stderr }) => stderr.includes('starting the replay gateway')),
    recorded: false,
  },
  'while the collector starts': {
    reached: (place, run) => run.until('there is a collector', async () => (await place.find('tapedeck.js collect ')) !== undefined),
    recorded: false,
  },
  'while lines are opened': {
    reached: (place, run) => run.until('a session has begun', async () => (await journalBytes(place)) > 0),
    recorded: true,
  },
  'while the tape runs': {
    reached: (place, run, random) => {
      const bytes = 150_000 + random() * 1_000_000
      return run.until('ticks are in the journal', async () => (await journalBytes(place)) > bytes)
    },
    recorded: true,
  },
  'while the day is read back': {
    reached: (place, run) => run.until('there is a replay', async () => (await place.find('tapedeck.js replay ')) !== undefined),
    recorded: true,
  },
}
const SEEDS = [1, 2]

async function journalBytes(place: Place): Promise<number> {
  const journal = join(place.dataDir, 'journal')
  let bytes = 0
  for (const name of await readdir(journal).catch(() => []))
    if (name.endsWith('.tape'))
      bytes += await stat(join(journal, name)).then(
        ({ size }) => size,
        () => 0,
      )
  return bytes
}

async function expectCleanEnd(seed: number, reached: Reached, recorded: boolean): Promise<void> {
  const random = seeded(seed)
  const place = await placeForTest()
  const run = demo(place)
  await reached(place, run, random)
  await sleep(random() * 150)
  run.child.kill('SIGINT')
  const ended = await run.ended
  expect(ended.stderr).not.toMatch(/^\s+at /m)
  await expectNothingLeft(place)
  if (ended.code === 0 || recorded) {
    expect(ended.code, `seed ${seed}: ${ended.stdout}${ended.stderr}`).toBe(0)
    expectAccounts(ended)
  } else {
    expect(ended, `seed ${seed}`).toMatchObject({ code: 130, stdout: expect.stringMatching(/^Stopped before .+\.$/m) })
  }
}

describe('the demonstration, interrupted', () => {
  it.each(Object.entries(MOMENTS))(
    '%s, ends in order: what was recorded adds up, and no process is left',
    async (_, { reached, recorded }) => {
      await Promise.all(SEEDS.map((seed) => expectCleanEnd(seed, reached, recorded)))
    },
    DEMO_MS,
  )

  it(
    'takes a Ctrl-C that comes twice, from the terminal and through npm, for one',
    async () => {
      const place = await placeForTest()
      const run = demo(place)
      await run.until('a session has begun', async () => (await journalBytes(place)) > 0)
      run.child.kill('SIGINT')
      await sleep(5)
      run.child.kill('SIGINT')
      const ended = await run.ended
      expect(ended).toMatchObject({ code: 0 })
      expectAccounts(ended)
      await expectNothingLeft(place)
    },
    DEMO_MS,
  )

  it(
    'does not wait for a part that hangs once Ctrl-C is pressed again',
    async () => {
      const place = await placeForTest()
      const run = demo(place)
      const collector = () => place.find('tapedeck.js collect ')
      await run.until('there is a collector', async () => (await collector()) !== undefined)
      process.kill((await collector()) ?? 0, 'SIGSTOP')
      run.child.kill('SIGINT')
      await run.until('the first press is taken', async () => (await place.find('tapedeck.js gateway ')) === undefined)
      const takenMs = performance.now()
      await run.until('another press would count as one', () => performance.now() - takenMs > SAME_PRESS_MS)
      run.child.kill('SIGINT')
      expect(await run.ended).toMatchObject({ code: 130, stdout: 'Stopped before there was anything to compare.\n' })
      await expectNothingLeft(place)
    },
    DEMO_MS,
  )
})
