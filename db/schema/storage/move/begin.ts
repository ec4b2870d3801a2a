/** Begins a move: an empty hypertable beside the plain table, and triggers that mirror into it what is written from now on. */

import pg from 'pg'

import type { Queryable } from '../objects.ts'
import { type PlainTable } from './plain-table.ts'
import { MOVE_SCHEMA, signatureSql } from './state.ts'

export interface TableToMove {
  table: string
  chunkInterval: string
  /** Schema of the extension's functions. */
  extensionSchema: string
}

/**
 * Writes what a move consists of, within a transaction. Last comes what waits for writers, for whom nothing else changes.
 *
 * A row that is written from then on is in both tables or in neither, as it is one transaction; its own transaction's number, which the
 * mirror notes, tells it from the rows that have to be copied.
 */
export async function begin(client: Queryable, { table, chunkInterval, extensionSchema }: TableToMove, plain: PlainTable): Promise<void> {
  const { name, columns, owner, twin } = plain
  const whole = `public.${name}`
  await client.query(`CREATE SCHEMA ${MOVE_SCHEMA} AUTHORIZATION ${owner}; SET LOCAL ROLE ${owner}`)
  await client.query(
    [
      ...twin.slice(0, 1),
      `SELECT ${extensionSchema}.create_hypertable('${MOVE_SCHEMA}.${name}', 'ts', chunk_time_interval => ${pg.escapeLiteral(chunkInterval)}::interval, create_default_indexes => false)`,
      ...twin.slice(1),
      BOOKKEEPING,
      mirrorSql(name, columns),
      `INSERT INTO ${MOVE_SCHEMA}.mirrored (begun_in) VALUES (pg_current_xact_id()::xid::text)`,
    ].join('; '),
  )
  await client.query(
    `CREATE TRIGGER tapedeck_move_mirror AFTER INSERT ON ${whole} REFERENCING NEW TABLE AS written FOR EACH STATEMENT
       EXECUTE FUNCTION ${MOVE_SCHEMA}.mirror();
     CREATE TRIGGER tapedeck_move_guard BEFORE UPDATE OR DELETE OR TRUNCATE ON ${whole} FOR EACH STATEMENT
       EXECUTE FUNCTION ${MOVE_SCHEMA}.guard()`,
  )
  await client.query(
    `INSERT INTO ${MOVE_SCHEMA}.move (table_name, chunk_interval, plain, filenode, signature, blocks)
     SELECT $1, $2, c.oid, pg_relation_filenode(c.oid), ${signatureSql('c.oid')}, pg_relation_size(c.oid) / current_setting('block_size')::bigint
     FROM pg_class c WHERE c.oid = $3::regclass`,
    [table, chunkInterval, whole],
  )
}

/** Everybody may see how far a move is. */
const BOOKKEEPING = `
CREATE TABLE ${MOVE_SCHEMA}.move (
  table_name text PRIMARY KEY, chunk_interval text NOT NULL, plain oid NOT NULL, filenode oid NOT NULL, signature text NOT NULL,
  blocks bigint NOT NULL, next_block bigint NOT NULL DEFAULT 0, rows_copied bigint NOT NULL DEFAULT 0, begun_at timestamptz NOT NULL DEFAULT now());
COMMENT ON TABLE ${MOVE_SCHEMA}.move IS 'The table that is on its way to become a hypertable, and how far it is. tapedeck db apply goes on with it.';
CREATE TABLE ${MOVE_SCHEMA}.mirrored (begun_in text);
COMMENT ON TABLE ${MOVE_SCHEMA}.mirrored IS 'One row from each transaction, by its xmin, whose ticks were written to both tables; begun_in: the one that began the move.';
GRANT USAGE ON SCHEMA ${MOVE_SCHEMA} TO PUBLIC;
GRANT SELECT ON ${MOVE_SCHEMA}.move, ${MOVE_SCHEMA}.mirrored TO PUBLIC`

/** Who may write into the plain table has no rights on the hypertable yet: the mirror writes as its owner. */
function mirrorSql(name: string, columns: string): string {
  return `
CREATE FUNCTION ${MOVE_SCHEMA}.mirror() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $mirror$
BEGIN
  INSERT INTO ${MOVE_SCHEMA}.mirrored DEFAULT VALUES;
  INSERT INTO ${MOVE_SCHEMA}.${name} (${columns}) SELECT ${columns} FROM written;
  RETURN NULL;
END $mirror$;
CREATE FUNCTION ${MOVE_SCHEMA}.guard() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $guard$
BEGIN
  RAISE EXCEPTION 'the table % is on its way to become a hypertable: its rows cannot be changed or deleted until that is done. Let "tapedeck db apply" end, then do this again', TG_TABLE_NAME
    USING ERRCODE = 'object_in_use';
END $guard$`
}
