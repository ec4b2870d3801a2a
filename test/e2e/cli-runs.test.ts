/** `tapedeck runs` from the command line, as a user types it. */

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect, it } from 'vitest'

import { packageRoot } from '../../system/package-root.ts'
import { busyRun } from '../support/backtest/run-result.ts'
import { storeRuns } from '../support/backtest/stored-runs.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { expectComplaint, expectDone, linesOf, placeForTest } from '../support/process/command.ts'

const SLOW_MS = 120_000
const FAILED = { status: 'failed', error: { code: 'strategy-threw', message: 'The strategy mine threw in onBar: boom' } } as const

forEachEdition('tapedeck runs', ({ createDatabase }) => {
  it(
    'lists, shows, compares and deletes what is stored, in 80 columns and as JSON',
    async () => {
      const place = await placeForTest()
      const env = { DATABASE_URL: await createDatabase() }
      const run = (...args: string[]) => place.tapedeck(['runs', ...args], env).ended
      await storeRuns(env.DATABASE_URL, [
        busyRun({ days: 60 }),
        busyRun({ days: 60, seed: 2, params: { period: 20, quantity: 100 } }),
        busyRun({ days: 10, ...FAILED, strategy: { name: 'mine', version: '1', source: '/home/me/mine.ts' } }),
      ])

      const list = expectDone(await run('list'))
      expect(list).toMatch(/^ {2}run started {4}strategy {2}dataset {4}return {2}Sharpe drawdown {2}trips$/m)
      expect(list).toMatch(/^ {4}3 2026-11-22 mine {6}years {6}failed .*\n {4}2 2026-11-22 sma-cross years +-?\d+\.\d\d%/m)
      const { runs } = JSON.parse(expectDone(await run('list', '--strategy', 'sma-cross', '--json'))) as { runs: Record<string, unknown>[] }
      expect(runs.map(({ runId, params }) => [runId, params])).toEqual([
        [2, { period: 20, quantity: 100 }],
        [1, { period: 15, quantity: 100 }],
      ])

      const shown = expectDone(await run('show', '1'))
      expect(shown).toMatch(/^Parameters +period=15 quantity=100$/m)
      expect(shown).toMatch(/^ {2}Sharpe +-?\d+\.\d{3} +95% within /m)
      expect(shown).toMatch(/^1 gap of 1 h in the range: quotes stand still there\.$/m)
      const plain = JSON.parse(expectDone(await run('show', '1', '--json'))) as Record<string, unknown>
      expect(plain).toMatchObject({ runId: 1, status: 'complete', metrics: { tradingDays: 60 }, settings: { seed: 7 }, error: null })
      expect(plain).not.toHaveProperty('fills')

      const compared = expectDone(await run('compare', '1', '2'))
      expect(compared).toMatch(/^period +15 +20$/m)
      expect(compared).not.toMatch(/^quantity/m)
      for (const text of [list, shown, compared]) expect(linesOf(text).filter((line) => line.length > 80)).toEqual([])

      expect(expectDone(await run('report', '1', '--out', 'one.html'))).toBe('Wrote one.html.\n')
      expect(await readFile(join(place.folder, 'one.html'), 'utf8')).toMatch(/^<!doctype html>[^]*<h1>sma-cross, run 1<\/h1>/)
      const data = JSON.parse(expectDone(await run('report', '1', '--json'))) as Record<string, unknown[]>
      expect(data['days']).toHaveLength(60)
      const trips = linesOf(expectDone(await run('report', '1', '--csv', 'trips')))
      expect(trips[0]).toBe('opened,closed,contract,direction,quantity,entry,exit,gross,costs,net')
      expect(trips.slice(1).filter(Boolean)).toHaveLength(data['trips']?.length ?? 0)
      expect(expectDone(await run('compare', '1', '2', '--out', 'two.html'))).toBe('Wrote two.html.\n')
      expect(await readFile(join(place.folder, 'two.html'), 'utf8')).toContain('<h1>run 1 and run 2 side by side</h1>')

      const tried = await run('rm', '3')
      expect(tried).toMatchObject({
        code: 1,
        stdout: expect.stringMatching(/^ {4}3 .*\nNothing was deleted: add --yes to delete them\.$/m),
      })
      expect(JSON.parse(expectDone(await run('rm', '3', '2', '--yes', '--json')))).toEqual({ runs: [3, 2], deleted: [2, 3] })

      expectComplaint(await run('show', '3'), { code: 1, saying: /holds no run 3\. `tapedeck runs list` shows those that it holds/ })
      expectComplaint(await run('compare', '1', '1'), { code: 2, saying: /Expected two runs or more to compare, found 1\./ })
      expectComplaint(await run('compare', '1', '2', '3', '4'), { code: 2, saying: /Expected up to 3 runs, found 4/ })
      expectComplaint(await run('compare', '1', '2', '3', '--out', 'x.html'), {
        code: 2,
        saying: /--out: expected two runs for the page, found 3/,
      })
      expectComplaint(await run('report', '1', '--csv', 'money'), {
        code: 2,
        saying: /Allowed choices are fills, orders, trips, days, equity/,
      })
      expectComplaint(await run('show', '1', '--source'), { code: 1, saying: /No file was kept with run 1: sma-cross comes along/ })
      expectComplaint(await run('show', 'latest'), { code: 2, saying: /expected the number of a run/ })
    },
    SLOW_MS,
  )

  it(
    'keeps the file of a strategy as it was when the run began',
    async () => {
      const place = await placeForTest()
      const env = { DATABASE_URL: await createDatabase() }
      const tapedeck = (...args: string[]) => place.tapedeck(args, env).ended
      const file = join(place.folder, 'own.mjs')
      const text = `import { name } from './name.mjs'\nexport default { name, version: '1', params: (z) => z.strictObject({}), create: () => ({}) }\n`
      await writeFile(file, text)
      await writeFile(join(place.folder, 'name.mjs'), `export const name = 'own'\n`)
      expectDone(await tapedeck('backtest', '--strategy', file, '--tape', join(packageRoot(), 'tapes', 'twx-2014-06-05.tape')))
      await writeFile(file, '// Another one.')
      expect(expectDone(await tapedeck('runs', 'show', '1', '--source'))).toBe(text)
      const imports = [{ name: './name.mjs', text: `export const name = 'own'\n` }]
      expect(JSON.parse(expectDone(await tapedeck('runs', 'show', '1', '--source', '--json')))).toEqual({ name: 'own.mjs', text, imports })
    },
    SLOW_MS,
  )
})
