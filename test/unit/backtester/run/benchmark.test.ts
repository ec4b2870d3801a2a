/** Runs beside a benchmark: an instrument of the same data, or of another dataset. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { encodeBars, type InstrumentBar } from '../../../../backtester/dataset/bars-file.ts'
import { datasetHash } from '../../../../backtester/dataset/dataset.ts'
import { DatasetFolder } from '../../../../backtester/dataset/folder.ts'
import { summarise } from '../../../../backtester/metrics/summary.ts'
import { runPage } from '../../../../backtester/report/page.ts'
import { chooseModel } from '../../../../backtester/run/models.ts'
import type { BenchmarkSettings, RunResult } from '../../../../backtester/run/result.ts'
import { runStrategy } from '../../../../backtester/run/run.ts'
import { writeTape } from '../../../../db/tape/writer.ts'
import { arbitrageSettings } from '../../../../market/arbitrage/settings.ts'
import type { TapeRecord } from '../../../../market/tick.ts'
import { atNewYork } from '../../../support/backtest/run-result.ts'

const TWX = 1
const IBM = 2
const DAYS = ['2014-06-02', '2014-06-03', '2014-06-04', '2014-06-05', '2014-06-06']
/** Half of what IBM does, and 0.1 % a day more. */
const MARKET = [0.01, -0.02, 0.03, -0.01]
const CLOSES = {
  [IBM]: compounded(100, MARKET),
  [TWX]: compounded(
    1000,
    MARKET.map((part) => 0.001 + part / 2),
  ),
}

function compounded(start: number, returns: readonly number[]): number[] {
  return returns.reduce<number[]>((values, part) => [...values, (values.at(-1) ?? start) * (1 + part)], [start])
}

let folder: string
let datasets: DatasetFolder
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tapedeck-benchmark-'))
  datasets = new DatasetFolder(folder)
  await freeze('both', [TWX, IBM], DAYS)
  await freeze('market', [IBM], DAYS)
  await freeze('later', [IBM], ['2015-06-01', '2015-06-02', '2015-06-03', '2015-06-04', '2015-06-05'])
})
afterAll(() => rm(folder, { recursive: true }))

async function freeze(name: string, instruments: readonly (typeof TWX | typeof IBM)[], days: readonly string[]): Promise<void> {
  const bars = days.flatMap((date, day) =>
    instruments.map((instrument): InstrumentBar => {
      const close = CLOSES[instrument][day] ?? Number.NaN
      const times = { startUs: atNewYork(date, 0), endUs: atNewYork(date, 16) }
      return { instrument, ...times, open: close, high: close, low: close, close, volume: 1, vwap: undefined, trades: 1 }
    }),
  )
  const content = {
    origin: { kind: 'database' as const },
    fromUs: atNewYork(days[0] ?? '', 0),
    toUs: atNewYork(days.at(-1) ?? '', 24),
    symbols: instruments.map((instrument) => (instrument === TWX ? 'TWX' : 'IBM')),
    barSeconds: 86_400,
    parts: [],
    bars: { file: 'bars.columns', bars: bars.length, hash: '' },
    instruments: instruments.map((instrument) => {
      return { instrument, contract: { kind: 'stock' as const, symbol: instrument === TWX ? 'TWX' : 'IBM', currency: 'USD' } }
    }),
    gaps: [],
    warnings: [],
  }
  await datasets.create(name, async (partial) => {
    await writeFile(join(partial, 'bars.columns'), encodeBars(bars))
    return { format: 1, name, hash: datasetHash(content), createdAt: '', ...content }
  })
}

const settings = (benchmark: BenchmarkSettings) => ({
  cash: 100_000,
  currency: 'USD',
  seed: 1,
  models: {
    fill: chooseModel('fill', 'touch'),
    latency: chooseModel('latency', 'none'),
    slippage: chooseModel('slippage', 'none'),
    fees: chooseModel('fees', 'none'),
  },
  benchmark,
})

/** Holds all of what the account has in TWX from the first close on. */
async function run(benchmark: BenchmarkSettings, dataset = 'both'): Promise<RunResult> {
  const body = `create: ({ orders }) => ({
    onBar(bar, instrument) { if (instrument === ${TWX} && bar.startUs === ${atNewYork('2014-06-02', 0)}) orders.submit({ type: 'market', side: 'buy', instrument, quantity: 99 }) } })`
  await writeFile(join(folder, 'holder.mjs'), `export default { name: 'holder', version: '1', params: (z) => z.strictObject({}), ${body} }`)
  return runStrategy({
    strategy: './holder.mjs',
    cwd: folder,
    params: {},
    settings: settings(benchmark),
    input: { kind: 'dataset', dataDir: folder, name: dataset },
    dataDir: folder,
    arbitrage: arbitrageSettings(),
    codeVersion: '0.0.0',
    startedAt: '2026-01-01T00:00:00Z',
  })
}

describe('a run with a benchmark', () => {
  it('keeps its prices by day, and is compared with it on the days that both have', async () => {
    const result = await run({ symbol: 'IBM' })
    expect(result).toMatchObject({ status: 'complete', settings: { benchmark: { symbol: 'IBM' } } })
    expect(result.benchmark).toEqual(DAYS.map((date, day) => ({ date, value: CLOSES[IBM][day] })))
    const { figures, days } = summarise(JSON.parse(JSON.stringify(result)) as RunResult)
    expect(figures['benchmarkReturn']).toBeCloseTo(MARKET.reduce((product, part) => product * (1 + part), 1) - 1, 10)
    // Ordinary least squares of four points, by hand.
    const own = days.slice(1).map((day) => day.return)
    const [meanOwn, meanMarket] = [own, MARKET].map((values) => values.reduce((sum, value) => sum + value, 0) / 4) as [number, number]
    const covariance = own.reduce((sum, value, i) => sum + (value - meanOwn) * ((MARKET[i] ?? 0) - meanMarket), 0)
    const variance = MARKET.reduce((sum, value) => sum + (value - meanMarket) ** 2, 0)
    expect(figures['beta']).toBeCloseTo(covariance / variance, 10)
    expect(figures['alpha']).toBeCloseTo((1 + meanOwn - (covariance / variance) * meanMarket) ** 252 - 1, 6)
    for (const name of ['upCapture', 'downCapture', 'informationRatio']) expect(figures[name], name).toBeTypeOf('number')
  })

  it('is the same where the benchmark is in a dataset of its own, and shows it in its report', async () => {
    const [own, other] = [await run({ symbol: 'IBM' }), await run({ symbol: 'IBM', dataset: 'market' })]
    expect(other.benchmark).toEqual(own.benchmark)
    expect(summarise(other, { intervals: false }).figures).toEqual(summarise(own, { intervals: false }).figures)
    const page = runPage({ name: 'run 1', result: other, summary: summarise(other) })
    expect(page).toMatch(/<th scope="row">Benchmark<\/th><td>IBM of market<\/td>/)
    expect(page).toMatch(/Return since the start \(%\), from 2014-06-0\d to 2014-06-06\. run: [^.]*.* IBM: first 0 %/)
  })

  it('takes the middle of the quotes of a tape', async () => {
    const path = join(folder, 'quotes.tape')
    const contract: TapeRecord = {
      kind: 'contract',
      seq: 1,
      tsUs: atNewYork('2014-06-02', 9),
      instrument: IBM,
      contract: { kind: 'stock', symbol: 'IBM', currency: 'USD' },
    }
    const quotes = DAYS.flatMap((date, day) =>
      [15, 15.5].map((hours, i): TapeRecord => {
        const price = (CLOSES[IBM][day] ?? 0) - (i === 0 ? 5 : 0)
        return {
          kind: 'quote',
          seq: 2 + 2 * day + i,
          tsUs: atNewYork(date, hours),
          instrument: IBM,
          bidPrice: price - 1,
          askPrice: price + 1,
        }
      }),
    )
    await writeTape(path, { source: 'import' }, [[contract, ...quotes]])
    const given = { strategy: 'buy-and-hold', cwd: folder, params: {}, arbitrage: arbitrageSettings(), codeVersion: '', startedAt: '' }
    const input = { kind: 'tape', path, carry: { rate: 0, underlyings: [] } } as const
    const result = await runStrategy({ ...given, settings: settings({ symbol: 'IBM' }), input })
    expect(result.benchmark?.map(({ value }) => value)).toEqual(CLOSES[IBM])
  })

  it('has failed where they do not overlap, with both times in the error, and can be summarised', async () => {
    const result = await run({ symbol: 'IBM', dataset: 'later' })
    expect(result).toMatchObject({ status: 'failed', error: { code: 'benchmark-range' } })
    expect(result.error?.message).toContain('from 2015-06-02 to 2015-06-05, the run from 2014-06-02 to 2014-06-06')
    expect(result.fills).toHaveLength(1)
    expect(summarise(result).figures['trades']).toBe(0)
  })

  it.each([
    [{ symbol: 'SPY' }, 'benchmark-unknown', 'expected a stock or an index of the data (IBM, TWX), found SPY'],
    [{ symbol: 'SPY', dataset: 'market' }, 'benchmark-unknown', 'of dataset market (IBM), found SPY'],
    [{ symbol: 'IBM', dataset: 'nothing' }, 'dataset-unknown', 'There are: both, later, market'],
  ])('has failed with what there is: %j', async (benchmark, code, message) => {
    const { status, error } = await run(benchmark)
    expect([status, error?.code]).toEqual(['failed', code])
    expect(error?.message).toContain(message)
  })
})
