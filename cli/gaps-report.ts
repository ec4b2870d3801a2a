/** The gaps of the recordings as tables of at most 80 columns, and as plain data. */

import type { GapReport, ListedGap } from '../collector/gaps/report.ts'
import { isoFromUs } from '../market/time.ts'
import { alignColumns } from '../system/text-table.ts'

const CAUSE = 29
const LINES = 16
/** Symbols side by side: a column is as wide as `100.00%`. */
const SYMBOLS = 7
/** The feed of a gap that is of all options of an underlying that are not known. */
const CHAIN = 'option-chain'
const COLUMN = 8

export function formatGapReport({ range, gaps, causes, days }: GapReport, { listed }: { listed: number }): string {
  if (!range) return 'Nothing is recorded yet. `tapedeck collect` records.'
  const time = `from ${second(range.fromUs)} to ${second(range.toUs)}`
  const blocks = [gaps.length === 0 ? `No gaps ${time}.` : `Gaps ${time}`]
  if (gaps.length > 0) blocks.push(gapTable(gaps, listed), causeTable(causes))
  blocks.push(days.length > 0 ? calendar(days) : 'No contract was wanted in trading hours of that time.')
  return blocks.join('\n\n')
}

/** Times as text, durations in seconds. */
export function plainGapReport({ range, gaps, causes, days }: GapReport): unknown {
  const time = ({ fromUs, toUs }: { fromUs: number; toUs: number }) => ({ from: isoFromUs(fromUs), to: isoFromUs(toUs) })
  return {
    ...(range ? time(range) : { from: null, to: null }),
    gaps: gaps.map(({ fromUs, toUs, ...gap }) => ({ ...time({ fromUs, toUs }), seconds: seconds(toUs - fromUs), ...gap })),
    causes: causes.map(({ us, missingUs, ...cause }) => ({ ...cause, seconds: seconds(us), missingContractSeconds: seconds(missingUs) })),
    days: days.map(({ expectedUs, coveredUs, causes, ...day }) => ({
      ...day,
      expectedContractSeconds: seconds(expectedUs),
      coveredContractSeconds: seconds(coveredUs),
      coverage: coveredUs / expectedUs,
      causes: causes.map(({ cause, us }) => ({ cause, missingContractSeconds: seconds(us) })),
    })),
  }
}

function gapTable(gaps: readonly ListedGap[], listed: number): string {
  const shown = gaps.slice(-Math.min(listed, gaps.length))
  const rows = shown.map((gap) => [
    second(gap.fromUs),
    length(gap.toUs - gap.fromUs).padStart(8),
    short(linesOf(gap), LINES),
    short(causeOf(gap), CAUSE),
  ])
  const more = gaps.length - shown.length
  const note = more > 0 ? [`(${more.toLocaleString('en-US')} earlier ones are not shown; --all shows every one)`] : []
  return [...note, alignColumns([['from', '  length', 'of', 'cause'], ...rows])].join('\n')
}

function causeTable(causes: GapReport['causes']): string {
  const head = ['cause', ' gaps', '   in all', '  missed*']
  const rows = causes.map(({ cause, gaps, us, missingUs }) => [
    short(cause, CAUSE),
    gaps.toLocaleString('en-US').padStart(5),
    length(us).padStart(9),
    length(missingUs).padStart(9),
  ])
  return `${alignColumns([head, ...rows])}\n* of trading hours, summed over the contracts`
}

/** A row for each day and a column for each symbol; as many blocks as there are columns for. */
function calendar(days: GapReport['days']): string {
  const symbols = [...new Set(days.map(({ symbol }) => symbol))].sort()
  const dates = [...new Set(days.map(({ date }) => date))]
  const cells = new Map(days.map((day) => [`${day.date} ${day.symbol}`, share(day.coveredUs / day.expectedUs)]))
  const blocks = Array.from({ length: Math.ceil(symbols.length / SYMBOLS) }, (_, i) => symbols.slice(i * SYMBOLS, (i + 1) * SYMBOLS))
  return blocks
    .map((block) => {
      const head = ['coverage  ', ...block.map((symbol) => symbol.slice(0, COLUMN).padStart(COLUMN))]
      const rows = dates.map((date) => [date, ...block.map((symbol) => (cells.get(`${date} ${symbol}`) ?? '-').padStart(COLUMN))])
      return alignColumns([head, ...rows], ' ')
    })
    .join('\n\n')
}

/** Never 100 % when something is missing. */
function share(value: number): string {
  if (value >= 1) return '100%'
  return `${(Math.floor(value * 10_000) / 100).toFixed(2)}%`
}

function linesOf({ contracts, symbol, contract, feed }: ListedGap): string {
  if (feed === CHAIN) return `${symbol} chain`
  if (contract !== undefined) return shortKey(contract)
  if (contracts === 0) return 'all lines'
  return `${symbol === undefined ? '' : `${symbol}, `}${contracts.toLocaleString('en-US')} ${contracts === 1 ? 'line' : 'lines'}`
}

/** `option:TWX:USD:TWX:2014-06-21:C:70:100` as `TWX 140621C70`. */
function shortKey(key: string): string {
  const [kind, symbol = '', , , expiry = '', right = '', strike = ''] = key.split(':')
  return kind === 'option' ? `${symbol} ${expiry.slice(2).replaceAll('-', '')}${right}${strike}` : symbol
}

function causeOf({ cause, feed, droppedTicks }: ListedGap): string {
  const dropped = droppedTicks === undefined ? '' : ` (${droppedTicks.toLocaleString('en-US')} ticks)`
  return `${cause}${dropped}${feed === undefined || feed === CHAIN ? '' : ' (tick by tick)'}`
}

const short = (text: string, width: number) => (text.length > width ? `${text.slice(0, width - 1)}…` : text)
const second = (us: number) => `${isoFromUs(us).slice(0, 19)}Z`
const seconds = (us: number) => us / 1_000_000

/** `0.4 s`, `12 min`, `3 h 20`, `2 d 4 h`. */
function length(us: number): string {
  const s = us / 1_000_000
  if (s < 100) return `${s.toFixed(1)} s`
  const minutes = Math.round(s / 60)
  if (minutes < 100) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return `${hours} h ${String(minutes % 60).padStart(2, '0')}`
  return `${Math.floor(hours / 24)} d ${hours % 24} h`
}
