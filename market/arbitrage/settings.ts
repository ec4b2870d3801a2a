/** The settings of the detectors: presets, what each may say otherwise, and fees. */

import { z } from 'zod'

import { isDate } from '../time.ts'
import type { FeeSchedule } from './fees.ts'

/** What a preset says. Money is in the currency of the contracts. */
export interface Thresholds {
  /** Least profit after fees of all that can be had at once. */
  minProfit: number
  /** Least return on capital, as an annual fraction, over what money costs. */
  minAnnualReturn: number
  /** Most capital of one package. */
  maxCapital: Limit
  /** Least contracts that each option was traded in today. */
  minVolume: number
  /** Calendar days to the first and to the last expiry of a package. */
  days: { from: number; to: number }
  /** Strikes within so many percent of the underlying's price. */
  strikePercent: Limit
  /** Widest quote of an option, in percent of its middle; a quote without a bid counts 200. */
  maxSpreadPercent: Limit
  /** Oldest quote of a leg. IB sends changes only: an old quote of a line that is open stands. */
  maxLegAgeMs: Limit
  onlyGuaranteed: boolean
  /** What to do where a rate, dividends or a borrow fee are not known: refuse, assume that there are none, or assume it of the borrow fee alone. */
  missingCarry: MissingCarry
  /** Findings of these rules do not speak against a leg. */
  acceptFindings: readonly string[]
}

type Limit = number | 'none'

type MissingCarry = 'refuse' | 'assume-borrow' | 'assume'

export interface ArbitrageSettings extends Thresholds {
  enabled: boolean
  /** By name; absent: on. */
  detectors: Readonly<Record<string, 'on' | 'off'>>
  /** An episode ends when it is worth less than this share of what opens one. 0: when nothing is left after fees. */
  closeShare: number
  /** Most points of an edge's course that are kept. */
  coursePoints: number
  /** Known strikes that a relation may span. */
  reach: number
  /** Further expiries on either side that a relation may reach. */
  expiries: number
  fees: readonly FeeSchedule[]
}

/** Rules that compare a quote with others: what they find on a quote of a whole chain is what a detector looks for. */
const RELATIONAL = ['below-intrinsic', 'above-upper-bound', 'vertical-spread', 'butterfly-spread', 'calendar-spread', 'put-call-parity']

export const PRESETS = {
  conservative: {
    minProfit: 25,
    minAnnualReturn: 0.02,
    maxCapital: 25_000,
    minVolume: 1,
    days: { from: 1, to: 90 },
    strikePercent: 20,
    maxSpreadPercent: 50,
    maxLegAgeMs: 'none',
    onlyGuaranteed: true,
    missingCarry: 'refuse',
    acceptFindings: [],
  },
  balanced: {
    minProfit: 5,
    minAnnualReturn: 0,
    maxCapital: 100_000,
    minVolume: 0,
    days: { from: 0, to: 400 },
    strikePercent: 50,
    maxSpreadPercent: 'none',
    maxLegAgeMs: 'none',
    onlyGuaranteed: false,
    missingCarry: 'assume-borrow',
    acceptFindings: RELATIONAL,
  },
  aggressive: {
    minProfit: 0.01,
    minAnnualReturn: 0,
    maxCapital: 'none',
    minVolume: 0,
    days: { from: 0, to: 4000 },
    strikePercent: 'none',
    maxSpreadPercent: 'none',
    maxLegAgeMs: 'none',
    onlyGuaranteed: false,
    missingCarry: 'assume',
    acceptFindings: RELATIONAL,
  },
} as const satisfies Readonly<Record<string, Thresholds>>

const FEES: readonly FeeSchedule[] = [
  {
    from: '2000-01-01',
    option: [
      { premium: 0, fee: 0.25 },
      { premium: 0.05, fee: 0.5 },
      { premium: 0.1, fee: 0.65 },
    ],
    optionMinimum: 1,
    optionExtra: 0,
    sharePerShare: 0.005,
    shareMinimum: 1,
    shareMaximumPercent: 1,
    salePercent: 0,
  },
]

function amount(what: string) {
  const error = `a number of 0 or above (${what})`
  return z.number({ error }).min(0, { error })
}

function limit(what: string) {
  const error = `a number above 0 (${what}), or none`
  return z.union([z.literal('none'), z.number({ error }).positive({ error })], { error })
}

function count(from: number, to: number) {
  const error = `an integer from ${from} to ${to}`
  return z.int({ error }).min(from, { error }).max(to, { error })
}

const section = <T extends z.core.$ZodLooseShape>(shape: T) => z.strictObject(shape, { error: 'a section of settings' })

const percent = () => amount('percent')

const schedule = section({
  from: z
    .string({ error: 'a date like 2026-01-01' })
    .refine(isDate, { error: 'a date like 2026-01-01' })
    .describe('First day on which these fees are taken.'),
  option: z
    .array(
      section({
        premium: amount('a price per share').describe('From this premium per share on.'),
        fee: amount('money per contract').describe('Commission per contract.'),
      }),
      { error: 'a list of steps' },
    )
    .min(1, { error: 'at least one step' })
    .default([...(FEES[0] as FeeSchedule).option])
    .describe('Commission per contract, each step from its premium on, rising.'),
  optionMinimum: amount('money').default(1).describe('Least commission for an order of options.'),
  optionExtra: amount('money per contract').default(0).describe('What exchanges, clearing and regulators take per contract, on top.'),
  sharePerShare: amount('money per share').default(0.005).describe('Commission per share.'),
  shareMinimum: amount('money').default(1).describe('Least commission for an order of shares.'),
  shareMaximumPercent: percent().default(1).describe('Most commission for an order of shares, in percent of its value.'),
  salePercent: percent().default(0).describe('What regulators take of the value of what is sold, in percent, on top.'),
})

/** What a preset says may be said otherwise, setting by setting. */
const thresholds = {
  minProfit: amount('money').describe('Least profit after fees, in the currency of the contracts, of all that can be had at once.'),
  minAnnualReturn: amount('an annual fraction').describe('Least return on capital over what money costs: 0.02 is 2 % a year.'),
  maxCapital: limit('money').describe('Most capital of one package, or none.'),
  minVolume: amount('contracts').describe('Least contracts of each option that were traded today.'),
  days: section({
    from: count(0, 4000).describe('Least days to the first expiry.'),
    to: count(0, 4000).describe('Most days to the last expiry.'),
  }).describe('Calendar days to the first and to the last expiry.'),
  strikePercent: limit('percent').describe("Strikes within so many percent of the underlying's price, or none."),
  maxSpreadPercent: limit('percent').describe('Widest quote of an option, in percent of its middle (200 without a bid), or none.'),
  maxLegAgeMs: limit('milliseconds').describe('Oldest quote of a leg, or none: an old quote of an open line still stands.'),
  onlyGuaranteed: z
    .boolean({ error: 'true or false' })
    .describe('Leave out what is only expected, as early exercise or dividends may spoil it.'),
  missingCarry: z
    .enum(['refuse', 'assume-borrow', 'assume'], { error: 'refuse, assume-borrow or assume' })
    .describe('Rates, dividends or a borrow fee that nobody named: refuse, take the borrow fee as 0, or take all as 0.'),
  acceptFindings: z
    .array(z.string({ error: 'the name of a rule' }), { error: 'a list of rules' })
    .describe('Rules whose findings do not speak against a leg.'),
}

/** The schema of the section, for these detectors. */
export function arbitrageSchema(detectors: readonly { name: string; about: string }[]) {
  const onOrOff = z.enum(['on', 'off'], { error: 'on or off' })
  const own = Object.fromEntries(detectors.map(({ name, about }) => [name, onOrOff.default('on').describe(about)]))
  const presets = Object.keys(PRESETS) as [Preset, ...Preset[]]
  return section({
    enabled: z.boolean({ error: 'true or false' }).default(true).describe('Look for arbitrage while recording.'),
    preset: z
      .enum(presets, { error: `${presets.slice(0, -1).join(', ')} or ${presets.at(-1)}` })
      .default('balanced')
      .describe('Where the settings below begin: conservative, balanced or aggressive.'),
    detectors: section(own).prefault({}).describe('Each detector by its name: on or off.'),
    ...(Object.fromEntries(Object.entries(thresholds).map(([name, type]) => [name, type.optional()])) as Optional<typeof thresholds>),
    closeShare: z
      .number({ error: 'a number from 0 to 1' })
      .min(0, { error: 'a number from 0 to 1' })
      .max(1, { error: 'a number from 0 to 1' })
      .default(0)
      .describe('An episode ends below this share of what opens one. 0: when nothing is left after fees.'),
    coursePoints: count(2, 10_000).default(64).describe("Most points of an edge's course that are kept."),
    reach: count(1, 100).default(8).describe('Known strikes on either side that an option is compared with.'),
    expiries: count(1, 20).default(2).describe('Further expiries on either side that an option is compared with.'),
    fees: z
      .array(schedule, { error: 'a list of schedules' })
      .min(1, { error: 'at least one schedule' })
      .default([...FEES] as z.output<typeof schedule>[])
      .describe('Commissions, each schedule from its day on.'),
  }).transform(({ preset, ...said }): ArbitrageSettings & { preset: Preset } => {
    const own = Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined)) as Said<typeof said>
    return { preset, ...PRESETS[preset], ...own }
  })
}

/** The thresholds of a preset in place of those that the settings say; all else is theirs. */
export function withPreset(settings: ArbitrageSettings, preset: Preset): ArbitrageSettings & { preset: Preset } {
  return { ...settings, preset, ...PRESETS[preset] }
}

/** The same without those that were not said. */
type Said<T> = { [K in keyof T]: Exclude<T[K], undefined> }

export type Preset = keyof typeof PRESETS

type Optional<T extends Record<string, z.ZodType>> = { [K in keyof T]: z.ZodOptional<T[K]> }

/** The settings of a preset, with some of one's own. */
export function arbitrageSettings(own: Partial<ArbitrageSettings> & { preset?: Preset } = {}): ArbitrageSettings {
  const { preset = 'balanced', ...said } = own
  return { ...arbitrageSchema([]).parse({ preset }), ...said }
}
