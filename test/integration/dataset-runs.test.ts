/** Runs on a dataset of the database: the same from its own files and from the database, on every edition and every version of Node. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, it } from 'vitest'

import { freezeTicks } from '../../backtester/dataset/create.ts'
import { DatasetFolder } from '../../backtester/dataset/folder.ts'
import { chooseModel } from '../../backtester/run/models.ts'
import { type RunRequest, runStrategy } from '../../backtester/run/run.ts'
import { createPool } from '../../db/pool.ts'
import { createTickStore } from '../../db/write/tick-store.ts'
import { arbitrageSettings } from '../../market/arbitrage/settings.ts'
import type { Contract } from '../../market/contract.ts'
import type { TapeRecord } from '../../market/tick.ts'
import { packageRoot } from '../../system/package-root.ts'
import { sessionWithOpportunities } from '../support/arbitrage/session.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { block } from '../support/tape/ticks.ts'

/** Of runs on Node 20. */
const PINNED = {
  dataset: '2d4be4bb3c629c735f2664cfc2dd9c2fa221f3944e3f8936cf1bfc9ff6f58973',
  day: 'a2509474a054665036e4dc022146574d3b7e3fe3b3d7566a0062fe072a219311',
}
const SHIPPED = join(packageRoot(), 'tapes', 'twx-2014-06-05.tape')
const TWX = { symbol: 'TWX', currency: 'USD', dividends: [], borrow: 0.0025 }
const records = sessionWithOpportunities()

forEachEdition('a run on a dataset of the database', ({ createTapeDatabase }) => {
  let url: string
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tapedeck-dataset-runs-'))
    url = await createTapeDatabase()
    await store(url, 7_239_411_712_147_456, records)
    const [first, last] = [records[0]?.tsUs ?? 0, records.at(-1)?.tsUs ?? 0]
    const definition = { symbols: ['TWX', 'IBM'], fromUs: first, toUs: last + 1 }
    await freezeTicks(url, definition, {
      folder: new DatasetFolder(folder),
      name: 'day',
      createdAt: '',
      signal: new AbortController().signal,
    })
  })
  afterAll(() => rm(folder, { recursive: true }))

  it('gives one result from its files and from the database, which is the same everywhere', async () => {
    const results = []
    for (const origin of [undefined, { url }]) results.push(await runStrategy(request(folder, origin)))
    const [cached, read] = results
    expect(cached).toMatchObject({ status: 'complete' })
    expect(cached?.fills.length).toBeGreaterThan(5)
    expect({ ...read, durationMs: 0 }).toEqual({ ...cached, durationMs: 0 })
    expect(cached?.hash).toBe(PINNED.dataset)
  })
})

it('a run on the shipped day gives one result everywhere', async () => {
  const input = { kind: 'tape', path: SHIPPED, carry: { rate: 0.0025, underlyings: [TWX] } } as const
  const { status, fills, hash } = await runStrategy({ ...request('', undefined), strategy: 'z-score', params: { short: true }, input })
  expect(status).toBe('complete')
  expect(fills.length).toBeGreaterThan(20)
  expect(hash).toBe(PINNED.day)
})

async function store(url: string, sessionId: number, content: readonly TapeRecord[]): Promise<void> {
  const contracts = new Map<number, Contract>()
  for (const record of content) if (record.kind === 'contract') contracts.set(record.instrument, record.contract)
  const pool = createPool({ url, lanes: 1, logger: { warn: () => undefined } })
  await createTickStore({ pool }).store({ sessionId, batchNo: 1, blocks: [block([...content])] }, (instrument) => contracts.get(instrument))
  await pool.end()
}

function request(dataDir: string, fromOrigin: { url: string } | undefined): RunRequest {
  return {
    strategy: 'arbitrage-taker',
    cwd: dataDir,
    params: {},
    settings: {
      cash: 1_000_000,
      currency: 'USD',
      seed: 5,
      models: {
        fill: chooseModel('fill', 'mid:0.5'),
        latency: chooseModel('latency', 'fixed:10,200'),
        slippage: chooseModel('slippage', 'square-root:3'),
        fees: chooseModel('fees', 'schedule'),
        margin: chooseModel('margin', 'reg-t'),
        financing: chooseModel('financing', 'fixed:0,0.06,0.01'),
      },
    },
    input: { kind: 'dataset', dataDir, name: 'day', fromOrigin },
    arbitrage: arbitrageSettings({ preset: 'balanced' }),
    codeVersion: '0.0.0',
    startedAt: '2026-01-01T00:00:00Z',
  }
}
