/** Which bars IB has: of what, and of which lengths. */

/** What bars are made of. */
export const SERIES = ['trades', 'midpoint', 'bid', 'ask', 'bid-ask', 'implied-volatility', 'historical-volatility'] as const
export type Series = (typeof SERIES)[number]

/** By the length of bar in seconds: how many seconds of a session one request may ask for. */
export const SESSION_PARTS: ReadonlyMap<number, number> = new Map([
  [1, 1800],
  [5, 3600],
  [10, 14_400],
  [15, 14_400],
  [30, 28_800],
])

/** By the length of bar in seconds: how many market days one request may ask for. */
export const DAY_PARTS: ReadonlyMap<number, number> = new Map([
  [60, 1],
  [120, 2],
  [180, 5],
  [300, 5],
  [600, 5],
  [900, 5],
  [1200, 5],
  [1800, 20],
  [3600, 20],
  [7200, 20],
  [10_800, 20],
  [14_400, 20],
  [28_800, 20],
  [86_400, 250],
])
