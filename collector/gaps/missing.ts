/** Lines that are wanted and have no data now, by cause, for the pages that say so. */

import type { MissingLine } from '../record/lines.ts'
import type { GapStart } from './gap.ts'

export interface OpenGap extends GapStart {
  /** Absent: all lines, or those of a farm. */
  lines?: number
}

/** What only the operator can change: a subscription, more lines, an expired contract. */
const LASTING = /^(no-line|unseen|delayed data is not wanted|refused: (?!(?:100|504|10182|10197|10225)$))/

/** True when the data ought to come back by itself: until then the recording is not as it should be. */
export function isPassing({ cause }: Pick<GapStart, 'cause'>): boolean {
  return !LASTING.test(cause)
}

/** The gaps that are open now: of all lines and of farms, and of single lines where none of all lines is, each cause once. */
export function openGaps(open: readonly GapStart[], hasAllLines: boolean, missing: Iterable<MissingLine>): OpenGap[] {
  const byCause = new Map<string, OpenGap & { lines: number }>()
  if (!hasAllLines)
    for (const { cause, sinceUs } of missing) {
      const gap = byCause.get(cause) ?? { cause, fromTsUs: sinceUs, lines: 0 }
      byCause.set(cause, { cause, fromTsUs: Math.min(gap.fromTsUs, sinceUs), lines: gap.lines + 1 })
    }
  return [...open, ...byCause.values()].sort((a, b) => a.fromTsUs - b.fromTsUs)
}
