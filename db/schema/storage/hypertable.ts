/** Hypertables: tables of ticks, cut into chunks by `ts`. */

import { sameInterval } from './interval.ts'
import { moveTable, SMALL_BYTES } from './move/move-table.ts'
import { gigabytes, moveLine } from './move/progress.ts'
import { type Hypertable, LOCK_WRITERS, type ObjectKind, type Queryable, type RunOptions } from './objects.ts'

export const HYPERTABLE: ObjectKind<Hypertable> = {
  async read(client) {
    const { rows } = await client.query<{ table: string; interval: string }>(
      `SELECT hypertable_name AS table, time_interval::text AS interval FROM timescaledb_information.dimensions
       WHERE hypertable_schema = 'public' AND column_name = 'ts' AND dimension_number = 1`,
    )
    return rows.map(({ table, interval }) => ({ kind: 'hypertable', table, chunkInterval: interval, exact: true }))
  },

  create({ table, chunkInterval }, { schema, plainTables }) {
    const { rows = 0, bytes = 0 } = plainTables.get(table) ?? {}
    const what = `make ${table} a hypertable with chunks of ${chunkInterval}`
    if (bytes > SMALL_BYTES) {
      const run = async (client: Queryable, { onProgress, signal }: RunOptions) => {
        await moveTable(client, {
          table,
          chunkInterval,
          extensionSchema: schema,
          onProgress: (progress) => onProgress(moveLine(progress)),
          signal,
        })
      }
      const about = rows > 0 ? `about ${Math.round(rows).toLocaleString('en-US')} rows` : gigabytes(bytes)
      return [{ what: `${what}, copying ${about} in steps; needs ${gigabytes(bytes)} more disk meanwhile`, sql: '', run, long: true }]
    }
    return [
      {
        what: `${what}${rows > 0 ? `, moving about ${rows} rows while writers wait` : ''}`,
        sql: `${LOCK_WRITERS}; SELECT ${schema}.create_hypertable('public.${table}', 'ts', chunk_time_interval => interval '${chunkInterval}',
              create_default_indexes => false, migrate_data => true, if_not_exists => true)`,
      },
    ]
  },

  alter(there, { table, chunkInterval, exact }, { schema }) {
    if (!exact || sameInterval(there.chunkInterval, chunkInterval)) return []
    return [
      {
        what: `cut ${table} into chunks of ${chunkInterval} from now on, which were of ${there.chunkInterval}`,
        sql: `SELECT ${schema}.set_chunk_time_interval('public.${table}', interval '${chunkInterval}')`,
      },
    ]
  },

  // A hypertable never becomes a plain table again.
  drop: () => [],

  dependsOn: () => [],

  isOurs: () => false,
}
