/** In which sessions nobody noted whether sizes of US stocks are shares or lots, or the data speaks against what was noted. */

import type pg from 'pg'

/** Sessions note it in records of their own, each for groups of sources. */
const UNITS = `
SELECT session_id::float8 AS "sessionId", bool_or(units.session_id IS NULL) AS "isUnknown", bool_or(COALESCE(units.doubted, false)) AS "isDoubted"
FROM unnest($1::bigint[]) AS asked (session_id)
LEFT JOIN (
  SELECT r.session_id, bool_or((g.value->>'doubted')::boolean) AS doubted
  FROM control_records r, jsonb_each(r.record->'sizes'->'groups') AS g
  WHERE r.session_id = ANY ($1) AND r.kind = 'session' AND r.record->>'event' = 'sizes' GROUP BY r.session_id
) units USING (session_id)
GROUP BY session_id ORDER BY session_id`

export interface SizeUnits {
  sessionId: number
  isUnknown: boolean
  isDoubted: boolean
}

/** @throws pg.DatabaseError when the database refuses, Error when the connection breaks */
export async function sizeUnits(client: Pick<pg.ClientBase, 'query'>, sessions: readonly number[]): Promise<SizeUnits[]> {
  const { rows } = await client.query<SizeUnits>(UNITS, [sessions])
  return rows
}
