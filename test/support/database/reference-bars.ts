/** Bars as the program makes them, without the database: what those of every edition are compared with. */

import { barStart } from '../../../market/bar.ts'
import { TradeBars } from '../../../market/bars/trade-bars.ts'
import { isMarked, Mark, marksOf } from '../../../market/marks.ts'
import type { TradeSource } from '../../../market/tick.ts'
import { createZone } from '../../../market/time.ts'

export interface TradeRow {
  instrument: number
  source: TradeSource
  tsUs: number
  price: number
  size: number | null
  conditions: string | null
  marks: string | null
}

export interface QuoteRow {
  instrument: number
  source: string | null
  tsUs: number
  bid: number | null
  ask: number | null
  marks: string | null
}

/** A row of a bar: what names it, whole figures that must be equal, and sums. */
export interface ReferenceBar {
  key: string
  exact: (number | null)[]
  sums: (number | null)[]
}

const utc = createZone('UTC')

/** @param trades in the order of time and session */
export function referenceTradeBars(trades: readonly TradeRow[], seconds: number): ReferenceBar[] {
  const builders = new Map<string, TradeBars>()
  for (const { instrument, source, tsUs, price, size, conditions, marks } of trades) {
    const trade = { tsUs, price, size: size ?? undefined, source, conditions: conditions ?? undefined, marks: marksOf(marks ?? undefined) }
    if (isMarked(trade, Mark.initial)) continue
    const key = `${instrument} ${source}`
    const bars = builders.get(key) ?? new TradeBars(seconds, utc)
    builders.set(key, bars)
    bars.add(trade)
  }
  return [...builders]
    .flatMap(([key, builder]) =>
      builder.bars().map(({ startUs, open, high, low, close, trades, volume, vwap }) => ({
        key: `${key} ${startUs}`,
        exact: [open, high, low, close, trades],
        sums: [volume, vwap ?? null],
      })),
    )
    .toSorted(byKey)
}

/** @param quotes in the order of time and session */
export function referenceQuoteBars(quotes: readonly QuoteRow[], seconds: number): ReferenceBar[] {
  const bars = new Map<string, { bid: number[]; ask: number[]; spreads: number[]; quotes: number }>()
  for (const { instrument, source, tsUs, bid, ask, marks } of quotes) {
    if (isMarked({ marks: marksOf(marks ?? undefined) }, Mark.initial)) continue
    const key = `${instrument} ${source} ${barStart(tsUs, seconds, utc)}`
    const bar = bars.get(key) ?? { bid: [], ask: [], spreads: [], quotes: 0 }
    bars.set(key, bar)
    bar.quotes++
    if (bid !== null && bid > 0) bar.bid.push(bid)
    if (ask !== null && ask > 0) bar.ask.push(ask)
    if (bid !== null && bid > 0 && ask !== null && ask > 0) bar.spreads.push(ask - bid)
  }
  const ohlc = (prices: readonly number[]) =>
    prices.length === 0 ? [null, null, null, null] : [prices[0] ?? null, Math.max(...prices), Math.min(...prices), prices.at(-1) ?? null]
  return [...bars]
    .map(([key, { bid, ask, spreads, quotes }]) => ({
      key,
      exact: [...ohlc(bid), ...ohlc(ask), quotes, spreads.length],
      sums: [spreads.length === 0 ? null : spreads.reduce((sum, one) => sum + one, 0)],
    }))
    .toSorted(byKey)
}

export const byKey = (a: ReferenceBar, b: ReferenceBar) => (a.key < b.key ? -1 : 1)

/** Those that differ: in anything exact, or by more than a billionth in a sum. */
export function differences(found: readonly ReferenceBar[], wanted: readonly ReferenceBar[]): unknown[] {
  const others = new Map(wanted.map((bar) => [bar.key, bar]))
  const differing: unknown[] = found.flatMap((bar) => {
    const other = others.get(bar.key)
    others.delete(bar.key)
    const same =
      other?.exact.every((value, i) => value === bar.exact[i]) && other.sums.every((value, i) => isClose(value, bar.sums[i] ?? null))
    return same ? [] : [{ found: bar, wanted: other }]
  })
  return [...differing, ...[...others.values()].map((bar) => ({ missing: bar }))]
}

function isClose(a: number | null, b: number | null): boolean {
  if (a === null || b === null) return a === b
  return Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b), 1e-3)
}
