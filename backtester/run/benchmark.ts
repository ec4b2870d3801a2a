/** What a run is compared with: an instrument of its own data, or of a dataset of bars, by trading day. */

import { nyse } from '../../market/calendar/calendar.ts'
import { ConfigError, TapedeckError } from '../../market/errors.ts'
import type { TapeRecord } from '../../market/tick.ts'
import { BarRows, readBars } from '../dataset/bars-file.ts'
import { DatasetFolder } from '../dataset/folder.ts'
import type { CorporateAction } from '../engine/actions.ts'
import { type DayValue, tradingDayValues } from '../metrics/trading-days.ts'
import type { RunInput } from './input.ts'
import type { BenchmarkSettings, RunInstrument } from './result.ts'

const MINUTE_US = 60_000_000

/** The prices of one instrument: closes of bars, of ticks the last middle of a quote, or the last trade, of each minute. */
export class Benchmark {
  readonly #instrument: number
  readonly #isIndex: boolean
  readonly #points: { tsUs: number; equity: number }[] = []
  /** Still to come, by ex-date. */
  readonly #actions: CorporateAction[]
  /** What one unit has become, dividends put into more of it. */
  #units = 1

  constructor({ instrument, contract }: RunInstrument, actions: readonly CorporateAction[] = []) {
    this.#instrument = instrument
    this.#actions = actions.filter((action) => action.instrument === instrument && action.kind !== 'delisting')
    this.#isIndex = contract.kind === 'index'
  }

  take(record: TapeRecord): void {
    if ((record.kind !== 'quote' && record.kind !== 'trade') || record.instrument !== this.#instrument) return
    if (record.verdict?.disposition === 'quarantine') return
    // An index has no quotes; the trades of a stock may have been reported late.
    if (record.kind === 'trade') {
      if (this.#isIndex) this.#price(record.tsUs, record.price)
    } else if (record.bidPrice !== undefined && record.askPrice !== undefined && record.source === undefined)
      this.#price(record.tsUs, (record.bidPrice + record.askPrice) / 2)
  }

  takeBars(bars: BarRows): void {
    for (const { instrument, startUs, endUs, close } of bars) {
      if (instrument !== this.#instrument) continue
      if (this.#actions.length > 0) this.#apply(nyse.zone.dateOf(startUs), close)
      this.#points.push({ tsUs: endUs, equity: close * this.#units })
    }
  }

  /** Prices as traded: a split makes more units, and a dividend buys some at the close of its ex-date. */
  #apply(date: string, close: number): void {
    for (let [next] = this.#actions; next && next.kind !== 'delisting' && next.exDate <= date; [next] = this.#actions) {
      this.#actions.shift()
      // Before the first price nothing is held.
      if (this.#points.length === 0) continue
      this.#units *= next.kind === 'split' ? next.ratio : 1 + next.amount / close
    }
  }

  #price(tsUs: number, equity: number): void {
    const last = this.#points.at(-1)
    if (last && Math.floor(last.tsUs / MINUTE_US) === Math.floor(tsUs / MINUTE_US)) this.#points.pop()
    this.#points.push({ tsUs, equity })
  }

  /** None in years that the calendar does not know. */
  days(): DayValue[] {
    try {
      return tradingDayValues(this.#points, nyse)
    } catch (error) {
      if (error instanceof TapedeckError && error.code === 'calendar-range') return []
      throw error
    }
  }
}

/**
 * The benchmark that the settings name, of the data of the run, which is still to be taken, or of a dataset of bars, which is read.
 *
 * @param dataDir where datasets lie
 * @throws ConfigError `benchmark-unknown` naming what there is
 */
export async function openBenchmark(
  { symbol, dataset: name }: BenchmarkSettings,
  { instruments, actions, dataDir }: Pick<RunInput, 'instruments' | 'actions'> & { dataDir: string | undefined },
): Promise<{ benchmark: Benchmark; takesRun: boolean }> {
  if (name === undefined) return { benchmark: new Benchmark(find(instruments, symbol, 'the data'), actions), takesRun: true }
  const folder = new DatasetFolder(dataDir ?? '')
  const dataset = await folder.find(name)
  if (!dataset.bars)
    throw unknown(
      `--benchmark-dataset: expected a dataset of bars, found ${name}, which has ticks. Make one with \`dataset create --bars 1d\`.`,
    )
  const benchmark = new Benchmark(find(dataset.instruments, symbol, `dataset ${name}`), dataset.actions)
  benchmark.takeBars(BarRows.of(await readBars(folder.pathOf(dataset, dataset.bars.file))))
  return { benchmark, takesRun: false }
}

function find(instruments: readonly RunInstrument[], symbol: string, where: string): RunInstrument {
  const priced = instruments.filter(({ contract: { kind } }) => kind === 'stock' || kind === 'index')
  const found = priced.find(({ contract }) => contract.symbol === symbol)
  if (found) return found
  const known = [...new Set(priced.map(({ contract }) => contract.symbol))].sort().join(', ')
  throw unknown(`--benchmark: expected a stock or an index of ${where} (${known || 'it has none'}), found ${symbol}.`)
}

function unknown(message: string): ConfigError {
  return new ConfigError(message, { code: 'benchmark-unknown' })
}
