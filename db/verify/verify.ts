/** Proves the recorded sessions of a database, one after the other. */

import type pg from 'pg'

import { describeContract } from '../../market/contract.ts'
import { FeedError } from '../../market/errors.ts'
import { isTick } from '../../market/tick.ts'
import { isoFromUs } from '../../market/time.ts'
import { microseconds } from '../microseconds.ts'
import { findSessions } from '../read/sessions.ts'
import { withReader } from '../read/table-streams.ts'
import type { ContractOf } from './content.ts'
import { JournalCursor, type JournalOnDisk } from './journal-cursor.ts'
import type { DamageGap } from './journal-damage.ts'
import type { Doubt, SessionProof } from './problems.ts'
import { proveSession } from './prove-session.ts'
import { readSession, type ReadSession, strayRows } from './read-session.ts'
import { type SilentLine, SilentLines } from './silent-lines.ts'

export interface VerifyQuery {
  /** `latest`: the last one of all; `all`: every one with records from `fromUs` to before `toUs`. */
  sessionId: number | 'latest' | 'all'
  fromUs?: number | undefined
  toUs?: number | undefined
}

export interface VerifyOptions {
  url: string
  query: VerifyQuery
  /** What is left of the journal, looked at before this is called. */
  journal?: JournalOnDisk | undefined
  /** Of the one session that is asked for: `120-3f5a…`, as it was noted down. */
  expectedHash?: string | undefined
  onProgress?: ((progress: { ticks: number; totalTicks: number; sessionId: number }) => void) | undefined
  /** Another reader than that of a replay. */
  read?: ReadSession | undefined
}

/** The cause of a gap that stands for what the journal has lost. */
const JOURNAL_DAMAGED = 'journal-damaged%'
const MOST_DOUBTS = 20

/**
 * Gives the proof of each session as soon as it is done, the session that began first in front.
 *
 * @throws FeedError `no-session` when there is none of that number or time, or the database cannot be read
 */
export async function* verifySessions(options: VerifyOptions): AsyncGenerator<SessionProof> {
  const { url, query, journal, onProgress } = options
  const sessions = await withReader(url, (client) => sessionsOf(client, query, journal?.sessions ?? []))
  const totalTicks = sessions.reduce((sum, session) => sum + session.ticks, 0)
  let done = 0
  for (const { sessionId, ticks: ofSession } of sessions) {
    let ticks = 0
    const silent = new SilentLines()
    const cursor = journal?.sessions.includes(sessionId) ? new JournalCursor(journal.blocks(sessionId)) : undefined
    let contractOf: ContractOf = () => undefined
    try {
      const proof = await (options.read ?? readSession)(url, sessionId, (tape) => {
        contractOf = tape.contractOf
        return proveSession(tape, {
          sessionId,
          journal: cursor,
          expectedHash: options.expectedHash,
          damageGaps: () => withReader(url, (client) => damageGaps(client, sessionId)),
          onRecords: (records) => {
            for (const record of records) {
              silent.take(record)
              if (isTick(record)) ticks++
            }
            onProgress?.({ ticks: done + Math.min(ticks, ofSession), totalTicks, sessionId })
          },
        })
      })
      silent.finish()
      proof.doubts.push(...(await withReader(url, (client) => doubtsOf(client, sessionId, silent.found, contractOf))))
      for (const stray of await strayRows(url, sessionId)) addStray(proof, stray)
      yield proof
    } finally {
      await cursor?.close()
    }
    done += ofSession
  }
}

type Client = Pick<pg.ClientBase, 'query'>

/**
 * Sessions that have a journal and that the database knows nothing of: recorded into another one, or deleted here with all that belongs to
 * them. Asked for by number, they are compared.
 *
 * @throws FeedError when the database cannot be read
 */
export async function onlyInJournal(url: string, journal: JournalOnDisk): Promise<number[]> {
  const known = new Set((await withReader(url, (client) => knownSessions(client, undefined))).map(({ sessionId }) => sessionId))
  return journal.sessions.filter((id) => !known.has(id))
}

/** With what their markers say of ticks. One that is asked for by number may be only in the journal. */
async function sessionsOf(client: Client, { sessionId, fromUs, toUs }: VerifyQuery, journaled: readonly number[]) {
  const isRange = sessionId === 'all' && (fromUs !== undefined || toUs !== undefined)
  const ids = isRange ? (await findSessions(client, { fromUs, toUs })).map((session) => session.sessionId) : undefined
  const all = await knownSessions(client, ids ?? (typeof sessionId === 'number' ? [sessionId] : undefined))
  if (all.length === 0 && typeof sessionId === 'number' && journaled.includes(sessionId)) all.push({ sessionId, ticks: 0, isLive: true })
  const latest = [all.findLast(({ isLive }) => isLive) ?? all.at(-1)].filter((session) => session !== undefined)
  const chosen = sessionId === 'latest' ? latest : all
  if (chosen.length === 0 && sessionId !== 'all')
    throw new FeedError(
      sessionId === 'latest'
        ? 'The database holds no recorded session. Record one with `tapedeck collect`, or check which database is read (--data-dir, DATABASE_URL).'
        : `The database holds no session ${sessionId}. \`tapedeck verify --all\` lists those that it holds.`,
      { code: 'no-session' },
    )
  return chosen
}

/** `isLive`: a recording, of which there is something. */
async function knownSessions(
  client: Client,
  ids: readonly number[] | undefined,
): Promise<{ sessionId: number; ticks: number; isLive: boolean }[]> {
  const { rows } = await client.query<{ id: string; ticks: string; live: boolean }>(
    `SELECT session_id AS id, coalesce(kind, 'live') = 'live' AND (started_ts IS NOT NULL OR EXISTS (SELECT FROM batches b WHERE b.session_id = s.session_id)) AS live,
       coalesce((SELECT sum(accepted_ticks + quarantined_ticks) FROM batches b WHERE b.session_id = s.session_id), 0) AS ticks
     FROM (SELECT session_id FROM sessions UNION SELECT session_id FROM batches) s LEFT JOIN sessions USING (session_id)
     WHERE $1::bigint[] IS NULL OR session_id = ANY ($1) ORDER BY session_id`,
    [ids ?? null],
  )
  return rows.map(({ id, ticks, live }) => ({ sessionId: Number(id), ticks: Number(ticks), isLive: live }))
}

/** Gaps that name what the journal lost, on the tape of this session or of one behind it. */
async function damageGaps(client: Client, sessionId: number): Promise<DamageGap[]> {
  const { rows } = await client.query<{ from: string; to: string }>(
    `SELECT ${microseconds('from_ts')} AS from, ${microseconds('to_ts')} AS to FROM gaps WHERE cause LIKE $1 AND session_id >= $2`,
    [JOURNAL_DAMAGED, sessionId],
  )
  return rows.map(({ from, to }) => ({ fromTsUs: Number(from), toTsUs: Number(to) }))
}

/** Of the silent lines, those that no gap names. */
async function doubtsOf(client: Client, sessionId: number, lines: readonly SilentLine[], contractOf: ContractOf): Promise<Doubt[]> {
  const doubts: Doubt[] = []
  for (const { instrument, fromTsUs, toTsUs } of lines) {
    if (doubts.length === MOST_DOUBTS) break
    const { rows } = await client.query(
      `SELECT FROM feed_gaps_between($1, $2) WHERE session_id = $3 AND feed IS NULL AND (instrument_id IS NULL OR instrument_id = $4) LIMIT 1`,
      [isoFromUs(fromTsUs), isoFromUs(toTsUs), sessionId, instrument],
    )
    const contract = contractOf(instrument)
    if (rows.length > 0 || !contract) continue
    const name = describeContract(contract)
    const time = `from ${isoFromUs(fromTsUs)} to ${isoFromUs(toTsUs)}`
    const message = `The line of ${name} was open ${time} without a tick, in trading hours, and no gap names it.`
    doubts.push({ sessionId, contract: name, fromTsUs, toTsUs, message })
  }
  return doubts
}

function addStray(proof: SessionProof, { table, seq, tsUs }: Awaited<ReturnType<typeof strayRows>>[number]): void {
  const message = `seq ${seq} in ${table} is of ${isoFromUs(tsUs)}, more than a day outside of its session: it was added, or its time was altered.`
  proof.problems.push({ kind: 'rows-added', sessionId: proof.sessionId, seq, tsUs, table, column: 'ts', message })
  proof.problemCount++
}
