/** A chain of options at an instant as tables of at most 80 columns, calls to the left and puts to the right, and as plain data. */

import { nyse } from '../market/calendar/calendar.ts'
import type { KnownChain, KnownOption, KnownPrices } from '../market/state/known-chain.ts'
import { daysBetween, isoFromUs } from '../market/time.ts'
import { wrapText } from '../system/text-table.ts'
import { counted } from './report-words.ts'

const WIDTH = 80
const PRICE = 7
const COLUMNS: readonly { head: string; width: number; of: (option: KnownOption, atUs: number) => string }[] = [
  { head: 'bid', width: PRICE, of: ({ bidPrice }) => price(bidPrice) },
  { head: 'ask', width: PRICE, of: ({ askPrice }) => price(askPrice) },
  { head: 'iv%', width: 4, of: ({ impliedVolatility }) => (impliedVolatility === undefined ? '' : (100 * impliedVolatility).toFixed(0)) },
  { head: 'delta', width: 5, of: ({ delta }) => delta?.toFixed(2) ?? '' },
  { head: 'age', width: 5, of: ({ quoteUs }, atUs) => (quoteUs === undefined ? '' : age(atUs - quoteUs)) },
  { head: '', width: 2, of: (option) => letters(option) },
]
/** As wide as its columns with a blank between them. */
const SIDE = COLUMNS.reduce((sum, { width }) => sum + width + 1, -1)
const STRIKE = 8

/** Letters of flags, the gravest first: two of them fit. Of the other flags, `*`. */
const LETTERS: readonly (readonly [flag: string, letter: string, meaning: string])[] = [
  ['stale', 's', 'stale: not known to have stood'],
  ['quarantined', 'q', 'a newer quote was quarantined'],
  ['delayed', 'd', 'delayed'],
  ['frozen', 'f', 'frozen'],
  ['initial', 'i', 'initial: what stood when the line was opened'],
]
const OTHER = '*'
/** Named in the title of the table. */
const IN_TITLE = 'adjusted'

export function formatChain({ symbol, atUs, underlyings, options }: KnownChain, { strikes }: { strikes: number | 'all' }): string {
  const spot = spotOf(underlyings, options)
  const head = [
    `${symbol} at ${newYork(atUs)} in New York (${isoFromUs(atUs).slice(0, 19)}Z)`,
    ...underlyings.map((one) => underlyingLine(one, atUs)),
  ]
  const products = groupedBy(options, ({ currency, expiry, tradingClass, multiplier }) =>
    [currency, expiry, tradingClass, multiplier].join(),
  ).values()
  const tables = [...products].map((product) => table(product, { atUs, spot, strikes }))
  return [head.join('\n'), ...tables, legend(options)].filter((text) => text !== '').join('\n\n')
}

/** Times as text; ages in seconds. */
export function plainChain({ symbol, atUs, underlyings, options }: KnownChain): unknown {
  const plain = ({ quoteUs, lastUs, ...rest }: KnownPrices) => ({
    ...rest,
    ...moment('quote', quoteUs, atUs),
    ...moment('last', lastUs, atUs),
    stale: rest.staleCause !== undefined,
  })
  return {
    symbol,
    at: isoFromUs(atUs),
    underlyings: underlyings.map(plain),
    options: options.map(({ greeksUs, ...rest }) => ({ ...plain(rest), ...moment('greeks', greeksUs, atUs) })),
  }
}

const moment = (name: string, us: number | undefined, atUs: number) =>
  us === undefined ? {} : { [`${name}Ts`]: isoFromUs(us), [`${name}AgeSeconds`]: Math.max(0, atUs - us) / 1_000_000 }

function table(
  options: readonly KnownOption[],
  { atUs, spot, strikes }: { atUs: number; spot: number | undefined; strikes: number | 'all' },
): string {
  const [first] = options
  if (!first) return ''
  const all = [...new Set(options.map(({ strike }) => strike))].sort((a, b) => a - b)
  const shown = strikes === 'all' ? all : nearest(all, strikes, spot ?? (all[all.length >> 1] as number))
  const find = (strike: number, right: string) => options.find((option) => option.strike === strike && option.right === right)
  const side = (option: KnownOption | undefined) => cells(COLUMNS.map(({ of }) => (option ? of(option, atUs) : '')))
  const rows = shown.map((strike) => `${side(find(strike, 'C'))} ${strikeText(strike).padStart(STRIKE)} ${side(find(strike, 'P'))}`)
  const heads = cells(COLUMNS.map(({ head }) => head))
  return [
    titleOf(first, atUs, shown.length, all.length),
    `${center('calls', SIDE)} ${' '.repeat(STRIKE)} ${center('puts', SIDE)}`,
    `${heads} ${'strike'.padStart(STRIKE)} ${heads}`,
    ...rows,
  ]
    .map((line) => line.trimEnd())
    .join('\n')
}

function titleOf({ expiry, tradingClass, multiplier, currency, flags }: KnownOption, atUs: number, shown: number, all: number): string {
  const product = [tradingClass, ...(multiplier === 100 ? [] : [`x ${multiplier}`]), ...(currency === 'USD' ? [] : [currency])].join(' ')
  const days = counted(daysBetween(nyse.zone.dateOf(atUs), expiry), 'day')
  const some = shown < all ? `${shown} of ${all} strikes, --strikes all shows all` : counted(all, 'strike')
  return `${expiry} ${product}${flags.includes(IN_TITLE) ? ` (${IN_TITLE})` : ''}: ${days}, ${some}`
}

/** Those with the least distance from the spot, in their order. */
function nearest(strikes: readonly number[], count: number, spot: number): number[] {
  return strikes
    .toSorted((a, b) => Math.abs(a - spot) - Math.abs(b - spot))
    .slice(0, count)
    .sort((a, b) => a - b)
}

function spotOf(underlyings: readonly KnownPrices[], options: readonly KnownOption[]): number | undefined {
  for (const { bidPrice, askPrice, lastPrice } of underlyings) {
    if (bidPrice !== undefined && askPrice !== undefined) return (bidPrice + askPrice) / 2
    if (lastPrice !== undefined) return lastPrice
  }
  return options.find(({ underlyingPrice }) => underlyingPrice !== undefined)?.underlyingPrice
}

function underlyingLine({ key, bidPrice, askPrice, quoteUs, lastPrice, lastUs, staleCause, flags }: KnownPrices, atUs: number): string {
  const quote = quoteUs === undefined ? [] : [`${price(bidPrice) || '-'} x ${price(askPrice) || '-'}, ${age(atUs - quoteUs)} old`]
  const last = lastPrice === undefined || lastUs === undefined ? [] : [`last ${price(lastPrice)}, ${age(Math.max(0, atUs - lastUs))} old`]
  const doubts = [...(staleCause === undefined ? [] : [`stale (${staleCause})`]), ...flags]
  const [kind = ''] = key.split(':')
  const known = [...quote, ...last, ...doubts]
  return wrapText(`${kind}: ${known.length > 0 ? known.join(', ') : 'nothing known'}`, WIDTH).join('\n')
}

/** Explains the letters that are in the tables, and names what stale quotes are due to. */
function legend(options: readonly KnownOption[]): string {
  const flags = new Set(options.flatMap(flagsOf))
  const used = LETTERS.filter(([flag]) => flags.has(flag)).map(([, letter, meaning]) => `${letter} ${meaning}`)
  const others = [...flags].filter((flag) => flag !== IN_TITLE && !LETTERS.some(([known]) => known === flag)).sort()
  if (others.length > 0) used.push(`${OTHER} ${others.join(', ')}`)
  const causes = [...groupedBy(options, ({ staleCause }) => staleCause)].flatMap(([cause, some]) =>
    cause === undefined ? [] : [`${cause} (${some.length})`],
  )
  return [...used, ...(causes.length > 0 ? [`stale by cause: ${causes.sort().join(', ')}`] : [])]
    .flatMap((line) => wrapText(line, WIDTH))
    .join('\n')
}

function groupedBy<T, K>(values: readonly T[], keyOf: (value: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>()
  for (const value of values) {
    const group = groups.get(keyOf(value))
    if (group) group.push(value)
    else groups.set(keyOf(value), [value])
  }
  return groups
}

const flagsOf = ({ staleCause, flags }: KnownOption) => [...(staleCause === undefined ? [] : ['stale']), ...flags]

function letters(option: KnownOption): string {
  const flags = flagsOf(option)
  const known = LETTERS.filter(([flag]) => flags.includes(flag)).map(([, letter]) => letter)
  const isOther = flags.some((flag) => flag !== IN_TITLE && !LETTERS.some(([name]) => name === flag))
  return [...known, ...(isOther ? [OTHER] : [])].join('').slice(0, 2)
}

const cells = (texts: readonly string[]) =>
  texts
    .map((text, i) => {
      const { head, width } = COLUMNS[i] as (typeof COLUMNS)[number]
      return head === '' ? text.padEnd(width) : text.padStart(width)
    })
    .join(' ')
const center = (text: string, width: number) => text.padStart((width + text.length) >> 1).padEnd(width)

/** As exact as its column has room for: cents, or up to four decimals where the price has them. */
function price(value: number | undefined): string {
  if (value === undefined) return ''
  const texts = [
    ...(Number(value.toFixed(2)) === value ? [] : [String(Number(value.toFixed(4)))]),
    ...[2, 1, 0].map((digits) => value.toFixed(digits)),
  ]
  return texts.find((text) => text.length <= PRICE) ?? value.toExponential(0)
}
const strikeText = (strike: number) => (Number.isInteger(strike * 100) ? strike.toFixed(2) : String(strike))

/** `0.4s`, `59s`, `12m`, `3h20`, `9d`. */
function age(us: number): string {
  const s = us / 1_000_000
  if (s < 10) return `${s.toFixed(1)}s`
  if (s < 100) return `${Math.round(s)}s`
  const minutes = Math.round(s / 60)
  if (minutes < 100) return `${minutes}m`
  if (minutes < 2880) return `${Math.floor(minutes / 60)}h${String(minutes % 60).padStart(2, '0')}`
  const days = Math.floor(minutes / 1440)
  return days < 1000 ? `${days}d` : `${Math.floor(days / 365)}y`
}

/** `2014-06-05 11:00:00` */
function newYork(us: number): string {
  return isoFromUs(us + nyse.zone.offsetUsAt(us))
    .slice(0, 19)
    .replace('T', ' ')
}
