/** Which options of a chain get a market-data line. Pure: the same chain, price and budget give the same choice. */

import type { OptionContract } from '../../market/contract.ts'

/** All bounds that are given hold. */
export type StrikeRange =
  | 'all'
  | {
      /** Of the reference price, on either side. */
      rangePercent?: number | undefined
      from?: number | undefined
      to?: number | undefined
    }

/**
 * Options with strikes in range, nearest the money first, nearer expiries first among equals.
 * Without a reference price no range in percent can be applied, and the middle of the listed strikes stands in for the money.
 *
 * @param listed of which strikes that is the middle. Absent: of the chain
 */
export function selectOptions(
  chain: readonly OptionContract[],
  strikes: StrikeRange,
  referencePrice: number | undefined,
  listed = chain,
): OptionContract[] {
  const center = referencePrice ?? middleStrike(listed)
  return chain
    .filter(isWithin(strikes, referencePrice))
    .sort(
      (a, b) =>
        Math.abs(a.strike - center) - Math.abs(b.strike - center) ||
        compareText(a.expiry, b.expiry) ||
        a.strike - b.strike ||
        compareText(a.right, b.right) ||
        compareText(a.tradingClass, b.tradingClass),
    )
}

/** Whether the strike of an option is in range. */
export function isWithin(strikes: StrikeRange, referencePrice: number | undefined): (option: Pick<OptionContract, 'strike'>) => boolean {
  if (strikes === 'all') return () => true
  const { rangePercent, from = 0, to = Number.POSITIVE_INFINITY } = strikes
  const center = referencePrice ?? 0
  const reach = rangePercent === undefined || referencePrice === undefined ? Number.POSITIVE_INFINITY : (rangePercent / 100) * center
  return ({ strike }) => Math.abs(strike - center) <= reach && strike >= from && strike <= to
}

/** Returns `lines` of the underlyings' ordered choices: one option of each in turn. */
export function shareLines<T>(choices: readonly (readonly T[])[], lines: number): T[] {
  const shared: T[] = []
  for (let rank = 0; shared.length < lines; rank++) {
    const round = choices.flatMap((choice) => choice.slice(rank, rank + 1))
    if (round.length === 0) break
    shared.push(...round.slice(0, lines - shared.length))
  }
  return shared
}

function middleStrike(chain: readonly OptionContract[]): number {
  const strikes = [...new Set(chain.map(({ strike }) => strike))].sort((a, b) => a - b)
  return strikes[Math.floor(strikes.length / 2)] ?? 0
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
