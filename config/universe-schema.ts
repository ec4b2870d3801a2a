/** The settings of the universe: what is recorded, and which options are left out. */

import { z } from 'zod'

import { isDate } from '../market/time.ts'
import { integer, list, oneOf, positive, section, text, ticker } from './elements.ts'

const rangePercent = positive('percent of the price on either side')

const strikes = z.union(
  [
    z.literal('all'),
    section({
      rangePercent: rangePercent.optional().describe('Percent of the price on either side.'),
      from: positive('a strike').optional().describe('The lowest strike.'),
      to: positive('a strike').optional().describe('The highest strike.'),
    }),
  ],
  { error: 'all, or a section like { rangePercent: 20 } or { from: 50, to: 90 }' },
)

const KINDS = ['0dte', 'weeklies', 'monthlies']
const KIND = '0dte, weeklies, monthlies or a date as YYYY-MM-DD'
const expiryKind = z.string({ error: KIND }).refine((kind) => KINDS.includes(kind) || isDate(kind), { error: KIND })

const expiries = z.union([z.literal('all'), z.array(expiryKind).min(1)], {
  error: 'all, or a list of 0dte, weeklies, monthlies and dates (YYYY-MM-DD)',
})

const classes = list(text('a trading class like SPXW'), 'trading classes')

const least = integer(0, 1_000_000_000)

/** What an underlying can say for itself, and the universe for those that do not. */
const filters = {
  strikes,
  expiryDays: integer(0, 3650),
  minExpiryDays: integer(0, 3650),
  expiries,
  rights: oneOf(['both', 'calls', 'puts']),
  excludeTradingClasses: classes,
  adjusted: oneOf(['exclude', 'include']),
  minOpenInterest: least,
  minVolume: least,
  tickByTick: z.boolean({ error: 'true or false' }),
}

/** Names of the settings that an underlying takes from the universe when it does not have them itself. */
export const INHERITED = Object.keys(filters)

const underlying = section({
  symbol: ticker.describe('Ticker as IB writes it. One that YAML would read as something else needs quotes.'),
  kind: oneOf(['stock', 'index']).default('stock').describe('A stock (funds are stocks too), or an index like SPX.'),
  currency: z
    .string({ error: 'a currency like USD' })
    .regex(/^[A-Z]{3}$/, { error: 'a currency like USD' })
    .default('USD')
    .describe('Currency of the underlying.'),
  exchange: text('an exchange as IB names it')
    .default('SMART')
    .describe('Where IB routes to. An index is not routed: its own venue (CBOE), or any where this is SMART.'),
  primaryExchange: text('an exchange as IB names it').optional().describe('Listing exchange: tells apart equal tickers.'),
  strikes: filters.strikes.optional().describe('all, or strikes in a range. Default: that of the universe.'),
  expiryDays: filters.expiryDays.optional().describe('Options up to so many days from expiry. Default: that of the universe.'),
  minExpiryDays: filters.minExpiryDays.optional().describe('Options at least so many days from expiry. Default: that of the universe.'),
  expiries: filters.expiries.optional().describe('all, or any of 0dte, weeklies, monthlies and dates. Default: that of the universe.'),
  rights: filters.rights.optional().describe('both, calls or puts. Default: that of the universe.'),
  tradingClasses: classes
    .optional()
    .describe('Only these classes of options, such as SPXW. Adjusted ones are recorded when they are named here.'),
  excludeTradingClasses: filters.excludeTradingClasses.optional().describe('Not these classes of options. Default: that of the universe.'),
  adjusted: filters.adjusted.optional().describe('Options that do not stand for 100 shares. Default: that of the universe.'),
  minOpenInterest: filters.minOpenInterest.optional().describe('Least open interest. Default: that of the universe.'),
  minVolume: filters.minVolume.optional().describe('Least volume of the last whole day. Default: that of the universe.'),
  tickByTick: filters.tickByTick.optional().describe('Also every trade and every quote of the stock. Default: that of the universe.'),
})

/** Runs beside other mistakes, so that the elements may be anything. */
function refuseRepetition(
  underlyings: readonly Partial<{ symbol: string; currency: string } | undefined>[],
  context: z.RefinementCtx,
): void {
  const keys = underlyings.map((own) => (own?.symbol === undefined ? undefined : `${own.symbol} ${own.currency ?? 'USD'}`))
  for (const [index, key] of keys.entries()) {
    const first = keys.indexOf(key)
    if (key === undefined || first === index) continue
    const message = `every underlying once (${key} is universe.underlyings[${first}] already)`
    context.addIssue({ code: 'custom', path: [index, 'symbol'], message })
  }
}

/** Filters that leave nothing over. Each as what was expected, at the setting that could be changed. */
function contradictions(own: Own, { strikes, expiryDays, minExpiryDays, expiries, excludeTradingClasses }: Filters) {
  const found: { setting: keyof Filters | 'tradingClasses'; message: string }[] = []
  if (strikes !== 'all') {
    const { from, to, rangePercent } = strikes
    if (from === undefined && to === undefined && rangePercent === undefined)
      found.push({ setting: 'strikes', message: 'rangePercent, from or to in it, or all instead' })
    if (from !== undefined && to !== undefined && from > to)
      found.push({ setting: 'strikes', message: `from not above to (${from} is above ${to})` })
  }
  const nearest = own.minExpiryDays === undefined && own.expiryDays !== undefined ? 'expiryDays' : 'minExpiryDays'
  if (minExpiryDays > expiryDays)
    found.push({ setting: nearest, message: `minExpiryDays not above expiryDays (${minExpiryDays} is above ${expiryDays})` })
  if (minExpiryDays > 0 && expiries !== 'all' && expiries.includes('0dte'))
    found.push({ setting: nearest, message: `minExpiryDays of 0 beside 0dte in expiries (it is ${minExpiryDays})` })
  const twice = own.tradingClasses?.filter((name) => excludeTradingClasses.includes(name)) ?? []
  if (twice.length > 0)
    found.push({ setting: 'tradingClasses', message: `no class that excludeTradingClasses has too (${twice.join(', ')})` })
  return found
}

type Inherited = { [Name in keyof typeof filters]: z.output<(typeof filters)[Name]> }
type Own = { [Name in keyof Filters]?: Filters[Name] | undefined }
type Filters = Inherited & { tradingClasses?: string[] | undefined }

export const universe = section({
  strikes: filters.strikes
    .default({ rangePercent: 20 })
    .describe('all, or strikes within so many percent of the price, or from one to another. All bounds given hold.'),
  expiryDays: filters.expiryDays.default(60).describe('Options up to so many days from expiry. Environment: EXPIRY_RANGE_DAYS.'),
  minExpiryDays: filters.minExpiryDays.default(0).describe('Options at least so many days from expiry.'),
  expiries: filters.expiries
    .default('all')
    .describe('all, or any of 0dte, weeklies, monthlies and dates (YYYY-MM-DD), which are recorded however far ahead they are.'),
  rights: filters.rights.default('both').describe('both, calls or puts.'),
  excludeTradingClasses: filters.excludeTradingClasses.default([]).describe('Not these classes of options, such as SPXW.'),
  adjusted: filters.adjusted
    .default('exclude')
    .describe('Options on US stocks that do not stand for 100 shares (after a split or merger): exclude or include.'),
  minOpenInterest: filters.minOpenInterest
    .default(0)
    .describe('Least open interest, as recorded last. An option that was never recorded is not left out.'),
  minVolume: filters.minVolume
    .default(0)
    .describe('Least volume of the last whole day that was recorded. An option that was never recorded is not left out.'),
  tickByTick: filters.tickByTick
    .default(true)
    .describe('Also every trade and every quote of the underlyings, for as many as IB has room for, in their order.'),
  underlyings: list(underlying, 'underlyings')
    .superRefine(refuseRepetition, { when: ({ value }) => Array.isArray(value) })
    .default([])
    .describe('The stocks and indices to record with their option chains.'),
}).transform(({ underlyings, ...defaults }, context) => {
  for (const { setting, message } of contradictions({}, defaults)) context.issues.push(contradiction([setting], message, defaults))
  const whole = underlyings.map((own, index) => {
    const effective = { ...own, ...inherited(own, defaults) }
    const general = new Set(contradictions({}, defaults).map(({ message }) => message))
    for (const { setting, message } of contradictions(own, effective))
      if (!general.has(message)) context.issues.push(contradiction(['underlyings', index, setting], message, defaults))
    return effective
  })
  return { ...defaults, underlyings: whole }
})

function contradiction(path: (string | number)[], message: string, input: unknown) {
  return { code: 'custom' as const, path, message, input }
}

/** What an underlying has of its own, and of the universe what it does not say. */
function inherited(own: Own, defaults: Inherited): Inherited {
  return {
    strikes: own.strikes ?? defaults.strikes,
    expiryDays: own.expiryDays ?? defaults.expiryDays,
    minExpiryDays: own.minExpiryDays ?? defaults.minExpiryDays,
    expiries: own.expiries ?? defaults.expiries,
    rights: own.rights ?? defaults.rights,
    excludeTradingClasses: own.excludeTradingClasses ?? defaults.excludeTradingClasses,
    adjusted: own.adjusted ?? defaults.adjusted,
    minOpenInterest: own.minOpenInterest ?? defaults.minOpenInterest,
    minVolume: own.minVolume ?? defaults.minVolume,
    tickByTick: own.tickByTick ?? defaults.tickByTick,
  }
}
