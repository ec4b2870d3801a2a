/** Which tables have compressed chunks in a time. Only TimescaleDB Community has any. */

import type pg from 'pg'

import { isoFromUs } from '../../../market/time.ts'

/** @throws pg.DatabaseError when the database refuses, Error when the connection breaks */
export async function tablesInColumnstore(
  client: Pick<pg.ClientBase, 'query'>,
  { fromUs, toUs }: { fromUs: number; toUs: number },
): Promise<Set<string>> {
  const { rows: there } = await client.query<{ there: boolean }>(
    "SELECT to_regclass('timescaledb_information.chunks') IS NOT NULL AS there",
  )
  if (there[0]?.there !== true) return new Set()
  const { rows } = await client.query<{ name: string }>(
    `SELECT DISTINCT hypertable_name AS name FROM timescaledb_information.chunks
     WHERE hypertable_schema = 'public' AND is_compressed AND range_start < $2::timestamptz AND range_end > $1::timestamptz`,
    [isoFromUs(fromUs), isoFromUs(toUs)],
  )
  return new Set(rows.map(({ name }) => name))
}
