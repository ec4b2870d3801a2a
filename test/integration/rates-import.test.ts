import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { beforeEach, expect, it, onTestFinished } from 'vitest'

import { importRates, type ImportRatesOptions } from '../../db/bars/import-rates.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { ask } from '../support/process/collecting.ts'

async function file(content: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tapedeck-rates-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'rates.csv'), content)
  return join(folder, 'rates.csv')
}

forEachEdition('an import of interest rates', ({ createTapeDatabase }) => {
  let url: string
  beforeEach(async () => {
    url = await createTapeDatabase()
  })

  const imported = async (content: string, more: Partial<ImportRatesOptions> = {}) =>
    importRates({ url, file: await file(content), currency: 'USD', unit: 'percent', compounding: 'annual', source: 'bank', ...more })
  const stored = () =>
    ask<{ row: string }>(
      url,
      "SELECT concat_ws(' ', currency, as_of, days, round(rate::numeric, 6), source) AS row FROM interest_rates ORDER BY currency, as_of, days",
    ).then((rows) => rows.map(({ row }) => row))

  it('makes continuous rates of rows, and of a column for each term', async () => {
    await imported('date,term,rate\n2014-06-05,3M,4\n2014-06-05,365,5\n')
    expect(await stored()).toEqual(['USD 2014-06-05 92 0.039221 bank', 'USD 2014-06-05 365 0.048790 bank'])
    await imported('Date;3 Mo;1 Yr\n05.06.2014;0.04;N/A\n', { currency: 'EUR', unit: 'fraction', dateFormat: 'DD.MM.YYYY' })
    expect((await stored())[0]).toBe('EUR 2014-06-05 92 0.039221 bank')
  })

  it('replaces the curve of a day as a whole, and nothing when it is the same', async () => {
    const two = 'date,term,rate\n2014-06-05,30,4\n2014-06-05,60,5\n2014-06-06,30,4\n'
    expect((await imported(two)).curves).toEqual({ new: 2, changed: 0, unchanged: 0 })
    expect((await imported(two)).curves).toEqual({ new: 0, changed: 0, unchanged: 2 })
    expect((await imported('date,term,rate\n2014-06-05,90,5\n', { source: 'other' })).curves).toEqual({ new: 0, changed: 1, unchanged: 0 })
    expect(await stored()).toEqual(['USD 2014-06-05 90 0.048790 other', 'USD 2014-06-06 30 0.039221 bank'])
  })

  it('refuses what is no rate, no term or no date, and a second rate of one term', async () => {
    const { rates, refused } = await imported(
      'date,term,rate\n2014-06-05,30,4\n2014-06-05,30,5\n2014-06-05,soon,4\n2014-06-05,60,400\n2014-06-31,30,4\n2014-06-05\n',
    )
    expect({ rates, rows: refused.rows }).toEqual({ rates: 1, rows: 5 })
    expect(refused.reasons.map(({ reason }) => reason)).toEqual([
      'the rate of line 2, which has the same day and term',
      'a term such as 3M, 1Y or a number of days',
      'an annual rate in percent, at most 100 %',
      'a date as YYYY-MM-DD (--date-format says otherwise)',
      '3 columns, as in the header',
    ])
  })

  it('imports nothing when it is only tried, or finds no rate', async () => {
    await imported('date,term,rate\n2014-06-05,30,4\n', { dryRun: true })
    await expect(imported('a,b\n1,2\n')).rejects.toThrow(/:1: expected columns date, term and rate, or date and a column for each term/)
    await expect(imported('date,term,rate\n2014-06-05,30,x\n')).rejects.toThrow(
      /1 were refused; line 2: expected an annual rate in percent/,
    )
    await expect(imported('')).rejects.toThrow(/expected interest rates, found none/)
    expect(await stored()).toEqual([])
  })
})
