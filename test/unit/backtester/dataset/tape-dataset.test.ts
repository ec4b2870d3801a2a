/** Datasets that are frozen from a tape file: the same rules hold for those of a database. */

import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'

import { BarRows, decodeBars, encodeBars } from '../../../../backtester/dataset/bars-file.ts'
import { freezeTape } from '../../../../backtester/dataset/create.ts'
import type { Dataset } from '../../../../backtester/dataset/dataset.ts'
import { DatasetFolder } from '../../../../backtester/dataset/folder.ts'
import { type DatasetPlace, recordsOf } from '../../../../backtester/dataset/source.ts'
import type { TapePart } from '../../../../backtester/dataset/tape-part.ts'
import { verifyDataset } from '../../../../backtester/dataset/verify.ts'
import { writeTape } from '../../../../db/tape/writer.ts'
import type { TapeRecord } from '../../../../market/tick.ts'
import { CONTRACTS, FIRST_TS_US, quotes } from '../../../support/tape/ticks.ts'

const named: TapeRecord[] = CONTRACTS.map((contract, instrument) => ({
  kind: 'contract',
  seq: instrument,
  tsUs: FIRST_TS_US - 10,
  instrument,
  contract,
}))
const gap: TapeRecord = {
  kind: 'gap',
  seq: 50,
  tsUs: FIRST_TS_US + 9_500,
  fromTsUs: FIRST_TS_US + 8_000,
  toTsUs: FIRST_TS_US + 9_500,
  cause: 'link',
}
const RECORDS = [...named, ...quotes(1, 9), gap, ...quotes(10, 21)]

let folder: string
let datasets: DatasetFolder
let tape: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tapedeck-dataset-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  datasets = new DatasetFolder(folder)
  tape = join(folder, 'day.tape')
  await writeTape(tape, { source: 'import' }, [RECORDS])
})

const freeze = (name: string, part: TapePart = {}, createdAt = '2026-01-01T00:00:00Z') =>
  freezeTape(tape, part, { folder: datasets, name, createdAt, signal: new AbortController().signal })

async function read(dataset: Dataset, place: DatasetPlace): Promise<TapeRecord[]> {
  const all: TapeRecord[] = []
  for await (const { records } of recordsOf(dataset, place).records()) all.push(...records)
  return all
}
const files = (dataset: Dataset): DatasetPlace => ({ kind: 'files', pathOf: (file) => datasets.pathOf(dataset, file) })

describe('a dataset of a tape', () => {
  it('gives the same records from its own file and from the tape', async () => {
    const dataset = await freeze('day')
    const own = await read(dataset, files(dataset))
    expect(own).toEqual(await read(dataset, { kind: 'origin', url: undefined }))
    expect(own).toEqual(RECORDS)
    expect(dataset).toMatchObject({ symbols: ['FOXA', 'TWX'], fromUs: FIRST_TS_US + 1000, toUs: FIRST_TS_US + 30_001 })
    expect(dataset.gaps).toEqual([{ fromTsUs: FIRST_TS_US + 8_000, toTsUs: FIRST_TS_US + 9_500, cause: 'link' }])
  })

  it('holds the ticks of its range and symbols alone, and the contracts that explain them', async () => {
    const dataset = await freeze('part', { fromUs: FIRST_TS_US + 10_000, toUs: FIRST_TS_US + 20_000, symbols: ['TWX'] })
    const records = await read(dataset, files(dataset))
    expect(records.filter(({ kind }) => kind === 'contract')).toEqual(named.slice(0, 2))
    expect(records.filter(({ kind }) => kind === 'quote').map(({ seq }) => seq)).toEqual([10, 12, 13, 15, 16, 18, 19])
    expect(dataset.parts[0]?.ticks).toBe(7)
  })

  it('has the hash of what it holds, whatever it is named and whenever it was frozen', async () => {
    const { hash } = await freeze('one')
    expect((await freeze('other', {}, '2027-01-01T00:00:00Z')).hash).toBe(hash)
    expect((await freeze('less', { toUs: FIRST_TS_US + 30_000 })).hash).not.toBe(hash)
  })

  it('is found by its name until it is removed', async () => {
    await freeze('day')
    expect((await datasets.list()).map(({ name }) => name)).toEqual(['day'])
    await expect(freeze('day')).rejects.toMatchObject({ code: 'dataset-exists' })
    await expect(datasets.find('night')).rejects.toThrow('There is no dataset "night". There are: day.')
    await datasets.remove('day')
    expect(await datasets.list()).toEqual([])
    expect(await readdir(join(folder, 'datasets'))).toEqual([])
  })

  it('is not left half made: a range without a tick makes none', async () => {
    await expect(freeze('empty', { fromUs: FIRST_TS_US + 1_000_000 })).rejects.toMatchObject({ code: 'dataset-empty' })
    await expect(freeze('../away')).rejects.toMatchObject({ code: 'dataset-name' })
    expect(await readdir(join(folder, 'datasets'))).toEqual([])
  })
})

describe('the check of a dataset', () => {
  it('finds nothing where nothing changed', async () => {
    const dataset = await freeze('day')
    expect(await verifyDataset(datasets, dataset, { url: undefined })).toMatchObject({ ok: true, problems: [], origin: true })
  })

  it('names a file that was changed, cut or removed', async () => {
    const dataset = await freeze('day')
    const path = datasets.pathOf(dataset, 'session-0.tape')
    const bytes = await readFile(path)
    await writeFile(path, bytes.subarray(0, bytes.length - 48))
    expect((await verifyDataset(datasets, dataset)).problems).toEqual([expect.stringContaining('is cut')])
    await rm(path)
    expect((await verifyDataset(datasets, dataset)).problems).toEqual([expect.stringContaining('does not exist')])
    await writeTape(path, { source: 'import' }, [RECORDS.slice(1)])
    expect((await verifyDataset(datasets, dataset)).problems).toEqual(['session-0.tape does not hold what was frozen.'])
  })

  it('names a tape that no longer holds what was frozen', async () => {
    const dataset = await freeze('day')
    await writeTape(tape, { source: 'import' }, [RECORDS.slice(0, -1)])
    expect((await verifyDataset(datasets, dataset)).ok).toBe(true)
    expect((await verifyDataset(datasets, dataset, { url: undefined })).problems).toEqual([expect.stringContaining('day.tape, session 0,')])
  })
})

describe('the file of bars', () => {
  const bar = { instrument: 3, startUs: 1, endUs: 2, open: 1.5, high: 2, low: 1, close: 1.25, volume: 0, vwap: undefined, trades: 0 }
  const bars = [bar, { ...bar, instrument: 4, vwap: 1.3, volume: 100, trades: 2 }]

  it('gives back what was written, and nothing of a file that was cut', () => {
    const bytes = encodeBars(bars)
    expect([...BarRows.of(decodeBars(bytes, 'a file'))]).toEqual(bars)
    expect([...BarRows.of(decodeBars(encodeBars([]), 'a file'))]).toEqual([])
    expect(() => decodeBars(bytes.subarray(0, bytes.length - 8), 'a file')).toThrow('a file is damaged')
    expect(() => decodeBars(Buffer.from('no bars'), 'a file')).toThrow('a file is damaged')
  })
})
