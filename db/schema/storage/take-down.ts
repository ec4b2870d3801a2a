/** Takes the aggregates down, for migrations that change or drop what they stand on. What reconciles the storage makes them again. */

import { AGGREGATE } from './aggregate.ts'
import type { Queryable } from './objects.ts'
import { readServer } from './server.ts'

/** SQLSTATEs of a change that aggregates or views stand in the way of: dependent objects, and a column that a view uses. */
const IN_THE_WAY = ['2BP01', '0A000']

/**
 * Drops every aggregate of ours, within the caller's transaction. Returns the names of those that held computed rows.
 *
 * @throws pg.DatabaseError when the role does not own them, or something else stands on them
 */
async function takeDown(client: Queryable): Promise<string[]> {
  const facts = await readServer(client, [])
  const ours = (await AGGREGATE.read(client, facts)).filter(({ definition }) => definition !== undefined).reverse()
  for (const aggregate of ours) for (const { sql } of AGGREGATE.drop(aggregate, facts)) await client.query(sql)
  return ours.filter(({ isComputed }) => isComputed).map(({ name }) => name)
}

/**
 * Makes a change within the caller's transaction, and where aggregates stand in its way, without them. Returns the names of those that
 * held computed rows and are gone.
 */
export async function withoutAggregates(client: Queryable, change: () => Promise<unknown>): Promise<string[]> {
  await client.query('SAVEPOINT with_aggregates')
  try {
    await change()
    return []
  } catch (error) {
    const state = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (!IN_THE_WAY.includes(state)) throw error
    await client.query('ROLLBACK TO with_aggregates')
    const gone = await takeDown(client)
    await change()
    return gone
  }
}
