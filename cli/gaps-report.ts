/** The gaps of the recordings as tables of at most 80 columns, and as plain data. */

import { type GapReport, joinCounts, joinRepairs, type ListedGap } from '../collector/gaps/report.ts'
import { REPAIR_STATES } from '../db/backfill/gap-repairs.ts'
import { isoFromUs } from '../market/time.ts'
import { alignColumns, wrapText } from '../system/text-table.ts'
import { counted, length, percent, second, short, shortKey } from './report-words.ts'

const CAUSE = 29
/** The table of causes has room for more of them, less where it has what is repaired. */
const WHOLE_CAUSE = 46
const REPAIRED = 10
const LINES = 16
/** Symbols side by side: a column is as wide as `100.00%`. */
const SYMBOLS = 7
/** The feed of a gap that is of all options of an underlying that are not known. */
const CHAIN = 'option-chain'
const COLUMN = 8
/** Names of underlyings in a line. */
const CHAINS = 40
/** So many gaps, or rows of the calendar, fit on a screen. */
const LISTED = 20
/** A search for a chain that takes longer is listed ahead of what misses most. */
const LONG_US = 3_600_000_000
const DAY_MS = 86_400_000
const WIDTH = 80
/** Why gaps are not filled: so many reasons are named. */
const REASONS = 5

/** `all`: every gap, day and symbol, however long that gets. */
export function formatGapReport({ range, gaps, causes, days }: GapReport, { all }: { all: boolean }): string {
  if (!range) return 'Nothing is recorded yet. `tapedeck collect` records.'
  const time = `from ${second(range.fromUs)} to ${second(range.toUs)}`
  const blocks = [gaps.length === 0 ? `No gaps ${time}.` : `${counted(gaps.length, 'gap')} ${time}`]
  if (gaps.length > 0) blocks.push(causeTable(causes), gapTable(gaps, all))
  const repairs = repairText(gaps)
  if (repairs !== undefined) blocks.push(repairs)
  blocks.push(days.length > 0 ? calendar(days, all) : 'No contract was wanted in trading hours of that time.')
  const chains = missingChains(gaps)
  if (chains !== undefined) blocks.push(chains)
  return blocks.join('\n\n')
}

/** Times as text, durations in seconds. */
export function plainGapReport({ range, gaps, causes, days }: GapReport): unknown {
  const time = ({ fromUs, toUs }: { fromUs: number; toUs: number }) => ({ from: isoFromUs(fromUs), to: isoFromUs(toUs) })
  return {
    ...(range ? time(range) : { from: null, to: null }),
    gaps: gaps.map(({ fromUs, toUs, missingUs, repair, ...gap }) => ({
      ...time({ fromUs, toUs }),
      seconds: seconds(toUs - fromUs),
      missingContractSeconds: seconds(missingUs),
      ...gap,
      ...(repair && { repair: plainRepair(repair) }),
    })),
    causes: causes.map(({ us, missingUs, repairedUs, ...cause }) => ({
      ...cause,
      seconds: seconds(us),
      missingContractSeconds: seconds(missingUs),
      repairedContractSeconds: seconds(repairedUs),
    })),
    days: days.map(({ expectedUs, coveredUs, causes, ...day }) => ({
      ...day,
      expectedContractSeconds: seconds(expectedUs),
      coveredContractSeconds: seconds(coveredUs),
      coverage: coveredUs / expectedUs,
      causes: causes.map(({ cause, us }) => ({ cause, missingContractSeconds: seconds(us) })),
    })),
  }
}

function plainRepair({ repairedUs, ...repair }: NonNullable<ListedGap['repair']>): unknown {
  return { ...repair, repairedContractSeconds: seconds(repairedUs) }
}

function gapTable(gaps: readonly ListedGap[], all: boolean): string {
  const shown = all || gaps.length <= LISTED ? gaps : mostCostly(gaps)
  const rows = shown.map((gap) => [second(gap.fromUs), length(gap.toUs - gap.fromUs).padStart(8), short(linesOf(gap), LINES), causeOf(gap)])
  const title = shown === gaps ? [] : [`The ${LISTED} that miss most; --all lists every one, --json gives them as data.`]
  return [...title, alignColumns([['from', '  length', 'of', 'cause'], ...rows])].join('\n')
}

/** Of trading hours: a night without the gateway is long and costs nothing. A chain may have any number of options. By their begin. */
function mostCostly(gaps: readonly ListedGap[]): ListedGap[] {
  const isChain = ({ feed, missingUs }: ListedGap) => Number(feed === CHAIN && missingUs > LONG_US)
  const costly = gaps.toSorted((a, b) => isChain(b) - isChain(a) || b.missingUs - a.missingUs || b.toUs - b.fromUs - (a.toUs - a.fromUs))
  return costly.slice(0, LISTED).sort((a, b) => a.fromUs - b.fromUs)
}

function causeTable(causes: GapReport['causes']): string {
  const hasRepairs = causes.some(({ repairedUs }) => repairedUs > 0)
  const head = ['cause', ' gaps', '   in all', '  missed*', ...(hasRepairs ? ['repaired'] : [])]
  const rows = causes.map(({ cause, gaps, us, missingUs, repairedUs }) => [
    short(cause, hasRepairs ? WHOLE_CAUSE - REPAIRED : WHOLE_CAUSE),
    gaps.toLocaleString('en-US').padStart(5),
    length(us).padStart(9),
    length(missingUs).padStart(9),
    ...(hasRepairs ? [(repairedUs > 0 && missingUs > 0 ? percent(repairedUs / missingUs) : '-').padStart(8)] : []),
  ])
  return `${alignColumns([head, ...rows])}\n* of trading hours, summed over the contracts`
}

/** What became of filling gaps, contract by contract. */
function repairText(gaps: readonly ListedGap[]): string | undefined {
  const known = gaps.flatMap(({ repair }) => repair ?? [])
  if (known.length === 0) return undefined
  const { states, ticks, reasons } = known.reduce(joinRepairs)
  const counts = REPAIR_STATES.flatMap((state) =>
    states[state] === undefined ? [] : [`${states[state].toLocaleString('en-US')} ${state}`],
  )
  const text = `From IB's history, by contract: ${counts.join(', ')}; ${counted(ticks, 'tick')} added.`
  const why = reasons.slice(0, REASONS).map((reason) => wrapText(reason, WIDTH - 2).map((line) => `  ${line}`))
  return [...wrapText(text, WIDTH), ...why.flat(), ...unfilledLines(gaps)].join('\n')
}

/** What nobody has asked about, and why. */
function unfilledLines(gaps: readonly ListedGap[]): string[] {
  const counts = Object.entries(gaps.map(({ unfilled = {} }) => unfilled).reduce(joinCounts, {}))
  if (counts.length === 0) return []
  const lines = counts.sort(([, one], [, other]) => other - one).slice(0, REASONS)
  return [
    'Not filled, by contract:',
    ...lines.flatMap(([reason, count]) => wrapText(`${count.toLocaleString('en-US')}: ${reason}`, WIDTH - 2).map((line) => `  ${line}`)),
  ]
}

/** A row for each day, or week of many, and a column for each symbol, of many those with the least coverage. */
function calendar(days: GapReport['days'], all: boolean): string {
  const isLong = !all && new Set(days.map(({ date }) => date)).size > LISTED
  const rowOf = (date: string) => (isLong ? mondayOf(date) : date)
  const ofSymbols = sumUp(days, ({ symbol }) => symbol)
  const worst = [...ofSymbols].sort(([a, one], [b, other]) => shareOf(one) - shareOf(other) || (a < b ? -1 : 1)).map(([symbol]) => symbol)
  const symbols = (all ? worst : worst.slice(0, SYMBOLS)).sort()
  const cells = sumUp(days, ({ date, symbol }) => `${rowOf(date)} ${symbol}`)
  const dates = [...new Set(days.map(({ date }) => rowOf(date)))]
  const blocks = Array.from({ length: Math.ceil(symbols.length / SYMBOLS) }, (_, i) => symbols.slice(i * SYMBOLS, (i + 1) * SYMBOLS))
  const tables = blocks.map((block) => {
    const head = [isLong ? 'week of   ' : 'coverage  ', ...block.map((symbol) => symbol.slice(0, COLUMN).padStart(COLUMN))]
    const rows = dates.map((date) => [date, ...block.map((symbol) => share(cells.get(`${date} ${symbol}`)).padStart(COLUMN))])
    return alignColumns([head, ...rows], ' ')
  })
  const left = worst.slice(symbols.length)
  if (left.length > 0) {
    const least = left.reduce((sum, symbol) => Math.min(sum, shareOf(ofSymbols.get(symbol))), 1)
    tables.push(`${counted(left.length, 'more symbol')}, each with ${percent(least)} or more; --all shows every one.`)
  }
  if (isLong) tables.push('Coverage by week; --all shows every day.')
  return tables.join('\n\n')
}

/** The coverage is too high where it is not known how many options were missing. */
function missingChains(gaps: readonly ListedGap[]): string | undefined {
  const costly = gaps.filter(({ feed, missingUs }) => feed === CHAIN && missingUs > 0)
  const symbols = [...new Set(costly.map(({ symbol = '' }) => symbol))].sort()
  if (symbols.length === 0) return undefined
  const more = symbols.length > SYMBOLS ? ` and ${symbols.length - SYMBOLS} more` : ''
  const named = short(symbols.slice(0, SYMBOLS).join(', '), CHAINS)
  return `Chains not known for a time: ${named}${more}.\nOf how many options is not known; each chain counts as one contract.`
}

type Covered = Pick<GapReport['days'][number], 'expectedUs' | 'coveredUs'>

function sumUp(days: GapReport['days'], keyOf: (day: GapReport['days'][number]) => string): Map<string, Covered> {
  const sums = new Map<string, Covered>()
  for (const day of days) {
    const sum = sums.get(keyOf(day)) ?? { expectedUs: 0, coveredUs: 0 }
    sums.set(keyOf(day), { expectedUs: sum.expectedUs + day.expectedUs, coveredUs: sum.coveredUs + day.coveredUs })
  }
  return sums
}

const shareOf = (covered: Covered | undefined) => (covered ? covered.coveredUs / covered.expectedUs : 1)
const share = (covered: Covered | undefined) => (covered ? percent(shareOf(covered)) : '-')

function mondayOf(date: string): string {
  const ms = Date.parse(date)
  return new Date(ms - ((new Date(ms).getUTCDay() + 6) % 7) * DAY_MS).toISOString().slice(0, 10)
}

function linesOf({ contracts, symbol, contract, feed }: ListedGap): string {
  if (feed === CHAIN) return `${symbol} chain`
  if (contract !== undefined) return shortKey(contract)
  if (contracts === 0) return 'all lines'
  return `${symbol === undefined ? '' : `${symbol}, `}${counted(contracts, 'line')}`
}

/** As long as there is room; what is repaired always shows. */
function causeOf(gap: ListedGap): string {
  const { cause, feed, droppedTicks } = gap
  const dropped = droppedTicks === undefined ? '' : ` (${droppedTicks.toLocaleString('en-US')} ticks)`
  const share = repairedShare(gap)
  const repaired = share === 0 ? '' : share >= 1 ? ' (repaired)' : ` (repaired ${percent(share)})`
  const text = `${cause}${dropped}${feed === undefined || feed === CHAIN ? '' : ' (tick by tick)'}`
  return `${short(text, CAUSE - repaired.length)}${repaired}`
}

/** How much of it has trades again: of the missed trading hours, or of the contracts where it missed none. */
function repairedShare({ repair, missingUs, contracts }: ListedGap): number {
  if (!repair) return 0
  if (missingUs > 0) return repair.repairedUs / missingUs
  return contracts > 0 ? repair.contracts / contracts : 0
}

const seconds = (us: number) => us / 1_000_000
