/** `tapedeck experiment` from the command line, on a dataset of bars made by hand. */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

import type pg from 'pg'
import { expect, it } from 'vitest'

import { connectClient } from '../../db/pool.ts'
import { randomDayBars, writeBarsDataset } from '../support/backtest/bars-dataset.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { expectComplaint, expectDone, linesOf, type Place, placeForTest } from '../support/process/command.ts'

const SLOW_MS = 120_000

/** Trades every so many bars; can be slow, and misbehave on its twentieth bar. */
const STRATEGY = `
export default {
  name: 'mine',
  version: '1',
  params: (z) => z.strictObject({ every: z.int().min(1), ms: z.number().default(0), mode: z.enum(['trades', 'throws', 'loops', 'exits', 'leaves']).default('trades') }),
  create: ({ orders }, { every, ms, mode }) => {
    let bars = 0
    if (mode === 'leaves') setTimeout(() => { throw new Error('left behind') })
    return {
      onBar(bar, instrument) {
        for (const until = performance.now() + ms; performance.now() < until; );
        if (++bars === 20 && mode === 'throws') throw new Error('boom')
        if (bars === 20 && mode === 'loops') for (;;);
        if (bars === 20 && mode === 'exits') process.exit(3)
        if (bars % every === 0) orders.submit({ type: 'market', side: bars % (2 * every) === 0 ? 'sell' : 'buy', instrument, quantity: 10 })
      },
    }
  },
}
`

interface Shown {
  done: number
  failed: number
  trials: { status: string; params: Record<string, unknown>; error: string | null; resultHash: string }[]
}

forEachEdition('tapedeck experiment', ({ createDatabase }) => {
  async function begin(): Promise<{ place: Place; url: string; run: (...args: string[]) => ReturnType<Place['tapedeck']> }> {
    const place = await placeForTest()
    const url = await createDatabase()
    await writeBarsDataset(place.dataDir, 'daily', randomDayBars({ days: 60 }))
    await writeFile(join(place.folder, 'mine.mjs'), STRATEGY)
    return { place, url, run: (...args) => place.tapedeck(['experiment', ...args], { DATABASE_URL: url }) }
  }
  const MINE = ['--strategy', './mine.mjs', '--dataset', 'daily']
  const resultsOf = ({ trials }: Shown) => trials.map(({ params, resultHash }) => `${JSON.stringify(params)} ${resultHash}`).sort()

  it(
    'goes on where it was killed or stopped, stores each trial once, and gives with two workers what one gives',
    async () => {
      const { url, run } = await begin()
      const shown = async (...args: string[]) => JSON.parse(expectDone(await run(...args, '--json').ended)) as Shown
      const slow = ['--param', 'every=2..13:1', '--param', 'ms=3']
      const killed = run('grid', 'two', ...MINE, ...slow, '--workers', '2')
      await killed.until('some trials are stored', () => stored(url, 'two').then((count) => count >= 2))
      killed.child.kill('SIGKILL')
      await killed.ended
      const before = await stored(url, 'two')
      expect(before).toBeLessThan(11)
      const stopped = run('resume', 'two', '--workers', '2')
      await stopped.until('one more is stored', () => stored(url, 'two').then((count) => count > before))
      stopped.child.kill('SIGINT')
      expectComplaint(await stopped.ended, { code: 130, saying: /The experiment was stopped; what is stored stays/ })
      expect(await stored(url, 'two')).toBeLessThan(12)

      expectComplaint(await run('grid', 'two', ...MINE, ...slow, '--cash', '5000').ended, { code: 2, saying: /cash is 100000, not 5000/ })
      const two = await shown('resume', 'two', '--workers', '2')
      // As many draws as there are values: the same trials.
      const one = await shown('random', 'one', ...MINE, '--param', 'every=2..13', '--param', 'ms=3', '--draws', '12', '--workers', '1')
      expect([two.done, two.failed, two.trials.length, new Set(resultsOf(two)).size]).toEqual([12, 0, 12, 12])
      expect(resultsOf(two)).toEqual(resultsOf(one))
      expect(two.trials.map(({ params }) => params)).toEqual(one.trials.map(({ params }) => params))
    },
    SLOW_MS,
  )

  it(
    'stores trials that throw, loop or exit as failed, and runs the others, whatever a trial before them left running',
    async () => {
      const { place, url, run } = await begin()
      const modes = ['--param', 'every=2,3', '--param', 'mode=leaves,trades,throws,loops,exits']
      const text = expectDone(await run('grid', 'bad', ...MINE, ...modes, '--deadline', '5', '--workers', '2').ended)
      expect(text).toMatch(/^Trials +10 trials stored, 6 of them failed$/m)
      expect(text).toMatch(/2 x .*boom/)
      expect(text).toMatch(/2 x The strategy has not returned for 5 s/)
      expect(text).toMatch(/2 x The strategy ended its thread: worker exited with code: 3/)
      expect(text).toMatch(/The best was picked from 4 trials/)
      expect(linesOf(text).filter((line) => line.length > 80)).toEqual([])
      expect(text.match(/ mode=trades every=\d$/gm)).toHaveLength(2)
      expect(expectDone(await run('list').ended)).toMatch(/^bad +grid +mine +daily +\S+ +10 +6$/m)
      const report = await place.tapedeck(['runs', 'show', '1'], { DATABASE_URL: url }).ended
      expectComplaint(report, { code: 1, saying: /Run 1 is a trial of experiment bad, of which the figures alone were kept/ })
      expect(expectDone(await run('rm', 'bad', '--yes').ended)).toBe('Deleted experiment bad with 10 runs.\n')
      for (const command of ['show', 'work'])
        expectComplaint(await run(command, 'bad').ended, { code: 2, saying: /There is no experiment "bad"\. There is none yet/ })
    },
    SLOW_MS,
  )

  it(
    'runs the configuration of a run again and those around it, also of one of which the figures alone were kept',
    async () => {
      const { place, url, run } = await begin()
      expectDone(await run('grid', 'figures', ...MINE, '--param', 'every=2', '--workers', '1').ended)
      // What the run did is not needed.
      const around = await run('perturb', 'around', '--run', '1', '--by', '50%', '--workers', '1', '--json').ended
      expect((JSON.parse(expectDone(around)) as Shown).trials.map(({ status }) => status)).toContain('complete')
      const compared = ['backtest', ...MINE, '--param', 'every=2', '--benchmark', 'XYZ', '--benchmark-dataset', 'daily', '--json']
      const { runId } = JSON.parse(expectDone(await place.tapedeck(compared, { DATABASE_URL: url }).ended)) as { runId: number }
      const beside = await run('perturb', 'beside', '--run', String(runId), '--workers', '1', '--json').ended
      expect((JSON.parse(expectDone(beside)) as Shown).trials.map(({ error }) => error)).toEqual([null, null, null])
    },
    SLOW_MS,
  )

  it(
    'ends with an error where no thread can be started, and blames no trial',
    async () => {
      const { place, url } = await begin()
      const file = join(place.folder, 'no-threads.mjs')
      await writeFile(file, "import { isMainThread } from 'node:worker_threads'\nif (!isMainThread) throw new Error('no thread today')\n")
      const env = { DATABASE_URL: url, NODE_OPTIONS: `--import=${pathToFileURL(file).href}` }
      const grid = place.tapedeck(['experiment', 'grid', 'none', ...MINE, '--param', 'every=2..9:1', '--workers', '2'], env)
      expectComplaint(await grid.ended, { code: 1, saying: /No thread for trials could be started: no thread today/ })
      expect(await stored(url, 'none')).toBe(0)
    },
    SLOW_MS,
  )
})

/** Trials of an experiment that are in the database; 0 before it has its tables. */
async function stored(url: string, experiment: string): Promise<number> {
  const client: pg.Client = await connectClient(url)
  try {
    const { rows } = await client.query<{ n: number }>('SELECT count(*)::int AS n FROM runs WHERE experiment = $1', [experiment])
    return rows[0]?.n ?? 0
  } catch {
    return 0
  } finally {
    await client.end()
  }
}
