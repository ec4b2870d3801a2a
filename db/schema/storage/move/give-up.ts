/** Gives a move up: what was copied goes, and the plain table is as it always was. */

import pg from 'pg'

import type { Queryable } from '../objects.ts'
import { MOVE_SCHEMA, readMove } from './state.ts'

/**
 * Within a transaction. Writers wait meanwhile, which is short.
 *
 * @returns the table whose move was given up
 */
export async function giveUp(client: Queryable): Promise<string | undefined> {
  const move = await readMove(client)
  if (move) await lockPlainTable(client, move.table)
  // With the functions go the triggers.
  await client.query(`DROP SCHEMA IF EXISTS ${MOVE_SCHEMA} CASCADE`)
  return move?.table
}

/** In the order in which writers take them, who would be in the way of each other otherwise. */
async function lockPlainTable(client: Queryable, table: string): Promise<void> {
  const { rows } = await client.query<{ name: string | null }>('SELECT to_regclass($1)::text AS name', [
    `public.${pg.escapeIdentifier(table)}`,
  ])
  const name = rows[0]?.name
  if (name) await client.query(`LOCK TABLE public.batches IN SHARE ROW EXCLUSIVE MODE; LOCK TABLE ${name} IN ACCESS EXCLUSIVE MODE`)
}
