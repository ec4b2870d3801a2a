/**
 * The gaps of a range: those of the whole history that lie in it or reach into it, at a cost that follows the range. On a history of
 * sessions as the writer makes it: lines that are lost together and alone, refused ones, some that are not wanted any more.
 */

import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { connectClient, createPool } from '../../db/pool.ts'
import { migrate, migrateDown } from '../../db/schema/migrate.ts'
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
  // Wanted before the session began, and a chain that is looked for.
  for (let line = 0; line < LINES; line++) if (!feedOf(line)) tape.missing(line, time(day, begin - 1, line / 100), 'not-open-yet')
  tape.missing(0, time(day, begin - 1), 'not-found-yet', 'option-chain').missing(0, time(day, begin + 30), 'config', 'option-chain')
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

/** Sessions behind a step of the clock: gaps that were noticed later have a part in the time of the session before. */
function sessionsBehindSteps(): LineSession[] {
  const contracts = CONTRACTS.slice(0, 3)
  const NOTED = time(36, 850)
  const before = new LineSession(Date.UTC(2014, 5, 34) * 1000, contracts).opened(0, time(34, 1)).closed(0, time(36, 840), 'stopped')
  // Set forward.
  const forward = new LineSession(Date.UTC(2014, 5, 36, 14) * 1000, contracts).opened(0, time(36, 840)).opened(1, time(36, 840))
  forward.missing(0, time(34, 600), 'silent', undefined, NOTED).missing(0, time(36, 839, 59), 'config', undefined, NOTED)
  forward.closed(0, time(36, 849), 'silent').opened(0, time(36, 851))
  for (const line of [0, 1]) forward.closed(line, time(36, 900), 'stopped')
  // Set back by an hour at 15:00. One line was dead since 14:59 and is refused from then on, of one that is noticed a minute before 15:00.
  const back = new LineSession(Date.UTC(2014, 5, 38, 14) * 1000, contracts)
  const lines = [0, 1, 2]
  for (const line of lines) back.opened(line, time(38, 840))
  for (const [line, noted] of [time(38, 841), time(38, 899, 10), time(38, 899, 30)].entries()) {
    back.missing(line, time(38, 899), 'silent', undefined, noted).missing(line, time(38, 900), 'config', undefined, noted)
    back.closed(line, time(38, 840), 'silent')
    if (line === 0) back.missing(line, time(38, 841), 'refused: 354')
    else back.opened(line, time(38, 899, 40))
  }
  for (const line of [1, 2]) back.closed(line, time(38, 1200), 'stopped')
  // With the gateway's clock, time may stand still.
  const still = new LineSession(Date.UTC(2014, 5, 40, 14) * 1000, contracts)
  for (const line of lines) still.missing(line, time(40, 840), 'not-open-yet').missing(line, time(40, 840), 'refused: 354')
  return [
    before.ended(time(36, 840), 'stopped'),
    forward.ended(time(36, 900), 'stopped'),
    back.ended(time(38, 1200), 'stopped'),
    still.ended(time(40, 1200), 'stopped'),
  ]
}

/** Parts of a gap, and what lasts, begin before these and end behind them. */
const BEHIND_STEPS = [
  [time(35, 0), time(35, 60)],
  [time(36, 849, 30), time(36, 850)],
  [time(38, 870), time(38, 880)],
  [time(38, 899, 20), time(38, 899, 25)],
  [time(38, 899, 50), time(38, 899, 55)],
  [time(38, 930), time(38, 960)],
  [time(40, 900), time(40, 960)],
].map((range) => range.map((text) => `${text}Z`))

forEachEdition('the gaps of a range of time, on a history of sessions', ({ createTapeDatabase }) => {
  let client: pg.Client
  beforeAll(async () => {
    const url = await createTapeDatabase()
    const random = seeded(7)
    const pool = createPool({ url, lanes: 1, logger: { warn: () => undefined } })
    const store = createTickStore({ pool })
    for (const [i, { records }] of [...DAYS.map((day) => session(day, random)), ...sessionsBehindSteps()].entries())
      await store.store({ sessionId: i + 1, batchNo: 1, blocks: [block(records)] }, (line) => CONTRACTS[line])
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
      // While a chain was looked for, and from before the session on, when its lines were wanted already.
      const ranges = [...BEHIND_STEPS, [`${time(5, 70)}Z`, `${time(5, 71)}Z`], [`${time(5, 59, 30)}Z`, `${time(5, 61)}Z`]]
      for (let i = 0; i < 40; i++) {
        const day = 1 + Math.floor(random() * DAYS.length * 2)
        const from = time(day, Math.floor(random() * 1440), random() < 0.5 ? 0 : random() * 60)
        const to = new Date(Date.parse(`${from}Z`) + random() ** 4 * 20 * 86_400_000).toISOString()
        ranges.push([`${from}Z`, to])
      }
      for (const range of ranges) {
        const wanted = await client.query(
          `SELECT * FROM ${view} WHERE from_ts < $2 AND to_ts > $1 ORDER BY session_id, seq, from_ts`,
          range,
        )
        const found = await client.query(`SELECT * FROM ${view}_between($1, $2) ORDER BY session_id, seq, from_ts`, range)
        expect(found.rows, range.join(' ')).toEqual(wanted.rows)
        if (BEHIND_STEPS.includes(range)) expect(found.rows, range.join(' ')).not.toEqual([])
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

  it('leave the views with what they gave before there were functions', async () => {
    const read = async () =>
      Promise.all(
        ['line_gaps', 'feed_gaps'].map(
          async (view) => (await client.query(`SELECT * FROM ${view} ORDER BY session_id, seq, from_ts`)).rows,
        ),
      )
    const now = await read()
    await migrateDown(client, { to: 4, loseRows: true })
    expect(now).toEqual(await read())
    await migrate(client)
    expect(await read()).toEqual(now)
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
