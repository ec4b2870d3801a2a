/**
 * A run: a strategy over what is read, by the engine, and what it leaves. Nothing in it looks at a clock or draws a number that is not seeded; the
 * wall times in the result are given or for people.
 */

import type { ArbitrageSettings } from '../../market/arbitrage/settings.ts'
import { nyse } from '../../market/calendar/calendar.ts'
import { ConfigError, messageOf, TapedeckError } from '../../market/errors.ts'
import { isTick } from '../../market/tick.ts'
import { contractRecord, Engine } from '../engine/engine.ts'
import { fromUnits } from '../engine/money.ts'
import type { Strategy } from '../engine/strategy.ts'
import { checkBenchmark } from '../metrics/summary.ts'
import { type Benchmark, openBenchmark } from './benchmark.ts'
import { Detection } from './detection.ts'
import { EquityCurve } from './equity-curve.ts'
import { instrumentsOf, runEvent } from './events.ts'
import { FillRows } from './fill-rows.ts'
import { type InputRequest, openInput, type RunChunk, type RunInput } from './input.ts'
import { checkParams, loadStrategy } from './load-strategy.ts'
import { makeModels, refuseUnfit } from './models.ts'
import { withinRange } from './range.ts'
import { type BenchmarkSettings, type RunEvent, type RunResult, type RunSettings, resultHash } from './result.ts'
import { injectedGapEvent, stressedInput, stressedModels } from './stress.ts'

/** Plain data: it can be given to another thread. */
export interface RunRequest {
  /** A name, or a path from `cwd`. */
  strategy: string
  cwd: string
  params: Readonly<Record<string, unknown>>
  settings: RunSettings
  input: InputRequest
  /** Where the dataset of a benchmark lies. */
  dataDir?: string | undefined
  /** For a strategy that is told what the detectors find; its fees are those of the model `schedule`. */
  arbitrage: ArbitrageSettings
  codeVersion: string
  /** ISO 8601, UTC. */
  startedAt: string
}

export interface RunHooks {
  onProgress?: ((done: number, total: number) => void) | undefined
  /** Called around each chunk that the strategy is given: a strategy that never comes back is between the two. */
  onChunk?: ((event: 'begin' | 'end') => void) | undefined
}

const LOG_BOUND = 100_000

/** Runs to the end of the data, or until something fails; both are results. */
export async function runStrategy(request: RunRequest, { onProgress, onChunk }: RunHooks = {}): Promise<RunResult> {
  const startedMs = performance.now()
  const run = new Run(request)
  try {
    const input = await run.open()
    onChunk?.('begin')
    run.begin()
    onChunk?.('end')
    for await (const chunk of input.chunks()) {
      onChunk?.('begin')
      run.take(chunk)
      onChunk?.('end')
      onProgress?.(run.done, input.total)
    }
    run.finish()
  } catch (error) {
    run.fail(error)
  }
  return run.result(Math.round(performance.now() - startedMs))
}

/** The result of a run that left nothing: it could not begin, or had to be ended from outside. */
export function failedResult(
  { strategy, params, settings, codeVersion, startedAt }: RunRequest,
  error: unknown,
  durationMs: number,
): RunResult {
  const nothing = { orders: [], fills: [], equity: [] }
  return {
    mode: 'backtest',
    status: 'failed',
    error: errorOf(error),
    strategy: { name: strategy, version: 'unknown', source: strategy },
    params,
    settings,
    codeVersion,
    startedAt,
    durationMs,
    counts: { ticks: 0, bars: 0 },
    instruments: [],
    ...nothing,
    costs: { commission: 0, borrow: 0, interest: 0, 'dividend-owed': 0 },
    income: { interest: 0, dividend: 0 },
    events: [],
    hash: resultHash(nothing),
  }
}

function errorOf(error: unknown): { code: string; message: string } {
  return { code: error instanceof TapedeckError ? error.code : 'strategy-threw', message: messageOf(error) }
}

class Run {
  readonly #request: RunRequest
  readonly #fills = new FillRows()
  readonly #events: RunEvent[] = []
  /** That something happened to. */
  readonly #affected = new Set<number>()
  #injected: readonly RunEvent[] = []
  readonly #counts = { ticks: 0, bars: 0 }
  #strategy: Strategy | undefined
  #source = ''
  #params: Readonly<Record<string, unknown>>
  #input: RunInput | undefined
  #engine: Engine | undefined
  #detection: Detection | undefined
  #equity: EquityCurve | undefined
  #benchmark: Benchmark | undefined
  /** Whether the benchmark is part of what the run reads. */
  #takesBenchmark = false
  #error: { code: string; message: string } | undefined
  #droppedLogs = 0

  constructor(request: RunRequest) {
    this.#request = request
    this.#params = request.params
  }

  /** What comes before only warms up. */
  get #fromUs(): number {
    return this.#request.settings.range?.fromUs ?? Number.NEGATIVE_INFINITY
  }

  get done(): number {
    return this.#counts.ticks + this.#counts.bars
  }

  async open(): Promise<RunInput> {
    const { strategy: named, cwd, input, settings } = this.#request
    const { strategy, source } = await loadStrategy(named, cwd)
    this.#strategy = strategy
    this.#source = source
    this.#params = checkParams(strategy, this.#request.params)
    const { range } = settings
    if (range && input.kind === 'dataset' && input.fromOrigin)
      throw new ConfigError('--origin: reads a dataset whole, to compare it. Leave out --from and --to, or --origin.', {
        code: 'run-input',
      })
    const opened = await openInput(input)
    const { input: stressed, gaps } = stressedInput(range ? withinRange(opened, range) : opened, settings)
    this.#input = stressed
    this.#injected = gaps.map(injectedGapEvent)
    if (settings.benchmark) await this.#openBenchmark(settings.benchmark, opened)
    return this.#input
  }

  async #openBenchmark(settings: BenchmarkSettings, { instruments, actions }: RunInput): Promise<void> {
    const { dataDir } = this.#request
    const { benchmark, takesRun } = await openBenchmark(settings, { instruments, actions, dataDir })
    this.#benchmark = benchmark
    this.#takesBenchmark = takesRun
  }

  begin(): void {
    const { settings, arbitrage } = this.#request
    const strategy = this.#strategy
    const input = this.#input
    if (!strategy || !input) throw new Error('a run begins once it is open')
    const params = this.#params
    const models = makeModels(settings, arbitrage.fees)
    refuseUnfit(models, input.dataset.barSeconds === undefined ? 'quotes' : 'bars')
    const engine = new Engine({
      cash: settings.cash,
      models: stressedModels(models, settings.stress),
      create: (context) => strategy.create(context, params),
      dateOf: (tsUs) => nyse.zone.dateOf(tsUs),
      calendar: nyse,
      tradesFromUs: settings.range?.fromUs,
      onEvent: (event) => {
        this.#events.push(runEvent(event))
        for (const instrument of instrumentsOf(event)) this.#affected.add(instrument)
      },
      onFill: (fill) => this.#fills.push(fill),
      onLog: (tsUs, message, details) => this.#log(tsUs, message, details),
    })
    this.#engine = engine
    this.#equity = new EquityCurve(engine.portfolio)
    for (const action of input.actions ?? []) engine.action(action)
    if (input.dataset.barSeconds === undefined) {
      if (engine.hearsOpportunities) this.#detection = this.#detect(engine, strategy.arbitrage?.(arbitrage, params) ?? arbitrage)
      return
    }
    for (const { instrument, contract } of input.instruments) engine.record(contractRecord(instrument, contract, input.dataset.fromUs))
  }

  take({ sessionId, records, bars }: RunChunk): void {
    const engine = this.#engine
    const equity = this.#equity
    if (!engine || !equity) return
    if (this.#takesBenchmark) {
      for (const record of records) this.#benchmark?.take(record)
      this.#benchmark?.takeBars(bars)
    }
    for (const record of records) {
      if (isTick(record)) {
        if (record.tsUs >= this.#fromUs) equity.before(record.tsUs)
        this.#counts.ticks++
      }
      engine.record(record, sessionId)
      this.#detection?.take(record, sessionId)
    }
    for (let i = 0, next = 0; i < bars.length; i = next) {
      const endUs = bars.endUs(i)
      for (next = i + 1; bars.endUs(next) === endUs; ) next++
      if (next === i + 1) engine.bar(bars.instrument(i), bars.bar(i), endUs)
      else engine.bars(bars.between(i, next), endUs)
      this.#counts.bars += next - i
      // What the bars of this moment bring about waits for the last of them, their marks included.
      engine.advanceTo(endUs)
      if (endUs >= this.#fromUs) equity.point(endUs)
    }
  }

  #detect(engine: Engine, settings: ArbitrageSettings): Detection {
    const onFailure = (detector: string, error: unknown) => {
      const message = `The detector ${detector} failed and is off for the rest of the session: ${messageOf(error)}.`
      this.#events.push({ tsUs: engine.nowUs, kind: 'detector-failed', message })
    }
    return new Detection({ engine, settings, onFailure })
  }

  finish(): void {
    this.#detection?.finish()
    this.#engine?.finish()
    this.#equity?.finish()
    if (this.#equity?.points.length) return this.#compare()
    const place = this.#request.settings.range ? 'The range' : 'The data'
    throw new TapedeckError(`${place} has no tick and no bar: there is nothing to run on.`, { code: 'dataset-empty' })
  }

  /** Whether the benchmark is of the same time is known at the end. */
  #compare(): void {
    if (this.#benchmark && this.#equity) checkBenchmark(this.#equity.points, this.#benchmark.days())
  }

  fail(error: unknown): void {
    this.#equity?.finish()
    this.#error = errorOf(error)
  }

  #log(tsUs: number, message: string, details: Record<string, unknown> | undefined): void {
    if (this.#events.length < LOG_BOUND) this.#events.push({ tsUs, kind: 'log', message, ...(details && { details }) })
    else this.#droppedLogs++
  }

  result(durationMs: number): RunResult {
    const failed = failedResult(this.#request, '', durationMs)
    const engine = this.#engine
    const orders: RunResult['orders'] = engine?.orders ?? []
    const did = { orders, fills: this.#fills, equity: this.#equity?.points ?? [] }
    const used = new Set(this.#affected)
    for (const { request } of orders) used.add(request.instrument)
    for (const { instrument } of this.#fills) used.add(instrument)
    const events = [...this.#events, ...this.#injected].sort((one, other) => one.tsUs - other.tsUs)
    const last = events.at(-1)
    if (last && this.#droppedLogs > 0)
      events.push({ tsUs: last.tsUs, kind: 'log-full', message: `${this.#droppedLogs} more log lines were left out.` })
    const { name, version } = this.#strategy ?? failed.strategy
    return {
      ...failed,
      status: this.#error ? 'failed' : 'complete',
      error: this.#error,
      strategy: { name, version, source: this.#strategy ? this.#source : failed.strategy.source },
      params: this.#params,
      ...(this.#detection && { settings: { ...failed.settings, arbitrage: this.#detection.settings } }),
      dataset: this.#input?.dataset,
      counts: this.#counts,
      instruments: (this.#input?.instruments ?? []).filter(({ instrument }) => used.has(instrument)),
      ...did,
      ...(engine && { costs: inMoney(engine.portfolio.costs), income: inMoney(engine.portfolio.income) }),
      events,
      ...(this.#benchmark && !this.#error && { benchmark: this.#benchmark.days() }),
      hash: resultHash(did),
    }
  }
}

function inMoney<Name extends string>(amounts: Readonly<Record<Name, number>>): Record<Name, number> {
  return Object.fromEntries(Object.entries<number>(amounts).map(([name, units]) => [name, fromUnits(units)])) as Record<Name, number>
}
