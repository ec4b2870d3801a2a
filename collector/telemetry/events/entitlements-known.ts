import { type EntitlementRow, formatEntitlements, isServedLive } from '../../lines/entitlements.ts'
import type { EventContext } from './event.ts'

export interface EntitlementsKnown {
  rows: readonly EntitlementRow[]
}

/** Logs which market data the account gets. */
export function entitlementsKnown({ log }: EventContext, { rows }: EntitlementsKnown): void {
  const lines = rows.reduce((sum, { asked }) => sum + asked, 0)
  if (isServedLive(rows)) log.info({ lines }, 'all open market-data lines are served in real time')
  else log.warn(`not all market data is served in real time\n${formatEntitlements(rows)}`)
}
