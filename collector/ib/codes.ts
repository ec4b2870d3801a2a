/** IB's message codes that the collector acts on, and what they mean for it. Codes as in IB's "TWS API message codes". */

/** Too many messages a second. With a setting of TWS the third one ends the connection. */
export const TOO_FAST = 100
const LINES_EXCEEDED = 101
export const NO_DEFINITION = 200
/** A cancel that came too late. */
export const UNKNOWN_TICKER_ID = 300
export const VALIDATION_FAILED = 321
export const CLIENT_ID_IN_USE = 326
export const CONNECTIVITY_LOST = 1100
export const RESTORED_DATA_LOST = 1101
export const RESTORED_DATA_KEPT = 1102
/** TWS has another socket port from now on; its text ends with the number. */
export const PORT_CHANGED = 1300
export const FARM_BROKEN = 2103
export const FARM_WORKS = 2104
export const HISTORY_FARM_BROKEN = 2105
export const HISTORY_FARM_WORKS = 2106
export const HISTORY_FARM_DORMANT = 2107
export const FARM_DORMANT = 2108
export const TWS_SERVER_LINK_BROKEN = 2110
export const DEFINITION_FARM_BROKEN = 2157
export const DEFINITION_FARM_WORKS = 2158
/** Another session of the user has the market data. */
export const COMPETING_SESSION = 10_197
const BUST_EVENT = 10_225
/** Not IB's: a replay gateway of this project has served its whole tape. */
export const END_OF_TAPE = 99000

/** Errors on a market-data request after which other data of the same line still flows. */
const PARTIAL = new Set([10_090, 10_091, 10_167])

/** Nothing is wrong with the request: too many messages, not connected, live updates failed, another session of the user has the data. */
const TEMPORARY = new Set([TOO_FAST, 504, 10_182, COMPETING_SESSION])

/** The account has no tick-by-tick line left; IB also says it with 322. */
export const TICK_BY_TICK_FULL = 10_190
const NO_TICK_BY_TICK_LEFT = new Set([322, TICK_BY_TICK_FULL])
/** It has none for this contract. */
const NO_TICK_BY_TICK = 10_189

/**
 * What an error means for its line: `part`, it goes on without some of its data; `no-line`, all market-data lines are taken;
 * `for-now`, asked again later it may be served; `ask-again`, it has ended and is served again at once; `until-next-link`, it is refused
 * (the lines' registry makes sure, as IB also says that for a moment, while a farm or its definitions are away).
 */
export type Refusal = 'part' | 'no-line' | 'for-now' | 'ask-again' | 'until-next-link'

/** Undefined for what says nothing of the line: notices about farms, cancels that came too late. */
export function refusalOf(code: number): Refusal | undefined {
  if (code === UNKNOWN_TICKER_ID || (code >= 1000 && code < 10_000)) return undefined
  if (PARTIAL.has(code)) return 'part'
  if (code === LINES_EXCEEDED) return 'no-line'
  if (code === BUST_EVENT) return 'ask-again'
  return TEMPORARY.has(code) ? 'for-now' : 'until-next-link'
}

/** True for the refusal of a tick-by-tick line that stays for as long as others, of any client of the login, hold those that there are. */
export function isForWantOfTickByTickLine(code: number): boolean {
  return NO_TICK_BY_TICK_LEFT.has(code)
}

/** True for the refusal of a tick-by-tick line that no waiting changes. */
export function isNeverTickByTick(code: number): boolean {
  return code === NO_TICK_BY_TICK
}
