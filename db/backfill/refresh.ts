/** Computes aggregates of ticks anew where a backfill has brought some. */

import type { Span } from '../../market/coverage.ts'
import { refreshTouched } from '../operate/refresh-aggregates.ts'
import { connectClient } from '../pool.ts'

/**
 * Of exactly these times, each once. Returns how many windows of aggregates were computed: none without TimescaleDB Community, where they are views.
 *
 * @throws WriteError when there is no connection, pg.DatabaseError when the server refuses, as to a role that does not own them
 */
export async function refreshAggregates(url: string, spans: readonly Span[]): Promise<number> {
  const times = new Map(spans.map(({ fromUs, toUs }) => [`${fromUs} ${toUs}`, { fromUs, toUs: toUs - 1 }]))
  const client = await connectClient(url)
  try {
    let windows = 0
    // Always from old to new.
    for (const touched of [...times.values()].sort((a, b) => a.fromUs - b.fromUs)) windows += await refreshTouched(client, touched)
    return windows
  } finally {
    await client.end().catch(() => undefined)
  }
}
