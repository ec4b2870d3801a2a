/** How far a recording is, for whoever started it. */

import type { ConnectionState } from '../ib/link/connection.ts'
import type { EntitlementRow } from '../lines/entitlements.ts'
import type { LineCounts } from '../lines/line.ts'
import type { Counts } from './counts.ts'

export interface CollectProgress {
  /** Undefined until the time is known. */
  marketTimeUs: number | undefined
  /** Of the connection (collector/ib/link/connection.ts). */
  feed: ConnectionState
  linesWanted: number
  /** Market-data lines by their state: `open`; `no-line`, waiting because the gateway has none left; and so on (collector/lines). */
  marketData: LineCounts
  tickByTick: LineCounts
  /** What the account gets, by symbol and kind, as the current link said. */
  entitlements: readonly EntitlementRow[]
  counts: Counts
  /** Oldest record of the last committed batch, from socket to commit. */
  lagMs: number
  metricsPort: number | undefined
}
