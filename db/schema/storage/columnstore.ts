/** The columnstore: how chunks are compressed. The words are those of TimescaleDB 2.19, which later releases go on to understand. */

import type { Columnstore, ObjectKind, Step } from './objects.ts'

export const COLUMNSTORE: ObjectKind<Columnstore> = {
  async read(client) {
    const { rows } = await client.query<{ table: string; segmentby: string | null; orderby: string | null }>(
      `SELECT c.relname AS table, s.segmentby, s.orderby FROM timescaledb_information.hypertable_compression_settings s
       JOIN pg_class c ON c.oid = s.hypertable WHERE c.relnamespace = 'public'::regnamespace`,
    )
    return rows.map(({ table, segmentby, orderby }) => ({
      kind: 'columnstore',
      table,
      segmentBy: listOf(segmentby),
      orderBy: listOf(orderby),
    }))
  },

  create: (wished) => [settingStep(wished, `keep chunks of ${wished.table} in columns when they are compressed`)],

  alter(there, wished) {
    const same =
      there.segmentBy.join() === wished.segmentBy.join() && there.orderBy.join().toLowerCase() === wished.orderBy.join().toLowerCase()
    return same ? [] : [settingStep(wished, `change the columnstore of ${wished.table}, for chunks that are compressed from now on`)]
  },

  // Chunks in it would have to be written anew as rows.
  drop: () => [],

  dependsOn: ({ table }) => [`hypertable ${table}`],

  isOurs: () => false,
}

function settingStep({ table, segmentBy, orderBy }: Columnstore, what: string): Step {
  return {
    what: `${what}: a segment for each ${segmentBy.join(', ')}, in order of ${orderBy.join(', ')}`,
    sql: `ALTER TABLE public.${table} SET (timescaledb.compress, timescaledb.compress_segmentby = '${segmentBy.join(', ')}',
            timescaledb.compress_orderby = '${orderBy.join(', ')}')`,
  }
}

const listOf = (columns: string | null) => (columns ?? '').split(',').map((column) => column.trim())
