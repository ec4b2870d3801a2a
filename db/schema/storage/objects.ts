/**
 * What the database is to hold besides its tables, as data: one type for each kind of object, and what is known of a kind: how it is
 * read, made, changed and taken down, and what it stands on. Changes nothing itself: `plan.ts` compares, `reconcile.ts` acts.
 */

import type pg from 'pg'

/** A table that is cut into chunks by `ts`. TimescaleDB only. */
export interface Hypertable {
  kind: 'hypertable'
  table: string
  /** As an interval of PostgreSQL: `1 day`. */
  chunkInterval: string
  /** False: an interval that somebody set by hand stays. */
  exact: boolean
}

/** How chunks are compressed, not when. TimescaleDB Community only. */
export interface Columnstore {
  kind: 'columnstore'
  table: string
  segmentBy: readonly string[]
  /** Columns, the first one first; each may say ` DESC`. */
  orderBy: readonly string[]
}

/** How many rows of an instrument are compressed together. Of all tables with the same owner. Community only. */
export interface BatchSize {
  kind: 'batch-size'
  /** The table whose owner compresses. */
  on: string
  rows: number
}

/** A continuous aggregate in Community, a view of the same name, columns and rows in the other editions. */
export interface Aggregate {
  kind: 'aggregate'
  name: string
  /** A hypertable, or another aggregate. */
  from: string
  /** Width of its buckets, as an interval of PostgreSQL. */
  bucket: string
  /** Valid in every edition, with bare `time_bucket`, `first` and `last`. */
  query: string
  /** What it is, for those who look at the database. */
  about: string
  /** What its columns mean, by name. */
  comments: Readonly<Record<string, string>>
}

/** Compresses chunks whose newest row could be older than `after`. On a hypertable. Community only. */
export interface CompressionPolicy {
  kind: 'compression-policy'
  on: string
  after: string
}

/** Drops chunks whose newest row could be older than `after`. On a hypertable or an aggregate. Community only. */
export interface RetentionPolicy {
  kind: 'retention-policy'
  on: string
  after: string
}

/** Computes an aggregate anew where its rows changed. Community only. */
export interface RefreshPolicy {
  kind: 'refresh-policy'
  on: string
  /** Null: from the first row on. */
  startOffset: string | null
  endOffset: string
  every: string
}

/** A procedure of ours that the server calls. Community only. */
export interface Job {
  kind: 'job'
  /** The aggregate that it reads. */
  on: string
  /** In the schema `tapedeck`. */
  procedure: string
  every: string
}

export type StorageObject = Hypertable | Columnstore | BatchSize | Aggregate | CompressionPolicy | RetentionPolicy | RefreshPolicy | Job

/** One thing to do, in one transaction of its own. Doing it twice does no harm. */
export interface Step {
  /** Completes "would": `make quotes a hypertable`. */
  what: string
  sql: string
  /** Does it in transactions of its own, in place of `sql`, which is empty. Not under the lock of migrations: it may take hours. */
  run?: (client: Queryable, options: RunOptions) => Promise<void>
  /** Takes as long as there are rows: not for the start of a collector. */
  long?: boolean
  /** Undoes what somebody may have set by hand: not for the start of a collector. */
  deliberate?: boolean
  /** What is gone afterwards, completes "deletes". Not without being told to. */
  loses?: string
}

export interface RunOptions {
  /** Is given a line that says how far it is, about once a second. */
  onProgress: (line: string) => void
  /** Aborted: stops soon. The next time it goes on from there. */
  signal: AbortSignal | undefined
}

/** What the server can do: tables only; hypertables (TimescaleDB Apache); and columnstore, aggregates, policies (Community). */
export type Edition = 'plain' | 'apache' | 'community'

/** A table that could be a hypertable and is none. */
export interface PlainTable {
  /** As the server estimates; -1 when it never looked. */
  rows: number
  /** Of rows and indexes. */
  bytes: number
}

/** What plans depend on, as it is on this server. */
export interface ServerFacts {
  edition: Edition
  /** Of the extension; undefined without. */
  timescale: string | undefined
  /** Schema of the extension's functions. */
  schema: string
  plainTables: ReadonlyMap<string, PlainTable>
  /** There are ticks, so that an aggregate may have something to compute. */
  hasTicks: boolean
}

/**
 * Makes collectors wait where they insert the marker of a batch, in front of its rows. A COPY that waits for the table itself would write into
 * the root of the hypertable, where no query sees the rows, since TimescaleDB has looked at the table before the wait (seen in 2.28.3).
 */
export const LOCK_WRITERS = 'LOCK TABLE public.batches IN SHARE ROW EXCLUSIVE MODE'

export type Queryable = Pick<pg.ClientBase, 'query'>

/** What a kind knows. `Found` is an object as it is read from the server, which does not keep all that was said when it was made. */
export interface ObjectKind<T extends StorageObject, Found extends Named = T> {
  /** Those that are there. */
  read(client: Queryable, facts: ServerFacts): Promise<Found[]>
  create(wished: T, facts: ServerFacts): Step[]
  /** Empty when the two are the same; `replace` when it has to be dropped and made again, and all that stands on it. */
  alter(there: Found, wished: T, facts: ServerFacts): Step[] | 'replace'
  drop(there: Found, facts: ServerFacts): Step[]
  /** Keys (`keyOf`) of the objects that must stand before it, where they are wished for. */
  dependsOn(object: T): string[]
  /** Whether one that is not wished for is to be removed. */
  isOurs(there: Found, wished: readonly StorageObject[]): boolean
}

/** What says which object is meant. */
export type Named =
  | Pick<Hypertable, 'kind' | 'table'>
  | Pick<Columnstore, 'kind' | 'table'>
  | Pick<Aggregate, 'kind' | 'name'>
  | Pick<BatchSize | CompressionPolicy | RetentionPolicy | RefreshPolicy | Job, 'kind' | 'on'>

/** What an object is called among all objects: `hypertable quotes`. */
export function keyOf(object: Named): string {
  return `${object.kind} ${nameOf(object)}`
}

/** The relation that an object is, or belongs to. */
export function nameOf(object: Named): string {
  switch (object.kind) {
    case 'hypertable':
    case 'columnstore':
      return object.table
    case 'aggregate':
      return object.name
    case 'batch-size':
    case 'compression-policy':
    case 'retention-policy':
    case 'refresh-policy':
    case 'job':
      return object.on
  }
}
