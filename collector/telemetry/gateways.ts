/** What the pages say of each connection, where there are several. */

import { z } from 'zod'

import type { Connection } from '../connection.ts'
import { CONNECTION_STATES, isConnected } from '../ib/link/connection.ts'

const count = z.int().nonnegative()
const moment = z.iso.datetime({ precision: null })

export const gatewaySchema = z.object({
  /** `host:port`, and the client id where two have the same. */
  gateway: z.string(),
  clientId: count,
  state: z.enum(CONNECTION_STATES),
  /** Its contracts are with the others. */
  isGone: z.boolean(),
  connectedSince: moment.nullable(),
  fault: z.string().nullable(),
  hindrances: z.array(z.string()),
  /** Market-data lines: open now, of the settings, and that the gateway has as far as is known. */
  open: count,
  limit: count,
  available: count,
})

export type ShownGateway = z.infer<typeof gatewaySchema>

export function shownGateway({ name, clientId, seen, feed, supply, budget }: Connection, gone: readonly string[]): ShownGateway {
  const { state, reasons } = feed.connection.status
  const { limit, available } = budget.figures
  return {
    gateway: name,
    clientId,
    state,
    isGone: gone.includes(name),
    connectedSince: seen.connectedAtMs === undefined ? null : new Date(seen.connectedAtMs).toISOString(),
    fault: seen.feedFault ?? null,
    hindrances: isConnected(state) ? [...reasons] : [],
    open: supply.lines.marketData.open,
    limit,
    available,
  }
}

/** Since when there is any link, or none, and why. */
export function seenOf(connections: readonly Connection[]): Connection['seen'] {
  const all = connections.map(({ seen }) => seen)
  const up = all.flatMap(({ connectedAtMs }) => connectedAtMs ?? [])
  if (up.length > 0) return { connectedAtMs: Math.min(...up) }
  const lost = all.flatMap(({ lostAtMs }) => lostAtMs ?? [])
  const feedFault = connections.flatMap(({ name, seen }) => (seen.feedFault === undefined ? [] : `${name}: ${seen.feedFault}`)).join('; ')
  return { ...(lost.length > 0 && { lostAtMs: Math.max(...lost) }), ...(feedFault !== '' && { feedFault }) }
}
