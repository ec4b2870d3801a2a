/** Datasets of bars to measure with: prices that walk, the same on every run. */

import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { encodeBars, hashOfBytes, type InstrumentBar } from '../../backtester/dataset/bars-file.ts'
import { datasetHash } from '../../backtester/dataset/dataset.ts'
import { DatasetFolder } from '../../backtester/dataset/folder.ts'
import { chooseModel } from '../../backtester/run/models.ts'
import type { RunRequest } from '../../backtester/run/run.ts'
import { arbitrageSettings } from '../../market/arbitrage/settings.ts'
import { nyse } from '../../market/calendar/calendar.ts'

const MINUTE_US = 60_000_000

/** Daily bars of so many symbols over five years. */
export function dailyBars(symbols: number): InstrumentBar[] {
  const walk = priceWalk(symbols)
  const sessions = nyse.sessions('2015-01-02', '2019-12-31')
  return sessions.flatMap(({ date, closeUs }) => {
    const startUs = nyse.zone.toUs(date, 0)
    return Array.from({ length: symbols }, (_, i) => walk(i, startUs, closeUs))
  })
}

/** Bars of the minutes of trading, of one symbol. */
export function minuteBars(count: number): InstrumentBar[] {
  const walk = priceWalk(1)
  const bars: InstrumentBar[] = []
  for (const { openUs, closeUs } of nyse.sessions('2005-01-03', '2019-12-31'))
    for (let startUs = openUs; startUs < closeUs && bars.length < count; startUs += MINUTE_US)
      bars.push(walk(0, startUs, startUs + MINUTE_US - 1))
  return bars
}

/** The next bar of the symbol at that place: it opens at the last close. */
function priceWalk(symbols: number): (at: number, startUs: number, endUs: number) => InstrumentBar {
  let state = 1
  const random = () => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
    return state / 0x7fffffff
  }
  const prices = Array.from({ length: symbols }, () => 50 + 100 * random())
  return (at, startUs, endUs) => {
    const open = prices[at] as number
    const close = Math.max(5, Math.round(100 * open * (1 + 0.03 * (random() - 0.5))) / 100)
    prices[at] = close
    const [high, low] = [Math.max(open, close), Math.min(open, close)]
    return { instrument: at + 1, startUs, endUs, open, high, low, close, volume: 100_000, vwap: undefined, trades: 100 }
  }
}

/** Makes dataset `made` of them. Returns the folder of data that holds it. */
export async function datasetOf(bars: readonly InstrumentBar[], barSeconds: number): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), 'tapedeck-bench-'))
  const symbols = new Set(bars.map(({ instrument }) => instrument)).size
  const bytes = encodeBars(bars)
  const content = {
    origin: { kind: 'database' as const },
    fromUs: bars[0]?.startUs ?? 0,
    toUs: (bars.at(-1)?.endUs ?? 0) + 1,
    symbols: Array.from({ length: symbols }, (_, i) => `S${i}`),
    barSeconds,
    parts: [],
    bars: { file: 'bars.columns', bars: bars.length, hash: hashOfBytes(bytes) },
    instruments: Array.from({ length: symbols }, (_, i) => ({
      instrument: i + 1,
      contract: { kind: 'stock' as const, symbol: `S${i}`, currency: 'USD' },
    })),
    gaps: [],
    warnings: [],
  }
  await new DatasetFolder(dataDir).create('made', async (partial) => {
    await writeFile(join(partial, 'bars.columns'), bytes)
    return { format: 1, name: 'made', hash: datasetHash(content), createdAt: '', ...content }
  })
  return dataDir
}

/** A run on dataset `made`, with a fee on each trade. */
export function requestOn(dataDir: string, strategy: string, params: RunRequest['params']): RunRequest {
  return {
    strategy,
    cwd: dataDir,
    params,
    settings: {
      cash: 10_000_000,
      currency: 'USD',
      seed: 1,
      models: {
        fill: chooseModel('fill', 'touch'),
        latency: chooseModel('latency', 'none'),
        slippage: chooseModel('slippage', 'none'),
        fees: chooseModel('fees', 'percent:0.01'),
        margin: chooseModel('margin', 'none'),
      },
    },
    input: { kind: 'dataset', dataDir, name: 'made' },
    arbitrage: arbitrageSettings(),
    codeVersion: '0',
    startedAt: '2026-01-01T00:00:00Z',
  }
}
