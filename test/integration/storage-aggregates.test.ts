import type pg from 'pg'
import { afterEach, beforeEach, expect, it } from 'vitest'

import { connectClient } from '../../db/pool.ts'
import { migrate } from '../../db/schema/migrate.ts'
import type { Aggregate } from '../../db/schema/storage/objects.ts'
import { planStorage, reconcileStorage } from '../../db/schema/storage/reconcile.ts'
import { wishedStorage } from '../../db/schema/storage/wished.ts'
import { forEachEdition } from '../support/database/databases.ts'

const MINUTES: Aggregate = {
  kind: 'aggregate',
  name: 'counted_1m',
  from: 'trades',
  bucket: '1 minute',
  query: "SELECT time_bucket('1 minute', ts) AS bucket, instrument_id, count(*) AS trades FROM trades GROUP BY 1, 2",
  about: 'Trades of a minute.',
  comments: { bucket: "The minute's start.", trades: 'How many.' },
}
const HOURS: Aggregate = {
  kind: 'aggregate',
  name: 'counted_1h',
  from: 'counted_1m',
  bucket: '1 hour',
  query: "SELECT time_bucket('1 hour', bucket) AS bucket, instrument_id, sum(trades) AS trades FROM counted_1m GROUP BY 1, 2",
  about: 'Trades of an hour.',
  comments: {},
}
/** The one that stands on the other first, as nobody should have to write them. */
const wished = [HOURS, MINUTES, ...wishedStorage().filter(({ kind }) => kind === 'hypertable')]

forEachEdition('an aggregate', ({ createDatabase }) => {
  let client: pg.Client
  let isContinuous: boolean
  let address: string
  beforeEach(async () => {
    address = await createDatabase()
    client = await connectClient(address)
    await migrate(client)
    await client.query(`DO $$ BEGIN
      IF to_regprocedure('tapedeck.time_bucket(interval,timestamptz)') IS NULL THEN
        CREATE FUNCTION tapedeck.time_bucket(interval, timestamptz) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS 'SELECT date_bin($1, $2, ''2000-01-03'')';
      END IF; END $$`)
    await client.query(`INSERT INTO trades (ts, session_id, seq, instrument_id, price, size, source)
      SELECT timestamptz '2014-06-05 13:30Z' + i * interval '20 seconds', 1, i, 1, 10, 1, 'last' FROM generate_series(0, 359) AS i`)
    await reconcileStorage(client, { wished })
    isContinuous = (await planStorage(client, { wished })).edition === 'community'
  })
  afterEach(() => client.end())

  const counted = async (view: string) =>
    (await client.query<{ rows: number; trades: number }>(`SELECT count(*)::int AS rows, sum(trades)::int AS trades FROM ${view}`)).rows[0]
  const left = (lines: readonly string[]) => lines.filter((line) => line.startsWith('left to'))

  it('gives the same rows whatever it is made of, and stands on another', async () => {
    expect(await counted('counted_1m')).toEqual({ rows: 120, trades: 360 })
    expect(await counted('counted_1h')).toEqual({ rows: 3, trades: 360 })
    const { rows } = await client.query<{ about: string; trades: string }>(
      "SELECT obj_description('counted_1m'::regclass) AS about, col_description('counted_1m'::regclass, 3) AS trades",
    )
    expect(rows).toEqual([
      { about: expect.stringMatching(/^Trades of a minute\. \(definition [0-9a-f]{12}\)$/) as string, trades: 'How many.' },
    ])
  })

  it('is made once: the second plan is empty', async () => {
    expect((await planStorage(client, { wished })).steps).toEqual([])
    expect(await reconcileStorage(client, { wished })).toHaveLength(1)
  })

  it('takes over a comment that was changed, and nothing else', async () => {
    const changed = wished.map((object) => (object === MINUTES ? { ...MINUTES, comments: { trades: 'Their count.' } } : object))
    expect((await planStorage(client, { wished: changed })).steps.map(({ what }) => what)).toEqual(['change the comments of counted_1m'])
    await reconcileStorage(client, { wished: changed })
    expect((await planStorage(client, { wished: changed })).steps).toEqual([])
  })

  it('is made again with what stands on it when its definition changed, at the start only where no computed row is lost', async () => {
    const changed = wished.map((object) =>
      object === MINUTES ? { ...MINUTES, query: MINUTES.query.replace('count(*)', 'count(price)') } : object,
    )
    // Not computed yet, there is nothing to lose.
    expect((await planStorage(client, { wished: changed })).steps.filter(({ loses }) => loses)).toEqual([])
    if (isContinuous) await client.query("CALL refresh_continuous_aggregate('counted_1m', NULL, now())")
    const { steps } = await planStorage(client, { wished: changed })
    const what = isContinuous ? 'continuous aggregate' : 'view'
    expect(steps.map(({ what }) => what)).toEqual([
      `drop the ${what} counted_1h`,
      `drop the ${what} counted_1m`,
      `make the ${what} counted_1m`,
      `make the ${what} counted_1h`,
    ])
    const lines = await reconcileStorage(client, { wished: changed })
    expect(left(lines)).toHaveLength(isContinuous ? 4 : 0)
    expect((await planStorage(client, { wished: changed })).steps).toHaveLength(isContinuous ? 4 : 0)
    expect(await counted('counted_1h')).toEqual({ rows: 3, trades: 360 })
  })

  it('leaves a view of its name that somebody else made to be decided upon', async () => {
    await client.query(isContinuous ? 'DROP MATERIALIZED VIEW counted_1h' : 'DROP VIEW counted_1h')
    await client.query('CREATE VIEW counted_1h AS SELECT 1 AS trades')
    const { steps } = await planStorage(client, { wished })
    expect(steps).toMatchObject([
      { loses: 'a view counted_1h that is not ours' },
      { what: expect.stringContaining('counted_1h') as string },
    ])
    expect(left(await reconcileStorage(client, { wished }))).toHaveLength(2)
    expect(await counted('counted_1h')).toEqual({ rows: 1, trades: 1 })
  })
})
