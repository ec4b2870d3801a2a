/**
 * The report on quality as plain data: times as text, durations in seconds, shares from 0 to 1. The shape is the schema below, which
 * docs/quality.schema.json is made of.
 */

import { z } from 'zod'

import type { QualityReport } from '../../collector/quality/report.ts'
import { completenessOf, wrongTicks } from '../../market/quality/contract-day.ts'
import type { GradedDay, SymbolDay } from '../../market/quality/symbol-day.ts'
import { isoFromUs } from '../../market/time.ts'

const time = z.string().meta({ format: 'date-time' })
const date = z.string().meta({ format: 'date' })
const count = z.number().min(0)
const share = z.number().min(0).max(1)
const seconds = z.number().min(0)
const letter = z.enum(['A', 'B', 'C', 'D', 'F'])
const kind = z.enum(['stock', 'option', 'index', 'future'])
const severity = z.enum(['info', 'warning', 'error'])
const disposition = z.enum(['flag', 'quarantine'])
const causes = z.array(z.strictObject({ cause: z.string(), seconds })).describe('What is missing, by cause: the most first.')
const grade = z
  .number()
  .min(0)
  .max(100)
  .nullable()
  .describe('0 to 100; null where nothing was wanted in trading hours, or it is not known what was.')
const completeness = share
  .nullable()
  .describe('Of the wanted trading time, the part with data; null where there was none, or that is not known.')
const greeksCoverage = share
  .nullable()
  .describe(
    'Of the minutes in which the quotes of options changed, the part in which an implied volatility came; null without such minutes.',
  )

const symbolDay = z.strictObject({
  date,
  symbol: z.string(),
  kind,
  contracts: count,
  grade,
  letter: letter.nullable(),
  completeness,
  expectedSeconds: seconds.describe('Trading time in which they were wanted, summed over the contracts.'),
  coveredSeconds: seconds,
  causes,
  fitFor: z.strictObject({ arbitrageStudy: count, barStudy: count, not: count }).describe('How many contracts are fit for what.'),
  ticks: count.describe('In the tables of ticks.'),
  initialShare: share,
  lateShare: share,
  quarantined: count,
  errors: count.describe('Ticks that are flagged as errors.'),
  warnings: count.describe('Ticks that are flagged with warnings, and with no errors.'),
  quotedShare: share.nullable().describe('Of the time with data, the part in which a quote stood.'),
  twoSidedShare: share.nullable(),
  medianSpread: z.number().nullable().describe("Median of the contracts' median spreads, in currency per unit."),
  relativeSpread: z.number().nullable().describe('Mean of spread over mid, weighted by time.'),
  greeksCoverage,
})

const contractDay = z.strictObject({
  date,
  contract: z.string().describe('Its key.'),
  symbol: z.string(),
  kind,
  grade,
  letter: letter.nullable(),
  deductions: z
    .array(z.strictObject({ fault: z.enum(['missing', 'wrong', 'doubted', 'late', 'delayed']), share, points: z.number().min(0) }))
    .describe('100 less these points is the grade, or 0.'),
  fitFor: z.enum(['arbitrage study', 'bar study', 'not']),
  because: z.array(z.string()).describe('Why it is fit for nothing better.'),
  completeness,
  expectedSeconds: seconds.nullable(),
  coveredSeconds: seconds,
  longestGapSeconds: seconds,
  betweenTurnsSeconds: seconds.describe('Trading time between its turns, when it shared lines with others.'),
  causes,
  ticks: z.strictObject({
    quotes: count,
    trades: count,
    greeks: count,
    statistics: count,
    initial: count,
    late: count,
    merged: count,
    delayed: count,
    onMinute: count.describe('Quotes in the first second of a minute.'),
  }),
  wrong: count.describe('Ticks that were quarantined or are flagged as errors.'),
  quarantined: count,
  errors: count,
  warnings: count,
  quotedSeconds: seconds,
  twoSidedSeconds: seconds,
  lockedSeconds: seconds,
  crossedSeconds: seconds,
  spread: z
    .strictObject({ mean: z.number(), p05: z.number(), median: z.number(), p95: z.number(), relative: z.number() })
    .nullable()
    .describe('In currency per unit, weighted by time; `relative` is the mean of spread over mid.'),
  greeksCoverage,
})

export const QUALITY_SHAPE = z.strictObject({
  from: time.nullable().describe('Null: nothing is recorded.'),
  to: time.nullable(),
  days: z.array(z.strictObject({ date, state: z.enum(['recorded', 'nothing-recorded', 'closed']) })),
  symbols: z.array(symbolDay).describe('The contracts of one symbol and kind on one day, summed up.'),
  contracts: z.array(contractDay),
  chains: z
    .array(z.strictObject({ date, symbol: z.string(), missingSeconds: seconds }))
    .describe('When the options of an underlying were not known.'),
  findings: z.array(
    z.strictObject({
      date,
      rule: z.string(),
      severity,
      disposition,
      symbol: z.string().nullable(),
      contracts: count,
      ticks: count,
      example: z.strictObject({ time, contract: z.string().nullable(), reason: z.string(), evidence: z.array(z.string()) }),
    }),
  ),
  barFindings: z
    .array(
      z.strictObject({
        calendar: z.string(),
        barSeconds: count,
        rule: z.string(),
        severity,
        disposition,
        symbol: z.string().nullable().describe('Null: all instruments of the calendar.'),
        fromDate: date,
        toDate: date,
        bars: count,
        reason: z.string(),
        evidence: z.unknown(),
      }),
    )
    .describe('What the rules for bars found, the worst 1,000 first.'),
  gaps: z.array(
    z.strictObject({
      from: time,
      to: time,
      cause: z.string(),
      contracts: count,
      symbol: z.string().nullable(),
      contract: z.string().nullable(),
      feed: z.string().nullable(),
      missingSeconds: seconds.describe('Of trading hours, summed over the contracts.'),
    }),
  ),
  unknown: z.array(z.string()).describe('What cannot be said of these days.'),
})

export type PlainQuality = z.infer<typeof QUALITY_SHAPE>

/** What docs/quality.schema.json holds. */
export const qualityJsonSchema = (): unknown => z.toJSONSchema(QUALITY_SHAPE)

export function plainQuality(report: QualityReport): PlainQuality {
  const { range, days, chains } = report
  return {
    from: range ? isoFromUs(range.fromUs) : null,
    to: range ? isoFromUs(range.toUs) : null,
    days,
    symbols: report.symbols.map(plainSymbolDay),
    contracts: report.contracts.map(plainContractDay),
    chains: chains.map(({ missingUs, ...chain }) => ({ ...chain, missingSeconds: secondsOf(missingUs) })),
    findings: report.findings.map(({ symbol, example: { tsUs, contract, reason, evidence }, ...finding }) => ({
      ...finding,
      symbol: symbol ?? null,
      example: { time: isoFromUs(tsUs), contract: contract ?? null, reason, evidence: [...evidence] },
    })),
    barFindings: report.barFindings.map(({ symbol, ...finding }) => ({ ...finding, symbol: symbol ?? null })),
    gaps: report.gaps.map(({ fromUs, toUs, cause, contracts, symbol, contract, feed, missingUs }) => ({
      from: isoFromUs(fromUs),
      to: isoFromUs(toUs),
      cause,
      contracts,
      symbol: symbol ?? null,
      contract: contract ?? null,
      feed: feed ?? null,
      missingSeconds: secondsOf(missingUs),
    })),
    unknown: report.unknown,
  }
}

function plainSymbolDay({
  score,
  letter,
  expectedUs,
  coveredUs,
  causes,
  fit,
  computed,
  ...day
}: SymbolDay): PlainQuality['symbols'][number] {
  const { date, symbol, kind, contracts, ticks, quarantined, errors, warnings } = day
  return {
    date,
    symbol,
    kind,
    contracts,
    grade: score ?? null,
    letter: letter ?? null,
    completeness: expectedUs === 0 ? null : coveredUs / expectedUs,
    expectedSeconds: secondsOf(expectedUs),
    coveredSeconds: secondsOf(coveredUs),
    causes: plainCauses(causes),
    fitFor: { arbitrageStudy: fit['arbitrage study'], barStudy: fit['bar study'], not: fit.not },
    ticks,
    initialShare: part(day.initial, ticks) ?? 0,
    lateShare: part(day.late, ticks) ?? 0,
    quarantined,
    errors,
    warnings,
    quotedShare: part(day.quotedUs, coveredUs),
    twoSidedShare: part(day.twoSidedUs, coveredUs),
    medianSpread: day.spread ?? null,
    relativeSpread: day.relativeSpread ?? null,
    greeksCoverage: computed ? part(computed.minutes, computed.quotedMinutes) : null,
  }
}

function plainContractDay({ grade, fitness, standing, judged, computed, ...day }: GradedDay): PlainQuality['contracts'][number] {
  const { date, key, symbol, kind, expectedUs, coveredUs, longestGapUs, causes, ticks } = day
  return {
    date,
    contract: key,
    symbol,
    kind,
    grade: grade?.score ?? null,
    letter: grade?.letter ?? null,
    deductions: [...(grade?.deductions ?? [])],
    fitFor: fitness.fitFor,
    because: [...fitness.because],
    completeness: completenessOf(day) ?? null,
    expectedSeconds: expectedUs === undefined ? null : secondsOf(expectedUs),
    coveredSeconds: secondsOf(coveredUs),
    longestGapSeconds: secondsOf(longestGapUs),
    betweenTurnsSeconds: secondsOf(day.betweenTurnsUs ?? 0),
    causes: plainCauses(causes),
    ticks: { ...ticks },
    wrong: wrongTicks(judged),
    ...judged,
    quotedSeconds: secondsOf(standing.quotedUs),
    twoSidedSeconds: secondsOf(standing.twoSidedUs),
    lockedSeconds: secondsOf(standing.lockedUs),
    crossedSeconds: secondsOf(standing.crossedUs),
    spread: standing.spread ?? null,
    greeksCoverage: computed ? part(computed.minutes, computed.quotedMinutes) : null,
  }
}

const plainCauses = (causes: SymbolDay['causes']) => causes.map(({ cause, us }) => ({ cause, seconds: secondsOf(us) }))
const secondsOf = (us: number) => us / 1_000_000
/** At most 1: the clock of the database counts in microseconds, and sums of them may differ in the last one. */
const part = (value: number, whole: number) => (whole === 0 ? null : Math.min(1, value / whole))
