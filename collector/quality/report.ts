/** What a report on the quality of recordings holds, whoever shows it: the terminal, JSON, a page. */

import type { BarFinding } from '../../db/read/queries/bar-findings.ts'
import type { SizeUnits } from '../../db/read/queries/size-units.ts'
import type { GradedDay, SymbolDay } from '../../market/quality/symbol-day.ts'
import type { ListedGap } from '../gaps/report.ts'
import type { QualityFinding } from './findings.ts'

/** Of one date of the range. */
export interface RecordedDay {
  date: string
  /** Where nothing was recorded: `nothing-recorded` when the market was open in the part of the day that is in the range, else `closed`. */
  state: 'recorded' | 'nothing-recorded' | 'closed'
}

export interface QualityReport {
  /** Undefined: nothing is recorded. */
  range: { fromUs: number; toUs: number } | undefined
  days: RecordedDay[]
  /** By date, symbol and key. */
  contracts: GradedDay[]
  symbols: SymbolDay[]
  /** Chains that were not known for a time. Of how many options that was is not known. */
  chains: { date: string; symbol: string; missingUs: number }[]
  findings: QualityFinding[]
  /** What the rules for bars found, the worst first. */
  barFindings: BarFinding[]
  gaps: ListedGap[]
  /** Of the sessions of the range that may have sizes of US stocks. */
  sizeUnits: SizeUnits[]
  /** What cannot be said of these days, in sentences. */
  unknown: string[]
}
