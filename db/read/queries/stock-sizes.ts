/** What the newest session that knows anything of the sizes of US stocks knows of them. */

import type pg from 'pg'

import type { StockSizes } from '../../../market/tick.ts'
import { parseJsonb } from '../../jsonb.ts'

const NEWEST = `
SELECT session_id, (record->'sizes')::text AS sizes FROM control_records WHERE kind = 'session' AND record->>'event' = 'sizes'
ORDER BY session_id DESC, seq DESC LIMIT 1`

export async function newestStockSizes(
  client: Pick<pg.ClientBase, 'query'>,
): Promise<{ sessionId: number; sizes: StockSizes } | undefined> {
  const { rows } = await client.query<{ session_id: string; sizes: string }>(NEWEST)
  // The jsonb was written from a record, by keepControlRecords.
  return rows[0] && { sessionId: Number(rows[0].session_id), sizes: parseJsonb(rows[0].sizes) as StockSizes }
}
