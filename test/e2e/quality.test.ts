/** `tapedeck quality` as a user runs it, on a database into which the shipped day was recorded through a gateway and a collector. */

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { beforeAll, describe, expect, it } from 'vitest'

import { QUALITY_SHAPE } from '../../cli/quality/json.ts'
import { packageRoot } from '../../system/package-root.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { EMBEDDED } from '../support/database/editions.ts'
import { type Ended, expectComplaint, expectDone, parsed, placeForTest } from '../support/process/command.ts'
import { recordTape } from '../support/process/recording.ts'

const SHIPPED = join(packageRoot(), 'tapes', 'twx-2014-06-05.tape')

forEachEdition('`tapedeck quality`', ({ name, createDatabase, createTapeDatabase }) => {
  let url: string
  beforeAll(async () => {
    url = await createTapeDatabase()
    await recordTape({ tape: SHIPPED, databaseUrl: url, symbol: 'TWX', lines: 185 })
  })

  const quality = async (args: readonly string[], databaseUrl = url): Promise<Ended> => {
    const place = await placeForTest()
    return place.tapedeck(['quality', ...args], { DATABASE_URL: databaseUrl }).ended
  }
  const OF_THE_DAY = ['--from', '2014-06-05', '--to', '2014-06-06']

  describe('of the shipped day', () => {
    it('shows it in 80 columns, and that minute samples are good for bars and no arbitrage study', async () => {
      const text = expectDone(await quality(OF_THE_DAY))
      expect(text.split('\n').filter((line) => line.length > 80)).toEqual([])
      expect(text).toMatch(/^2014-06-05 TWX +1 stock +A +\d+ +\S+% +0\.02% +0 +0 0\/1\/0$/m)
      expect(text).toMatch(/^2014-06-05 TWX +184 option +[A-F] +[\d.]+ +\S+% .* 0\/184\/0$/m)
      expect(text).toMatch(/^one quote a minute: samples, not every change +\d+$/m)
    })

    it('gives the documented data as JSON', async () => {
      const [json] = parsed(expectDone(await quality([...OF_THE_DAY, '--json'])))
      const { days, contracts, symbols } = QUALITY_SHAPE.parse(json)
      expect(days).toEqual([
        { date: '2014-06-04', state: 'closed' },
        { date: '2014-06-05', state: 'recorded' },
      ])
      expect(contracts).toHaveLength(185)
      expect(symbols.map(({ symbol, kind, contracts }) => [symbol, kind, contracts])).toEqual([
        ['TWX', 'stock', 1],
        ['TWX', 'option', 184],
      ])
      for (const { completeness, quotedSeconds, expectedSeconds } of contracts) {
        expect(completeness).toBeGreaterThan(0.98)
        expect(quotedSeconds).toBeLessThanOrEqual((expectedSeconds ?? 0) + 1e-6)
      }
    })

    it('is written as a page that has everything in it', async () => {
      const place = await placeForTest()
      const file = join(place.folder, 'quality.html')
      const { ended } = place.tapedeck(['quality', ...OF_THE_DAY, '--html', file], { DATABASE_URL: url })
      expect(expectDone(await ended)).toMatch(/^2014-06-05 TWX +184 option /m)
      const page = await readFile(file, 'utf8')
      expect(page).toMatch(/^<!doctype html>[\s\S]*<\/html>\n$/)
      expect(page).toContain('185 contracts')
      expect(page).toContain('TWX 140621C70')
      expect(page).toContain('one quote a minute: samples, not every change')
      expect(page.length).toBeLessThan(300_000)
    })

    it('leaves no page where none can be written, and says so', async () => {
      const ended = await quality([...OF_THE_DAY, '--html', '/nowhere/quality.html'])
      expectComplaint(ended, { code: 1, saying: /ENOENT.*\/nowhere\/quality\.html/ })
    })

    it('is of the symbols that are asked for', async () => {
      const [json] = parsed(expectDone(await quality([...OF_THE_DAY, '--symbols', 'AAPL', '--json'])))
      expect(QUALITY_SHAPE.parse(json)).toMatchObject({
        contracts: [],
        symbols: [],
        days: [{ state: 'closed' }, { state: 'nothing-recorded' }],
      })
    })
  })

  it('says what it needs when the dates are wrong', async ({ skip }) => {
    if (name !== EMBEDDED) skip('the same on every database: tested on the embedded one')
    expectComplaint(await quality(['--from', 'yesterday']), {
      code: 2,
      saying: /expected a UTC time such as 2014-06-05T13:30:00Z, or a date/,
    })
    expectComplaint(await quality(['--from', '2014-06-06', '--to', '2014-06-05']), {
      code: 2,
      saying: /--to: expected a time after --from/,
    })
    expect(expectDone(await quality(['--help']))).toContain('tapedeck quality --from 2026-11-02 --to 2026-11-09 --symbols TWX')
  })

  it('says that nothing is recorded', async ({ skip }) => {
    if (name !== EMBEDDED) skip('the same on every database: tested on the embedded one')
    const empty = await createDatabase()
    expect(expectDone(await quality([], empty))).toBe('Nothing is recorded yet. `tapedeck collect` records.\n')
    const [json] = parsed(expectDone(await quality(['--json'], empty)))
    expect(QUALITY_SHAPE.parse(json)).toMatchObject({ from: null, to: null, contracts: [] })
  })
})
