/** Ends a move: both tables hold the same rows; the hypertable takes the plain table's place. */

import pg from 'pg'

import { MigrationError } from '../../../../market/errors.ts'
import { BEGIN_SNAPSHOT } from '../../../transaction.ts'
import type { Queryable } from '../objects.ts'
import { followers, type PlainTable } from './plain-table.ts'
import { MOVE_SCHEMA, readMove } from './state.ts'

/** Where the plain table is put away within the transaction that drops it. */
const PUT_AWAY = 'tapedeck_moved'

/**
 * Compares the number and the content of all rows, at one moment and without holding anybody up. Returns the number.
 *
 * @throws MigrationError when they differ; nothing was changed then
 */
export async function compare(client: Queryable, table: string, { name, columns }: PlainTable): Promise<number> {
  const sums = async (schema: string) => {
    const { rows } = await client.query<{ rows: string; content: string }>(
      `SELECT count(*)::text AS rows, coalesce(sum(hash_record_extended(ROW(${columns}), 0)), 0)::text AS content FROM ${schema}.${name}`,
    )
    return rows[0]
  }
  await client.query(BEGIN_SNAPSHOT)
  try {
    const [plain, moved] = [await sums('public'), await sums(MOVE_SCHEMA)]
    if (plain?.rows === moved?.rows && plain?.content === moved?.content) return Number(plain?.rows)
    throw new MigrationError(
      `The hypertable that is to take the place of ${table} was expected to have its ${plain?.rows} rows and has ${moved?.rows}, or other ones. ` +
        'The table is as it was and nothing is lost. Give this move up with `tapedeck db apply --give-up`, run `tapedeck db apply` again, and report it.',
      { code: 'move-differs' },
    )
  } finally {
    await client.query('ROLLBACK')
  }
}

/**
 * Lets the hypertable take the place of the plain table and drops that, within a transaction. Returns false when the plain table is not the
 * one any more that was copied.
 */
export async function changePlaces(client: Queryable, table: string): Promise<boolean> {
  const name = pg.escapeIdentifier(table)
  // Collectors wait at `batches`, with which they begin: a COPY that waited for the table would write into the root of the hypertable, where
  // no query looks, since TimescaleDB has looked at the table before the wait.
  await client.query(`LOCK TABLE public.batches IN SHARE ROW EXCLUSIVE MODE; LOCK TABLE public.${name} IN ACCESS EXCLUSIVE MODE`)
  const move = await readMove(client)
  if (!move?.fits || move.table !== table) return false
  const statements = await followers(client, table)
  await client.query(
    [
      `DROP TRIGGER tapedeck_move_mirror ON public.${name}; DROP TRIGGER tapedeck_move_guard ON public.${name}`,
      `CREATE SCHEMA ${PUT_AWAY}; ALTER TABLE public.${name} SET SCHEMA ${PUT_AWAY}`,
      `ALTER TABLE ${MOVE_SCHEMA}.${name} SET SCHEMA public`,
    ].join('; '),
  )
  for (const statement of statements) await client.query(statement)
  await client.query(`DROP TABLE ${PUT_AWAY}.${name}; DROP SCHEMA ${PUT_AWAY}`)
  await client.query(`DROP SCHEMA ${MOVE_SCHEMA} CASCADE`)
  return true
}
