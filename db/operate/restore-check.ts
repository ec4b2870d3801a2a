/** What a backup notes of a database, and a restore compares. */

import pg from 'pg'

type Client = Pick<pg.ClientBase, 'query'>

export async function serverVersions(client: Client): Promise<{ postgres: number; timescale: string | null }> {
  const { rows } = await client.query<{ postgres: number; timescale: string | null }>(
    `SELECT current_setting('server_version_num')::int / 10000 AS postgres,
       (SELECT extversion FROM pg_extension WHERE extname = 'timescaledb') AS timescale`,
  )
  return rows[0] ?? { postgres: 0, timescale: null }
}

/** Rows of each of our tables: exact, so that it reads them all. */
export async function countRows(client: Client): Promise<Record<string, number>> {
  const { rows: tables } = await client.query<{ schema: string; name: string }>(
    `SELECT n.nspname AS schema, c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname IN ('public', 'tapedeck') AND c.relkind IN ('r', 'p')
       AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
     ORDER BY 1, 2`,
  )
  const counts: Record<string, number> = {}
  for (const { schema, name } of tables) {
    const table = `${pg.escapeIdentifier(schema)}.${pg.escapeIdentifier(name)}`
    const { rows } = await client.query<{ count: string }>(`SELECT count(*) FROM ${table}`)
    counts[`${schema}.${name}`] = Number(rows[0]?.count)
  }
  return counts
}

/** Tables whose rows are not as many as were noted: `public.quotes: expected 10, found 9`. */
export function differentCounts(expected: Readonly<Record<string, number>>, found: Readonly<Record<string, number>>): string[] {
  return [...new Set([...Object.keys(expected), ...Object.keys(found)])]
    .filter((table) => expected[table] !== found[table])
    .map((table) => `${table}: expected ${expected[table] ?? 'no such table'}, found ${found[table] ?? 'no such table'}`)
}
