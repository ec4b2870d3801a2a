/** What contracts are called, by their numbers or by their symbols. */

import type pg from 'pg'

import type { Contract } from '../../../market/contract.ts'

export interface NamedInstrument {
  instrument: number
  key: string
  symbol: string
  kind: Contract['kind']
}

const NAMED = `
SELECT instrument_id::int AS instrument, key, symbol, kind FROM instruments
WHERE ($1::bigint[] IS NULL OR instrument_id = ANY ($1)) AND ($2::text[] IS NULL OR symbol = ANY ($2)) ORDER BY key`

/**
 * @param which both given: those that are in both
 * @throws pg.DatabaseError when the database refuses, Error when the connection breaks
 */
export async function namedInstruments(
  client: Pick<pg.ClientBase, 'query'>,
  { instruments, symbols }: { instruments?: readonly number[]; symbols?: readonly string[] },
): Promise<NamedInstrument[]> {
  const { rows } = await client.query<NamedInstrument>(NAMED, [instruments ?? null, symbols ?? null])
  return rows
}
