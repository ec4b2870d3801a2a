/** What a tick costs on the server's disk, by table: in rows, in their indexes, and in the columnstore. Estimates from the statistics. */

import type pg from 'pg'

import { FINDINGS, TICK_TABLES } from '../../schema/tick-tables.ts'

type Client = Pick<pg.ClientBase, 'query'>

export interface TickBytes {
  table: string
  /** Of rows outside of the columnstore. */
  rows: { ticks: number; rowBytes: number; indexBytes: number }
  /** Of compressed chunks; `bytesBefore`: what the same ticks took as rows, with indexes. */
  columnstore: { ticks: number; bytes: number; bytesBefore: number }
}

const TABLES: readonly string[] = [...TICK_TABLES.map(({ name }) => name), FINDINGS.name]

const PLAIN = `
SELECT relname AS "table", greatest(reltuples, 0)::float8 AS "rowTicks", pg_table_size(oid)::float8 AS "rowBytes",
  pg_indexes_size(oid)::float8 AS "indexBytes", 0::float8 AS "columnTicks", 0::float8 AS "columnBytes", 0::float8 AS "bytesBefore"
FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname = ANY ($1)`

/** Sizes of chunks and of the tables behind them are added up by TimescaleDB; of a compressed chunk the server may still remember the rows of before. */
const hypertables = (schema: string, hasColumnstore: boolean) => `
SELECT h.hypertable_name AS "table",
  coalesce(k."rowTicks", 0)::float8 AS "rowTicks", coalesce(c.ticks, 0)::float8 AS "columnTicks",
  (coalesce(s.table_bytes + s.toast_bytes, 0) - coalesce(c.after_table + c.after_toast, 0))::float8 AS "rowBytes",
  (coalesce(s.index_bytes, 0) - coalesce(c.after_index, 0))::float8 AS "indexBytes",
  coalesce(c.after_total, 0)::float8 AS "columnBytes", coalesce(c.before_total, 0)::float8 AS "bytesBefore"
FROM timescaledb_information.hypertables h
CROSS JOIN LATERAL ${schema}.hypertable_detailed_size(format('%I.%I', h.hypertable_schema, h.hypertable_name)::regclass) s
LEFT JOIN LATERAL (${
  hasColumnstore
    ? `SELECT after_compression_table_bytes AS after_table, after_compression_toast_bytes AS after_toast, after_compression_index_bytes AS after_index,
         after_compression_total_bytes AS after_total, before_compression_total_bytes AS before_total
         , (SELECT sum(z.numrows_pre_compression) FROM _timescaledb_catalog.compression_chunk_size z JOIN _timescaledb_catalog.chunk k ON k.id = z.chunk_id
            JOIN _timescaledb_catalog.hypertable t ON t.id = k.hypertable_id WHERE t.schema_name = h.hypertable_schema AND t.table_name = h.hypertable_name) AS ticks
       FROM ${schema}.hypertable_compression_stats(format('%I.%I', h.hypertable_schema, h.hypertable_name)::regclass)`
    : 'SELECT 0 AS after_table, 0 AS after_toast, 0 AS after_index, 0 AS after_total, 0 AS before_total, 0 AS ticks'
}) c ON true
LEFT JOIN LATERAL (
  SELECT sum(${schema}.approximate_row_count(format('%I.%I', chunk_schema, chunk_name)::regclass)) AS "rowTicks"
  FROM timescaledb_information.chunks WHERE hypertable_schema = h.hypertable_schema AND hypertable_name = h.hypertable_name
    AND NOT is_compressed
) k ON true
WHERE h.hypertable_schema = 'public' AND h.hypertable_name = ANY ($1)`

/** @throws pg.DatabaseError when the database refuses, Error when the connection breaks */
export async function tickBytes(client: Client): Promise<TickBytes[]> {
  const { rows: extensions } = await client.query<{ schema: string; community: boolean }>(
    `SELECT extnamespace::regnamespace::text AS schema, current_setting('timescaledb.license', true) = 'timescale' AS community
     FROM pg_extension WHERE extname = 'timescaledb'`,
  )
  const [extension] = extensions
  const found = new Map((await ask(client, PLAIN)).map((row) => [row.table, row]))
  if (extension) for (const row of await ask(client, hypertables(extension.schema, extension.community))) found.set(row.table, row)
  return TABLES.flatMap((name) => {
    const row = found.get(name)
    if (!row) return []
    const { table, rowTicks, rowBytes, indexBytes, columnTicks, columnBytes, bytesBefore } = row
    return [
      { table, rows: { ticks: rowTicks, rowBytes, indexBytes }, columnstore: { ticks: columnTicks, bytes: columnBytes, bytesBefore } },
    ]
  })
}

interface Row extends Record<'rowTicks' | 'rowBytes' | 'indexBytes' | 'columnTicks' | 'columnBytes' | 'bytesBefore', number> {
  table: string
}

async function ask(client: Client, sql: string): Promise<Row[]> {
  return (await client.query<Row>(sql, [TABLES])).rows
}
