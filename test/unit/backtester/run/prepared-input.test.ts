import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect, it } from 'vitest'

import { openInput, prepareInput, type RunInput } from '../../../../backtester/run/input.ts'
import { randomDayBars, writeBarsDataset } from '../../../support/backtest/bars-dataset.ts'
import { placeForTest } from '../../../support/process/command.ts'

async function barsOf(input: RunInput) {
  const bars = []
  for await (const chunk of input.chunks()) bars.push(...chunk.bars)
  expect(bars.length).toBeGreaterThan(0)
  return bars
}

it('gives what its dataset gives, splits and dividends too, from memory that threads share', async () => {
  const { dataDir } = await placeForTest()
  await writeBarsDataset(dataDir, 'daily', randomDayBars({ days: 50 }))
  const manifest = join(dataDir, 'datasets', 'daily', 'dataset.json')
  const actions = [{ kind: 'split', instrument: 1, exDate: '2014-01-15', ratio: 2 }]
  await writeFile(manifest, JSON.stringify({ ...JSON.parse(await readFile(manifest, 'utf8')), actions }))

  const from = { kind: 'dataset', dataDir, name: 'daily' } as const
  const prepared = await prepareInput(from)
  expect(prepared.columns?.numbers.buffer).toBeInstanceOf(SharedArrayBuffer)
  const [direct, shared] = [await openInput(from), await openInput(prepared)]
  expect({ ...shared, chunks: undefined }).toEqual({ ...direct, chunks: undefined })
  expect(shared.actions).toEqual(actions)
  expect(await barsOf(shared)).toEqual(await barsOf(direct))
})
