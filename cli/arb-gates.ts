/**
 * The gates that an opportunity passed when it opened: what each found, and what the settings asked for. Not later ones, as some are not asked
 * of what is open.
 */

import { REFUSALS, type Refusal } from '../market/arbitrage/funnel.ts'
import type { NamedAssessment } from '../market/arbitrage/plain.ts'
import type { Thresholds } from '../market/arbitrage/settings.ts'
import { alignColumns } from '../system/text-table.ts'
import { annual, counted, length, money } from './report-words.ts'

/** As they were stored: numbers that JSON cannot hold are text. */
type StoredThresholds = { [K in keyof Thresholds]?: Thresholds[K] extends number ? number | string : Thresholds[K] }

/** What was found and what was asked for; an empty text: nothing. */
type Gate = (found: NamedAssessment, settings: StoredThresholds) => readonly [found: string, asked: string]

const most = (limit: number | string | undefined, text: (value: number) => string) =>
  limit === undefined || !Number.isFinite(Number(limit)) ? 'no limit' : `up to ${text(Number(limit))}`
const least = (limit: number | string | undefined, text: (value: number) => string) => `from ${text(Number(limit ?? 0))}`
const inPercent = (value: number) => `${value} %`

const GATES: Readonly<Record<Refusal, Gate>> = {
  carry: ({ grossEdgePerShare }) => [`${grossEdgePerShare.toFixed(4)} per share before fees`, 'above 0'],
  'adjusted-deliverable': () => ['options deliver plain shares', ''],
  'settlement-mismatch': () => ['all legs settle alike', ''],
  'underlying-not-executable': () => ['every leg can be traded', ''],
  'market-closed': () => ['every leg is traded now', ''],
  'stale-leg': ({ legs }, { maxLegAgeMs }) => [
    `of now, oldest quote ${length(Math.max(...legs.map(({ ageMs }) => ageMs)) * 1000)} old`,
    most(maxLegAgeMs, (ms) => length(ms * 1000)),
  ],
  'flagged-leg': () => ['no finding that is not accepted', ''],
  'crossed-leg': () => ['no bid above its ask', ''],
  size: ({ size }) => [counted(size, 'package'), 'from 1'],
  days: ({ carry: { days, lastDays } }, { days: asked }) => [
    days === lastDays ? String(days) : `${days} and ${lastDays}`,
    asked === undefined ? '' : `${asked.from} to ${asked.to}`,
  ],
  strike: (_, { strikePercent }) => ['near enough to the underlying', most(strikePercent, inPercent)],
  spread: (_, { maxSpreadPercent }) => ['quotes narrow enough', most(maxSpreadPercent, inPercent)],
  volume: (_, { minVolume }) => ['options traded enough today', least(minVolume, String)],
  'missing-carry': ({ assumptions }, { missingCarry }) => {
    const unknown = assumptions
      .filter((assumption) => assumption.endsWith('-unknown'))
      .map((assumption) => assumption.replace('-unknown', ''))
    return [unknown.length === 0 ? 'no input is missing' : `${unknown.join(', ')} taken as 0`, missingCarry ?? '']
  },
  'not-guaranteed': ({ certainty }, { onlyGuaranteed }) => [certainty, onlyGuaranteed === true ? 'guaranteed' : 'either'],
  cost: ({ capital }, { maxCapital }) => [`capital ${money(capital)}`, most(maxCapital, money)],
  fees: ({ fees, profit }) => [`${money(profit)} after ${money(fees)}`, 'above 0'],
  'below-threshold': ({ profit, annualReturn }, { minProfit, minAnnualReturn }) => [
    `${money(profit)}, ${annual(annualReturn)} a year`,
    `${least(minProfit, money)}, ${annual(Number(minAnnualReturn ?? 0))}`,
  ],
}

/** In the order in which they stand. */
export function gateTable(found: NamedAssessment, settings: unknown): string {
  const known = (typeof settings === 'object' && settings !== null ? settings : {}) as StoredThresholds
  return alignColumns([['gate', 'found', 'asked for'], ...REFUSALS.map((reason) => [reason, ...GATES[reason](found, known)])])
}
