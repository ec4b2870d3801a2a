/**
 * How many rows of an instrument the columnstore keeps together at most. To read one row, all of them are unpacked. It is no property of a
 * table: whoever compresses a chunk decides, which is the job of a policy, as the owner of the table.
 */

import type { BatchSize, ObjectKind, Step } from './objects.ts'

const SETTING = 'timescaledb.compression_batch_size_limit'

export const BATCH_SIZE: ObjectKind<BatchSize> = {
  async read(client) {
    const { rows } = await client.query<{ on: string; rows: number }>(
      `SELECT t.relname AS on, split_part(setting, '=', 2)::int AS rows
       FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase CROSS JOIN unnest(s.setconfig) AS setting
       JOIN pg_class t ON t.relowner = s.setrole AND t.relnamespace = 'public'::regnamespace AND t.relname = 'quotes'
       WHERE d.datname = current_database() AND setting LIKE '${SETTING}=%'`,
    )
    return rows.map((found) => ({ kind: 'batch-size', ...found }))
  },

  create(wished, { timescale = '' }) {
    const [major = 0, minor = 0] = timescale.split('.').map(Number)
    // Some releases of 2.19 do not have it.
    return major > 2 || minor >= 20 ? [step(wished)] : []
  },

  alter: (there, wished) => (there.rows === wished.rows ? [] : [step(wished)]),

  // Nothing is read otherwise for it.
  drop: () => [],

  dependsOn: ({ on }) => [`hypertable ${on}`],

  isOurs: () => false,
}

const step = ({ on, rows }: BatchSize): Step => ({
  what: `keep at most ${rows} rows in a batch of the columnstore, in chunks that are compressed from now on`,
  sql: `DO $$ BEGIN
          EXECUTE format('ALTER ROLE %s IN DATABASE %I SET ${SETTING} = ${rows}',
            (SELECT relowner::regrole FROM pg_class WHERE oid = 'public.${on}'::regclass), current_database());
        END $$`,
})
