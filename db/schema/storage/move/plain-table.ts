/** A table that is to become a hypertable: what it is, and what hangs on it that has to follow when another table takes its place. */

import pg from 'pg'

import { MigrationError } from '../../../../market/errors.ts'
import type { Queryable } from '../objects.ts'
import { MOVE_SCHEMA } from './state.ts'

export interface PlainTable {
  /** As an identifier, quoted where it must be. */
  name: string
  /** Names of all columns, quoted and joined. */
  columns: string
  owner: string
  /** Rows as the server estimates, or as its size suggests where it never looked. */
  aboutRows: number
  /** Of rows and indexes: about what the hypertable will need on the same disk. */
  bytes: number
  /** Makes a table beside it with the same columns, constraints, comments and indexes, which has no rows. */
  twin: string[]
}

/** @throws MigrationError when the role may not move it, or something hangs on it that could not follow */
export async function readPlainTable(client: Queryable, table: string): Promise<PlainTable> {
  const name = pg.escapeIdentifier(table)
  const { rows } = await client.query<
    Omit<PlainTable, 'twin'> & { mayMove: boolean; role: string; options: string | null; space: string | null; about: string | null }
  >(
    `SELECT quote_ident(c.relname) AS name, quote_ident(pg_get_userbyid(c.relowner)) AS owner, quote_ident(current_user) AS role,
       pg_has_role(c.relowner, 'MEMBER') AS "mayMove", pg_total_relation_size(c.oid)::float8 AS bytes,
       CASE WHEN c.reltuples > 0 THEN c.reltuples ELSE pg_relation_size(c.oid) / 100 END::float8 AS "aboutRows",
       array_to_string(c.reloptions, ', ') AS options, (SELECT quote_ident(spcname) FROM pg_tablespace WHERE oid = c.reltablespace) AS space,
       obj_description(c.oid, 'pg_class') AS about,
       (SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped) AS columns
     FROM pg_class c WHERE c.oid = $1::regclass`,
    [`public.${name}`],
  )
  const [found] = rows
  if (!found) throw new Error(`there is no table ${table}`)
  const { mayMove, role, options, space, about, ...plain } = found
  if (!mayMove)
    throw new MigrationError(
      `Role ${role} may not make ${table} a hypertable: it belongs to role ${found.owner}. Run this again as ${found.owner} or as a superuser.`,
      { code: 'storage-refused' },
    )
  await refuseWhatCannotFollow(client, table)
  const beside = `${MOVE_SCHEMA}.${name}`
  return {
    ...plain,
    twin: [
      `CREATE TABLE ${beside} (LIKE public.${name} INCLUDING ALL EXCLUDING INDEXES)${options ? ` WITH (${options})` : ''}${space ? ` TABLESPACE ${space}` : ''}`,
      ...(about === null ? [] : [`COMMENT ON TABLE ${beside} IS ${pg.escapeLiteral(about)}`]),
      ...(await indexesOf(client, table)),
    ],
  }
}

/** Statements that make its indexes again, on the table beside it. */
async function indexesOf(client: Queryable, table: string): Promise<string[]> {
  const beside = `${MOVE_SCHEMA}.${pg.escapeIdentifier(table)}`
  const { rows } = await client.query<{ name: string; unique: boolean; definition: string; constraint: string | null }>(
    `SELECT quote_ident(i.relname) AS name, x.indisunique AS unique, pg_get_indexdef(i.oid) AS definition, pg_get_constraintdef(k.oid) AS constraint
     FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid LEFT JOIN pg_constraint k ON k.conindid = i.oid AND k.conrelid = x.indrelid
     WHERE x.indrelid = $1::regclass ORDER BY i.relname`,
    [`public.${pg.escapeIdentifier(table)}`],
  )
  return rows.map(({ name, unique, definition, constraint }) => {
    if (constraint !== null) return `ALTER TABLE ${beside} ADD CONSTRAINT ${name} ${constraint}`
    const how = definition.slice(definition.indexOf(' USING '))
    return `CREATE ${unique ? 'UNIQUE ' : ''}INDEX ${name} ON ${beside}${how}`
  })
}

/** Statements that give the table which takes its place what hangs on it by its identity and not by its name. */
export async function followers(client: Queryable, table: string): Promise<string[]> {
  const name = `public.${pg.escapeIdentifier(table)}`
  await refuseWhatCannotFollow(client, table)
  // What is printed names every schema.
  await client.query("SET LOCAL search_path = ''")
  const { rows } = await client.query<{ sql: string }>(
    `SELECT format('CREATE OR REPLACE VIEW %s%s AS %s', v.oid::regclass,
         CASE WHEN v.reloptions IS NOT NULL THEN ' WITH (' || array_to_string(v.reloptions, ', ') || ')' END, pg_get_viewdef(v.oid)) AS sql
     FROM pg_class v WHERE v.relkind = 'v' AND EXISTS (
       SELECT FROM pg_rewrite r JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
       WHERE r.ev_class = v.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjid = $1::regclass)
     UNION ALL
     SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = $1::regclass AND NOT tgisinternal
       AND tgfoid NOT IN (SELECT oid FROM pg_proc WHERE pronamespace = to_regnamespace('${MOVE_SCHEMA}'))
     UNION ALL
     SELECT format('GRANT %s%s ON %s TO %s%s', p.privilege_type, p.column, $1, CASE p.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(p.grantee)) END,
         CASE WHEN p.is_grantable AND p.grantee <> p.owner THEN ' WITH GRANT OPTION' END)
     FROM (
       SELECT x.*, '' AS column, c.relowner AS owner FROM pg_class c, aclexplode(c.relacl) AS x WHERE c.oid = $1::regclass
       UNION ALL
       SELECT x.*, format('(%I)', a.attname), 0 FROM pg_attribute a, aclexplode(a.attacl) AS x WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped
     ) AS p`,
    [name],
  )
  await client.query('SET LOCAL search_path = public')
  return rows.map(({ sql }) => sql)
}

/** Views, triggers, indexes, constraints and rights follow; everything else is refused by name, rather than lost. */
async function refuseWhatCannotFollow(client: Queryable, table: string): Promise<void> {
  const { rows } = await client.query<{ object: string }>(
    `WITH plain AS (SELECT c.oid, c.reltype, t.typarray, c.relrowsecurity FROM pg_class c JOIN pg_type t ON t.oid = c.reltype WHERE c.oid = $1::regclass)
     SELECT DISTINCT pg_describe_object(d.classid, d.objid, d.objsubid) AS object FROM pg_depend d, plain p
     WHERE (d.refclassid = 'pg_class'::regclass AND d.refobjid = p.oid OR d.refclassid = 'pg_type'::regclass AND d.refobjid IN (p.reltype, p.typarray))
       AND CASE d.classid::regclass::text
         WHEN 'pg_rewrite' THEN NOT EXISTS (SELECT FROM pg_rewrite r JOIN pg_class v ON v.oid = r.ev_class WHERE r.oid = d.objid AND v.relkind = 'v')
         WHEN 'pg_trigger' THEN EXISTS (SELECT FROM pg_trigger t WHERE t.oid = d.objid AND NOT t.tgisinternal AND t.tgenabled <> 'O')
         WHEN 'pg_constraint' THEN EXISTS (SELECT FROM pg_constraint k WHERE k.oid = d.objid AND k.contype = 'f')
         WHEN 'pg_class' THEN EXISTS (SELECT FROM pg_class c WHERE c.oid = d.objid AND c.relkind NOT IN ('i', 't') AND d.deptype <> 'i')
         WHEN 'pg_type' THEN d.deptype <> 'i'
         WHEN 'pg_attrdef' THEN false
         WHEN 'pg_statistic_ext' THEN false
         ELSE true END
     UNION ALL SELECT 'its row-level security' FROM plain WHERE relrowsecurity
     ORDER BY 1 LIMIT 10`,
    [`public.${pg.escapeIdentifier(table)}`],
  )
  if (rows.length === 0) return
  throw new MigrationError(
    `The table ${table} can become a hypertable only without what hangs on it: ${rows.map(({ object }) => object).join('; ')}. ` +
      'Drop it, run `tapedeck db apply`, and make it again.',
    { code: 'storage-refused' },
  )
}
