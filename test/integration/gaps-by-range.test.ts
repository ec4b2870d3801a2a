/**
 * The gaps of a range: those of the whole history that lie in it or reach into it, at a cost that follows the range. On a history of
 * sessions as the writer makes it: lines that are lost together and alone, refused ones, some that are not wanted any more.
 */

import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { connectClient, createPool } from '../../db/pool.ts'
import { createTickStore } from '../../db/write/tick-store.ts'
import type { Contract } from '../../market/contract.ts'
import type { LineFeed } from '../../market/tick.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { seeded } from '../support/random.ts'
import { LineSession } from '../support/tape/line-session.ts'
import { block } from '../support/tape/ticks.ts'

const SESSIONS = 12
const LINES = 30
const LOSSES = 12
/** Of the month, with a session each: some of them last for two days. */
const DAYS = Array.from({ length: SESSIONS }, (_, i) => i * 2 + 1)
const CONTRACTS: readonly Contract[] = Array.from({ length: LINES }, (_, i) => ({
  kind: 'stock',
  symbol: `S${i % 7}${i}`,
  currency: 'USD',
}))

/** A time of June 2014, `minute` minutes behind the begin of the day. */
const time = (day: number, minute: number, seconds = 0) =>
  new Date(Date.UTC(2014, 5, day, 0, minute, 0, seconds * 1000)).toISOString().slice(0, 23)

/** A loss of all lines every hour, behind which they come back one by one; between these each line fails by itself or is refused. */
function session(day: number, random: () => number): LineSession {
  const begin = 60
  const tape = new LineSession(Date.UTC(2014, 5, day, 0, begin) * 1000, CONTRACTS)
  const feedOf = (line: number): LineFeed | undefined => (line % 5 === 4 ? 'tick-by-tick-trades' : undefined)
  const open = new Set<number>()
  const openAll = (minute: number) => {
    for (let line = 0; line < LINES; line++) {
      if (open.has(line)) continue
      if (random() < 0.1) tape.missing(line, time(day, minute, 1 + line / 100), 'refused: 354')
      else {
        tape.opened(line, time(day, minute, 1 + line / 100), feedOf(line))
        open.add(line)
      }
    }
  }
  openAll(begin)
  for (let loss = 1; loss <= LOSSES; loss++) {
    const minute = begin + loss * (day % 4 === 1 ? 150 : 60)
    for (let line = 0; line < LINES; line++)
      if (open.has(line) && random() < 0.2) {
        const back = random()
        tape.closed(line, time(day, minute - 20, line / 100), back < 0.1 ? 'config' : 'silent', feedOf(line))
        open.delete(line)
        if (back < 0.6) continue
        tape.opened(line, time(day, minute - 15, line / 100), feedOf(line))
        open.add(line)
      }
    for (const line of open) tape.closed(line, time(day, minute, line / 1000), 'link-lost', feedOf(line))
    open.clear()
    tape.gap(time(day, minute), time(day, minute + 2), random() < 0.3 ? 'farm-broken: usfarm' : 'the gateway closed the connection')
    openAll(minute + 2)
  }
  const end = time(day, begin + (LOSSES + 1) * (day % 4 === 1 ? 150 : 60))
  for (const line of open) tape.closed(line, end, 'stopped', feedOf(line))
  return tape.ended(end, 'stopped')
}

forEachEdition('the gaps of a range of time, on a history of sessions', ({ createTapeDatabase }) => {
  let client: pg.Client
  beforeAll(async () => {
    const url = await createTapeDatabase()
    const random = seeded(7)
    const pool = createPool({ url, lanes: 1, logger: { warn: () => undefined } })
    const store = createTickStore({ pool })
    for (const [i, day] of DAYS.entries())
      await store.store({ sessionId: i + 1, batchNo: 1, blocks: [block(session(day, random).records)] }, (line) => CONTRACTS[line])
    await pool.end()
    client = await connectClient(url)
    await client.query('ANALYZE')
  })
  afterAll(() => client.end())

  describe.each(['line_gaps', 'feed_gaps'])('by %s', (view) => {
    it('are those of the history that lie in it or reach into it, wherever it begins and ends', async () => {
      const all = (await client.query(`SELECT count(*)::int AS gaps FROM ${view}`)).rows[0] as { gaps: number }
      expect(all.gaps).toBeGreaterThan(SESSIONS * LINES)
      const random = seeded(3)
      for (let i = 0; i < 40; i++) {
        const day = 1 + Math.floor(random() * DAYS.length * 2)
        const from = time(day, Math.floor(random() * 1440), random() < 0.5 ? 0 : random() * 60)
        const to = new Date(Date.parse(`${from}Z`) + random() ** 4 * 20 * 86_400_000).toISOString()
        const range = [`${from}Z`, to]
        const wanted = await client.query(
          `SELECT * FROM ${view} WHERE from_ts < $2 AND to_ts > $1 ORDER BY session_id, seq, from_ts`,
          range,
        )
        const found = await client.query(`SELECT * FROM ${view}_between($1, $2) ORDER BY session_id, seq, from_ts`, range)
        expect(found.rows, range.join(' ')).toEqual(wanted.rows)
      }
    })

    it('cost what the range has, and not what the history has', async () => {
      const read = async (from: string, to: string) => {
        const sql = `EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) SELECT * FROM ${view}_between('${from}Z', '${to}Z')`
        const { rows } = await client.query<{ 'QUERY PLAN': { Plan: PlanNode }[] }>(sql)
        return rowsRead(rows[0]?.['QUERY PLAN'][0]?.Plan)
      }
      const holds = (await client.query<{ holds: number }>('SELECT count(*)::int AS holds FROM line_holds')).rows[0]?.holds ?? 0
      const [all, hour] = [await read(time(1, 0), time(30, 0)), await read(time(13, 400), time(13, 460))]
      // The planner reads a table of so few rows whole where no index helps.
      expect(all).toBeGreaterThan(holds)
      expect(hour).toBeLessThan(holds / 4)
      expect(hour).toBeGreaterThan(LINES)
    })
  })
})

interface PlanNode {
  'Actual Rows': number
  'Actual Loops': number
  'Rows Removed by Filter'?: number
  'Relation Name'?: string
  Plans?: PlanNode[]
}

/** Rows of tables that a query looked at. */
function rowsRead(node: PlanNode | undefined): number {
  if (!node) return 0
  const looked =
    node['Relation Name'] === undefined ? 0 : (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops']
  return (node.Plans ?? []).reduce((sum, child) => sum + rowsRead(child), looked)
}
