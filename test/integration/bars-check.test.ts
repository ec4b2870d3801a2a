/** `bar_findings` as a check fills it; and the rules on two real sets of daily bars: one as an exchange published it, one that was cared for. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { describe, expect, it, onTestFinished } from 'vitest'

import { type BarsCheck, checkStoredBars } from '../../db/bars/check-bars.ts'
import { importBars } from '../../db/bars/import-bars.ts'
import type { BarFormat } from '../../db/bars/format.ts'
import { SECONDS_PER_DAY } from '../../market/bar.ts'
import { hasSharedData, SHARED_DATA, withSharedData } from '../support/data.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { EMBEDDED } from '../support/database/editions.ts'
import { ask } from '../support/process/collecting.ts'

const SLOW_MS = 180_000
const US: BarFormat = {
  columns: {},
  currency: 'USD',
  calendar: 'XNYS',
  kind: 'stock',
  seconds: SECONDS_PER_DAY,
  stamp: 'start',
  source: 'test',
}
const INDIA: BarFormat = { ...US, currency: 'INR', calendar: 'XBOM' }

const linesOf = (check: BarsCheck | undefined) =>
  (check?.findings ?? []).map(
    ({ rule, symbol, from, to, reason }) => `${rule} ${symbol ?? 'all'} ${from}${to === from ? '' : ` to ${to}`}: ${reason}`,
  )
const byRule = (lines: readonly string[], rule: string) => lines.filter((line) => line.startsWith(`${rule} `))
const dateIn = (line: string) => line.split(' ')[2]?.replace(':', '') ?? ''

forEachEdition('a check of bars', ({ createTapeDatabase }) => {
  it('keeps what it finds, market by market, in place of what it found before', async () => {
    const url = await createTapeDatabase()
    const folder = await mkdtemp(join(tmpdir(), 'tapedeck-bars-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const path = join(folder, 'bars.csv')
    const imported = async (rows: string, format: BarFormat) => {
      await writeFile(path, `symbol,date,open,high,low,close,volume\n${rows}`)
      await importBars({ url, files: [path], format })
    }
    await imported('TWX,2014-06-04,70,69,68,69.5,100\nTWX,2014-06-06,70,71,69,70,100\n', US)
    await imported('INFY,2018-09-03,0,1434,0,1434,100\n', INDIA)
    const [india, us] = await checkStoredBars(url, SECONDS_PER_DAY)
    expect(linesOf(us)).toEqual([
      'missing-session all 2014-06-05: no bars on 2014-06-05, 1 session of XNYS',
      'ohlc-order TWX 2014-06-04: the high 69 is below 70',
    ])
    expect(linesOf(india)).toEqual(['illegal-price INFY 2018-09-03: open 0, expected more than 0'])
    const stored = `SELECT concat_ws(' ', f.calendar, rule, severity, disposition, symbol, from_date, bars, evidence) AS row
      FROM bar_findings f LEFT JOIN instruments USING (instrument_id) ORDER BY finding_id`
    expect(await ask(url, stored)).toEqual([
      { row: 'XBOM illegal-price error quarantine INFY 2018-09-03 1 {"low": 0, "high": 1434, "open": 0, "close": 1434}' },
      { row: 'XNYS missing-session error flag 2014-06-05 1 {"sessions": 1}' },
      { row: 'XNYS ohlc-order error quarantine TWX 2014-06-04 1 {"low": 68, "high": 69, "open": 70, "close": 69.5}' },
    ])
    await imported('TWX,2014-06-04,70,71,68,69.5,100\n', US)
    expect(linesOf((await checkStoredBars(url, SECONDS_PER_DAY, 'XNYS'))[0])).toHaveLength(1)
    expect((await ask(url, stored)).length).toBe(2)
    expect(await checkStoredBars(url, 60)).toEqual([])
  })
})

describe.skipIf(!hasSharedData)(`the bars of two markets${withSharedData}`, () => {
  forEachEdition('in a database', ({ name, createTapeDatabase }) => {
    it.runIf(name === EMBEDDED)(
      'show what is wrong with them, and of those that were cared for hardly anything',
      async () => {
        const url = await createTapeDatabase()
        const files = (...names: string[]) => names.map((name) => join(SHARED_DATA, name))
        await importBars({ url, files: files('nse-daily/prices_2016_2021.csv.gz'), format: INDIA })
        await importBars({ url, files: files('sp500-daily/prices_2013_2017.csv.gz', 'sp500-daily/corporate_actions.csv.gz'), format: US })
        const [india, us] = await checkStoredBars(url, SECONDS_PER_DAY)
        expectFaults(linesOf(india))
        expectHardlyAny(linesOf(us))

        const isPlain = `c.kind = 'split' AND abs(ln(c.ratio)) >= ln(1.25) AND NOT EXISTS (
          SELECT FROM corporate_actions d WHERE d.kind = 'dividend' AND (d.instrument_id, d.ex_date) = (c.instrument_id, c.ex_date))`
        const splits = await ask<{ split: string; ratio: number }>(
          url,
          `DELETE FROM corporate_actions c USING instruments i WHERE i.instrument_id = c.instrument_id AND ${isPlain}
           RETURNING i.symbol || ' ' || c.ex_date AS split, c.ratio`,
        )
        expectFound(splits, byRule(linesOf((await checkStoredBars(url, SECONDS_PER_DAY, 'XNYS'))[0]), 'unadjusted-split'))
      },
      SLOW_MS,
    )
  })
})

function expectFaults(lines: readonly string[]): void {
  const copied = byRule(lines, 'copied-day')
  expect(copied).toHaveLength(29)
  expect(copied[0]).toBe('copied-day all 2019-09-30: 278 of 278 bars equal those of 2019-06-27, which is not the day before: a wrong date')
  // On holidays the day before was published again.
  expect(copied.slice(1).every((line) => line.endsWith(', the day before; XBOM was closed'))).toBe(true)
  expect(copied.map(dateIn).filter((date) => date.startsWith('2020-'))).toEqual(
    ['02-21', '03-10', '04-02', '04-06', '04-10', '05-01', '05-25', '10-02', '11-30', '12-25'].map((day) => `2020-${day}`),
  )
  expect(byRule(lines, 'missing-session')).toEqual([
    'missing-session all 2019-08-26 to 2019-09-30: no bars from 2019-08-26 to 2019-09-30, 24 sessions of XBOM',
  ])
  // The hour of trading at Diwali, in the last years under the weekday behind it.
  expect(byRule(lines, 'outside-calendar').map(dateIn)).toEqual(['2017-10-19', '2018-11-07', '2019-10-28', '2020-11-16', '2021-11-05'])
  expect(byRule(lines, 'few-symbols').map(dateIn)).toEqual(['2016-08-16', '2016-08-17', '2016-08-18', '2016-08-19'])
  const splits = byRule(lines, 'unadjusted-split')
  const ratioOf = (split: string) =>
    /likely a split of (\S+)/.exec(splits.find((line) => line.startsWith(`unadjusted-split ${split}`)) ?? '')?.[1]
  const known = {
    'RELIANCE 2017-09-07': '2:1',
    'BAJFINANCE 2016-09-08': '10:1',
    'INFY 2018-09-04': '2:1',
    'YESBANK 2017-09-21': '5:1',
    'LT 2017-07-13': '3:2',
    'GAIL 2018-03-27': '4:3',
    'SRF 2021-10-13': '5:1',
  }
  expect(Object.fromEntries(Object.keys(known).map((split) => [split, ratioOf(split)]))).toEqual(known)
  expect(splits).toHaveLength(67)
  const rules = ['copied-day', 'missing-session', 'outside-calendar', 'few-symbols', 'missing-bars', 'unadjusted-split', 'stale-bar']
  expect(new Set(lines.map((line) => line.split(' ')[0]))).toEqual(new Set(rules))
}

function expectHardlyAny(lines: readonly string[]): void {
  // Of a reverse split of that day the list of actions has only the dividend.
  expect(byRule(lines, 'action-mismatch')).toEqual([
    expect.stringMatching(/^action-mismatch TMUS 2013-05-01: .* a dividend of 8\.1: .*; a split of 1:2 more would explain it$/),
  ])
  expect(byRule(lines, 'unadjusted-split')).toEqual([])
  expect(byRule(lines, 'explained-jump')).toHaveLength(75)
  expect(byRule(lines, 'zero-volume')).toEqual(['zero-volume DXCM 2016-07-21: no volume, and the one price 84.63'])
  // Days on which some prices were not updated.
  expect(byRule(lines, 'stale-bar')).toHaveLength(27)
  expect(lines).toHaveLength(1 + 75 + 1 + 27)
}

/** Every split that was taken off the list of actions is named, with its ratio but for one, and nothing else. */
function expectFound(splits: readonly { split: string; ratio: number }[], lines: readonly string[]): void {
  const others = splits.filter(({ split, ratio }) => {
    const line = lines.find((line) => line.startsWith(`unadjusted-split ${split}`)) ?? ''
    const [, after = '', before = ''] = /likely a split of (\d+):(\d+) /.exec(line) ?? []
    return !(Math.abs(Number(after) / Number(before) / ratio - 1) < 1e-4)
  })
  // It fell by 7 % on top.
  expect(others).toEqual([{ split: 'APH 2014-10-10', ratio: 2 }])
  expect(splits.length).toBeGreaterThan(45)
  expect(lines.map((line) => line.split(' ', 3).join(' ').replace(':', '')).sort()).toEqual(
    splits.map(({ split }) => `unadjusted-split ${split}`).sort(),
  )
}
