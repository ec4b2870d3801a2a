/**
 * The account that every disturbed recording is closed with. Its tape is one of `numberedQuotes`: contract and size of a quote
 * tell which one it is, so that what was recorded can be held against what was served quote by quote.
 */

import { join } from 'node:path'

import { expect } from 'vitest'

import { listSegments } from '../../../collector/journal/directory.ts'
import { readRecords, readTapeMeta } from '../../../db/tape/reader.ts'
import { openTapeReader } from '../../../db/read/tape-reader.ts'
import { type Contract, contractKey } from '../../../market/contract.ts'
import { isTick, type Quote, type TapeRecord, type Tick } from '../../../market/tick.ts'
import { busyQuotes } from './busy-tape.ts'
import { ask } from '../process/collecting.ts'
import { CONTRACTS } from '../gateway/gateway-tape.ts'

const ORDINALS = new Map(CONTRACTS.map((contract, i) => [contractKey(contract), i]))
const TICKS = ['quotes', 'trades', 'option_greeks', 'statistics', 'rejected_ticks']
  .map((table) => `SELECT session_id, seq FROM ${table}`)
  .join(' UNION ALL ')
/** What of a tick must survive, in one order. */
const FIELDS = ['kind', 'seq', 'tsUs', 'eventTsUs', 'instrument', 'bidPrice', 'askPrice', 'bidSize', 'askSize', 'verdict', 'rules']
const SIDES = ['bidPrice', 'bidSize', 'askPrice', 'askSize'] as const

/** Quotes that are all different, and of which a rule quarantines every hundredth. */
export function numberedQuotes(count: number, stepUs: number): Quote[] {
  return busyQuotes(count, stepUs).map((quote, i) => (i % 100 === 50 ? { ...quote, askPrice: (quote.bidPrice ?? 0) - 0.05 } : quote))
}

export interface Recorded {
  databaseUrl: string
  /** Data directories of the collectors, one behind the other in time. Their released segments are all there. */
  dataDirs: readonly string[]
  /** What the tape says. */
  quotes: readonly Quote[]
  /** The gateway's count, when no tick of it may be missing from the account. */
  ticksServed?: number
}

export interface Account {
  /** In all tables of ticks. */
  rows: number
  sessionIds: number[]
  /** Numbers of the quotes that are not recorded whole, from when all lines were open up to the last. A gap names each. */
  missing: number[]
  gaps: Gap[]
}

export interface Gap {
  sessionId: number
  cause: string
  fromUs: number
  toUs: number
}

/**
 * Fails unless the database has every journaled tick exactly once and as it was journaled, the ticks are in the order in which they
 * were served, and each that is missing was on the tape while a named gap was open.
 */
export async function expectWhole({ databaseUrl, dataDirs, quotes, ticksServed }: Recorded): Promise<Account> {
  const journaled: Journaled[] = []
  for (const dataDir of dataDirs) journaled.push(...(await journalOf(dataDir)))
  const ticks = journaled.reduce((sum, { records }) => sum + records.filter(isTick).length, 0)
  const sessionIds = journaled.map(({ sessionId }) => sessionId)
  const among = `session_id IN (${[0, ...sessionIds].join(', ')})`
  const [counted] = await ask(
    databaseUrl,
    `SELECT count(*)::int AS rows, count(DISTINCT (session_id, seq))::int AS seqs FROM (${TICKS}) AS ticks WHERE ${among}`,
  )
  expect(counted).toEqual({ rows: ticks, seqs: ticks })
  // Every batch is as large as its marker says: none is there in part.
  expect(await ask(databaseUrl, `SELECT sum(accepted_ticks + quarantined_ticks)::int AS ticks FROM batches WHERE ${among}`)).toEqual([
    { ticks },
  ])
  if (ticksServed !== undefined) expect(ticks).toBe(ticksServed)

  const whole = new Set<number>()
  /** Instruments that a quote was recorded of. Until that is all of them, their lines are being opened. */
  const begun = new Set<number>()
  let [begin, last] = [0, -1]
  for (const session of journaled) {
    if (session.records.some(isTick)) await expectAsJournaled(databaseUrl, session)
    for (const { tick, number } of inOrder(session)) {
      last = Math.max(last, number)
      if (begun.size < CONTRACTS.length) begin = last
      begun.add(number % CONTRACTS.length)
      if (tick.verdict?.findings.some(({ rule }) => rule === 'unfinished')) continue
      whole.add(number)
      const quote = quotes[number]
      if (SIDES.some((side) => tick[side] !== quote?.[side]))
        expect.unreachable(`recorded ${JSON.stringify(tick)} of ${JSON.stringify(quote)}`)
    }
  }
  const missing: number[] = []
  for (let number = begin; number <= last; number++) if (!whole.has(number)) missing.push(number)
  const gaps = await ask<Gap>(
    databaseUrl,
    `SELECT session_id::float8 AS "sessionId", cause, (extract(epoch FROM from_ts) * 1000000)::float8 AS "fromUs",
       (extract(epoch FROM to_ts) * 1000000)::float8 AS "toUs" FROM feed_gaps WHERE ${among} ORDER BY session_id, seq`,
  )
  const tsUs = (number: number) => quotes[number]?.tsUs ?? Number.NaN
  const unnamed = missing.filter((number) => !gaps.some(({ fromUs, toUs }) => fromUs <= tsUs(number) && tsUs(number) <= toUs))
  expect(unnamed.length, `no gap names the quotes ${unnamed.slice(0, 5).join(', ')} …; gaps ${JSON.stringify(gaps)}`).toBe(0)
  return { rows: ticks, sessionIds, missing, gaps }
}

export interface Journaled {
  sessionId: number
  /** Each once, without what segments repeat. */
  records: TapeRecord[]
  contracts: Map<number, Contract>
}

/** What is on disk: every whole record of every session that has any, released segments included. */
export async function journalOf(dataDir: string): Promise<Journaled[]> {
  const journal = join(dataDir, 'journal')
  const files = [...(await listSegments(join(journal, 'released'))), ...(await listSegments(journal))]
  files.sort((a, b) => a.sessionId - b.sessionId || a.segment - b.segment)
  const sessions: Journaled[] = []
  for (const { path, sessionId } of files) {
    // A crash may leave a file whose header never reached the disk, and no row can be behind it.
    if (!(await readTapeMeta(path).catch(() => undefined))) continue
    let session = sessions.at(-1)
    if (session?.sessionId !== sessionId) {
      session = { sessionId, records: [], contracts: new Map() }
      sessions.push(session)
    }
    for await (const records of readRecords(path))
      for (const record of records) {
        if (record.kind === 'contract') session.contracts.set(record.instrument, record.contract)
        if (record.seq > (session.records.at(-1)?.seq ?? 0)) session.records.push(record)
      }
  }
  return sessions.filter(({ records }) => records.length > 0)
}

async function expectAsJournaled(databaseUrl: string, { sessionId, records, contracts }: Journaled): Promise<void> {
  const expected = records.filter(isTick)
  const reader = await openTapeReader({ url: databaseUrl }, { sessionId, includeQuarantined: true })
  let i = 0
  for await (const chunk of reader.ticks())
    for (const tick of chunk) {
      const [found, journaled] = [textOf(tick, reader.contracts), textOf(expected[i++], contracts)]
      // An expectation for each of a hundred thousand ticks would take longer than their recording.
      if (found !== journaled) expect(found).toBe(journaled)
    }
  expect(i).toBe(expected.length)
}

function textOf(tick: Tick | undefined, contracts: ReadonlyMap<number, Contract>): string {
  const contract = tick && contracts.get(tick.instrument)
  return JSON.stringify({ ...tick, instrument: contract && contractKey(contract) }, FIELDS)
}

/** The quotes of a session with their numbers, which rise but for the states that lines begin with. */
function inOrder({ records, contracts }: Journaled): { tick: Quote; number: number }[] {
  const found: { tick: Quote; number: number }[] = []
  const begun = new Set<number>()
  let last = -1
  for (const record of records) {
    if (record.kind === 'line' && record.event === 'opened') begun.add(record.instrument)
    if (!isTick(record)) continue
    if (record.kind !== 'quote') expect.unreachable(`the tape has no ${record.kind}`)
    const contract = contracts.get(record.instrument)
    const ordinal = (contract && ORDINALS.get(contractKey(contract))) ?? Number.NaN
    const number = ((record.bidSize ?? Number.NaN) - 1) * CONTRACTS.length + ordinal
    if (!(number >= 0)) expect.unreachable(`no quote of the tape: ${JSON.stringify(record)}`)
    if (number <= last && !begun.has(record.instrument)) expect.unreachable(`quote ${number} behind ${last}`)
    begun.delete(record.instrument)
    last = Math.max(last, number)
    found.push({ tick: record, number })
  }
  return found
}
