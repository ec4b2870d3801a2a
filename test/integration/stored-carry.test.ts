/** What the database knows of rates and dividends is on the tape of a recording, and what IB says of dividends is in the database. */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, it, vi } from 'vitest'

import { importRates } from '../../db/bars/import-rates.ts'
import { MarketState } from '../../market/state/market-state.ts'
import type { Statistic } from '../../market/tick.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { CONTRACTS, MS_US, OPEN_US, type TapeRoom, tapeOf, tapeRoom } from '../support/gateway/gateway-tape.ts'
import { ask, folderForTest, PATIENCE, startCollecting } from '../support/process/collecting.ts'
import { busyQuotes } from '../support/tape/busy-tape.ts'

let room: TapeRoom
let tape: string
beforeAll(async () => {
  room = await tapeRoom()
  const dividends: Statistic = {
    kind: 'statistic',
    seq: 0,
    tsUs: OPEN_US,
    instrument: 0,
    name: 'dividends',
    text: '1.15,1.27,20140815,0.3175',
  }
  tape = await room.write(tapeOf([dividends, ...busyQuotes(100_000, MS_US)]))
})
afterAll(() => room.clear())

const PAID = { exDate: '2014-06-03', amount: 0.3 }
const AUGUST = { exDate: '2014-08-15', amount: 0.3175 }
const NOVEMBER = { exDate: '2014-11-14', amount: 0.35 }

forEachEdition('a recording', ({ createTapeDatabase }) => {
  it('has the rates and dividends of the database on its tape, and those of the broker with the next start', async () => {
    const databaseUrl = await createTapeDatabase()
    const file = join(await folderForTest(), 'rates.csv')
    await writeFile(file, 'date,term,rate\n2014-06-02,30,9\n2014-06-04,30,1\n2014-06-04,365,2\n2014-06-06,30,9\n')
    await importRates({ url: databaseUrl, file, currency: 'USD', unit: 'percent', compounding: 'continuous', source: 'bank' })
    await ask(
      databaseUrl,
      `WITH twx AS (INSERT INTO instruments (key, kind, symbol, currency) VALUES ('stock:TWX:USD', 'stock', 'TWX', 'USD') RETURNING instrument_id)
       INSERT INTO corporate_actions (instrument_id, kind, ex_date, as_of, amount, status, source)
       SELECT instrument_id, 'dividend', ex_date, as_of, amount, status, 'file' FROM twx, (VALUES
         ('2014-02-12'::date, '2014-02-12'::date, 0.2, 'paid'), ('2014-06-03', '2014-05-01', 0.29, 'expected'), ('2014-06-03', '2014-06-03', 0.3, 'paid'),
         ('2014-11-14', '2014-05-01', 0.35, 'expected'), ('2014-11-14', '2014-06-06', 0.4, 'expected'),
         ('2014-12-14', '2014-05-01', 0.5, 'expected'), ('2014-12-14', '2014-05-02', 0.5, 'cancelled')) AS known(ex_date, as_of, amount, status)`,
    )
    const record = async (payments: { exDate: string; amount: number }[]) => {
      const { port } = await room.serveFile(tape, { startAfterLines: CONTRACTS.length, publishTime: true, speed: 2 })
      const state = new MarketState()
      const collector = await startCollecting({
        port,
        databaseUrl,
        gateway: { genericTicks: [456] },
        onRecord: (tick) => state.apply(tick),
      })
      await vi.waitFor(() => expect(state.carry.payments(0, '2014-06-05')).toEqual(payments), PATIENCE)
      expect(state.carry.rates('USD')).toMatchObject({
        asOf: '2014-06-04',
        source: 'interest-rates',
        points: [
          { days: 30, rate: 0.01 },
          { days: 365, rate: 0.02 },
        ],
      })
      const stored = "SELECT ex_date::text, as_of::text, amount, status FROM corporate_actions WHERE source = 'broker'"
      const expected = { ex_date: '2014-08-15', as_of: '2014-06-05', amount: 0.3175, status: 'expected' }
      await vi.waitFor(async () => expect(await ask(databaseUrl, stored)).toEqual([expected]), PATIENCE)
      const { sessionId } = await collector.stop()
      const onTape = await ask<{ record: unknown }>(
        databaseUrl,
        `SELECT record FROM control_records WHERE session_id = ${sessionId} AND kind = 'carry' AND record->>'input' = 'dividends' ORDER BY seq`,
      )
      expect(onTape.at(0)).toMatchObject({ record: { payments, source: 'corporate-actions' } })
    }
    await record([PAID, NOVEMBER])
    await record([PAID, AUGUST, NOVEMBER])
  })
})
