/** IB's message codes that the collector acts on, and what they mean for it. Codes as in IB's "TWS API message codes". */

export const LINES_EXCEEDED = 101
export const NO_DEFINITION = 200
const UNKNOWN_TICKER_ID = 300
export const VALIDATION_FAILED = 321
export const CLIENT_ID_IN_USE = 326
export const CONNECTIVITY_LOST = 1100
export const RESTORED_DATA_LOST = 1101
export const RESTORED_DATA_KEPT = 1102
export const TWS_SERVER_LINK_BROKEN = 2110
/** Not IB's: a replay gateway of this project has served its whole tape. */
export const END_OF_TAPE = 99000

/** Errors on a market-data request after which other data of the same line still flows. */
const PARTIAL = new Set([10090, 10091, 10167])

/** True when the error means that the line is not (or no longer) served; notices about farms and partial data do not. */
export function endsLine(code: number): boolean {
  if (code === UNKNOWN_TICKER_ID || PARTIAL.has(code)) return false
  return code < 1000 || code >= 10_000
}
