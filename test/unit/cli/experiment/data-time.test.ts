import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { dataOf } from '../../../../cli/experiment/data-time.ts'
import { randomDayBars, writeBarsDataset } from '../../../support/backtest/bars-dataset.ts'
import { runSettings } from '../../../support/backtest/run-requests.ts'

describe('the time of the data of an experiment', () => {
  const bars = randomDayBars({ days: 30 })
  const held = { fromUs: bars[0]?.startUs ?? 0, toUs: bars.at(-1)?.endUs ?? 0 }
  const YEAR_US = 365 * 86_400_000_000
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tapedeck-data-time-'))
    await writeBarsDataset(folder, 'wide', bars, { fromUs: held.fromUs - YEAR_US, toUs: held.toUs + YEAR_US })
  })
  afterAll(() => rm(folder, { recursive: true }))

  const timeOf = async (range: { fromUs: number; toUs: number } | undefined) => {
    const { fromUs, toUs } = await dataOf({
      input: { kind: 'dataset', dataDir: folder, name: 'wide' },
      settings: { ...runSettings(), ...(range && { range }) },
    })
    return { fromUs, toUs }
  }

  it('is that of the bars, whatever time the dataset was asked for', async () => {
    expect(await timeOf(undefined)).toEqual(held)
  })

  it('is what a range leaves of that', async () => {
    const fromUs = bars[10]?.startUs ?? 0
    expect(await timeOf({ fromUs, toUs: held.toUs + YEAR_US })).toEqual({ fromUs, toUs: held.toUs })
  })
})
