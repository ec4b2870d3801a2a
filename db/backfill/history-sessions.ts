/**
 * Stores ticks of a broker's history, in sessions of a kind of their own (`history`). A session is of one contract, of its trades or its quotes,
 * and of one time, and has its ticks in the order of their seconds: page after page, a batch each.
 *
 * States: begun (nothing is written) -> open (its first ticks are in the database) -> ended (with the last page). One that was left open is
 * gone on with, also by another process. A session without ticks is never written.
 */

import { randomInt } from 'node:crypto'

import { type Contract, contractKey } from '../../market/contract.ts'
import type { Span } from '../../market/coverage.ts'
import type { HistoryTick, TapeRecord } from '../../market/tick.ts'
import { microseconds } from '../microseconds.ts'
import { createPool, type DatabasePool } from '../pool.ts'
import { RecordEncoder } from '../tape/codec/encode.ts'
import { createTickStore, type TickStore } from '../write/tick-store.ts'

/** The kind of these sessions. */
const HISTORY = 'history'

/** What a session has the ticks of. */
export interface HistoryPart extends Span {
  contract: Contract
  what: 'trades' | 'quotes'
  /** For which gap, by whom: more to be found in `sessions.detail`. Parts that differ in it are different sessions. */
  detail?: Readonly<Record<string, unknown>> | undefined
}

export interface StoredPage {
  sessionId: number
  ticks: number
}

/** The number of the contract within a session. */
const INSTRUMENT = 0
/** What is in front of the first tick. */
const HEAD_RECORDS = 2

export class HistorySessions {
  readonly #pool: DatabasePool
  readonly #store: TickStore
  #lastId = 0

  /** Connections are made when they are needed. */
  constructor(url: string) {
    this.#pool = createPool({ url, lanes: 1, logger: { warn: () => undefined } })
    this.#store = createTickStore({ pool: this.#pool })
  }

  close(): Promise<void> {
    return this.#pool.end()
  }

  /**
   * The session of a part: the one that was left open, if it has nothing of `nextUs` or later, else a new one.
   *
   * @param nextUs the first second that is to be stored
   */
  async begin(part: HistoryPart, nextUs = part.fromUs): Promise<HistorySession> {
    const detail = detailOf(part)
    const { rows } = await this.#pool.withClient((client) =>
      client.query<Record<'id' | 'batch' | 'seq' | 'last', string>>(
        `SELECT session_id AS id, max(batch_no) AS batch, max(last_seq) AS seq, ${microseconds('max(last_ts)')} AS last
         FROM sessions JOIN batches USING (session_id) WHERE kind = '${HISTORY}' AND ended_ts IS NULL AND detail = $1::jsonb
         GROUP BY session_id ORDER BY session_id DESC`,
        [JSON.stringify(detail)],
      ),
    )
    const open = rows.find(({ last }) => Number(last) < nextUs)
    const place = open
      ? { sessionId: Number(open.id), batchNo: Number(open.batch), seq: Number(open.seq), tsUs: Number(open.last) }
      : { sessionId: this.#newId(), batchNo: 0, seq: 0, tsUs: part.fromUs - HEAD_RECORDS - 1 }
    return new HistorySession(this.#store, part, detail, place)
  }

  /** As those of recordings: rising, and apart from those of other processes. */
  #newId(): number {
    this.#lastId = Math.max(Date.now() * 4096 + randomInt(4096), this.#lastId + 1)
    return this.#lastId
  }
}

interface Place {
  sessionId: number
  batchNo: number
  seq: number
  tsUs: number
}

export class HistorySession {
  readonly #store: TickStore
  readonly #part: HistoryPart
  readonly #detail: Record<string, unknown>
  /** Behind what is in the database. */
  #place: Place

  /** `HistorySessions.begin` makes them. */
  constructor(store: TickStore, part: HistoryPart, detail: Record<string, unknown>, place: Place) {
    this.#store = store
    this.#part = part
    this.#detail = detail
    this.#place = place
  }

  /**
   * Stores the next ticks, of seconds behind all that it has, in one transaction. Ticks of one second keep their order: their times are
   * the second and as many microseconds. Not to be called again before it has resolved; after it has rejected, begin anew.
   *
   * @param also a statement that is committed with them, of the session that they are in
   * @param isLast ends the session
   * @returns undefined where there is nothing to be written: no tick, and no open session to end. Then `also` is not done
   * @throws WriteError saying what to do
   */
  async store(
    ticks: readonly HistoryTick[],
    { isLast = false, also }: { isLast?: boolean; also?: (sessionId: number) => string } = {},
  ): Promise<StoredPage | undefined> {
    const isOpen = this.#place.batchNo > 0
    if (ticks.length === 0 && !(isOpen && isLast)) return undefined
    const place = { ...this.#place, batchNo: this.#place.batchNo + 1 }
    const { contract, toUs } = this.#part
    const encoder = new RecordEncoder()
    const append = (record: Unplaced<TapeRecord>, tsUs: number) => {
      place.tsUs = Math.max(tsUs, place.tsUs + 1)
      encoder.append({ ...record, seq: ++place.seq, tsUs: place.tsUs })
    }
    if (!isOpen) {
      append({ kind: 'session', event: 'started', detail: this.#detail }, place.tsUs)
      append({ kind: 'contract', instrument: INSTRUMENT, contract }, place.tsUs)
    }
    for (const tick of ticks) append({ ...tick, instrument: INSTRUMENT }, tick.eventTsUs)
    if (isLast) append({ kind: 'session', event: 'ended', cause: 'complete' }, toUs)
    const { sessionId, batchNo } = place
    const batch = { sessionId, batchNo, blocks: [encoder.bytes()], also: also?.(sessionId) }
    const stored = await this.#store.store(batch, (instrument) => (instrument === INSTRUMENT ? contract : undefined))
    this.#place = place
    return { sessionId, ticks: stored.acceptedTicks }
  }
}

/** A record without its place. */
type Unplaced<T extends TapeRecord> = T extends TapeRecord ? Omit<T, 'seq' | 'tsUs'> : never

function detailOf({ contract, what, fromUs, toUs, detail }: HistoryPart): Record<string, unknown> {
  return { ...detail, kind: HISTORY, contract: contractKey(contract), what, fromUs, toUs }
}
