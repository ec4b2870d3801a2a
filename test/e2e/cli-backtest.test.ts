/** `tapedeck dataset`, `backtest` and `strategy` from the command line, on the shipped tape. */

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { packageRoot } from '../../system/package-root.ts'
import { expectComplaint, expectDone, linesOf, newPlace, type Place } from '../support/process/command.ts'

const SHIPPED = join(packageRoot(), 'tapes', 'twx-2014-06-05.tape')

let place: Place
beforeAll(async () => {
  place = await newPlace()
})
afterAll(() => place.remove())

const run = (...args: string[]) => place.tapedeck(args).ended
const backtest = (...args: string[]) => run('backtest', '--no-store', ...args)

describe('a backtest from the command line', () => {
  it('gives the same on the tape and on a dataset of it, which says what it holds', async () => {
    const made = expectDone(await run('dataset', 'create', '--tape', SHIPPED, '--name', 'day'))
    expect(made).toMatch(/^Holds +30,944 ticks$/m)
    expect(expectDone(await run('dataset', 'list'))).toMatch(/^day +2014-06-05 +2014-06-06 +30,944 ticks +[0-9a-f]{12}$/m)
    expect(expectDone(await run('dataset', 'verify', 'day', '--origin'))).toMatch(
      /^day holds what was frozen, and so does what it came from: /,
    )
    const results = [
      ['--tape', SHIPPED],
      ['--dataset', 'day'],
    ].map(async (input) => expectDone(await backtest('--strategy', 'z-score', '--json', ...input)))
    const [onTape, onDataset] = (await Promise.all(results)).map(
      (text) => JSON.parse(text) as { hash: string; status: string; fills: unknown[] },
    )
    expect(onTape).toMatchObject({ status: 'complete', hash: onDataset?.hash })
    expect(onTape?.fills.length).toBeGreaterThan(0)
    expectDone(await run('dataset', 'rm', 'day'))
    expectComplaint(await backtest('--strategy', 'z-score', '--dataset', 'day'), { code: 2, saying: /There is no dataset "day"/ })
  }, 120_000)

  it('runs a strategy that was just begun, and prints its figures in 80 columns', async () => {
    expectDone(await run('strategy', 'new', 'mine', '--folder', place.folder))
    expectComplaint(await run('strategy', 'new', 'mine', '--folder', place.folder), { code: 2, saying: /mine\.mjs is there already/ })
    const text = expectDone(await backtest('--strategy', join(place.folder, 'mine.mjs'), '--tape', SHIPPED))
    expect(text).toMatch(/^Strategy +mine, version 1$/m)
    expect(text).toMatch(/^Result +complete, hash [0-9a-f]{12}$/m)
    expect(linesOf(text).filter((line) => line.length > 80 && !line.includes(SHIPPED))).toEqual([])
  }, 120_000)

  it('ends a strategy that never returns, and one that ends the process', async () => {
    const own = async (name: string, body: string) => {
      await mkdir(place.folder, { recursive: true })
      await writeFile(
        join(place.folder, `${name}.mjs`),
        `export default { name: '${name}', version: '1', params: (z) => z.strictObject({}), create: () => ({ onQuote() { ${body} } }) }`,
      )
      return backtest('--strategy', join(place.folder, `${name}.mjs`), '--tape', SHIPPED, '--deadline', '1')
    }
    const [loops, exits] = await Promise.all([own('loops', 'for (;;);'), own('exits', 'process.exit(7)')])
    expect(loops).toMatchObject({ code: 1, stderr: expect.stringContaining('has not returned for 1 s: it loops') })
    expect(loops.stdout).toMatch(/^Result +FAILED, /m)
    expect(exits).toMatchObject({ code: 1, stderr: expect.stringContaining('ended its thread (exit code 7)') })
  }, 120_000)

  it('says what was expected where an argument is wrong', async () => {
    const [params, models, nothing] = await Promise.all([
      backtest('--strategy', 'z-score', '--tape', SHIPPED, '--param', 'period=none'),
      backtest('--strategy', 'z-score', '--tape', SHIPPED, '--fees', 'dear'),
      backtest('--strategy', 'z-score'),
    ])
    expect(params).toMatchObject({ code: 2, stderr: expect.stringMatching(/^tapedeck: --param: period: .*z-score takes: period/m) })
    expectComplaint(models, { code: 2, saying: /--fees: expected none, percent:percent, schedule, ib-fixed, ib-tiered, found dear/ })
    expectComplaint(nothing, { code: 2, saying: /Name what to run on/ })
  }, 120_000)
})
