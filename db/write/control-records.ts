/**
 * Writes what a tape says beside its ticks: sessions, line holds, outages, configurations. Batches commit in any order, over
 * several lanes, so every statement gives the same result in any order: it fills in and never takes back.
 */

import type pg from 'pg'

import type { ConfigRecord, FeedGap, LineEvent, LineFeed, SessionEvent, TapeRecord } from '../../market/tick.ts'
import { isoFromUs } from '../../market/time.ts'
import { jsonbText, parseJsonb, storableText } from '../jsonb.ts'

export type ControlRecord = ConfigRecord | FeedGap | LineEvent | SessionEvent

/** Gives the database's number of a tape's instrument, if it has one. */
type NumberOf = (instrument: number) => number | undefined

const SESSIONS = `
INSERT INTO sessions AS known (session_id, started_ts, last_alive_ts, ended_ts, ended_cause, clock, detail)
SELECT $1, started_ts, last_alive_ts, ended_ts, ended_cause, detail->>'clock', detail
FROM jsonb_to_recordset($2::jsonb) AS r(started_ts timestamptz, last_alive_ts timestamptz, ended_ts timestamptz, ended_cause text, detail jsonb)
ON CONFLICT (session_id) DO UPDATE SET
  started_ts = LEAST(known.started_ts, EXCLUDED.started_ts),
  last_alive_ts = GREATEST(known.last_alive_ts, EXCLUDED.last_alive_ts),
  ended_ts = GREATEST(known.ended_ts, EXCLUDED.ended_ts),
  ended_cause = CASE WHEN known.ended_ts >= EXCLUDED.ended_ts OR EXCLUDED.ended_ts IS NULL THEN known.ended_cause ELSE EXCLUDED.ended_cause END,
  clock = COALESCE(known.clock, EXCLUDED.clock),
  detail = COALESCE(known.detail, EXCLUDED.detail)`

const LINES = `
INSERT INTO line_holds AS known (session_id, opened_seq, instrument_id, feed, opened_ts, closed_seq, closed_ts, until_ts, cause)
SELECT $1, opened_seq, instrument_id, feed, opened_ts, closed_seq, closed_ts, until_ts, cause
FROM jsonb_to_recordset($2::jsonb) AS r(opened_seq bigint, instrument_id bigint, feed text, opened_ts timestamptz,
  closed_seq bigint, closed_ts timestamptz, until_ts timestamptz, cause text)
ORDER BY opened_seq
ON CONFLICT (session_id, opened_seq) DO UPDATE SET
  closed_seq = COALESCE(known.closed_seq, EXCLUDED.closed_seq),
  closed_ts = COALESCE(known.closed_ts, EXCLUDED.closed_ts),
  until_ts = COALESCE(known.until_ts, EXCLUDED.until_ts),
  cause = CASE WHEN EXCLUDED.closed_seq IS NOT NULL THEN EXCLUDED.cause WHEN known.closed_seq IS NOT NULL THEN known.cause
    ELSE COALESCE(known.cause, EXCLUDED.cause) END`

const GAPS = `
INSERT INTO outages (session_id, seq, noted_ts, from_ts, to_ts, cause, instrument_id, dropped_ticks)
SELECT $1, seq, noted_ts, from_ts, to_ts, cause, instrument_id, dropped_ticks
FROM jsonb_to_recordset($2::jsonb) AS r(seq bigint, noted_ts timestamptz, from_ts timestamptz, to_ts timestamptz, cause text,
  instrument_id bigint, dropped_ticks bigint)
ON CONFLICT DO NOTHING`

const CONFIGS = `
INSERT INTO session_configs (session_id, seq, ts, config)
SELECT $1, seq, ts, config FROM jsonb_to_recordset($2::jsonb) AS r(seq bigint, ts timestamptz, config jsonb)
ON CONFLICT DO NOTHING`

/** Writes `records` of one session, each kind in one statement. */
export async function writeControlRecords(
  client: Pick<pg.ClientBase, 'query'>,
  sessionId: number,
  records: readonly ControlRecord[],
  numberOf: NumberOf,
): Promise<void> {
  const write = async (statement: string, rows: unknown[]) => {
    if (rows.length > 0) await client.query(statement, [sessionId, jsonbText(rows)])
  }
  await write(SESSIONS, sessionRow(records.filter((record) => record.kind === 'session')))
  await write(
    LINES,
    lineRows(
      records.filter((record) => record.kind === 'line'),
      numberOf,
    ),
  )
  await write(
    GAPS,
    records.filter((record) => record.kind === 'gap').map((gap) => gapRow(gap, numberOf)),
  )
  await write(
    CONFIGS,
    records.filter((record) => record.kind === 'config').map(({ seq, tsUs, config }) => ({ seq, ts: isoFromUs(tsUs), config })),
  )
}

/** One row of all events, since a statement cannot touch a row twice. */
function sessionRow(events: readonly SessionEvent[]): unknown[] {
  if (events.length === 0) return []
  const started = events.find(({ event }) => event === 'started')
  const ended = events.findLast(({ event }) => event === 'ended')
  const alive = events.findLast(({ event }) => event !== 'interrupted')
  return [
    {
      started_ts: started && isoFromUs(started.tsUs),
      last_alive_ts: alive && isoFromUs(alive.tsUs),
      ended_ts: ended && isoFromUs(ended.tsUs),
      ended_cause: optionalText(ended?.cause),
      detail: started?.detail,
    },
  ]
}

/** One row for each hold: its opening and its closing often share a batch. */
function lineRows(events: readonly LineEvent[], numberOf: NumberOf): unknown[] {
  const holds = new Map<number, Record<string, unknown>>()
  for (const { event, feed, openedSeq, openedTsUs, instrument, seq, tsUs, untilTsUs, cause } of events)
    holds.set(openedSeq, {
      ...holds.get(openedSeq),
      opened_seq: openedSeq,
      instrument_id: numberOf(instrument),
      feed,
      opened_ts: isoFromUs(openedTsUs),
      ...(event === 'closed' && {
        closed_seq: seq,
        closed_ts: isoFromUs(tsUs),
        until_ts: untilTsUs === undefined ? undefined : isoFromUs(untilTsUs),
      }),
      cause: optionalText(cause),
    })
  return [...holds.values()]
}

function gapRow({ seq, tsUs, fromTsUs, toTsUs, cause, instrument, droppedTicks }: FeedGap, numberOf: NumberOf): unknown {
  return {
    seq,
    noted_ts: isoFromUs(tsUs),
    from_ts: isoFromUs(fromTsUs),
    to_ts: isoFromUs(toTsUs),
    cause: storableText(cause),
    instrument_id: instrument === undefined ? undefined : numberOf(instrument),
    dropped_ticks: droppedTicks,
  }
}

function optionalText(text: string | undefined): string | undefined {
  return text === undefined ? undefined : storableText(text)
}

/** A timestamptz column as a whole number of microseconds since 1970 UTC, in SQL. */
export function microseconds(column: string): string {
  return `(extract(epoch FROM ${column}) * 1000000)::bigint`
}

/** Line events, gaps and configurations of a session, ordered by (tsUs, seq), with the database's numbers of instruments. */
export async function readControlRecords(client: Pick<pg.ClientBase, 'query'>, sessionId: number): Promise<TapeRecord[]> {
  const lines = await client.query<
    Record<'opened_seq' | 'instrument_id' | 'opened', string> &
      Record<'closed_seq' | 'closed' | 'until' | 'cause', string | null> & { feed: LineFeed | null }
  >(
    `SELECT opened_seq, instrument_id, feed, ${microseconds('opened_ts')} AS opened, closed_seq, ${microseconds('closed_ts')} AS closed, ${microseconds('until_ts')} AS until, cause
     FROM line_holds WHERE session_id = $1 AND instrument_id IS NOT NULL`,
    [sessionId],
  )
  const gaps = await client.query<
    Record<'seq' | 'noted' | 'from' | 'to' | 'cause', string> & Record<'instrument_id' | 'dropped_ticks', string | null>
  >(
    `SELECT seq, ${microseconds('noted_ts')} AS noted, ${microseconds('from_ts')} AS from, ${microseconds('to_ts')} AS to, cause, instrument_id, dropped_ticks
     FROM outages WHERE session_id = $1`,
    [sessionId],
  )
  const configs = await client.query<{ seq: string; ts: string; config: string }>(
    `SELECT seq, ${microseconds('ts')} AS ts, config::text FROM session_configs WHERE session_id = $1`,
    [sessionId],
  )
  const records: TapeRecord[] = []
  for (const { opened_seq, instrument_id, feed, opened, closed_seq, closed, until, cause } of lines.rows) {
    const line = {
      kind: 'line',
      instrument: Number(instrument_id),
      ...(feed !== null && { feed }),
      openedSeq: Number(opened_seq),
      openedTsUs: Number(opened),
    } as const
    const why = cause === null ? {} : { cause }
    const isClosed = closed_seq !== null
    records.push({ ...line, event: 'opened', seq: line.openedSeq, tsUs: line.openedTsUs, ...(isClosed ? {} : why) })
    const alive = until === null ? {} : { untilTsUs: Number(until) }
    if (isClosed) records.push({ ...line, event: 'closed', seq: Number(closed_seq), tsUs: Number(closed), ...alive, ...why })
  }
  for (const { seq, noted, from, to, cause, instrument_id, dropped_ticks } of gaps.rows)
    records.push({
      kind: 'gap',
      seq: Number(seq),
      tsUs: Number(noted),
      fromTsUs: Number(from),
      toTsUs: Number(to),
      cause,
      ...(instrument_id !== null && { instrument: Number(instrument_id) }),
      ...(dropped_ticks !== null && { droppedTicks: Number(dropped_ticks) }),
    })
  for (const { seq, ts, config } of configs.rows)
    records.push({ kind: 'config', seq: Number(seq), tsUs: Number(ts), config: parseJsonb(config) as Record<string, unknown> })
  return records.sort((a, b) => a.tsUs - b.tsUs || a.seq - b.seq)
}
