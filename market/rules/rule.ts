/** The shape of a validation rule. A rule looks at one tick and says what is wrong with it, or nothing. */

import type { Disposition, Quote, Severity, Tick } from '../tick.ts'

export interface RuleSettings {
  /** Spread above which a quote is flagged, in percent of its mid. */
  maxSpreadPercent: number
}

interface RuleBase {
  /** kebab-case, unique; stored with every verdict. */
  name: string
  severity: Severity
  disposition: Disposition
}

export interface QuoteRule extends RuleBase {
  on: 'quote'
  /** The reason, with the figures, or undefined when the quote is fine. */
  check(quote: Quote, settings: RuleSettings): string | undefined
}

export interface TickRule extends RuleBase {
  on: 'tick'
  check(tick: Tick, settings: RuleSettings): string | undefined
}

export type Rule = QuoteRule | TickRule

export type TwoSidedQuote = Quote & { bidPrice: number; askPrice: number }

export function isTwoSided(quote: Quote): quote is TwoSidedQuote {
  return quote.bidPrice !== undefined && quote.askPrice !== undefined
}
