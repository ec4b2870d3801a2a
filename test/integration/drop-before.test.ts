/** What is dropped on purpose goes, nothing else does, and no check takes it for lost. */

import type pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'

import { drop, DROPPABLE, planDrop } from '../../db/operate/drop-before.ts'
import { connectClient } from '../../db/pool.ts'
import { missingRows } from '../../db/read/queries/missing-rows.ts'
import { verifySessions } from '../../db/verify/verify.ts'
import { isoFromUs } from '../../market/time.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { folderForTest } from '../support/process/collecting.ts'
import { recordThroughJournal, wholeSession } from '../support/tape/through-journal.ts'

const DAY_US = 86_400_000_000
/** A midnight, where chunks end. */
const D = Date.UTC(2026, 10, 4) * 1000
/** One session before it, one across it, one behind it. */
const STARTS = [D - 2 * DAY_US, D - 200_000_000, D + DAY_US]

forEachEdition('dropping ticks before a time', ({ createTapeDatabase }) => {
  let url: string
  let client: pg.Client
  beforeAll(async () => {
    url = await createTapeDatabase()
    client = await connectClient(url)
  })
  afterAll(() => client.end())
  beforeEach(async () => {
    for (const { name } of (await client.query<{ name: string }>(`SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`))
      .rows)
      if (name !== 'rules') await client.query(`DELETE FROM ${name}`)
    for (const [index, start] of STARTS.entries())
      await recordThroughJournal({
        url,
        dataDir: await folderForTest(),
        sessionId: index + 1,
        records: wholeSession(start, index === 1 ? 300 : 30),
      })
  })

  const count = async (table: string, where = 'true') =>
    Number((await client.query<{ count: string }>(`SELECT count(*) FROM ${table} WHERE ${where}`)).rows[0]?.count)
  const digest = async (table: string, where: string) =>
    (await client.query<{ md5: string }>(`SELECT md5(string_agg(t::text, '|' ORDER BY ts, seq)) FROM ${table} t WHERE ${where}`)).rows[0]
      ?.md5
  const ofEach = async <T>(ask: (table: string) => Promise<T>): Promise<T[]> => {
    const answers: T[] = []
    for (const table of DROPPABLE) answers.push(await ask(table))
    return answers
  }
  const old = `ts < '${isoFromUs(D)}'`
  const proofs = async () => {
    const found = []
    for await (const proof of verifySessions({ url, query: { sessionId: 'all' } })) found.push(proof)
    return found
  }

  it('drops what is older in every table and leaves the rest as it was', async () => {
    const kept = await ofEach((table) => digest(table, `NOT ${old}`))
    const rows = Object.fromEntries(await ofEach(async (table) => [table, await count(table, old)]))
    const plan = await planDrop(client, { beforeUs: D })
    expect(Object.fromEntries(plan.tables.map((table) => [table.table, table.rows]))).toEqual(rows)
    expect(plan.tables[0]).toMatchObject({ table: 'quotes', newestUs: D - 1_000_000 })
    expect(await count('dropped_ticks'), 'a plan changes nothing').toBe(0)
    expect(Object.fromEntries(await drop(client, plan))).toEqual(rows)
    expect(await ofEach((table) => count(table, old))).toEqual(DROPPABLE.map(() => 0))
    expect(await ofEach((table) => digest(table, `NOT ${old}`))).toEqual(kept)
    expect(await count('dropped_ticks', 'done_at IS NOT NULL')).toBe(DROPPABLE.length)
    expect(Object.fromEntries(await drop(client, await planDrop(client, { beforeUs: D })))).toEqual(
      Object.fromEntries(DROPPABLE.map((table) => [table, 0])),
    )
  })

  it('is taken for lost by no check, which still find what is lost behind that time', async () => {
    expect((await proofs()).flatMap(({ problems }) => problems)).toEqual([])
    await drop(client, await planDrop(client, { beforeUs: D }))
    expect(await missingRows(client)).toEqual([])
    const after = await proofs()
    expect(after.flatMap(({ problems }) => problems)).toEqual([])
    const [whole, across, none] = after
    expect(none?.dropped).toBe(0)
    expect(whole?.dropped).toBe(whole?.batches)
    // How many batches there are depends on how fast the journal was read.
    expect(across?.dropped).toBeGreaterThan(0)

    await client.query(`DELETE FROM quotes WHERE session_id = 2 AND seq = (SELECT max(seq) FROM quotes WHERE session_id = 2)`)
    expect(await missingRows(client)).toMatchObject([{ sessionId: 2, missing: 1 }])
    expect((await proofs())[1]?.problems).toMatchObject([{ kind: 'rows-missing', sessionId: 2 }])
    await client.query('DELETE FROM dropped_ticks')
    expect(
      (await missingRows(client)).map(({ sessionId }) => sessionId),
      'without the note',
    ).toEqual([1, 2])
  })

  it('leaves a note that stands when it is interrupted, and is finished by the same call again', async () => {
    const plan = await planDrop(client, { beforeUs: D })
    const total = plan.tables.reduce((sum, { rows }) => sum + rows, 0)
    let gone = 0
    const stopped = drop(client, plan, (_, rows) => {
      if (rows > 0) throw new Error('stopped here')
    })
    await expect(stopped).rejects.toThrow('stopped here')
    expect(await missingRows(client)).toEqual([])
    expect(await count('dropped_ticks', 'done_at IS NULL')).toBe(DROPPABLE.length)
    for (const rows of (await drop(client, await planDrop(client, { beforeUs: D }))).values()) gone += rows
    expect(gone).toBe(total)
    expect(await count('dropped_ticks', 'done_at IS NULL')).toBe(0)
  })

  describe('of some symbols', () => {
    it('leaves those of others, and names symbols that are not there', async () => {
      const { rows } = await client.query<{ symbol: string; count: string }>(
        `SELECT symbol, count(*) FROM quotes JOIN instruments USING (instrument_id) WHERE ${old} GROUP BY 1 ORDER BY 2, 1`,
      )
      const [mine = expect.unreachable('no quotes')] = rows
      const plan = await planDrop(client, { beforeUs: D, symbols: [mine.symbol], tables: ['quotes'] })
      expect(plan.tables).toMatchObject([{ rows: Number(mine.count), chunks: [] }])
      const before = await count('quotes')
      await drop(client, plan)
      expect(await count('quotes')).toBe(before - Number(mine.count))
      expect(await missingRows(client)).toEqual([])
      expect((await proofs()).flatMap(({ problems }) => problems)).toEqual([])
      await expect(planDrop(client, { beforeUs: D, symbols: [mine.symbol, 'NOPE'] })).rejects.toThrow(
        /no instrument of NOPE\. Nothing was dropped/,
      )
    })
  })
})
