/** Stores what a run left, all of it in one transaction. The same run given again is the run that is there. */

import type pg from 'pg'

import { jsonbText, storableText } from '../../db/jsonb.ts'
import { copyIn } from '../../db/write/copy-in.ts'
import { inTransaction } from '../../db/write/derived-rows.ts'
import { contractKey, multiplierOf } from '../../market/contract.ts'
import { isoFromUs } from '../../market/time.ts'
import type { RunSummary } from '../metrics/summary.ts'
import type { RunDataset, RunResult } from '../run/result.ts'
import { copyText } from './copy-text.ts'
import { runKey, type RunPlace } from './run-key.ts'

export interface StoredRun {
  runId: number
  /** False: it was there already, and nothing was written. */
  isNew: boolean
}

/** A file that belongs to a run. */
export interface Artifact {
  kind: 'report' | 'data' | 'log' | 'source'
  name: string
  /** `text/html` */
  mediaType: string
  content: Buffer
}

type Client = pg.ClientBase

/** The run itself, or of a trial the one that was stored before, whatever it came to. */
const KNOWN = 'SELECT run_id AS id FROM runs WHERE run_key = $1 OR (experiment = $2 AND trial_key = $3) ORDER BY run_id LIMIT 1'

/**
 * @param isWhole default: true; false where of its equity the first and last points are left alone, and of its other lists nothing
 * @throws WriteError when the database refuses; then nothing of the run is stored
 */
export async function storeRun(
  client: Client,
  result: RunResult,
  summary: RunSummary,
  { artifacts = [], isWhole = true, ...place }: RunPlace & { artifacts?: readonly Artifact[]; isWhole?: boolean } = {},
): Promise<StoredRun> {
  return inTransaction(client, 'the run', async () => {
    const strategyId = await strategyOf(client, result)
    const datasetId = result.dataset && (await datasetOf(client, result.dataset))
    const key = runKey(result, place)
    const runId = await insertRun(client, runRow(result, summary, { ...place, strategyId, datasetId, key, isWhole }))
    if (runId === undefined) return { runId: await idOf(client, KNOWN, [key, place.experiment, place.trialKey]), isNew: false }
    const tables = { ...(isWhole && rowsOf(result, runId)), ...dayRows(summary, runId) }
    for (const [table, rows] of Object.entries(tables))
      if (rows.length > 0) await copyIn(client, `COPY ${table} FROM STDIN`, copyText(rows))
    for (const { kind, name, mediaType, content } of artifacts)
      await client.query('INSERT INTO artifacts (run_id, kind, name, media_type, content) VALUES ($1, $2, $3, $4, $5)', [
        runId,
        kind,
        name,
        mediaType,
        content,
      ])
    return { runId, isNew: true }
  })
}

async function idOf(client: Client, sql: string, values: unknown[]): Promise<number> {
  const { rows } = await client.query<{ id: string }>(sql, values)
  const [row] = rows
  if (!row) throw new Error(`expected a row of: ${sql}`)
  return Number(row.id)
}

async function strategyOf(client: Client, { strategy }: RunResult): Promise<number> {
  const values = [storableText(strategy.name), storableText(strategy.version)]
  await client.query('INSERT INTO strategies (name, version) VALUES ($1, $2) ON CONFLICT DO NOTHING', values)
  return idOf(client, 'SELECT strategy_id AS id FROM strategies WHERE name = $1 AND version = $2', values)
}

async function datasetOf(
  client: Client,
  { hash, kind, name, fromUs, toUs, symbols, barSeconds, prices, gaps, warnings }: RunDataset,
): Promise<number> {
  const key = [hash, storableText(name)]
  await client.query(
    `INSERT INTO datasets (hash, name, kind, from_ts, to_ts, symbols, bar_seconds, details) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING`,
    [
      ...key,
      kind,
      isoFromUs(fromUs),
      isoFromUs(toUs),
      symbols,
      barSeconds ?? null,
      jsonbText({ ...(prices && { prices }), gaps, warnings }),
    ],
  )
  return idOf(client, 'SELECT dataset_id AS id FROM datasets WHERE hash = $1 AND name = $2', key)
}

type Row = Readonly<Record<string, unknown>>

/** Undefined when the run is there already. */
async function insertRun(client: Client, row: Row): Promise<number | undefined> {
  const names = Object.keys(row)
  const { rows } = await client.query<{ id: string }>(
    `INSERT INTO runs (${names.join(', ')}) VALUES (${names.map((_, index) => `$${index + 1}`).join(', ')})
     ON CONFLICT DO NOTHING RETURNING run_id AS id`,
    Object.values(row),
  )
  return rows[0] && Number(rows[0].id)
}

function runRow(
  result: RunResult,
  { figures }: RunSummary,
  {
    experiment,
    phase = 'single',
    fold,
    strategyId,
    datasetId,
    key,
    trialKey,
    isWhole,
  }: RunPlace & { strategyId: number; datasetId: number | undefined; key: string; isWhole: boolean },
): Row {
  const { settings, equity, error, counts } = result
  const { seed, ...config } = settings
  const [first, last] = [equity.at(0), equity.at(-1)]
  // What is not defined has no number.
  const metrics = Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, Number.isNaN(value) ? null : value]))
  return {
    mode: result.mode,
    status: result.status,
    error_code: error?.code ?? null,
    error: error ? storableText(error.message) : null,
    strategy_id: strategyId,
    strategy_source: storableText(result.strategy.source),
    dataset_id: datasetId ?? null,
    run_key: key,
    result_hash: result.hash,
    code_version: result.codeVersion,
    config: jsonbText(config),
    params: jsonbText(result.params),
    seeds: jsonbText({ run: seed }),
    experiment: experiment ?? null,
    phase,
    fold: fold ?? null,
    trial_key: trialKey ?? null,
    is_whole: isWhole,
    currency: settings.currency,
    start_cash: String(settings.cash),
    end_equity: last ? String(last.equity) : null,
    first_ts: first ? isoFromUs(first.tsUs) : null,
    last_ts: last ? isoFromUs(last.tsUs) : null,
    started_at: result.startedAt,
    duration_ms: result.durationMs,
    ticks: counts.ticks,
    bars: counts.bars,
    costs: jsonbText(result.costs),
    income: jsonbText(result.income),
    metrics: jsonbText(metrics),
    instruments: jsonbText(result.instruments),
    benchmark: result.benchmark ? jsonbText(result.benchmark) : null,
  }
}

/** By table, in the order of its columns. Orders come before their fills. */
function rowsOf({ instruments, orders, fills, equity, events }: RunResult, runId: number) {
  const contracts = new Map(instruments.map(({ instrument, contract }) => [instrument, contract]))
  const keyOf = (instrument: number) => {
    const contract = contracts.get(instrument)
    return contract && contractKey(contract)
  }
  // A strategy can ask for anything: what is no number of a column stands in the request alone.
  const whole = (value: unknown) => (typeof value === 'number' && Number.isSafeInteger(value) ? value : undefined)
  return {
    'orders (run_id, order_id, given_ts, instrument_no, contract_key, side, type, quantity, filled, status, reason, request)': orders.map(
      ({ id, request, givenUs, status, filled, reason }) => [
        runId,
        id,
        isoFromUs(givenUs),
        whole(request.instrument),
        keyOf(request.instrument),
        request.side === 'buy' || request.side === 'sell' ? request.side : undefined,
        request.type,
        whole(request.quantity),
        filled,
        status,
        reason,
        jsonbText(request),
      ],
    ),
    'fills (run_id, fill_no, order_id, ts, instrument_no, contract_key, side, quantity, price, multiplier, commission, realised, is_taker)':
      fills.map(({ orderId, tsUs, instrument, side, quantity, price, commission, realised, isTaker }, index) => {
        const contract = contracts.get(instrument)
        const multiplier = contract ? multiplierOf(contract) : 1
        const trade = [side, quantity, price, multiplier, commission, realised, isTaker]
        return [runId, index + 1, orderId, isoFromUs(tsUs), instrument, keyOf(instrument), ...trade]
      }),
    'equity (run_id, point_no, ts, equity, cash, exposure)': equity.map(({ tsUs, equity: value, cash, exposure }, index) => [
      runId,
      index + 1,
      isoFromUs(tsUs),
      value,
      cash,
      exposure,
    ]),
    'events (run_id, event_no, ts, kind, message, instrument_no, details)': events.map(
      ({ tsUs, kind, message, instrument, details }, index) => [
        runId,
        index + 1,
        isoFromUs(tsUs),
        kind,
        message,
        instrument,
        details && jsonbText(details),
      ],
    ),
  }
}

function dayRows({ days }: RunSummary, runId: number) {
  return {
    'run_days (run_id, session_date, equity, day_return)': days.map(({ date, value, return: ofDay }) => [
      runId,
      date,
      value,
      Number.isNaN(ofDay) ? undefined : ofDay,
    ]),
  }
}
