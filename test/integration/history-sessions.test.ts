/** Ticks of IB's history in sessions of their own: in order, proved like recordings, gone on with where they were left. */

import { afterEach, beforeEach, expect, it } from 'vitest'

import { HistorySessions, type HistoryPart } from '../../db/backfill/history-sessions.ts'
import { connectClient } from '../../db/pool.ts'
import { verifySessions } from '../../db/verify/verify.ts'
import type { HistoryTick } from '../../market/tick.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { OPEN_US, SECOND_US, TWX } from '../support/gateway/gateway-tape.ts'

const at = (second: number) => OPEN_US + second * SECOND_US
const PART: HistoryPart = { contract: TWX, what: 'trades', fromUs: OPEN_US, toUs: at(60) }

function trade(second: number, price: number): HistoryTick {
  return { kind: 'trade', eventTsUs: at(second), price, size: 100, source: 'tick-by-tick', venue: 'NYSE' }
}

forEachEdition('a session of history', ({ createTapeDatabase }) => {
  let url: string
  let sessions: HistorySessions
  beforeEach(async () => {
    url = await createTapeDatabase()
    sessions = new HistorySessions(url)
  })
  afterEach(() => sessions.close())

  async function rows(sql: string): Promise<Record<string, unknown>[]> {
    const client = await connectClient(url)
    try {
      return (await client.query<Record<string, unknown>>(sql)).rows
    } finally {
      await client.end()
    }
  }
  const problems = async () => {
    const found: unknown[] = []
    for await (const proof of verifySessions({ url, query: { sessionId: 'all' } })) found.push(...proof.problems, ...proof.doubts)
    return found
  }

  it('keeps the order within a second, goes on where it was left, and is proved by verify', async () => {
    const first = await sessions.begin(PART)
    expect(await first.store([])).toBeUndefined()
    expect(await rows('SELECT * FROM sessions')).toEqual([])
    const stored = await first.store([trade(0, 70), trade(0, 69), trade(0, 70), trade(3, 71)])
    expect(stored).toMatchObject({ ticks: 4 })
    expect(await problems()).toEqual([])

    const again = await sessions.begin(PART, at(4))
    expect(await again.store([trade(9, 72)])).toEqual({ sessionId: stored?.sessionId, ticks: 1 })
    expect(await again.store([])).toBeUndefined()
    expect(await again.store([], { isLast: true })).toEqual({ sessionId: stored?.sessionId, ticks: 0 })
    expect(await rows(`SELECT (extract(epoch FROM ts) * 1000000)::bigint - ${OPEN_US} AS us, price FROM trades ORDER BY seq`)).toEqual([
      { us: '0', price: 70 },
      { us: '1', price: 69 },
      { us: '2', price: 70 },
      { us: '3000000', price: 71 },
      { us: '9000000', price: 72 },
    ])
    expect(
      await rows(`SELECT kind, ended_cause, (extract(epoch FROM ended_ts) * 1000000)::bigint - ${OPEN_US} AS us FROM sessions`),
    ).toEqual([{ kind: 'history', ended_cause: 'complete', us: '60000000' }])
    expect(await problems()).toEqual([])
  })

  it('is another one for another part, and where the one that was left has later ticks', async () => {
    const left = await (await sessions.begin(PART)).store([trade(5, 70)])
    const others = [
      await sessions.begin({ ...PART, what: 'quotes' }),
      await sessions.begin({ ...PART, detail: { gap: 'link-lost' } }),
      await sessions.begin(PART, at(5)),
    ]
    const ids = [left?.sessionId]
    for (const one of others) ids.push((await one.store([trade(1, 71)], { isLast: true }))?.sessionId)
    expect(new Set(ids).size).toBe(4)
    expect(await problems()).toEqual([])
  })

  it('commits with its ticks what belongs to them, or neither', async () => {
    const session = await sessions.begin(PART)
    await expect(session.store([trade(0, 70)], { also: () => 'SELECT 1 / 0' })).rejects.toThrow()
    expect(await rows('SELECT * FROM batches')).toEqual([])
    const again = await sessions.begin(PART)
    await again.store([trade(0, 70)], { also: (id) => `UPDATE sessions SET detail = detail || '{"id": ${id}}' WHERE session_id = ${id}` })
    expect(await rows("SELECT session_id::text = detail->>'id' AS known FROM sessions JOIN batches USING (session_id)")).toEqual([
      { known: true },
    ])
  })
})
