/** What the writers of rows that were derived from a recording have in common. */

import type pg from 'pg'

import { isoFromUs } from '../../market/time.ts'
import { writeErrorOf } from '../sqlstates.ts'
import { BEGIN } from '../transaction.ts'

export type Queryable = Pick<pg.ClientBase, 'query'>

/** What a scan has looked at: a session, or of it what is of that time and of these underlyings. */
export interface ScannedPart {
  sessionId: number
  fromUs?: number | undefined
  toUs?: number | undefined
  symbols?: readonly string[] | undefined
  /** Given: more of the part may come, or has come since. */
  goesOn?: { lastUs: number | undefined; open: readonly string[] } | undefined
}

/** Of a table: when a row begins and is over, and its name, if it has one. */
export interface PartColumns {
  from: string
  until: string
  id?: string
}

/**
 * Deletes the rows that a scan makes again. Of a part that goes on, a collector may have stored rows that the scan could not find yet: those
 * that were over behind its last record, and those that were open there, as the record that ends one may name a moment before its own.
 *
 * @returns how many there were
 */
export async function deletePart(client: Queryable, table: string, { from, until, id }: PartColumns, part: ScannedPart): Promise<number> {
  const { sessionId, fromUs, toUs, symbols, goesOn } = part
  const moment = (us: number | undefined, otherwise: string) => (us === undefined ? otherwise : isoFromUs(us))
  const lastMoment = goesOn ? moment(goesOn.lastUs, '-infinity') : 'infinity'
  const values: unknown[] = [sessionId, moment(fromUs, '-infinity'), moment(toUs, 'infinity'), symbols ?? null, lastMoment]
  const isKept = id === undefined ? '' : ` AND ${id} <> ALL ($${values.push(goesOn?.open ?? [])}::text[])`
  const { rowCount } = await client.query(
    `DELETE FROM ${table} WHERE session_id = $1 AND ${from} >= $2 AND ${from} < $3 AND ($4::text[] IS NULL OR symbol = ANY ($4))
     AND ${until} <= $5${isKept}`,
    values,
  )
  return rowCount ?? 0
}

/** Names and types of columns, for a statement that takes rows as JSON. */
export function recordset(columns: Readonly<Record<string, string>>): { names: string; types: string } {
  const names = Object.keys(columns).map((name) => `"${name}"`)
  const types = Object.entries(columns).map(([name, type]) => `"${name}" ${type}`)
  return { names: names.join(', '), types: types.join(', ') }
}

/**
 * Does all of `write` or nothing of it.
 *
 * @param what the rows, as in "did not take opportunities"
 * @throws WriteError when the database refuses
 */
export async function inTransaction<T>(client: Queryable, what: string, write: () => Promise<T>): Promise<T> {
  try {
    await client.query(BEGIN)
    const result = await write()
    await client.query('COMMIT')
    return result
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined)
    throw writeErrorOf(error, `did not take ${what}`)
  }
}
