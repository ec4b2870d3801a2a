/**
 * Writes what a tape says beside its ticks: every record whole into control_records, and sessions, line holds, gaps and configurations
 * in tables of their own, which are easier to query. Batches commit in any order, over several lanes, so every statement gives the same
 * result in any order: it fills in and never takes back.
 */

import type pg from 'pg'

import type { ControlRecord, FeedGap, LineEvent, SessionEvent } from '../../market/tick.ts'
import { isoFromUs } from '../../market/time.ts'
import { jsonbText, storableText } from '../jsonb.ts'

/** Gives the database's number of a tape's instrument, if it has one. */
type NumberOf = (instrument: number) => number | undefined

const RECORDS = `
INSERT INTO control_records (session_id, seq, ts, kind, instrument_id, record)
SELECT $1, seq, ts, kind, instrument_id, record
FROM jsonb_to_recordset($2::jsonb) AS r(seq bigint, ts timestamptz, kind text, instrument_id bigint, record jsonb)
ON CONFLICT DO NOTHING`

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
INSERT INTO gaps (session_id, seq, noted_ts, from_ts, to_ts, cause, instrument_id, dropped_ticks)
SELECT $1, seq, noted_ts, from_ts, to_ts, cause, instrument_id, dropped_ticks
FROM jsonb_to_recordset($2::jsonb) AS r(seq bigint, noted_ts timestamptz, from_ts timestamptz, to_ts timestamptz, cause text,
  instrument_id bigint, dropped_ticks bigint)
ON CONFLICT DO NOTHING`

const CONFIGS = `
INSERT INTO session_configs (session_id, seq, ts, config)
SELECT $1, seq, ts, config FROM jsonb_to_recordset($2::jsonb) AS r(seq bigint, ts timestamptz, config jsonb)
ON CONFLICT DO NOTHING`

type Client = Pick<pg.ClientBase, 'query'>

/** Writes `records` of one session as they are, in one statement. */
export async function keepControlRecords(
  client: Client,
  sessionId: number,
  records: readonly ControlRecord[],
  numberOf: NumberOf,
): Promise<void> {
  const rows = records.map((record) => controlRow(record, numberOf))
  await insert(client, RECORDS, sessionId, rows)
}

/** Writes what the tables for queries hold of `records` of one session, each kind in one statement. */
export async function tabulateControlRecords(
  client: Client,
  sessionId: number,
  records: readonly ControlRecord[],
  numberOf: NumberOf,
): Promise<void> {
  // A line that is missing was not held.
  const lines = records.filter((record) => record.kind === 'line' && record.event !== 'missing') as LineEvent[]
  const gaps = records.filter((record) => record.kind === 'gap')
  const configs = records.filter((record) => record.kind === 'config')
  await insert(client, SESSIONS, sessionId, sessionRow(records.filter((record) => record.kind === 'session')))
  await insert(client, LINES, sessionId, lineRows(lines, numberOf))
  const gapRows = gaps.map((gap) => gapRow(gap, numberOf))
  await insert(client, GAPS, sessionId, gapRows)
  const configRows = configs.map(({ seq, tsUs, config }) => ({ seq, ts: isoFromUs(tsUs), config }))
  await insert(client, CONFIGS, sessionId, configRows)
}

async function insert(client: Client, statement: string, sessionId: number, rows: unknown[]): Promise<void> {
  if (rows.length > 0) await client.query(statement, [sessionId, jsonbText(rows)])
}

function controlRow({ kind, seq, tsUs, ...record }: ControlRecord, numberOf: NumberOf): unknown {
  const instrument = 'instrument' in record ? record.instrument : undefined
  return { seq, ts: isoFromUs(tsUs), kind, instrument_id: instrument === undefined ? undefined : numberOf(instrument), record }
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
