/**
 * What a run leaves behind: all that its store and its report need, as plain data that survives JSON. Amounts are in the currency of the account,
 * exact to 1/10,000 of it.
 */

import type { ArbitrageSettings } from '../../market/arbitrage/settings.ts'
import type { Contract } from '../../market/contract.ts'
import type { Order } from '../engine/orders.ts'
import type { Cost, Income } from '../engine/portfolio.ts'
import type { Fill } from '../engine/strategy.ts'
import type { Rows } from '../metrics/rows.ts'
import type { DayValue } from '../metrics/trading-days.ts'
import { CanonicalHash, type FieldsOf } from './canonical-hash.ts'
import { type EquityPoint, EquityPoints } from './equity-points.ts'
import { FillRows } from './fill-rows.ts'

export type RunMode = 'backtest' | 'paper' | 'live'

/** A model by its name and what it was given. */
export interface ChosenModel {
  name: string
  params: Readonly<Record<string, unknown>>
}

/** The part of its input that a run reads: from `fromUs` up to `toUs`, which lies behind it. Absent: from its begin, to its end. */
export interface RunRange {
  fromUs?: number | undefined
  toUs?: number | undefined
  /** What lies so long before `fromUs` is read too, to warm indicators: orders are rejected there, and nothing of it counts. */
  warmUpUs?: number | undefined
  /** The embargo of a training: it is read and traded as ever, but its days, and round trips that touch it, count in no figure of days or trips. */
  uncounted?: readonly { fromUs: number; toUs: number }[] | undefined
}

/** Gaps in the data, drawn by the seed over the trading time of the run. */
export interface GapStress {
  count: number
  seconds: number
  /** Of which instruments data is missing: of all, or in each gap of one. */
  of: 'all' | 'one'
}

/** Conditions that are worse than those of the data and the models. */
export interface Stress {
  /** Multiple of all fees, of slippage, borrow fees and debit interest. */
  costs?: number | undefined
  /** Quotes are moved apart by a factor around their middle, or each side by ticks of 0.01; of bars a half spread is charged. */
  spread?: { factor: number } | { ticks: number } | { basisPoints: number } | undefined
  /** On top of the latency of the model. */
  latency?: { feedMs: number; orderMs: number } | undefined
  gaps?: GapStress | undefined
}

/** What a run is compared with: a stock or an index of its own data, or of another dataset, of bars. */
export interface BenchmarkSettings {
  symbol: string
  /** Name of the other dataset. */
  dataset?: string | undefined
}

export interface RunSettings {
  /** At the start. */
  cash: number
  /** Of the account, ISO 4217. */
  currency: string
  /** Of everything that a model draws at random. */
  seed: number
  models: Readonly<
    Record<'fill' | 'latency' | 'slippage' | 'fees', ChosenModel> & Partial<Record<'margin' | 'financing', ChosenModel | undefined>>
  >
  /** What the detectors of arbitrage looked for. Absent: none ran, as the strategy is not told what they find. */
  arbitrage?: ArbitrageSettings | undefined
  /** Absent: all of the input. */
  range?: RunRange | undefined
  /** Absent: none. */
  stress?: Stress | undefined
  benchmark?: BenchmarkSettings | undefined
}

/** Time without data that should have had some, within the range of the dataset. */
export interface DatasetGap {
  fromTsUs: number
  toTsUs: number
  cause: string
  /** Absent: everything that one session recorded. */
  instrument?: number | undefined
  /** Of how many of its contracts the trades are in the dataset all the same, out of a broker's history: 0.25 of a quarter. Absent: none. */
  repaired?: number | undefined
}

/** What was read. */
export interface RunDataset {
  /** Of a dataset its name, of a tape its path. */
  name: string
  kind: 'dataset' | 'tape'
  /** SHA-256 of its content, instruments, gaps and corrections; of a tape that of the file. */
  hash: string
  /** First moment of it, and the first one behind it. */
  fromUs: number
  toUs: number
  symbols: readonly string[]
  /** Seconds of a bar; absent: ticks alone. */
  barSeconds?: number | undefined
  /** Of bars: `raw` as traded, splits and dividends applied by the run; absent: adjusted. */
  prices?: 'raw' | undefined
  gaps: readonly DatasetGap[]
  /** What a reader of the result has to know of the data, one sentence each. */
  warnings: readonly string[]
}

export interface RunInstrument {
  instrument: number
  contract: Contract
}

/** An order as it stood at the end. That of a run of this thread is the engine's own, with more fields. */
export type RunOrder = Pick<Order, 'id' | 'request' | 'givenUs' | 'status' | 'filled' | 'reason'>

/** What happened besides orders and fills: log lines of the strategy, splits, dividends, expiries, assignments. */
export interface RunEvent {
  tsUs: number
  /** kebab-case: `log`, `split`, `expiry`. */
  kind: string
  message: string
  instrument?: number | undefined
  details?: Readonly<Record<string, unknown>> | undefined
}

export interface RunResult {
  mode: RunMode
  /** `failed`: it ended before its data did; what it did until then is there. */
  status: 'complete' | 'failed'
  /** Why it failed: a stable code, and the sentence for people. */
  error?: { code: string; message: string } | undefined
  /** `source`: `shipped`, or the path of the user's file. */
  strategy: { name: string; version: string; source: string }
  params: Readonly<Record<string, unknown>>
  settings: RunSettings
  /** Absent: the run failed before its data was found. */
  dataset?: RunDataset | undefined
  /** Of this program. */
  codeVersion: string
  /** Wall time, for people; no figure depends on it. ISO 8601, UTC. */
  startedAt: string
  durationMs: number
  counts: { ticks: number; bars: number }
  /** Those that were ordered, filled or held. */
  instruments: readonly RunInstrument[]
  orders: readonly RunOrder[]
  fills: Rows<Fill>
  equity: Rows<EquityPoint>
  costs: Readonly<Record<Cost, number>>
  income: Readonly<Record<Income, number>>
  events: readonly RunEvent[]
  /** Prices of the benchmark by trading day. Absent: there was none, or the run failed. */
  benchmark?: readonly DayValue[] | undefined
  /** Of `resultHash`. */
  hash: string
}

/** The same in lists of plain objects, which other threads can be sent. */
export function plainResult(result: RunResult): RunResult {
  return { ...result, orders: plainOrders(result), fills: [...result.fills], equity: [...result.equity] }
}

export function plainOrders({ orders }: Pick<RunResult, 'orders'>): RunOrder[] {
  return orders.map(({ id, request, givenUs, status, filled, reason }) => ({ id, request, givenUs, status, filled, reason }))
}

const ORDER_FIELDS: FieldsOf<RunOrder> = {
  id: ({ id }) => id,
  request: ({ request }) => request,
  givenUs: ({ givenUs }) => givenUs,
  status: ({ status }) => status,
  filled: ({ filled }) => filled,
  reason: ({ reason }) => reason,
}

/** SHA-256 of what a run did, its numbers at 12 significant digits: the same on every machine, from every copy of the same data. */
export function resultHash({ orders, fills, equity }: Pick<RunResult, 'orders' | 'fills' | 'equity'>): string {
  const hash = new CanonicalHash()
  hash.value(`orders ${orders.length}`)
  hash.rows(orders, ORDER_FIELDS)
  for (const [name, rows] of Object.entries({ fills: FillRows.of(fills), equity: EquityPoints.of(equity) })) {
    hash.value(`${name} ${rows.length}`)
    for (const values of rows.values()) hash.numbers(values)
  }
  return hash.digest()
}
