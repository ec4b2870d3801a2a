/** Runs of strategies over tapes and datasets, and what becomes of those that go wrong. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { beforeAll, afterAll, describe, expect, it } from 'vitest'

import { freezeTape } from '../../../../backtester/dataset/create.ts'
import { encodeBars, type InstrumentBar } from '../../../../backtester/dataset/bars-file.ts'
import { type Dataset, datasetHash } from '../../../../backtester/dataset/dataset.ts'
import { DatasetFolder } from '../../../../backtester/dataset/folder.ts'
import { type InputRequest, prepareInput } from '../../../../backtester/run/input.ts'
import { chooseModel } from '../../../../backtester/run/models.ts'
import { type RunRequest, runStrategy } from '../../../../backtester/run/run.ts'
import { writeTape } from '../../../../db/tape/writer.ts'
import { arbitrageSettings } from '../../../../market/arbitrage/settings.ts'
import type { TapeRecord } from '../../../../market/tick.ts'
import { CONTRACTS } from '../../../support/tape/ticks.ts'

const OPEN_US = Date.UTC(2014, 5, 5, 13, 30) * 1000
const MINUTE_US = 60_000_000
const MINUTES = 120
const STOCK = 0

/** A stock that swings around 70 in regular hours, a quote every 20 s. */
const quotes: TapeRecord[] = Array.from({ length: 3 * MINUTES }, (_, i) => {
  const price = 70 + Math.round(100 * Math.sin(i / 7) * Math.cos(i / 40)) / 100
  const tsUs = OPEN_US + (i * MINUTE_US) / 3 + 1
  return { kind: 'quote', seq: i + 1, tsUs, instrument: STOCK, bidPrice: price - 0.01, askPrice: price + 0.01, bidSize: 500, askSize: 500 }
})
const named: TapeRecord = {
  kind: 'contract',
  seq: 0,
  tsUs: OPEN_US - 10,
  instrument: STOCK,
  contract: CONTRACTS[0] ?? expect.unreachable(),
}

let folder: string
let tape: string
let datasets: DatasetFolder
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tapedeck-run-'))
  datasets = new DatasetFolder(folder)
  tape = join(folder, 'day.tape')
  await writeTape(tape, { source: 'import' }, [[named, ...quotes]])
  const freeze = (name: string, toUs?: number) =>
    freezeTape(tape, { toUs }, { folder: datasets, name, createdAt: '', signal: new AbortController().signal })
  await freeze('day')
  await freeze('cut', OPEN_US + 60 * MINUTE_US)
})
afterAll(() => rm(folder, { recursive: true }))

const onTape = (): InputRequest => ({ kind: 'tape', path: tape, carry: { rate: 0, underlyings: [] } })
const onDataset = (name: string, fromOrigin = false): InputRequest => ({
  kind: 'dataset',
  dataDir: folder,
  name,
  ...(fromOrigin && { fromOrigin: { url: undefined } }),
})

const request = (given: Partial<RunRequest> = {}): RunRequest => ({
  strategy: 'z-score',
  cwd: folder,
  params: { short: true, exit: 0.2, entry: 1.5 },
  settings: {
    cash: 100_000,
    currency: 'USD',
    seed: 1,
    models: {
      fill: chooseModel('fill', 'mid:0.5'),
      latency: chooseModel('latency', 'fixed:10,20'),
      slippage: chooseModel('slippage', 'linear:1'),
      fees: chooseModel('fees', 'percent:0.01'),
      margin: chooseModel('margin', 'reg-t'),
    },
  },
  input: onTape(),
  arbitrage: arbitrageSettings(),
  codeVersion: '0.0.0',
  startedAt: '2026-01-01T00:00:00Z',
  ...given,
})

const settingsWith = ({ fill, slippage = 'none' }: { fill: string; slippage?: string }): RunRequest['settings'] => {
  const { settings } = request()
  return { ...settings, models: { ...settings.models, fill: chooseModel('fill', fill), slippage: chooseModel('slippage', slippage) } }
}

async function own(name: string, body: string): Promise<string> {
  const text = `export default { name: '${name}', version: '1', params: (z) => z.strictObject({ n: z.int().default(1) }), ${body} }`
  await writeFile(join(folder, `${name}.mjs`), text)
  return `./${name}.mjs`
}
const order = (fields: string) =>
  `create: ({ orders }) => ({ onQuote() { orders.submit({ type: 'market', side: 'buy', instrument: 0, quantity: 1, ${fields} }) } })`

/** Bars of days from 2 June 2014 on that open and close at one price. */
async function dailyBars(name: string, closes: readonly number[], more: Partial<Dataset> = {}): Promise<void> {
  const day = 86_400_000_000
  const bars = closes.map((close, i): InstrumentBar => {
    const startUs = Date.UTC(2014, 5, 2 + i, 4) * 1000
    const prices = { open: close, high: close, low: close, close }
    return { instrument: STOCK, startUs, endUs: startUs + day - 4 * 3_600_000_000, ...prices, volume: 1, vwap: undefined, trades: 1 }
  })
  const content = {
    origin: { kind: 'database' as const },
    fromUs: bars[0]?.startUs ?? 0,
    toUs: (bars.at(-1)?.startUs ?? 0) + day,
    symbols: ['TWX'],
    barSeconds: 86_400,
    parts: [],
    bars: { file: 'bars.columns', bars: bars.length, hash: '' },
    instruments: [{ instrument: STOCK, contract: CONTRACTS[0] ?? expect.unreachable() }],
    gaps: [],
    warnings: [],
    ...more,
  }
  await datasets.create(name, async (partial) => {
    await writeFile(join(partial, 'bars.columns'), encodeBars(bars))
    return { format: 1, name, hash: datasetHash(content), createdAt: '', ...content }
  })
}

describe('a run', () => {
  it('gives the same result from the tape, from a dataset of it, and from where the dataset came from', async () => {
    const results = []
    for (const input of [onTape(), onDataset('day'), onDataset('day', true)]) results.push(await runStrategy(request({ input })))
    const [first] = results
    expect(first).toMatchObject({ status: 'complete', counts: { ticks: 3 * MINUTES, bars: 0 } })
    expect(first?.fills.length).toBeGreaterThan(4)
    expect(new Set(results.map(({ hash }) => hash)).size).toBe(1)
    expect(JSON.parse(JSON.stringify(first))).toMatchObject({ hash: first?.hash, instruments: [{ instrument: STOCK }] })
  })

  it('draws other numbers for another seed, and the same for the same', async () => {
    const settings = request().settings
    const of = async (seed: number) => (await runStrategy(request({ settings: { ...settings, seed } }))).hash
    expect(await of(1)).toBe(await of(1))
    expect(await of(2)).not.toBe(await of(1))
  })

  it('is the same up to the end of a dataset that was cut there', async () => {
    const [whole, cut] = [await runStrategy(request({ input: onDataset('day') })), await runStrategy(request({ input: onDataset('cut') }))]
    const untilUs = cut.equity.at(-1)?.tsUs ?? expect.unreachable()
    expect(cut.fills.length).toBeGreaterThan(2)
    expect(whole.fills.length).toBeGreaterThan(cut.fills.length)
    expect(whole.fills.filter(({ tsUs }) => tsUs <= untilUs)).toEqual([...cut.fills])
    expect([...whole.equity].filter(({ tsUs }) => tsUs <= untilUs)).toEqual([...cut.equity])
    expect(whole.orders.slice(0, cut.orders.length).map((one) => one.request)).toEqual(cut.orders.map((one) => one.request))
  })

  it('has a point of equity for each minute in which a tick came, and the costs of its fills', async () => {
    const { equity, fills, costs } = await runStrategy(request())
    expect(equity).toHaveLength(MINUTES)
    const commissions = [...fills].reduce((sum, { commission }) => sum + Math.round(commission * 10_000), 0)
    expect(Math.round(costs.commission * 10_000)).toBe(commissions)
  })

  it('runs on bars, each told at its end', async () => {
    await dailyBars('bars', [70, 71, 72, 60], { warnings: ['TWX has no bar on 1 market day.'] })
    const results = []
    for (const fill of ['touch', 'bar-next-open', 'mid:0.5'])
      results.push(
        await runStrategy(
          request({ strategy: 'buy-and-hold', params: { quantity: 10 }, input: onDataset('bars'), settings: settingsWith({ fill }) }),
        ),
      )
    const [result = expect.unreachable(), named, unfit] = results
    expect(result).toMatchObject({ status: 'complete', counts: { bars: 4 }, dataset: { warnings: ['TWX has no bar on 1 market day.'] } })
    expect([...result.fills]).toMatchObject([{ price: 71, quantity: 10 }])
    expect(result.equity.map(({ exposure }) => exposure)).toEqual([0, 710, 720, 600])
    expect(named).toMatchObject({ status: 'complete', hash: result.hash, settings: { models: { fill: { name: 'bar-next-open' } } } })
    expect(unfit?.error).toMatchObject({ code: 'run-model', message: expect.stringContaining('Choose touch or bar-next-open') as string })
  })

  it('splits what is held on bars as traded, pays their dividends, and pays neither twice on adjusted ones', async () => {
    await dailyBars('raw', [70, 71, 36, 30], {
      prices: 'raw',
      actions: [
        { kind: 'split', instrument: STOCK, exDate: '2014-06-04', ratio: 2 },
        { kind: 'dividend', instrument: STOCK, exDate: '2014-06-05', amount: 0.5 },
      ],
    })
    await dailyBars('adjusted', [35, 35.5, 36, 30])
    const of = async (name: string, quantity: number, input = onDataset(name)) => {
      const settings = { ...settingsWith({ fill: 'bar-next-open' }), benchmark: { symbol: 'TWX' } }
      return runStrategy(request({ strategy: 'buy-and-hold', params: { quantity }, input, settings }))
    }
    const [raw, adjusted] = [await of('raw', 10), await of('adjusted', 20)]
    expect([...raw.fills]).toMatchObject([{ price: 71, quantity: 10 }])
    expect(raw).toMatchObject({
      status: 'complete',
      income: { dividend: 10 },
      dataset: { prices: 'raw' },
    })
    expect(raw.events.map(({ kind }) => kind)).toEqual(['split', 'dividend'])
    expect(raw.equity.map(({ exposure }) => exposure)).toEqual([0, 710, 720, 600])
    expect(adjusted.income.dividend).toBe(0)
    expect(raw.equity.map(({ equity }, i) => equity - (adjusted.equity.at(i)?.equity ?? 0))).toEqual([0, 0, 0, expect.closeTo(10, 4)])
    const from = onDataset('raw') as Parameters<typeof prepareInput>[0]
    expect((await of('raw', 10, await prepareInput(from))).hash).toBe(raw.hash)
    // What was paid is put into more of it at the close of 30.
    const values = raw.benchmark?.map(({ value }) => value)
    expect(values).toEqual([70, 71, 72, expect.closeTo(60 * (1 + 0.5 / 30), 9)])
  })

  it('names what came without an order: the shares of an option that was exercised', async () => {
    const path = join(folder, 'expiring.tape')
    const contract = {
      kind: 'option',
      symbol: 'TWX',
      currency: 'USD',
      expiry: '2014-06-05',
      strike: 60,
      right: 'C',
      multiplier: 100,
      tradingClass: 'TWX',
    } as const
    const option: TapeRecord = { kind: 'contract', seq: 0, tsUs: OPEN_US - 9, instrument: 1, contract }
    const offered: TapeRecord = {
      kind: 'quote',
      seq: 0,
      tsUs: OPEN_US,
      instrument: 1,
      bidPrice: 9.9,
      askPrice: 10,
      bidSize: 50,
      askSize: 50,
    }
    const close: TapeRecord = {
      kind: 'trade',
      seq: 999,
      tsUs: OPEN_US + 390 * MINUTE_US,
      instrument: STOCK,
      price: 70,
      size: 100,
      source: 'import',
    }
    await writeTape(path, { source: 'import' }, [[named, option, offered, ...quotes, close]])
    const strategy = await own(
      'buys-one',
      "create: ({ orders }) => ({ onQuote({ instrument }) { if (instrument === 1) orders.submit({ type: 'market', side: 'buy', instrument, quantity: 1 }) } })",
    )
    const given = request({
      strategy,
      params: {},
      input: { kind: 'tape', path, carry: { rate: 0, underlyings: [] } },
      settings: settingsWith({ fill: 'touch' }),
    })
    const { instruments, orders, events } = await runStrategy(given)
    expect(events.filter(({ kind }) => kind === 'exercise')).toHaveLength(1)
    expect(new Set(orders.map((one) => one.request.instrument))).toEqual(new Set([1]))
    expect(instruments.map(({ instrument }) => instrument)).toEqual([STOCK, 1])
  })

  it('refuses on ticks a model that fills in bars', async () => {
    const { error } = await runStrategy(request({ settings: settingsWith({ fill: 'bar-next-open' }) }))
    expect(error).toMatchObject({ code: 'run-model', message: expect.stringContaining('Choose touch or mid:PROBABILITY') as string })
  })

  it('pays the impact that its model names on top of the price of the bar', async () => {
    const settings = settingsWith({ fill: 'bar-next-open', slippage: 'impact:0.02' })
    const { fills } = await runStrategy(request({ strategy: 'buy-and-hold', params: { quantity: 1 }, input: onDataset('bars'), settings }))
    // One share of one that traded: all of the volume.
    expect(fills.at(0)?.price).toBeCloseTo(71 * (1 + 0.142 * 0.02), 10)
  })
})

describe('a run that goes wrong', () => {
  const wrong: [string, string, string][] = [
    ['throws', "create: () => ({ onQuote() { throw new Error('no idea') } })", 'strategy-threw'],
    ['cannot be made', "create() { throw new Error('no idea') }", 'strategy-threw'],
    ['orders a quantity of NaN', order('quantity: Number.NaN'), 'strategy-order'],
    ['orders what it does not know', order('instrument: 99'), 'strategy-contract'],
  ]
  it.each(wrong)('has failed where the strategy %s', async (name, body, code) => {
    const result = await runStrategy(request({ strategy: await own(name.replaceAll(' ', '-').toLowerCase(), body), params: {} }))
    expect(result).toMatchObject({ status: 'failed', error: { code } })
  })

  it('keeps what it did until then', async () => {
    const body =
      "create: ({ orders }) => ({ onFill() { throw new Error('enough') }, onQuote({ instrument }) { orders.submit({ type: 'market', side: 'buy', instrument, quantity: 1 }) } })"
    const result = await runStrategy(request({ strategy: await own('enough', body), params: {} }))
    expect(result).toMatchObject({ status: 'failed', orders: [{ status: 'filled' }, ...result.orders.slice(1)] })
    expect([...result.fills]).toMatchObject([{ quantity: 1 }])
    expect(result.error?.message).toContain('enough')
  })

  it.each([
    [{ params: { period: 1 } }, 'strategy-params', 'period: '],
    [{ params: { periods: 10 } }, 'strategy-params', 'periods'],
    [{ params: { entry: 5 } }, 'strategy-params', 'exit < entry < stop'],
    [{ strategy: 'nobody' }, 'strategy-unknown', 'There are: buy-and-hold, sma-cross, z-score'],
    [{ strategy: './nobody.mjs' }, 'strategy-unknown', 'There is no file'],
    [{ input: onDatasetNamed('nothing') }, 'dataset-unknown', 'There are: '],
  ])('has failed with what was expected, found and to do: %j', async (given: Partial<RunRequest>, code, message) => {
    const input = given.input?.kind === 'dataset' ? { ...given.input, dataDir: folder } : onTape()
    const result = await runStrategy(request({ ...given, input }))
    expect(result).toMatchObject({ status: 'failed', error: { code } })
    expect(result.error?.message).toContain(message)
  })

  it('names what is wrong with the shape of a file', async () => {
    await writeFile(join(folder, 'shapeless.mjs'), "export default { name: 'shapeless', version: '1' }")
    const { error } = await runStrategy(request({ strategy: './shapeless.mjs' }))
    expect(error?.message).toContain('shapeless.mjs: params: expected a schema')
  })
})

function onDatasetNamed(name: string): InputRequest {
  return { kind: 'dataset', dataDir: '', name }
}

describe('a model', () => {
  it('is chosen by its name and what it takes', () => {
    expect(chooseModel('fees', 'percent:0.1')).toEqual({ name: 'percent', params: { percent: 0.1 } })
    expect(chooseModel('latency', 'fixed:50,100')).toEqual({ name: 'fixed', params: { feedMs: 50, orderMs: 100 } })
  })

  it.each([
    ['fill', 'mid'],
    ['fill', 'mid:2'],
    ['fill', 'toString'],
    ['latency', 'fixed:1'],
    ['slippage', 'linear:-1'],
    ['fees', 'percent:'],
  ] as const)('is refused with those there are: --%s %s', (kind, text) => {
    expect(() => chooseModel(kind, text)).toThrow(`--${kind}: expected `)
  })
})
