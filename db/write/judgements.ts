/**
 * Stores what a later judgement of a session found, beside what was recorded and never over it: its findings under a number of their own,
 * and a row of `judgements`. One transaction: a judgement is there whole or not at all.
 */

import { createHash, type Hash } from 'node:crypto'

import type pg from 'pg'

import { isoFromUs } from '../../market/time.ts'
import type { Tick } from '../../market/tick.ts'
import { CopyBuffer } from '../copy-buffer.ts'
import { jsonbText } from '../jsonb.ts'
import { connectClient } from '../pool.ts'
import { FINDINGS } from '../schema/tick-tables.ts'
import { writeErrorOf } from '../sqlstates.ts'
import { BEGIN_LONG } from '../transaction.ts'
import { appendFindings, copyStatement } from './copy-encode.ts'
import { copyIn } from './copy-in.ts'

export interface JudgementInfo {
  /** Of the program. */
  version: string
  /** Of the rules that were run. */
  settings: object
  /** Absent: all. */
  symbols?: readonly string[] | undefined
  /** Of the first and the last tick that was judged. */
  fromTsUs: number
  toTsUs: number
  ticks: number
  flagged: number
  quarantined: number
  /** Whose verdict is another than the recorded one. */
  differing: number
}

export interface StoredJudgement {
  judgementId: number
  sessionId: number
  /** False when the same settings had found the same before: that judgement stands, and nothing was written. */
  isNew: boolean
}

const KEEP = `
INSERT INTO judgements (judgement_id, session_id, from_ts, to_ts, version, settings, symbols, digest, ticks, flagged_ticks, quarantined_ticks,
  differing_ticks)
OVERRIDING SYSTEM VALUE VALUES ($1, $2, $3, $4, $5, $6::jsonb, $7, $8, $9, $10, $11, $12)
ON CONFLICT (session_id, from_ts, to_ts, digest) DO NOTHING`

/** Takes the next number as an INSERT does, for which the role needs no right on the sequence, and the row back. */
const NUMBER = `
SAVEPOINT numbering;
INSERT INTO judgements (session_id, from_ts, to_ts, version, settings, digest, ticks, flagged_ticks, quarantined_ticks, differing_ticks)
  VALUES (0, now(), now(), '', '{}', '', 0, 0, 0, 0) RETURNING judgement_id AS id;
ROLLBACK TO numbering`

export class JudgementWriter {
  readonly #client: pg.Client
  readonly #sessionId: number
  readonly #judgementId: number
  readonly #rows = new CopyBuffer()
  /** Of everything that was found. */
  readonly #found: Hash = createHash('sha256')

  private constructor(client: pg.Client, sessionId: number, judgementId: number) {
    this.#client = client
    this.#sessionId = sessionId
    this.#judgementId = judgementId
  }

  /** Begins a judgement of one session. Throws a WriteError, like everything here. */
  static async begin(url: string, sessionId: number): Promise<JudgementWriter> {
    const client = await connectClient(url)
    try {
      // Nothing is sent while the rules find nothing, in a session of millions of ticks for minutes.
      await client.query(BEGIN_LONG)
      const answer: unknown = await client.query(NUMBER)
      const [, numbered] = answer as pg.QueryResult<{ id: string }>[]
      return new JudgementWriter(client, sessionId, Number(numbered?.rows[0]?.id))
    } catch (error) {
      await client.end().catch(() => undefined)
      throw refused(error)
    }
  }

  /** Findings that are not sent yet. */
  get waiting(): number {
    return this.#rows.rows
  }

  /** Takes what was found on a tick, whose instruments have the database's numbers. */
  add({ tsUs, seq, instrument, verdict }: Tick): void {
    if (!verdict) return
    const { findings } = verdict
    this.#found.update(JSON.stringify([seq, findings]))
    const [sessionId, judgementId] = [this.#sessionId, this.#judgementId]
    const instrumentId = instrument > 0 ? instrument : undefined
    appendFindings(this.#rows, { sessionId, tsUs, seq, judgementId, instrumentId, findings, idOf: (leg) => leg })
  }

  async flush(): Promise<void> {
    if (this.#rows.rows === 0) return
    try {
      // A COPY that waited while the table became a hypertable would write where nobody reads.
      await this.#client.query(`LOCK TABLE ${FINDINGS.name} IN ROW EXCLUSIVE MODE`)
      await copyIn(this.#client, copyStatement(FINDINGS), this.#rows.finish())
    } catch (error) {
      throw refused(error)
    }
    this.#rows.clear()
  }

  /** Keeps the judgement, unless the same is there already. */
  async commit(info: JudgementInfo): Promise<StoredJudgement> {
    const { version, settings, symbols, fromTsUs, toTsUs, ticks, flagged, quarantined, differing } = info
    const digest = createHash('sha256')
      .update(JSON.stringify([version, settings, symbols ?? null, this.#found.digest('hex')]))
      .digest('hex')
    await this.flush()
    try {
      const place = [this.#sessionId, isoFromUs(fromTsUs), isoFromUs(toTsUs)]
      const what = [version, jsonbText(settings), symbols ?? null, digest]
      const { rowCount } = await this.#client.query(KEEP, [this.#judgementId, ...place, ...what, ticks, flagged, quarantined, differing])
      if (rowCount === 1) {
        await this.#client.query('COMMIT')
        return { judgementId: this.#judgementId, sessionId: this.#sessionId, isNew: true }
      }
      await this.#client.query('ROLLBACK')
      const { rows } = await this.#client.query<{ id: string }>(
        'SELECT judgement_id AS id FROM judgements WHERE session_id = $1 AND from_ts = $2 AND to_ts = $3 AND digest = $4',
        [...place, digest],
      )
      return { judgementId: Number(rows[0]?.id), sessionId: this.#sessionId, isNew: false }
    } catch (error) {
      throw refused(error)
    }
  }

  /** What was not committed is undone. */
  async close(): Promise<void> {
    await this.#client.end().catch(() => undefined)
  }
}

function refused(error: unknown): Error {
  return writeErrorOf(error, 'did not take a judgement')
}
