import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { beforeAll, expect, it, onTestFinished } from 'vitest'

import { freezeBars, freezeTicks } from '../../backtester/dataset/create.ts'
import { BarRows, readBars } from '../../backtester/dataset/bars-file.ts'
import type { Dataset } from '../../backtester/dataset/dataset.ts'
import { DatasetFolder } from '../../backtester/dataset/folder.ts'
import { type DatasetPlace, originBars, recordsOf } from '../../backtester/dataset/source.ts'
import { verifyDataset } from '../../backtester/dataset/verify.ts'
import { createPool } from '../../db/pool.ts'
import { createTickStore } from '../../db/write/tick-store.ts'
import { isTick, type TapeRecord } from '../../market/tick.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { ask } from '../support/process/collecting.ts'
import { at, LineSession } from '../support/tape/line-session.ts'
import { block, contractOf, quote } from '../support/tape/ticks.ts'

const SECOND_US = 1_000_000
const TWX = 0
const DAY = { symbols: ['TWX'], fromUs: at('13:30:00'), toUs: at('13:31:00') }

/** A quote of TWX each second of that minute, its bid saying who recorded it. */
const bids = (bid: number, fromSecond: number, toSecond: number) =>
  Array.from({ length: toSecond - fromSecond }, (_, i) =>
    quote(1000 + fromSecond + i, { instrument: TWX, tsUs: DAY.fromUs + (fromSecond + i) * SECOND_US, bidPrice: bid, askPrice: 99 }),
  )

forEachEdition('a dataset of the database', ({ createTapeDatabase }) => {
  let url: string
  beforeAll(async () => {
    url = await createTapeDatabase()
    const pool = createPool({ url, lanes: 1, logger: { warn: () => undefined } })
    const store = createTickStore({ pool })
    const first = new LineSession(at('13:29:00'))
      .opened(TWX, '13:29:30')
      .gap('13:30:20', '13:30:30', 'link-lost')
      .ended('13:30:50', 'SIGTERM')
    const second = new LineSession(at('13:29:10')).opened(TWX, '13:29:40').ended('13:31:00', 'SIGTERM')
    const inOrder = (records: TapeRecord[]) => records.sort((one, other) => one.tsUs - other.tsUs)
    await store.store({ sessionId: 1, batchNo: 1, blocks: [block(inOrder([...first.records, ...bids(1, 0, 50)]))] }, contractOf)
    await store.store({ sessionId: 2, batchNo: 1, blocks: [block(inOrder([...second.records, ...bids(2, 0, 60)]))] }, contractOf)
    await pool.end()
  })

  async function newFolder(): Promise<DatasetFolder> {
    const folder = await mkdtemp(join(tmpdir(), 'tapedeck-dataset-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    return new DatasetFolder(folder)
  }
  const options = (folder: DatasetFolder) => ({ folder, name: 'day', createdAt: '', signal: new AbortController().signal })
  async function read(dataset: Dataset, place: DatasetPlace): Promise<TapeRecord[]> {
    const all: TapeRecord[] = []
    for await (const { records } of recordsOf(dataset, place).records()) all.push(...records)
    return all
  }

  it('takes each tick once where two sessions recorded it, and fills a gap of one with the other', async () => {
    const folder = await newFolder()
    const dataset = await freezeTicks(url, DAY, options(folder))
    const own = await read(dataset, { kind: 'files', pathOf: (file) => folder.pathOf(dataset, file) })
    const sources = own.filter(isTick).map((tick) => (tick.kind === 'quote' ? tick.bidPrice : undefined))
    expect(sources).toEqual(Array.from({ length: 60 }, (_, i) => (i < 20 ? 1 : i < 30 ? 2 : i <= 50 ? (i < 50 ? 1 : 2) : 2)))
    expect(own.filter(isTick).every(({ tsUs }, i, all) => i === 0 || tsUs > (all[i - 1]?.tsUs ?? 0))).toBe(true)
    expect(dataset.gaps).toEqual([])
    expect(await read(dataset, { kind: 'origin', url })).toEqual(own)
    expect(await verifyDataset(folder, dataset, { url })).toMatchObject({ ok: true, origin: true })
  })

  it('notices that a tick of it was deleted since', async () => {
    const folder = await newFolder()
    const dataset = await freezeTicks(url, { ...DAY, toUs: at('13:30:05') }, options(folder))
    const [row] = await ask<{ ts: string }>(url, 'DELETE FROM quotes WHERE session_id = 1 AND seq = 1002 RETURNING ts::text')
    expect(row?.ts).toBeDefined()
    expect(await verifyDataset(folder, dataset)).toMatchObject({ ok: true })
    expect((await verifyDataset(folder, dataset, { url })).problems).toEqual(['The database, session 1, does not hold what was frozen.'])
  })

  it('holds imported bars as adjusted by a day, names the days that they miss, and knows a day at its close', async () => {
    await ask(url, "UPDATE instruments SET calendar = 'XNYS' WHERE symbol = 'TWX' AND kind = 'stock'")
    await ask(
      url,
      `INSERT INTO bars SELECT instrument_id, 86400, (d || ' 04:00Z')::timestamptz, d::date, p, p, p, p, 100, NULL, NULL, 'test'
       FROM instruments, (VALUES ('2014-06-02', 80), ('2014-06-03', 80), ('2014-06-05', 40)) AS b (d, p) WHERE symbol = 'TWX' AND kind = 'stock'`,
    )
    await ask(
      url,
      `INSERT INTO corporate_actions SELECT instrument_id, 'split', '2014-06-05', '2014-06-05', NULL, 2, 'paid', 'test'
       FROM instruments WHERE symbol = 'TWX' AND kind = 'stock'`,
    )
    const range = { symbols: ['TWX'], fromUs: at('2014-06-02T00:00:00'), toUs: at('2014-06-06T00:00:00'), barSeconds: 86_400 }
    const folder = await newFolder()
    const dataset = await freezeBars(url, { ...range, asOf: '2014-06-05' }, options(folder))
    const bars = [...BarRows.of(await readBars(folder.pathOf(dataset, dataset.bars?.file ?? '')))]
    expect(bars.map(({ close, endUs }) => [close, endUs])).toEqual([
      [40, at('2014-06-02T20:00:00')],
      [40, at('2014-06-03T20:00:00')],
      [40, at('2014-06-05T20:00:00')],
    ])
    expect(dataset.gaps).toMatchObject([{ fromTsUs: at('2014-06-04T13:30:00'), toTsUs: at('2014-06-04T20:00:00'), cause: 'no-bar' }])
    expect(dataset.warnings).toEqual(['TWX has no bar on 1 market day from 2014-06-04 to 2014-06-04.'])
    expect(await verifyDataset(folder, dataset, { url })).toMatchObject({ ok: true })
    const raw = await freezeBars(url, { ...range, prices: 'raw', asOf: '2014-06-05' }, { ...options(folder), name: 'raw' })
    expect((await originBars(raw, url)).bars.map(({ close }) => close)).toEqual([80, 80, 40])
    expect(raw.actions).toEqual([{ kind: 'split', instrument: raw.instruments[0]?.instrument, exDate: '2014-06-05', ratio: 2 }])
    expect(await verifyDataset(folder, raw, { url })).toMatchObject({ ok: true })
    expect(dataset.actions).toBeUndefined()
    await ask(url, "UPDATE corporate_actions SET ratio = 4 WHERE source = 'test'")
    expect((await verifyDataset(folder, raw, { url })).problems).toEqual([
      'The database, splits and dividends, does not hold what was frozen.',
    ])
    const before = await freezeBars(
      url,
      { ...range, toUs: at('2014-06-05T00:00:00'), asOf: '2014-06-04' },
      { ...options(folder), name: 'before' },
    )
    expect((await originBars(before, url)).bars.map(({ close }) => close)).toEqual([80, 80])
  })

  it('is refused where nothing was recorded', async () => {
    const folder = await newFolder()
    await expect(freezeTicks(url, { ...DAY, symbols: ['IBM'] }, options(folder))).rejects.toMatchObject({ code: 'dataset-empty' })
    const bars = { ...DAY, symbols: ['IBM'], barSeconds: 86_400, asOf: '2014-06-05' }
    await expect(freezeBars(url, bars, options(folder))).rejects.toThrow('no bars of IBM')
  })
})
