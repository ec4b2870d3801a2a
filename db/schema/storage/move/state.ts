/**
 * What the database knows of a table that is on its way to become a hypertable. All of it is in a schema of its own, which is there only
 * during a move, and without which the plain table is as it always was.
 *
 *   none      -> begun -> copying      an empty hypertable beside the plain table; a trigger mirrors what is written from now on
 *   copying   -> a window is committed -> copying
 *   copying   -> the last window       -> copied      both tables hold the same rows, and go on to
 *   copied    -> the tables change places             -> none
 *   any       -> given up, or the plain table changed -> none, with the plain table as it always was
 *
 * Each arrow is one transaction, so that a process killed at any instant leaves one of these states, from which the next one goes on.
 */

import type { Queryable } from '../objects.ts'

/** Holds the hypertable under the name of its table, its mirror and the bookkeeping. */
export const MOVE_SCHEMA = 'tapedeck_move'

export interface MoveState {
  table: string
  chunkInterval: string
  /** Blocks of the plain table when the move began: what is in later ones was mirrored. */
  blocks: number
  /** Those before it are copied. */
  nextBlock: number
  /** Rows that were copied out of them. */
  rows: number
  /** False: the plain table was rewritten or altered since, or this is a copy restored from a dump: the move has to begin anew. */
  fits: boolean
}

/**
 * What the columns, indexes and constraints of a plain table are, as one checksum.
 *
 * @param table an expression of type regclass
 */
export function signatureSql(table: string): string {
  return `(SELECT md5(string_agg(line, E'\\n' ORDER BY line)) FROM (
    SELECT format('%s %s %s %s %s', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attnum, pg_get_expr(d.adbin, d.adrelid)) AS line
    FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = ${table} AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = ${table}
    UNION ALL SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = ${table}) AS lines)`
}

/** Returns the move that is under way, if one is. Needs no rights. */
export async function readMove(client: Queryable): Promise<MoveState | undefined> {
  const { rows: tables } = await client.query(
    `SELECT FROM pg_class WHERE relnamespace = to_regnamespace('${MOVE_SCHEMA}') AND relname = 'move' AND relkind = 'r'`,
  )
  if (tables.length === 0) return undefined
  const { rows } = await client.query<MoveState>(
    `SELECT table_name AS table, chunk_interval AS "chunkInterval", blocks::float8 AS blocks, next_block::float8 AS "nextBlock",
       rows_copied::float8 AS rows, coalesce(
         plain = to_regclass(format('public.%I', table_name))::oid AND filenode = pg_relation_filenode(plain::regclass)
         AND signature = ${signatureSql('plain::regclass')}
         -- A restored dump has these rows from other transactions, and its ticks too.
         AND EXISTS (SELECT FROM ${MOVE_SCHEMA}.mirrored m WHERE m.begun_in = m.xmin::text), false) AS fits
     FROM ${MOVE_SCHEMA}.move`,
  )
  return rows[0]
}
