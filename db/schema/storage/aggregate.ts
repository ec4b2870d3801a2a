/**
 * Aggregates: continuous ones that are computed on the fly where they are not computed yet, in Community; views elsewhere. What one is
 * defined by is kept as a checksum in its comment, since the server keeps a query in words of its own. A view without it is not ours: it
 * is replaced where it has the name of one of ours, and never removed.
 */

import { createHash } from 'node:crypto'

import pg from 'pg'

import { type Aggregate, LOCK_WRITERS, type ObjectKind, type Queryable, type ServerFacts, type Step } from './objects.ts'

/** A view as it was found. */
export interface FoundAggregate extends Pick<Aggregate, 'kind' | 'name' | 'about' | 'comments'> {
  /** Of the query it was made from; undefined when it is none of ours. */
  definition: string | undefined
  continuous: boolean
  /** Has computed rows. */
  isComputed: boolean
  /** Rows that are not computed yet are computed when they are asked for. */
  realTime: boolean
}

/** Stands at the end of the comment. */
const MARK = / \(definition ([0-9a-f]{12})\)$/

export const AGGREGATE: ObjectKind<Aggregate, FoundAggregate> = {
  read: readAggregates,

  create: (wished, facts) => [createStep(wished, facts)],

  alter: changeSteps,

  drop: dropSteps,

  dependsOn: ({ from }) => [`hypertable ${from}`, `aggregate ${from}`],

  isOurs: ({ definition }) => definition !== undefined,
}

/** Every view in `public` that belongs to no extension. */
async function readAggregates(client: Queryable, { edition }: ServerFacts): Promise<FoundAggregate[]> {
  const continuous =
    edition === 'community'
      ? `SELECT view_name AS name, materialized_only, format('%I.%I', materialization_hypertable_schema, materialization_hypertable_name) AS stored FROM timescaledb_information.continuous_aggregates WHERE view_schema = 'public'`
      : 'SELECT NULL::name AS name, NULL::boolean AS materialized_only, NULL AS stored'
  const { rows } = await client.query<{
    name: string
    about: string | null
    columns: Record<string, string>
    realTime: boolean | null
    stored: string | null
  }>(
    `SELECT c.relname AS name, obj_description(c.oid, 'pg_class') AS about, NOT a.materialized_only AS "realTime", a.stored,
       (SELECT coalesce(jsonb_object_agg(attname, col_description(attrelid, attnum)), '{}') FROM pg_attribute
        WHERE attrelid = c.oid AND attnum > 0 AND col_description(attrelid, attnum) IS NOT NULL) AS columns
     FROM pg_class c LEFT JOIN (${continuous}) a ON a.name = c.relname
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'v'
       AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
     ORDER BY c.oid`,
  )
  const computed = await withRows(
    client,
    rows.flatMap(({ stored }) => stored ?? []),
  )
  return rows.map(({ name, about, columns, realTime, stored }) => ({
    kind: 'aggregate',
    name,
    about: about?.replace(MARK, '') ?? '',
    comments: columns,
    definition: MARK.exec(about ?? '')?.[1],
    continuous: realTime !== null,
    isComputed: stored !== null && computed.has(stored),
    realTime: realTime ?? true,
  }))
}

/** Those of the tables that have rows; of one that the role may not look into, nobody knows. */
async function withRows(client: Queryable, tables: readonly string[]): Promise<Set<string>> {
  const { rows: looked } = await client.query<{ name: string; mayLook: boolean }>(
    `SELECT name, has_schema_privilege(split_part(name, '.', 1), 'USAGE') AND has_table_privilege(name, 'SELECT') AS "mayLook" FROM unnest($1::text[]) name`,
    [tables],
  )
  const computed = new Set(looked.filter(({ mayLook }) => !mayLook).map(({ name }) => name))
  const open = looked.filter(({ mayLook }) => mayLook).map(({ name }) => name)
  if (open.length === 0) return computed
  const { rows } = await client.query<{ name: string; found: boolean }>(
    open.map((name) => `SELECT ${pg.escapeLiteral(name)} AS name, EXISTS (SELECT FROM ${name}) AS found`).join(' UNION ALL '),
  )
  for (const { name, found } of rows) if (found) computed.add(name)
  return computed
}

const isContinuous = ({ edition }: ServerFacts) => edition === 'community'

function createStep(wished: Aggregate, facts: ServerFacts): Step {
  const { name, query } = wished
  const comments = commentsOn(wished)
  if (!isContinuous(facts))
    return { what: `make the view ${name}`, sql: `${searchPath(facts)}; CREATE VIEW public.${name} AS ${query}; ${comments}` }
  return {
    what: `make the continuous aggregate ${name}`,
    sql: `${LOCK_WRITERS}; ${searchPath(facts)};
      CREATE MATERIALIZED VIEW public.${name} WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS ${query} WITH NO DATA;
      ${comments}`,
  }
}

function changeSteps(there: FoundAggregate, wished: Aggregate, facts: ServerFacts): Step[] | 'replace' {
  if (there.definition !== definitionOf(wished) || there.continuous !== isContinuous(facts)) return 'replace'
  const steps: Step[] = []
  if (!there.realTime)
    steps.push({
      what: `have ${wished.name} compute what is not computed yet when it is asked for`,
      sql: `ALTER MATERIALIZED VIEW public.${wished.name} SET (timescaledb.materialized_only = false)`,
    })
  if (there.about !== wished.about || !sameTexts(there.comments, wished.comments))
    steps.push({ what: `change the comments of ${wished.name}`, sql: commentsOn(wished, Object.keys(there.comments)) })
  return steps
}

function dropSteps({ name, continuous, isComputed, definition }: FoundAggregate): Step[] {
  // Where ticks were removed meanwhile, rows cannot be computed again.
  const loses = isComputed ? `the computed rows of ${name}` : definition === undefined ? `a view ${name} that is not ours` : undefined
  return [
    {
      what: `drop the ${continuous ? 'continuous aggregate' : 'view'} ${name}`,
      sql: continuous ? `${LOCK_WRITERS}; DROP MATERIALIZED VIEW public.${name}` : `DROP VIEW public.${name}`,
      ...(loses !== undefined && { loses }),
    },
  ]
}

/** On which `time_bucket`, `first` and `last` are TimescaleDB's where it is there, and ours elsewhere. */
function searchPath({ edition, schema }: ServerFacts): string {
  return `SET LOCAL search_path = ${edition === 'plain' ? 'public, tapedeck' : `${schema}, public`}`
}

function commentsOn({ name, about, comments, ...aggregate }: Aggregate, earlier: readonly string[] = []): string {
  const mark = definitionOf({ name, about, comments, ...aggregate })
  const gone = earlier.filter((column) => !(column in comments))
  return [
    `COMMENT ON VIEW public.${name} IS ${pg.escapeLiteral(`${about} (definition ${mark})`)}`,
    ...Object.entries(comments).map(
      ([column, about]) => `COMMENT ON COLUMN public.${name}.${pg.escapeIdentifier(column)} IS ${pg.escapeLiteral(about)}`,
    ),
    ...gone.map((column) => `COMMENT ON COLUMN public.${name}.${pg.escapeIdentifier(column)} IS NULL`),
  ].join('; ')
}

function definitionOf({ query, from, bucket }: Aggregate): string {
  return createHash('sha256')
    .update(JSON.stringify([query, from, bucket]))
    .digest('hex')
    .slice(0, 12)
}

function sameTexts(one: Readonly<Record<string, string>>, other: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(one)
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name])
}
