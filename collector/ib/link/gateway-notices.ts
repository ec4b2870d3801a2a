/**
 * What IB's notices say of the connection: IB away and back, farms broken and back. Which lines miss data because of it is decided where
 * the gaps are (collector/gaps).
 *
 * The text of 1102 names the farms that are connected and those that are not: one of the latter stays broken without any other notice.
 */

import {
  CONNECTIVITY_LOST,
  FARM_BROKEN,
  FARM_WORKS,
  HISTORY_FARM_BROKEN,
  HISTORY_FARM_WORKS,
  DEFINITION_FARM_BROKEN,
  DEFINITION_FARM_WORKS,
  FARM_DORMANT,
  HISTORY_FARM_DORMANT,
  RESTORED_DATA_KEPT,
  RESTORED_DATA_LOST,
  TWS_SERVER_LINK_BROKEN,
} from '../codes.ts'
import { isLineMessage, type GatewayMessage } from '../messages.ts'
import type { Connection } from './connection.ts'

const BROKEN = new Set([FARM_BROKEN, HISTORY_FARM_BROKEN, DEFINITION_FARM_BROKEN])
/** A farm that is inactive on demand is not broken: it answers when something is asked of it. */
const WORKING = new Set([FARM_WORKS, HISTORY_FARM_WORKS, DEFINITION_FARM_WORKS, FARM_DORMANT, HISTORY_FARM_DORMANT])

/** Names of troubles. */
const IB_AWAY = 'ib-away'
const IB_AWAY_SINCE_LOGIN = 'ib-away-2110'

const farmTrouble = (farm: string) => `farm ${farm}`

/**
 * To be called for every notice; most say nothing of the connection.
 *
 * @param concerns whether anything is asked of the farm of that name; a broken one that does not is no trouble
 */
export function noteConnection(connection: Connection, code: number, text: string, concerns: (farm: string) => boolean = () => true): void {
  if (code === CONNECTIVITY_LOST) connection.trouble(IB_AWAY, 'the gateway has lost its connection to IB (1100)')
  else if (code === TWS_SERVER_LINK_BROKEN) connection.trouble(IB_AWAY_SINCE_LOGIN, 'the gateway has no connection to IB (2110)')
  else if (code === RESTORED_DATA_LOST || code === RESTORED_DATA_KEPT)
    connection.together(() => noteRestored(connection, code, text, concerns))
  else if (BROKEN.has(code)) {
    const farm = farmOf(text)
    if (concerns(farm)) connection.trouble(farmTrouble(farm), brokenFarm(farm, code))
  } else if (WORKING.has(code)) {
    connection.over(farmTrouble(farmOf(text)))
    // Whether 1102 always follows 2110 is not known; a farm that works is reached through IB.
    if (code === FARM_WORKS) connection.over(IB_AWAY_SINCE_LOGIN)
  }
}

function noteRestored(connection: Connection, code: number, text: string, concerns: (farm: string) => boolean): void {
  connection.over(IB_AWAY)
  connection.over(IB_AWAY_SINCE_LOGIN)
  // All lines are asked for again, and learn anew whether another session has the data.
  if (code === RESTORED_DATA_LOST) connection.competing(undefined)
  const { connected, missing } = farmsIn(text)
  for (const farm of connected) connection.over(farmTrouble(farm))
  for (const farm of missing) if (concerns(farm)) connection.trouble(farmTrouble(farm), brokenFarm(farm, code))
}

/** Messages of the link: where market data is among them, IB is there, whatever was said on login. */
export function noteData(connection: Connection, messages: readonly GatewayMessage[]): void {
  if (connection.has(IB_AWAY_SINCE_LOGIN) && messages.some(isLineMessage)) connection.over(IB_AWAY_SINCE_LOGIN)
}

/**
 * Data has proved IB, or a farm, to be there. IB does not always say so: a farm that comes back under another name, or lines that go on behind
 * 1100 without 1102, would leave the connection degraded for as long as it lasts.
 */
export function noteDataBack(connection: Connection, farm: string | undefined): void {
  if (farm !== undefined) return connection.over(farmTrouble(farm))
  connection.together(() => {
    connection.over(IB_AWAY)
    connection.over(IB_AWAY_SINCE_LOGIN)
  })
}

const brokenFarm = (farm: string, code: number) => `IB's farm ${farm} is not connected (${code})`

/** `Market data farm connection is broken:usfarm.nj`, `… is inactive but should be available upon demand.usfarm.nj` */
function farmOf(text: string): string {
  return /(?::|on demand\.)\s*([^:\s]*)\s*$/.exec(text)?.[1] ?? text
}

/** `… The following farms are connected: usfarm.nj; cashfarm. The following farms are not connected: usfuture.` */
function farmsIn(text: string): { connected: string[]; missing: string[] } {
  const connected: string[] = []
  const missing: string[] = []
  for (const [, not, list = ''] of text.matchAll(/farms are (not )?connected:\s*(.*?)(?=\.\s|\.?$)/gi))
    (not ? missing : connected).push(
      ...list
        .split(/[;,]/)
        .map((farm) => farm.trim())
        .filter((farm) => farm !== ''),
    )
  return { connected, missing }
}
