/** Progress and totals of the replay gateway as text for people. */

import { alignColumns, shortNumber } from '../system/text-table.ts'
import { isoFromUs } from '../market/time.ts'
import type { GatewayProgress, GatewayTotals } from '../backtester/gateway/server/gateway.ts'

/** One line of at most 79 columns. */
export function formatGatewayProgress({ state, tapeUs, fraction, clients, lines }: GatewayProgress): string {
  return `${state} ${isoFromUs(tapeUs).slice(0, 19)}Z ${Math.floor(fraction * 100)} % clients ${shortNumber(clients)} lines ${shortNumber(lines)}`
}

export function formatGatewayTotals(totals: GatewayTotals): string {
  return alignColumns([
    ['Tape time reached', isoFromUs(totals.tapeUs)],
    ['Clients', totals.clients],
    ['Lines opened', totals.linesOpened],
    ['Lines closed', totals.linesClosed],
    ['Changes on the tape', totals.changes],
    ['Merged by sampling', totals.merged],
    ['Ticks served', totals.ticksServed],
    ['Messages served', totals.messagesServed],
  ])
}
