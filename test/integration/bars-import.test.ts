import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'

import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'

import { importBars, type ImportBarsOptions } from '../../db/bars/import-bars.ts'
import type { BarFormat } from '../../db/bars/format.ts'
import { SECONDS_PER_DAY } from '../../market/bar.ts'
import { hasSharedData, SHARED_DATA, withSharedData } from '../support/data.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { ask } from '../support/process/collecting.ts'

const FORMAT: BarFormat = {
  columns: {},
  currency: 'USD',
  calendar: 'XNYS',
  kind: 'stock',
  seconds: SECONDS_PER_DAY,
  stamp: 'start',
  source: 'first',
}
const HEADER = 'symbol,date,open,high,low,close,volume\n'
const THREE = 'TWX,2014-06-05,69.9,70.5,69.5,70.1,100\nTWX,2014-06-06,70.1,71,70,70.5,200\nFOXA,2014-06-05,35,36,34,35.5,300\n'

async function file(name: string, content: string | Buffer): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tapedeck-bars-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const path = join(folder, name)
  await writeFile(path, content)
  return path
}

forEachEdition('an import of bars', ({ createTapeDatabase }) => {
  let url: string
  beforeEach(async () => {
    url = await createTapeDatabase()
  })

  const imported = (files: string[], format: Partial<BarFormat> = {}, more: Partial<ImportBarsOptions> = {}) =>
    importBars({ url, files, format: { ...FORMAT, ...format }, ...more })
  const stored = () =>
    ask<{ row: string }>(
      url,
      `SELECT concat_ws(' ', symbol, session_date, start_ts AT TIME ZONE 'UTC', open, high, low, close, volume, source) AS row
       FROM bars JOIN instruments USING (instrument_id) ORDER BY symbol, start_ts`,
    ).then((rows) => rows.map(({ row }) => row))
  const count = (table: string) => ask<{ n: number }>(url, `SELECT count(*)::int AS n FROM ${table}`).then(([row]) => row?.n)

  it('stores each row as published, and nothing the second time', async () => {
    const path = await file('bars.csv', HEADER + THREE)
    expect(await imported([path])).toMatchObject({
      symbols: 2,
      firstDate: '2014-06-05',
      lastDate: '2014-06-06',
      bars: { new: 3, changed: 0, unchanged: 0 },
    })
    const first = await stored()
    expect(first).toEqual([
      'FOXA 2014-06-05 2014-06-05 04:00:00 35 36 34 35.5 300 first',
      'TWX 2014-06-05 2014-06-05 04:00:00 69.9 70.5 69.5 70.1 100 first',
      'TWX 2014-06-06 2014-06-06 04:00:00 70.1 71 70 70.5 200 first',
    ])
    expect((await imported([path])).bars).toMatchObject({ new: 0, changed: 0, unchanged: 3 })
    expect(await stored()).toEqual(first)
    expect(await count('replaced_bars')).toBe(0)
    expect(await ask(url, 'SELECT kind, source, files FROM imports')).toEqual([
      { kind: 'bars', source: 'first', files: [path] },
      { kind: 'bars', source: 'first', files: [path] },
    ])
    expect(await ask(url, "SELECT key, calendar FROM instruments WHERE symbol = 'TWX'")).toEqual([
      { key: 'stock:TWX:USD', calendar: 'XNYS' },
    ])
  })

  it('reports what changed, and keeps what it was', async () => {
    await imported([await file('bars.csv', HEADER + THREE)])
    const { bars } = await imported([await file('bars.csv', HEADER + THREE.replace('70.5,200', '70.6,200').replace('FOXA', 'NEW'))])
    expect(bars).toMatchObject({ new: 1, changed: 1, unchanged: 1 })
    expect(bars.examples).toEqual([
      { symbol: 'TWX', date: '2014-06-06', before: [70.1, 71, 70, 70.5, 200], after: [70.1, 71, 70, 70.6, 200] },
    ])
    expect(await ask(url, 'SELECT close FROM replaced_bars')).toEqual([{ close: 70.5 }])
    expect((await stored()).at(-1)).toBe('TWX 2014-06-06 2014-06-06 04:00:00 70.1 71 70 70.6 200 first')
  })

  it('refuses bars that another source has, unless it is to replace them', async () => {
    await imported([await file('bars.csv', HEADER + THREE)])
    const other = await file('bars.csv', HEADER + THREE.replace('70.5,200', '70.6,200'))
    const refused = await imported([other], { source: 'second' })
    expect(refused).toMatchObject({ bars: { new: 0, changed: 0, unchanged: 0 }, refused: { rows: 3 } })
    expect(refused.refused.reasons[0]?.reason).toContain('from the source first (--replace')
    expect((await imported([other], { source: 'second' }, { replace: true })).bars).toMatchObject({ new: 0, changed: 3 })
    expect((await stored()).every((row) => row.endsWith(' second'))).toBe(true)
  })

  it('refuses two rows of one bar that differ, both, and takes one of two that are equal', async () => {
    const [first = '', second = '', third = ''] = THREE.split('\n')
    const path = await file('bars.csv', `${HEADER}${first}\n${second}\n${third}\n${second}\n${first.replace('70.1', '70.2')}\n`)
    const { bars, refused } = await imported([path])
    expect(bars).toMatchObject({ new: 2, repeated: 1 })
    expect(refused).toEqual({
      rows: 2,
      reasons: [
        {
          reason: 'one row for each bar, or equal ones',
          rows: 2,
          examples: [
            { file: path, line: 2, found: 'TWX 2014-06-05' },
            { file: path, line: 6, found: 'TWX 2014-06-05' },
          ],
        },
      ],
    })
  })

  it('finds contradictions between files, too', async () => {
    const paths = [await file('a.csv', HEADER + THREE), await file('b.csv', HEADER + THREE.replace('69.9', '69.8'))]
    const { bars, refused } = await imported(paths)
    expect({ new: bars.new, repeated: bars.repeated, refused: refused.reasons[0]?.examples.map(({ file }) => file) }).toEqual({
      new: 2,
      repeated: 2,
      refused: paths,
    })
  })

  it('takes the rows around one that cannot be read, and names that with its line', async () => {
    const path = await file('bars.csv', `${HEADER}TWX,2014-06-04,1,1,x,1,1\n\n${THREE}`)
    expect(await imported([path])).toMatchObject({
      bars: { new: 3 },
      refused: { rows: 1, reasons: [{ reason: 'a price as low', examples: [{ file: path, line: 2, found: 'x' }] }] },
    })
  })

  it('leaves nothing behind when it is only tried, or when a file is damaged, none at all, or another one', async () => {
    const good = await file('good.csv', HEADER + THREE)
    expect((await imported([good], {}, { dryRun: true })).bars.new).toBe(3)
    const torn = await file('torn.csv.gz', gzipSync(HEADER + THREE.repeat(5000)))
    await truncate(torn, 200)
    await expect(imported([good, torn])).rejects.toThrow(/torn\.csv\.gz cannot be read \(Z_BUF_ERROR\)/)
    await expect(imported([good, await file('empty.csv', '')])).rejects.toThrow(/expected a header and rows, found an empty file/)
    await expect(imported([good, await file('noise.csv', Buffer.from([0, 1, 2, 255, 10, 254]))])).rejects.toThrow(
      /expected a column for the date/,
    )
    await expect(imported([await file('dates.csv', HEADER + THREE.replaceAll('-', '/'))])).rejects.toThrow(
      /expected rows of bars or of corporate actions, 3 rows were refused; .*dates\.csv:2: expected a date as YYYY-MM-DD/,
    )
    await expect(imported(['nowhere.csv'])).rejects.toThrow(/nowhere\.csv cannot be read \(ENOENT\)/)
    for (const table of ['bars', 'instruments', 'imports', 'replaced_bars']) expect(await count(table)).toBe(0)
  })

  it('stores minute bars at their times', async () => {
    const path = await file('minutes.csv', 'date,open,high,low,close\n2014-06-05 09:31,1,2,1,2\n2014-06-05 09:32,2,3,2,3\n')
    await imported([path], { symbol: 'TWX', seconds: 60, stamp: 'end' })
    expect(await stored()).toEqual(['TWX 2014-06-05 2014-06-05 13:30:00 1 2 1 2 first', 'TWX 2014-06-05 2014-06-05 13:31:00 2 3 2 3 first'])
  })

  it('stores dividends and splits, from files of their own or beside bars, and takes none twice', async () => {
    const actions = await file(
      'actions.csv',
      'symbol,date,dividend,split_factor\nTWX,2014-06-05,0.25,1.0\nTWX,2014-06-06,0.1,2.0\nTWX,2014-06-06,0.1,2.0\n',
    )
    expect((await imported([actions])).actions).toEqual({ new: 3, changed: 0, unchanged: 0, repeated: 2, replaced: [] })
    expect((await imported([actions])).actions).toEqual({ new: 0, changed: 0, unchanged: 3, repeated: 2, replaced: [] })
    const corrected = await file('actions.csv', 'symbol,date,dividend\nTWX,2014-06-05,0.3\nTWX,2014-06-06,1\nTWX,2014-06-06,2\n')
    expect(await imported([corrected])).toMatchObject({ actions: { changed: 1 }, refused: { rows: 2 } })
    expect(
      await ask(url, 'SELECT kind, ex_date::text, as_of::text, amount, ratio, status FROM corporate_actions ORDER BY ex_date, kind'),
    ).toEqual([
      { kind: 'dividend', ex_date: '2014-06-05', as_of: '2014-06-05', amount: 0.3, ratio: null, status: 'paid' },
      { kind: 'dividend', ex_date: '2014-06-06', as_of: '2014-06-06', amount: 0.1, ratio: null, status: 'paid' },
      { kind: 'split', ex_date: '2014-06-06', as_of: '2014-06-06', amount: null, ratio: 2, status: 'paid' },
    ])
  })

  it('leaves the dividends and splits of another source, and takes nothing of a refused row, unless it is to replace them', async () => {
    const rows = (dividend: number, split: number) => `${HEADER.trim()},dividend,split\nTWX,2014-06-05,1,1,1,1,10,${dividend},${split}\n`
    const actions = () =>
      ask<{ row: string }>(
        url,
        "SELECT concat_ws(' ', kind, COALESCE(amount, ratio), source) AS row FROM corporate_actions ORDER BY 1",
      ).then((list) => list.map(({ row }) => row))
    await imported([await file('first.csv', rows(0.5, 2))])
    const other = await file('other.csv', rows(0.9, 0.5))
    const ofFirst = ['dividend 0.5 first', 'split 2 first']
    expect(await imported([other], { source: 'other' })).toMatchObject({
      actions: { new: 0, changed: 0, unchanged: 0 },
      refused: { rows: 1, reasons: [{ reason: 'a bar that is not there from the source first (--replace takes this one instead)' }] },
    })
    expect(await actions()).toEqual(ofFirst)

    const alone = await file('actions.csv', 'symbol,date,dividend,split\nTWX,2014-06-05,0.9,0.5\nTWX,2014-06-06,0.1,1\n')
    expect(await imported([alone], { source: 'other' })).toMatchObject({
      actions: { new: 1, changed: 0, unchanged: 0 },
      refused: {
        rows: 2,
        reasons: [
          {
            reason: 'a dividend that is not there from the source first (--replace takes this one instead)',
            examples: [{ line: 2, found: 'TWX 2014-06-05: 0.9, there 0.5' }],
          },
          { reason: 'a split that is not there from the source first (--replace takes this one instead)' },
        ],
      },
    })
    expect(await actions()).toEqual(['dividend 0.1 other', ...ofFirst])

    const { actions: replaced } = await imported([other], { source: 'other' }, { replace: true })
    expect(replaced).toMatchObject({ new: 0, changed: 2 })
    expect(await actions()).toEqual(['dividend 0.1 other', 'dividend 0.9 other', 'split 0.5 other'])
    expect(await ask(url, "SELECT report -> 'actions' -> 'replaced' AS kept FROM imports ORDER BY import_id DESC LIMIT 1")).toEqual([
      {
        kept: [
          { symbol: 'TWX', kind: 'dividend', exDate: '2014-06-05', before: { value: 0.5, status: 'paid', source: 'first' }, after: 0.9 },
          { symbol: 'TWX', kind: 'split', exDate: '2014-06-05', before: { value: 2, status: 'paid', source: 'first' }, after: 0.5 },
        ],
      },
    ])
  })

  it('adjusts for what had happened by a day, and was known on it', async () => {
    const rows = ['2014-06-02,100,100,100,100,10', '2014-06-03,99,99,99,99,10', '2014-06-04,50,50,50,50,20', '2014-06-05,51,51,51,51,20']
    const bars = await file('bars.csv', HEADER + rows.map((row) => `TWX,${row}\n`).join(''))
    await imported([bars, await file('actions.csv', 'symbol,date,dividend,split\nTWX,2014-06-03,1,1\nTWX,2014-06-04,0,2\n')])
    const adjusted = (day: string) =>
      ask<{ close: number; volume: number }>(url, `SELECT close, volume FROM adjusted_bars('${day}') ORDER BY start_ts`).then((list) =>
        list.map(({ close, volume }) => [close, volume]),
      )
    expect(await adjusted('2014-06-02')).toEqual([[100, 10]])
    // A dividend of 1 reinvested at the close of its ex-date, 99: 100 becomes 100 * 99 / 100.
    expect(await adjusted('2014-06-03')).toEqual([
      [99, 10],
      [99, 10],
    ])
    expect(await adjusted('2014-06-05')).toEqual([
      [49.5, 20],
      [49.5, 20],
      [50, 20],
      [51, 20],
    ])
    await ask(url, "UPDATE corporate_actions SET as_of = '2014-06-09' WHERE kind = 'split'")
    expect((await adjusted('2014-06-05'))[0]).toEqual([99, 10])
    await ask(
      url,
      "INSERT INTO corporate_actions SELECT instrument_id, kind, ex_date, '2014-06-04', amount, ratio, 'cancelled', source FROM corporate_actions WHERE kind = 'dividend'",
    )
    expect((await adjusted('2014-06-05'))[0]).toEqual([100, 10])
  })
})

describe.skipIf(!hasSharedData)(`the bars of five years of US stocks${withSharedData}`, () => {
  forEachEdition('when they are imported', ({ createTapeDatabase }) => {
    it('are all there, and adjusted as their publisher does', async () => {
      const url = await createTapeDatabase()
      const prices = join(SHARED_DATA, 'sp500-daily/prices_2013_2017.csv.gz')
      const files = [prices, join(SHARED_DATA, 'sp500-daily/corporate_actions.csv.gz')]
      expect(await importBars({ url, files, format: FORMAT })).toMatchObject({
        symbols: 494,
        bars: { new: 606_952, repeated: 0 },
        actions: { new: 7572 },
        refused: { rows: 0 },
      })
      const rows = gunzipSync(await readFile(prices))
        .toString()
        .trim()
        .split('\n')
        .slice(1)
      const published = rows
        .map((row) => row.split(','))
        .map(([symbol = '', date = '', , , , close, adjusted]) => ({ symbol, date, close: Number(close), adjusted: Number(adjusted) }))
      // Theirs is as of a day in 2021; what came between multiplies all prices of a symbol by one number.
      const last = new Map(published.map(({ symbol, close, adjusted }) => [symbol, close / adjusted]))
      const ours = await ask<{ key: string; close: number }>(
        url,
        `SELECT symbol || session_date AS key, close FROM adjusted_bars('2017-12-29') JOIN instruments USING (instrument_id)`,
      )
      const closes = new Map(ours.map(({ key, close }) => [key, close]))
      const off = published.filter(({ symbol, date, adjusted }) => {
        const expected = adjusted * (last.get(symbol) ?? Number.NaN)
        return !(Math.abs((closes.get(symbol + date) ?? Number.NaN) / expected - 1) < 1e-4)
      })
      // A reverse split of 2013-05-01 is in its prices, and not in the list of actions.
      expect([...new Set(off.map(({ symbol }) => symbol))]).toEqual(['TMUS'])
      expect(off.every(({ date }) => date < '2013-05-01')).toBe(true)
    })
  })
})
