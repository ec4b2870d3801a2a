/** What the recorder keeps of lines: those that are open, and those that are wanted and are not. */

import type { LineFeed, MissingFeed } from '../../market/tick.ts'

/** A line that is wanted and has no data; or, as `option-chain`, those of an underlying that are not known. */
export interface MissingLine {
  instrument: number
  feed?: MissingFeed | undefined
  cause: string
  sinceUs: number
}

export interface OpenLine {
  instrument: number
  feed?: LineFeed | undefined
  openedSeq: number
  openedTsUs: number
}

/** By instrument and feed. */
export function lineKey(instrument: number, feed: MissingFeed | undefined): string {
  return `${instrument} ${feed ?? ''}`
}
