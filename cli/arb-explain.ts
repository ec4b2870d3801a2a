/** One opportunity as text of at most 80 columns: what was traded against what, at which prices, with which inputs, and what comes of it. */

import type { Assumption } from '../market/arbitrage/opportunity.ts'
import { payoffAtExpiry, profitAt } from '../market/arbitrage/payoff.ts'
import type { NamedAssessment, NamedEpisode, NamedLeg } from '../market/arbitrage/plain.ts'
import { contractKey } from '../market/contract.ts'
import { isoFromUs } from '../market/time.ts'
import { alignColumns, wrapText } from '../system/text-table.ts'
import { plotValues } from '../system/text-plot.ts'
import { gateTable } from './arb-gates.ts'
import { shortLeg } from './arb-report.ts'
import { annual, counted, length, money, shortKey } from './report-words.ts'

const WIDTH = 80
/** Columns and lines of a picture. */
const PLOT_COLUMNS = 66
const PAYOFF_LINES = 9
const COURSE_LINES = 6
const DAYS_PER_YEAR = 365

const ASSUMPTIONS: Readonly<Record<Assumption, string>> = {
  'no-early-exercise': 'No short option is exercised before it suits us.',
  'dividends-as-expected': 'Dividends are paid as announced or expected.',
  'borrow-stays': 'The underlying can be borrowed until expiry at that fee.',
  'forward-rate': "The rate between the two expiries is what today's curve implies.",
  'style-unknown': 'The options may be exercised early. Outside of the United States that is not known.',
  'rate-unknown': 'No rate is known: 0 was taken.',
  'dividends-unknown': 'No dividends are known: none were taken.',
  'borrow-unknown': 'No borrow fee is known: 0 was taken.',
}

/** One that is stored or was found just now, with the settings of the detectors. */
export type Explained = NamedEpisode & { settings: unknown }

export function formatOpportunity(found: Explained): string {
  const { opened, best, settings } = found
  const blocks = [
    headOf(found),
    `When its profit was highest, ${counted(best.size, 'package')} could be had:\n\n${legTable(best)}`,
    arithmetic(best),
    carryTable(best),
    payoffPlot(best),
    coursePlot(found),
    `The gates that it passed when it opened:\n\n${gateTable(opened, settings)}`,
  ]
  return blocks.join('\n\n')
}

const wrapped = (text: string) => wrapText(text, WIDTH).join('\n')
const perShare = (value: number) => value.toFixed(4)
const days = (count: number) => counted(count, 'day')

function headOf({ id, openedUs, bestUs, closedUs, ending, quotes, best }: NamedEpisode): string {
  const { detector, underlying, expiry, lastExpiry, certainty } = best
  const until = lastExpiry === expiry ? expiry : `${expiry} and ${lastExpiry}`
  const over =
    closedUs === undefined ? [['Open', '']] : [['Closed', `${isoFromUs(closedUs)}, after ${length(closedUs - openedUs)}: ${ending}`]]
  return alignColumns([
    ['Opportunity', id],
    ['Found by', detector],
    ['On', `${underlying.symbol}, options of ${until}`],
    ['Certainty', certainty],
    ['Opened', isoFromUs(openedUs)],
    ['Best', isoFromUs(bestUs)],
    ...over,
    ['Quotes', quotes.toLocaleString('en-US')],
  ])
}

function legTable({ legs, skewMs }: NamedAssessment): string {
  const rows = legs.map(({ side, ratio, contract, price, size, ageMs, fee }) => [
    side,
    ratio,
    shortKey(contractKey(contract)),
    price.toString().padStart(9),
    size.toLocaleString('en-US').padStart(8),
    length(ageMs * 1000).padStart(9),
    money(fee).padStart(8),
  ])
  const skew = `Their quotes last changed within ${length(skewMs * 1000)} of each other.`
  return `${alignColumns([['', 'ratio', 'contract', '    price', '    size', '      age', '     fee'], ...rows])}\n${skew}`
}

/** From prices to what is left. */
function arithmetic({
  legs,
  grossEdgePerShare,
  edgePerShare,
  edgePerContract,
  profit,
  fees,
  capital,
  worstCase,
  size,
  ...rest
}: NamedAssessment): string {
  const { certainty, multiplier, annualReturn, carry, impliedRate, underlying } = rest
  const cost = costOf(legs)
  const worth = cost + grossEdgePerShare
  const row = (name: string, share: number, perPackage = share * multiplier) => [
    name,
    perShare(share).padStart(11),
    money(perPackage).padStart(12),
    money(perPackage * size).padStart(14),
  ]
  const table = alignColumns([
    [underlying.currency, '  per share', ' per package', counted(size, 'package').padStart(14)],
    row(`${worth < 0 ? 'owed' : 'worth'} ${certainty === 'guaranteed' ? 'at the worst' : 'as expected'}`, worth),
    row(cost < 0 ? 'received' : 'cost', -cost),
    row('edge before fees', grossEdgePerShare),
    row('fees', -fees / size / multiplier, -fees / size),
    ['edge', perShare(edgePerShare).padStart(11), money(edgePerContract).padStart(12), money(profit).padStart(14)],
    row('capital', capital / multiplier, capital),
    row('if all goes wrong', worstCase / multiplier, worstCase),
  ])
  // What is exercised at once does not wait for its expiry: the return says over how many days it counts.
  const tiedUp = annualReturn > 0 ? Math.round(((edgePerContract / capital) * DAYS_PER_YEAR) / annualReturn) : carry.lastDays
  const lent = impliedRate === undefined ? '' : ` It is a loan at ${annual(impliedRate)} a year.`
  return `${table}\n${wrapped(`${annual(annualReturn)} a year on the capital over ${days(tiedUp)}.${lent}`)}`
}

function carryTable({ carry, assumptions }: NamedAssessment): string {
  const { days: first, lastDays, rate, rateSource, dividends, dividendSource, dividendYield, borrow } = carry
  const from = (source: string | undefined) => (source === undefined ? '' : `from ${source}`)
  const table = alignColumns([
    ['days to expiry', first === lastDays ? String(first) : `${first} and ${lastDays}`, ''],
    ['rate', rate === undefined ? 'not known' : annual(rate), from(rateSource)],
    [
      'dividends until then',
      dividends === undefined ? 'not known' : `${perShare(dividends)} per share, of today's worth`,
      from(dividendSource),
    ],
    ...(dividendYield === 0 ? [] : [['dividend yield', annual(dividendYield), from(dividendSource)]]),
    ['borrow fee', borrow === undefined ? 'not known' : annual(borrow), ''],
  ])
  const rests = assumptions.map((assumption) => wrapped(`${assumption}: ${ASSUMPTIONS[assumption]}`))
  return rests.length === 0 ? table : [table, 'It rests on:', ...rests].join('\n')
}

/** At expiry, over prices of the underlying from three quarters of the lowest strike to five quarters of the highest. */
function payoffPlot(best: NamedAssessment): string {
  const { legs, expiry, underlying, multiplier } = best
  const payoff = payoffAtExpiry(legs)
  if (payoff === undefined)
    return wrapped('Its options expire on different days: what it pays depends on what the later ones are worth when the first expire.')
  const strikes = legs.flatMap(({ contract }) => (contract.kind === 'option' ? [contract.strike] : []))
  const [low, high] = [0.75 * Math.min(...strikes), 1.25 * Math.max(...strikes)]
  const spots = Array.from({ length: PLOT_COLUMNS }, (_, i) => low + ((high - low) * i) / (PLOT_COLUMNS - 1))
  const paid = costOf(legs)
  const owed = owedAtExpiry(best)
  const values = spots.map((spot) => (profitAt(payoff, spot) + paid - owed) * multiplier)
  const lines = plotValues(values, { height: PAYOFF_LINES, label: money })
  const margin = (lines[0] ?? '').search(/[|+]/) + 1
  return [
    wrapped(`What a package pays on ${expiry} by the price of ${underlying.symbol}, less cost and fees, with interest until then:`),
    '',
    ...lines,
    ' '.repeat(margin) + axis(low, high),
  ].join('\n')
}

const costOf = (legs: readonly NamedLeg[]) =>
  legs.reduce((sum, { side, ratio, price }) => sum + (side === 'buy' ? 1 : -1) * ratio * price, 0)

/**
 * Cost and fees with interest, and what short shares owe until expiry, per share. Dividends of shares that are held are left out: a short
 * call may take them.
 */
function owedAtExpiry({ legs, fees, size, multiplier, carry }: NamedAssessment): number {
  const { lastDays, rate = 0, dividends = 0, borrow = 0 } = carry
  const years = lastDays / DAYS_PER_YEAR
  const short = legs.filter(({ contract, side }) => contract.kind !== 'option' && side === 'sell')
  const ofShares = short.reduce((sum, { ratio, price }) => sum + ratio * (dividends + price * Math.expm1(borrow * years)), 0)
  return (costOf(legs) + fees / size / multiplier + ofShares) * Math.exp(rate * years)
}

/** The ends and the middle below a picture. */
function axis(low: number, high: number): string {
  const [left, middle, right] = [low, (low + high) / 2, high].map((value) => value.toFixed(2)) as [string, string, string]
  const room = PLOT_COLUMNS - left.length - middle.length - right.length
  return left + ' '.repeat(Math.floor(room / 2)) + middle + ' '.repeat(Math.ceil(room / 2)) + right
}

/** The edge from its opening to its end, evenly spread over the changes that are kept. */
function coursePlot({ opened, course }: NamedEpisode): string {
  const text = `It opened with a profit of ${money(opened.profit)}: ${opened.legs.map(shortLeg).join(', ')}.`
  if (course.length < 3) return wrapped(text)
  const columns = Math.min(PLOT_COLUMNS, course.length)
  const edges = Array.from({ length: columns }, (_, i) => course[Math.floor((i * course.length) / columns)]?.edgePerShare ?? 0)
  return [wrapped(text), 'Edge per share, change by change:', '', ...plotValues(edges, { height: COURSE_LINES, label: perShare })].join(
    '\n',
  )
}
