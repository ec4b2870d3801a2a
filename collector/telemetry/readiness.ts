/**
 * Why the collector is not ready, in words; `/readyz`, `/status` and the log say the same. Ready means: data of the wanted lines flows or
 * is not expected now, and becomes durable, in the database within a stated time.
 */

import { type ConnectionStatus, isConnected } from '../ib/link/connection.ts'
import type { GapStart } from '../gaps/gap.ts'
import { isoFromUs } from '../../market/time.ts'

export interface ReadinessFacts {
  connection: ConnectionStatus
  /** Lines are asked for, and none has got any data since the connection was made. */
  isWithoutData: boolean
  /** The gateway says that it has lost IB. */
  ibIsAway: boolean
  recording: boolean
  /** Market-data lines. */
  lines: { wanted: number; open: number }
  /** No tick came on any line for so long, although data is expected; undefined while that is well. */
  silentMs: number | undefined
  /** Gaps that are open now. */
  openGaps: readonly GapStart[]
  /** What is wrong with the journal. */
  journalTrouble: string | undefined
  database: {
    /** Lanes whose batch was not taken at the last attempt. */
    failing: number
    /** How long batches have been waiting without any being committed. */
    waitedMs: number
    /** Age of the oldest batch that is not committed. */
    oldestMs: number
    hasCommitted: boolean
    /** Behind by more than this is not ready. */
    maxLagMs: number
  }
}

/** After this a database that says nothing counts as one that takes nothing. */
export const DATABASE_SILENT_MS = 10_000

const seconds = (ms: number) => `${Math.round(ms / 1000)} s`

/** Empty when it is ready. */
export function notReadyReasons(facts: ReadinessFacts): string[] {
  return [...feedReasons(facts), ...(facts.journalTrouble === undefined ? [] : [facts.journalTrouble]), ...databaseReasons(facts.database)]
}

function feedReasons({ connection, isWithoutData, ibIsAway, recording, lines, silentMs, openGaps }: ReadinessFacts): string[] {
  const reasons: string[] = []
  const connected = isConnected(connection.state)
  if (!connected) reasons.push(`not connected to the gateway (${connection.state})`)
  if (!recording) reasons.push('not recording: the time is not known yet')
  if (connected && ibIsAway) reasons.push('the gateway has lost its connection to IB')
  if (connected && recording && lines.open === 0) {
    if (lines.wanted > 0) reasons.push(`none of the ${lines.wanted} wanted lines is open`)
    else reasons.push('the contracts to record are not known yet')
  }
  if (connection.state === 'paused') reasons.push(`another session of the user has the market data: ${connection.reasons[0]}`)
  if (connected && isWithoutData) reasons.push('logged in, and no data on any line: a dialog of TWS or IB Gateway may wait for an answer')
  if (connected && silentMs !== undefined) reasons.push(`no market data on any line for ${seconds(silentMs)}`)
  for (const { fromTsUs, cause } of openGaps) reasons.push(`data is missing since ${isoFromUs(fromTsUs)}: ${cause}`)
  return reasons
}

function databaseReasons({ failing, waitedMs, oldestMs, hasCommitted, maxLagMs }: ReadinessFacts['database']): string[] {
  if (failing > 0 || waitedMs > DATABASE_SILENT_MS) return ['the database does not take ticks; they wait in the journal']
  if (!hasCommitted) return ['nothing was written to the database yet']
  if (oldestMs <= maxLagMs) return []
  return [`the database is ${seconds(oldestMs)} behind, more than the ${seconds(maxLagMs)} of metrics.maxLagMs; ticks wait in the journal`]
}
