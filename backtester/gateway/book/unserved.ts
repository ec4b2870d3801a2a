/**
 * Ticks that are not served. What the feed gave goes out as it was, crossed and negative quotes too: the
 * rules of the recorder find the same fault again. A verdict that no rule can find in the tick itself would be lost on the way, and the
 * tick would be recorded as a good one.
 */

import type { Verdict } from '../../../market/tick.ts'

/** Names in verdicts: the connection ended within a quote, the tick's contract is not known, the database refused the row. */
const LOST_ON_THE_WAY: readonly string[] = ['unfinished', 'unknown-instrument', 'database-refused']

export function isUnserved(verdict: Verdict | undefined): boolean {
  return verdict?.disposition === 'quarantine' && verdict.findings.some(({ rule }) => LOST_ON_THE_WAY.includes(rule))
}
