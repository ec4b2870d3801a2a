import { beforeEach, expect, it, onTestFinished } from 'vitest'

import { connectClient, createPool } from '../../db/pool.ts'
import { knownDividends } from '../../db/read/queries/known-dividends.ts'
import { createTickStore, type TickStore } from '../../db/write/tick-store.ts'
import type { Statistic } from '../../market/tick.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { ask } from '../support/process/collecting.ts'
import { block, contractOf, FIRST_TS_US, quote } from '../support/tape/ticks.ts'
import { quarantined } from '../support/tape/verdicts.ts'

const DAY_US = 86_400_000_000
const AUGUST = '1.15,1.27,20140815,0.3175'

const named = (text: string, days = 0, more: Partial<Statistic> = {}): Statistic => ({
  kind: 'statistic',
  seq: 1,
  tsUs: FIRST_TS_US + days * DAY_US,
  instrument: 0,
  name: 'dividends',
  text,
  ...more,
})

forEachEdition('the dividends that the broker names', ({ createTapeDatabase }) => {
  let url: string
  let tickStore: TickStore
  let sessionId: number
  beforeEach(async () => {
    url = await createTapeDatabase()
    const pool = createPool({ url, lanes: 2, logger: { warn: () => undefined } })
    onTestFinished(() => pool.end())
    tickStore = createTickStore({ pool })
    sessionId = 0
  })

  /** In a session of their own. */
  const store = (...ticks: Parameters<typeof block>[0]) =>
    tickStore.store({ sessionId: ++sessionId, batchNo: 1, blocks: [block(ticks.map((tick, i) => ({ ...tick, seq: i + 1 })))] }, contractOf)
  const actions = () =>
    ask<{ row: string }>(
      url,
      `SELECT concat_ws(' ', symbol, a.kind, ex_date, as_of, amount, status, source) AS row FROM corporate_actions a JOIN instruments USING (instrument_id)
       ORDER BY ex_date, as_of`,
    ).then((rows) => rows.map(({ row }) => row))

  /** A dividend of 2014-08-15 of another source. */
  const imported = (asOf: string) =>
    ask(
      url,
      `INSERT INTO corporate_actions SELECT instrument_id, 'dividend', '2014-08-15', '${asOf}', 0.3, NULL, 'paid', 'file' FROM instruments`,
    )
  const known = async (today: string) => {
    const keys = (await ask<{ key: string }>(url, 'SELECT key FROM instruments')).map(({ key }) => key)
    const client = await connectClient(url)
    try {
      const [dividends] = await knownDividends(client, { keys, today })
      return dividends?.payments
    } finally {
      await client.end()
    }
  }

  it('are expected ones, known as of the day in New York, and once while nothing else becomes known', async () => {
    await store(quote(1), named(AUGUST, 0.6))
    // 0.6 days after 9:30 in New York is 23:54 of the same day.
    const row = 'TWX dividend 2014-08-15 2014-06-05 0.3175 expected broker'
    expect(await actions()).toEqual([row])
    await store(named(AUGUST, 0.6))
    await store(named(AUGUST, 1))
    expect(await actions()).toEqual([row])
    await store(named('1.15,1.3,20140815,0.33', 1))
    expect(await actions()).toEqual([row, 'TWX dividend 2014-08-15 2014-06-06 0.33 expected broker'])
  })

  it('are corrected on the same day, and cancelled when a later one is the next', async () => {
    await store(named(AUGUST), named('1.15,1.3,20140815,0.33', 0.1))
    await store(named('1.15,1.3,20140818,0.33', 1))
    expect(await actions()).toEqual([
      'TWX dividend 2014-08-15 2014-06-05 0.33 expected broker',
      'TWX dividend 2014-08-15 2014-06-06 0.33 cancelled broker',
      'TWX dividend 2014-08-18 2014-06-06 0.33 expected broker',
    ])
    await store(named('1.15,1.3,20141114,0.34', 90))
    expect((await actions()).slice(2)).toEqual([
      'TWX dividend 2014-08-18 2014-06-06 0.33 expected broker',
      'TWX dividend 2014-11-14 2014-09-03 0.34 expected broker',
    ])
  })

  it('are cancelled when an earlier one is the next, so that an ex-date that moves counts once', async () => {
    await store(named(AUGUST))
    await store(named('1.15,1.27,20140811,0.3175', 5))
    expect(await actions()).toEqual([
      'TWX dividend 2014-08-11 2014-06-10 0.3175 expected broker',
      'TWX dividend 2014-08-15 2014-06-05 0.3175 expected broker',
      'TWX dividend 2014-08-15 2014-06-10 0.3175 cancelled broker',
    ])
    expect(await known('2014-07-01')).toEqual([{ exDate: '2014-08-11', amount: 0.3175 }])
  })

  it('leave one expected when batches of a day are stored in another order', async () => {
    await store(named('1.15,1.27,20140818,0.3175', 0.1))
    await store(named(AUGUST))
    expect(await known('2014-06-05')).toHaveLength(1)
  })

  it('leave alone what another source said of that day by then', async () => {
    await store(quote(3))
    await imported('2014-06-01')
    await store(named(AUGUST))
    expect(await actions()).toEqual(['TWX dividend 2014-08-15 2014-06-01 0.3 paid file'])
  })

  it('are known until another source says something of that day, which counts as of a later one', async () => {
    await store(quote(3))
    await imported('2014-08-15')
    await store(named(AUGUST))
    expect(await known('2014-07-01')).toEqual([{ exDate: '2014-08-15', amount: 0.3175 }])
    expect(await known('2014-08-15')).toEqual([{ exDate: '2014-08-15', amount: 0.3 }])
  })

  it('are passed over when they cannot be read, are none to come, or were quarantined', async () => {
    const verdict = quarantined('some-rule', 'it is wrong')
    const others = ['', ',,,', 'soon', '1,1,20140231,0.3', '1,1,20140815,1e999', '1,1,20140605,0.3', '1,1,20130815,0.3']
    const stored = await store(...others.map((text) => named(text)), named(AUGUST, 0, { verdict }), named(AUGUST, 0, { name: 'news' }))
    expect(stored).toMatchObject({ acceptedTicks: others.length + 1, quarantinedTicks: 1 })
    expect(await actions()).toEqual([])
  })

  it('do not keep a batch from the database that refuses them', async () => {
    await ask(url, 'ALTER TABLE corporate_actions ADD CONSTRAINT small CHECK (amount < 0.1)')
    expect(await store(named(AUGUST))).toMatchObject({ acceptedTicks: 1 })
    expect(await store(named('1,1,20140815,0.05'))).toMatchObject({ acceptedTicks: 1 })
    expect(await actions()).toEqual(['TWX dividend 2014-08-15 2014-06-05 0.05 expected broker'])
  })
})
