/**
 * Three roles for those who use a database of ours, with the least that each needs: a reader reads, a writer is what the collector runs as,
 * and an admin owns the tables, so that it migrates, drops and maintains. They are groups that cannot log in: logins become members.
 * Doing it again changes nothing, and covers what was made since.
 */

import pg from 'pg'

import { TapedeckError } from '../../market/errors.ts'
import { messageOf } from '../sqlstates.ts'

type Client = Pick<pg.ClientBase, 'query'>

export interface RoleNames {
  reader: string
  writer: string
  admin: string
}

/** Roles belong to the whole server: a second program of this kind on it needs names of its own. */
export const roleNames = (prefix: string): RoleNames => ({
  reader: `${prefix}_reader`,
  writer: `${prefix}_writer`,
  admin: `${prefix}_admin`,
})

/** What a writer does beside INSERT; rows of ticks are never changed or deleted by it. */
const WRITER_UPDATES = [
  // Sessions end, batches are counted again when a row is refused, lines close, instruments get to know their venue.
  'sessions',
  'batches',
  'line_holds',
  'instruments',
  // Imports and reports replace what they had found themselves.
  'bars',
  'corporate_actions',
  'interest_rates',
  // A request is noted before it is sent, and again when it is answered.
  'backfill_requests',
  // Gaps that are filled, page by page.
  'gap_repairs',
]
const WRITER_DELETES = ['runs', 'experiments', 'bar_findings', 'interest_rates', 'opportunities', 'opportunity_legs', 'implied_carry']
/** Of the queue of experiments; there once an experiment was queued. */
const JOBS_SCHEMA = 'tapedeck_jobs'
/** Tables that only the owner changes. */
const NOT_THE_WRITERS = ['dropped_ticks', 'bars_1d_stored']

export interface RoleStep {
  /** Completes "would": `make the role tapedeck_reader`. */
  what: string
  sql: string
}

/** What is missing. Empty when everything is as it should be. */
export async function planRoles(client: Client, names: RoleNames): Promise<RoleStep[]> {
  const { rows } = await client.query<{ role: string }>('SELECT rolname AS role FROM pg_roles WHERE rolname = ANY ($1)', [
    Object.values(names),
  ])
  const missing = Object.values(names).filter((name) => !rows.some(({ role }) => role === name))
  const make = missing.map((name) => ({ what: `make the role ${name}`, sql: `CREATE ROLE ${quoted(name)} NOLOGIN` }))
  const relations = await readRelations(client)
  return [
    ...make,
    ...(await membership(client, names)),
    ...(await databaseSteps(client, names, missing)),
    ...ownerSteps(relations, names),
    ...grantSteps(relations, names, missing),
    ...(await defaultSteps(client, names)),
  ]
}

export const quoted = (name: string) => pg.escapeIdentifier(name)

interface Relation {
  schema: string
  name: string
  kind: 'TABLE' | 'VIEW' | 'MATERIALIZED VIEW' | 'SEQUENCE'
  owner: string
  /** `role=privileges`, as PostgreSQL writes them. */
  acl: readonly string[]
}

/** Ours: what is in our schemas and belongs to no extension. */
async function readRelations(client: Client): Promise<Relation[]> {
  const { rows } = await client.query<Relation & { code: string }>(
    `SELECT n.nspname AS schema, c.relname AS name, c.relkind AS code, pg_get_userbyid(c.relowner) AS owner,
       coalesce(c.relacl::text[], '{}') AS acl
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname IN ('public', 'tapedeck', 'tapedeck_jobs') AND c.relkind IN ('r', 'p', 'v', 'm')
       AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
     ORDER BY n.nspname, c.relname`,
  )
  const continuous = await continuousAggregates(client)
  const kinds: Readonly<Record<string, Relation['kind']>> = { r: 'TABLE', p: 'TABLE', v: 'VIEW', m: 'MATERIALIZED VIEW' }
  return rows.map(({ code, ...relation }) => ({
    ...relation,
    kind: relation.schema === 'public' && continuous.has(relation.name) ? 'MATERIALIZED VIEW' : (kinds[code] ?? 'TABLE'),
  }))
}

/** Views to PostgreSQL; TimescaleDB refuses ALTER VIEW on them. */
async function continuousAggregates(client: Client): Promise<Set<string>> {
  const { rows } = await client.query<{ there: boolean }>(
    "SELECT to_regclass('timescaledb_information.continuous_aggregates') IS NOT NULL AS there",
  )
  if (rows[0]?.there !== true) return new Set()
  const { rows: found } = await client.query<{ name: string }>(
    "SELECT view_name::text AS name FROM timescaledb_information.continuous_aggregates WHERE view_schema = 'public'",
  )
  return new Set(found.map(({ name }) => name))
}

/** Whoever gives a table away must be a member of who gets it. */
async function membership(client: Client, { admin }: RoleNames): Promise<RoleStep[]> {
  const { rows } = await client.query<{ me: string; needed: boolean }>(
    `SELECT current_user AS me, NOT rolsuper AND NOT EXISTS (
       SELECT FROM pg_roles r JOIN pg_auth_members m ON m.roleid = r.oid JOIN pg_roles g ON g.oid = m.member
       WHERE r.rolname = $1 AND g.rolname = current_user AND (to_jsonb(m)->>'set_option' IS DISTINCT FROM 'false')) AS needed
     FROM pg_roles WHERE rolname = current_user`,
    [admin],
  )
  const [row] = rows
  if (!row?.needed) return []
  return [{ what: `make ${row.me} a member of ${admin}`, sql: `GRANT ${quoted(admin)} TO ${quoted(row.me)}` }]
}

async function databaseSteps(client: Client, names: RoleNames, missing: readonly string[]): Promise<RoleStep[]> {
  const { reader, writer, admin } = names
  const { rows } = await client.query<{
    database: string
    publicTemp: boolean
    publicCreate: boolean
    granted: boolean
    schema: boolean
    jobs: boolean
  }>(
    `SELECT current_database() AS database,
       EXISTS (SELECT FROM pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
         WHERE d.datname = current_database() AND a.grantee = 0 AND a.privilege_type = 'TEMPORARY') AS "publicTemp",
       EXISTS (SELECT FROM pg_namespace n, aclexplode(n.nspacl) a
         WHERE n.nspname = 'public' AND a.grantee = 0 AND a.privilege_type = 'CREATE') AS "publicCreate",
       EXISTS (SELECT FROM pg_namespace WHERE nspname = 'tapedeck') AS schema, EXISTS (SELECT FROM pg_namespace WHERE nspname = 'tapedeck_jobs') AS jobs,
       CASE WHEN $1 THEN false ELSE
         has_database_privilege($2, current_database(), 'TEMP') AND has_database_privilege($3, current_database(), 'CREATE')
         AND has_schema_privilege($3, 'public', 'CREATE') AND (to_regnamespace('tapedeck') IS NULL
           OR has_schema_privilege($4, to_regnamespace('tapedeck'), 'USAGE')) AND (to_regnamespace('tapedeck_jobs') IS NULL
           OR has_schema_privilege($2, to_regnamespace('tapedeck_jobs'), 'USAGE') AND has_schema_privilege($3, to_regnamespace('tapedeck_jobs'), 'CREATE')) END AS granted`,
    [missing.length > 0, writer, admin, reader],
  )
  const [row] = rows
  if (!row) return []
  const database = quoted(row.database)
  const [r, w, a] = [reader, writer, admin].map(quoted)
  const steps: RoleStep[] = []
  if (row.publicTemp)
    steps.push({ what: 'take temporary tables from everybody', sql: `REVOKE TEMPORARY ON DATABASE ${database} FROM PUBLIC` })
  if (row.publicCreate) steps.push({ what: 'take new tables in public from everybody', sql: 'REVOKE CREATE ON SCHEMA public FROM PUBLIC' })
  if (!row.granted)
    steps.push({
      what: `let the roles into ${row.database}`,
      sql: `GRANT CONNECT ON DATABASE ${database} TO ${r}, ${w}, ${a}; GRANT TEMPORARY ON DATABASE ${database} TO ${w}, ${a};
        GRANT CREATE ON DATABASE ${database} TO ${a}; GRANT USAGE ON SCHEMA public TO ${r}, ${w}, ${a}; GRANT CREATE ON SCHEMA public TO ${a};
        ${row.jobs ? `GRANT USAGE ON SCHEMA ${JOBS_SCHEMA} TO ${r}, ${w}, ${a}; GRANT CREATE ON SCHEMA ${JOBS_SCHEMA} TO ${a};` : ''}
        ${row.schema ? `GRANT USAGE ON SCHEMA tapedeck TO ${r}, ${w}, ${a}; GRANT CREATE ON SCHEMA tapedeck TO ${a}` : ''}`,
    })
  return steps
}

/** TimescaleDB hands chunks and what aggregates are stored in along with their table. */
function ownerSteps(relations: readonly Relation[], { admin }: RoleNames): RoleStep[] {
  return relations
    .filter(({ owner }) => owner !== admin)
    .map(({ schema, name, kind }) => ({
      what: `make ${admin} the owner of ${name}`,
      sql: `ALTER ${kind} ${quoted(schema)}.${quoted(name)} OWNER TO ${quoted(admin)}`,
    }))
}

function grantSteps(relations: readonly Relation[], names: RoleNames, missing: readonly string[]): RoleStep[] {
  return relations.flatMap(({ schema, name, kind, acl }) => {
    const wished = { [names.reader]: ['SELECT'], [names.writer]: writersOf(schema, name, kind) }
    return Object.entries(wished).flatMap(([role, privileges]) => {
      const has = missing.includes(role) ? '' : (acl.find((entry) => entry.startsWith(`${role}=`) || entry.startsWith(`"${role}"=`)) ?? '')
      const letters = /=([a-zA-Z*]*)\//.exec(has)?.[1] ?? ''
      if (letters === privileges.map((privilege) => LETTERS[privilege]).join('')) return []
      const relation = `${quoted(schema)}.${quoted(name)}`
      return [
        {
          what: `let ${role} ${privileges.join(', ')} ${name}`,
          sql: `REVOKE ALL ON ${relation} FROM ${quoted(role)}; GRANT ${privileges.join(', ')} ON ${relation} TO ${quoted(role)}`,
        },
      ]
    })
  })
}

/** As PostgreSQL writes them in this order. */
const LETTERS: Readonly<Record<string, string>> = { INSERT: 'a', SELECT: 'r', UPDATE: 'w', DELETE: 'd' }

function writersOf(schema: string, name: string, kind: Relation['kind']): string[] {
  // Whoever runs trials takes jobs and ends them.
  if (schema === JOBS_SCHEMA) return ['INSERT', 'SELECT', 'UPDATE', 'DELETE']
  if (schema !== 'public' || kind !== 'TABLE' || NOT_THE_WRITERS.includes(name)) return ['SELECT']
  return ['INSERT', 'SELECT', ...(WRITER_UPDATES.includes(name) ? ['UPDATE'] : []), ...(WRITER_DELETES.includes(name) ? ['DELETE'] : [])]
}

/** What the admin or we make from now on can be read at once; writers get theirs when this is run again. */
async function defaultSteps(client: Client, { reader, writer, admin }: RoleNames): Promise<RoleStep[]> {
  const { rows } = await client.query<{ me: string; makers: string[] }>(
    `SELECT current_user AS me, coalesce(array_agg(DISTINCT pg_get_userbyid(defaclrole)::text)
       FILTER (WHERE defaclacl::text LIKE '%' || $1 || '=r%' AND defaclacl::text LIKE '%' || $2 || '=r%'), '{}') AS makers
     FROM pg_default_acl WHERE defaclobjtype = 'r'`,
    [reader, writer],
  )
  const { me = admin, makers = [] } = rows[0] ?? {}
  return [...new Set([admin, me])]
    .filter((maker) => !makers.includes(maker))
    .map((maker) => ({
      what: `let ${reader} and ${writer} SELECT what ${maker} will make`,
      sql: `ALTER DEFAULT PRIVILEGES FOR ROLE ${quoted(maker)} GRANT SELECT ON TABLES TO ${quoted(reader)}, ${quoted(writer)}`,
    }))
}

/**
 * Makes the roles and gives them what they need. Returns what was done.
 *
 * @throws TapedeckError `roles-refused`, naming the step; those before it stay done
 */
export async function applyRoles(client: Client, names: RoleNames): Promise<RoleStep[]> {
  const steps = await planRoles(client, names)
  for (const { what, sql } of steps) {
    try {
      await client.query(sql)
    } catch (cause) {
      throw new TapedeckError(
        `The server did not ${what}: ${messageOf(cause)}. Run this as a superuser, or as the owner of the tables with CREATEROLE. ` +
          'What was done before stays; run it again to go on.',
        { code: 'roles-refused', retryable: !(cause instanceof pg.DatabaseError), cause },
      )
    }
  }
  return steps
}
