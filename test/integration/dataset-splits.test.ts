/** A dataset of ticks over the split of its stock: recorded prices are as they were traded. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, it, onTestFinished } from 'vitest'

import { freezeTicks } from '../../backtester/dataset/create.ts'
import { DatasetFolder } from '../../backtester/dataset/folder.ts'
import { verifyDataset } from '../../backtester/dataset/verify.ts'
import { chooseModel } from '../../backtester/run/models.ts'
import { runStrategy } from '../../backtester/run/run.ts'
import { createPool } from '../../db/pool.ts'
import { createTickStore } from '../../db/write/tick-store.ts'
import { arbitrageSettings } from '../../market/arbitrage/settings.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { ask } from '../support/process/collecting.ts'
import { at, LineSession } from '../support/tape/line-session.ts'
import { block, contractOf, quote } from '../support/tape/ticks.ts'

const TWX = 0
const CASH = 100_000
const DAYS = [
  { sessionId: 1, date: '2014-06-04', price: 80 },
  { sessionId: 2, date: '2014-06-05', price: 40 },
]

forEachEdition('a dataset of ticks over a split', ({ createTapeDatabase }) => {
  it('has the position split when its ex-date begins, and says when the database knows another', async () => {
    const url = await createTapeDatabase()
    const pool = createPool({ url, lanes: 1, logger: { warn: () => undefined } })
    const store = createTickStore({ pool })
    for (const { sessionId, date, price } of DAYS) {
      const session = new LineSession(at(`${date}T14:00:00`)).opened(TWX, `${date}T14:00:01`)
      const ticks = [1, 2, 3].map((i) =>
        quote(1000 + i, { instrument: TWX, tsUs: at(`${date}T15:0${i}:00`), bidPrice: price - 0.01, askPrice: price + 0.01 }),
      )
      const records = [...session.ended(`${date}T20:00:00`, 'SIGTERM').records, ...ticks].sort((one, other) => one.tsUs - other.tsUs)
      await store.store({ sessionId, batchNo: 1, blocks: [block(records)] }, contractOf)
    }
    await pool.end()
    // The one of the first day is in its prices already.
    await ask(
      url,
      `INSERT INTO corporate_actions SELECT instrument_id, 'split', ex_date::date, ex_date::date, NULL, ratio, 'paid', 'test'
       FROM instruments, (VALUES ('2014-06-04', 5), ('2014-06-05', 2)) AS s (ex_date, ratio) WHERE symbol = 'TWX' AND kind = 'stock'`,
    )
    const dataDir = await mkdtemp(join(tmpdir(), 'tapedeck-splits-'))
    onTestFinished(() => rm(dataDir, { recursive: true }))
    const folder = new DatasetFolder(dataDir)
    const definition = { symbols: ['TWX'], fromUs: at('2014-06-04T13:30:00'), toUs: at('2014-06-05T21:00:00') }
    const options = { folder, name: 'split', createdAt: '', signal: new AbortController().signal }
    const dataset = await freezeTicks(url, definition, options)
    const stock = dataset.instruments.find(({ contract }) => contract.kind === 'stock')?.instrument
    expect(dataset.actions).toEqual([{ kind: 'split', instrument: stock, exDate: '2014-06-05', ratio: 2 }])
    expect(await verifyDataset(folder, dataset, { url })).toMatchObject({ ok: true })

    const none = ['fill:touch', 'latency:none', 'slippage:none', 'fees:none', 'margin:none'].map((text) => text.split(':'))
    const models = Object.fromEntries(none.map(([kind = '', name = '']) => [kind, chooseModel(kind as 'fill', name)]))
    const result = await runStrategy({
      strategy: 'buy-and-hold',
      cwd: dataDir,
      params: { quantity: 100 },
      settings: { cash: CASH, currency: 'USD', seed: 1, models: models as never },
      input: { kind: 'dataset', dataDir, name: 'split' },
      arbitrage: arbitrageSettings(),
      codeVersion: '0',
      startedAt: '',
    })
    expect(result.status).toBe('complete')
    expect([...result.fills]).toMatchObject([{ quantity: 100, price: 80.01 }])
    expect(result.events.map(({ kind }) => kind)).toContain('split')
    // 200 at 40, which cost a cent for each of 100.
    expect(result.equity.at(-1)).toMatchObject({ equity: CASH - 1, exposure: 8000 })

    await ask(url, "UPDATE corporate_actions SET ratio = 4 WHERE ex_date = '2014-06-05'")
    expect((await verifyDataset(folder, dataset, { url })).problems).toEqual(['The database, splits, does not hold what was frozen.'])
  })
})
