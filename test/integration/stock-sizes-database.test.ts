/** What a database says of the sizes of US stocks: the query of docs/stock-sizes.md, reading a part of a session, and the doctor. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, it } from 'vitest'

import { createLineFormat } from '../../backtester/replay/export-format.ts'
import { checkDatabase } from '../../collector/doctor/database.ts'
import type { Finding } from '../../collector/doctor/finding.ts'
import { createPool } from '../../db/pool.ts'
import { openRecordSource } from '../../db/read/record-source.ts'
import { createTickStore } from '../../db/write/tick-store.ts'
import type { StockSizes, TapeRecord } from '../../market/tick.ts'
import { packageRoot } from '../../system/package-root.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { ask } from '../support/process/collecting.ts'
import { block } from '../support/tape/ticks.ts'

const SESSION = 4096
const START_US = Date.UTC(2026, 10, 20, 14, 30) * 1000
const AAPL = { kind: 'stock', symbol: 'AAPL', currency: 'USD' } as const
const MSFT = { kind: 'stock', symbol: 'MSFT', currency: 'USD' } as const
const LOTS: StockSizes = {
  groups: { quotes: { unit: 'lots', how: 'inferred', evidence: 'AAPL: 9 of 50' }, 'tick-by-tick': { unit: 'shares', how: 'inferred' } },
  lots: { 'stock:AAPL:USD': 40 },
}
const SHARES: StockSizes = { groups: { ...LOTS.groups, quotes: { unit: 'shares', how: 'inferred' } }, lots: LOTS.lots }

/** Bids of three, before anything is known, in lots, and in shares. */
function session(): TapeRecord[] {
  let seq = 0
  const at = () => ({ seq: ++seq, tsUs: START_US + seq * 1_000_000 })
  const bids = (): TapeRecord[] => [
    { kind: 'quote', ...at(), instrument: 0, bidPrice: 300, bidSize: 3 },
    { kind: 'quote', ...at(), instrument: 0, bidPrice: 300, bidSize: 3, source: 'tick-by-tick' },
    { kind: 'quote', ...at(), instrument: 1, bidPrice: 500, bidSize: 3 },
  ]
  return [
    { kind: 'session', ...at(), event: 'started', detail: { clock: 'wall' } },
    { kind: 'contract', ...at(), instrument: 0, contract: AAPL },
    { kind: 'contract', ...at(), instrument: 1, contract: MSFT },
    ...bids(),
    { kind: 'session', ...at(), event: 'sizes', sizes: LOTS },
    ...bids(),
    { kind: 'session', ...at(), event: 'sizes', sizes: SHARES },
    ...bids(),
    { kind: 'session', ...at(), event: 'ended', cause: 'test' },
  ]
}

/** Shares of the bids above: unknown, then by the lot where it was measured, then shares. */
const BID_SHARES = [null, null, null, 120, 3, null, 3, 3, 3]

forEachEdition('the sizes of US stocks in a database', (edition) => {
  let url: string
  beforeAll(async () => {
    url = await edition.createTapeDatabase()
    const pool = createPool({ url, lanes: 1, logger: { warn: () => undefined } })
    await createTickStore({ pool }).store({ sessionId: SESSION, batchNo: 1, blocks: [block(session())] }, (i) => [AAPL, MSFT][i])
    await pool.end()
  })

  it('are shares by the query that the documentation shows, or null where it cannot be said', async () => {
    const page = readFileSync(join(packageRoot(), 'docs', 'stock-sizes.md'), 'utf8')
    const [, query = ''] = /```sql\n([\s\S]*?)```/.exec(page) ?? []
    expect((await ask<{ bid_shares: number | null }>(url, query)).map((row) => row.bid_shares)).toEqual(BID_SHARES)
  })

  it('have a unit from when to when', async () => {
    const rows = await ask(
      url,
      `SELECT sizes, unit, how, doubted, evidence, lots->>'stock:AAPL:USD' AS lot, to_ts IS NULL AS lasts FROM stock_size_units
       WHERE sizes = 'quotes' ORDER BY from_ts`,
    )
    expect(rows).toEqual([
      { sizes: 'quotes', unit: 'lots', how: 'inferred', doubted: false, evidence: 'AAPL: 9 of 50', lot: '40', lasts: false },
      { sizes: 'quotes', unit: 'shares', how: 'inferred', doubted: false, evidence: null, lot: '40', lasts: true },
    ])
  })

  it('are known also to who reads a session from a later time on', async () => {
    for (const [fromUs, expected] of [
      [undefined, ['', '', '', '40', '1', '', '1', '1', '1']],
      [START_US + 9_000_000, ['1', '', '1', '1', '1']],
    ] as const) {
      const { line } = createLineFormat('csv')
      const lines: string[] = []
      const source = await openRecordSource({ url }, { sessionId: SESSION, fromUs })
      for await (const { sessionId, records } of source.records()) lines.push(...records.map((record) => line(record, sessionId)))
      expect(lines.filter((text) => text !== '').map((text) => text.trimEnd().split(',').at(-1))).toEqual(expected)
    }
  })

  it('are what the doctor says of the newest session that knows them', async () => {
    const found: Finding[] = []
    for await (const finding of checkDatabase({ dataDir: '/nowhere', url })) found.push(finding)
    expect(found.find(({ check }) => check === 'stock sizes')).toEqual({
      check: 'stock sizes',
      state: 'ok',
      found: `session ${SESSION}: quotes in shares (inferred), tick-by-tick in shares (inferred)`,
    })
    const newer: TapeRecord = { kind: 'session', seq: 1, tsUs: START_US, event: 'sizes', sizes: LOTS }
    const pool = createPool({ url, lanes: 1, logger: { warn: () => undefined } })
    await createTickStore({ pool }).store({ sessionId: SESSION + 1, batchNo: 1, blocks: [block([newer])] }, () => undefined)
    await pool.end()
    const again: Finding[] = []
    for await (const finding of checkDatabase({ dataDir: '/nowhere', url })) again.push(finding)
    expect(again.find(({ check }) => check === 'stock sizes')).toMatchObject({
      state: 'warning',
      todo: expect.stringContaining('untick "Send market data in lots for US stocks for dual-mode API clients"'),
    })
  })
})
