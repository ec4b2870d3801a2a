/** What a rule for bars is. It sees all bars of a market at once, and names what is wrong; it changes nothing. */

import type { Disposition, Severity } from '../tick.ts'
import type { BarSet } from './bar-set.ts'

export interface BarFinding {
  rule: string
  severity: Severity
  /** `quarantine`: the bars are not to be computed with. */
  disposition: Disposition
  /** Absent: all instruments of the market. */
  instrument?: number | undefined
  /** Dates as days since 1970, both included. */
  fromDay: number
  toDay: number
  /** Bars that it is about; of missing ones, how many are missing. */
  bars: number
  /** With the figures. */
  reason: string
  /** The figures it rests on. */
  evidence: Readonly<Record<string, string | number | null>>
}

/** A finding before it bears the name of its rule. */
export type BarFound = Omit<BarFinding, 'rule' | 'severity' | 'disposition'> & Partial<Pick<BarFinding, 'severity' | 'disposition'>>

export interface BarRule {
  /** In small letters with hyphens. */
  name: string
  /** One sentence. */
  about: string
  severity: Severity
  disposition: Disposition
  /** Which bars it can judge. */
  lengths: 'days' | 'any'
  check(set: BarSet): BarFound[]
}
