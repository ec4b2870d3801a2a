/** One opportunity from its opening to its end, as it is stored and shown. */

import type { Assessment } from './opportunity.ts'

/** Why an episode ended. */
export type Ending =
  /** The edge fell to where it is none any more. */
  | 'edge-gone'
  /** A leg has no price any more on the side that is needed. */
  | 'quote-gone'
  /** Less than one package can be had. */
  | 'size-gone'
  /** Rates, dividends or a borrow fee have changed, or a day has passed, and the edge is none with them. */
  | 'carry-changed'
  /** A rule doubted the quote of a leg, or it is not of now: the reason of the funnel that refused it. */
  | 'refused'
  /** The session lost its data, or a line of a leg was closed: an episode is never carried across a gap. */
  | 'gap'
  /** It opened when its data was dead already, which was noticed later: it never was one. Closes when it opened. */
  | 'within-gap'
  /** The detector was behind and records were left out: what happened meanwhile is unknown. */
  | 'overrun'
  /** The session ended, or the tape. */
  | 'session-ended'

/** A point of an edge's course. */
export interface EdgePoint {
  tsUs: number
  edgePerShare: number
  size: number
}

export interface Episode {
  /** `<session>-<seq of the record that opened it>-<number among those it opened>`: the same live and in every scan. */
  id: string
  sessionId: number
  openedSeq: number
  openedUs: number
  /** Undefined while it is open. */
  closedUs: number | undefined
  ending: Ending | undefined
  /** When it opened, and when `profit` was highest. */
  opened: Assessment
  best: Assessment
  bestUs: number
  /** The latest one while it was open; the best that is kept when those behind it were taken back at a gap. */
  last: Assessment
  lastUs: number
  /** Quotes of its legs while it was open, the first one included. */
  quotes: number
  /** Changes of edge or size, at most as many as the settings keep: every second one is left out when there are more, never the first. */
  course: readonly EdgePoint[]
}
