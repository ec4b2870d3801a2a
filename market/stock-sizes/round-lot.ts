/**
 * The round lot of a US stock by its price (Regulation NMS, rule 600(b)(93), in force since 2025-11-03): 100 shares up to 250.00 USD, 40 up
 * to 1,000.00, 10 up to 10,000.00, else 1. The price that counts is the average close of a month some months back, so that a stock whose
 * price has moved since may have the lot of a tier beside its own.
 */

const TIERS: readonly { upTo: number; shares: number }[] = [
  { upTo: 250, shares: 100 },
  { upTo: 1000, shares: 40 },
  { upTo: 10_000, shares: 10 },
  { upTo: Number.POSITIVE_INFINITY, shares: 1 },
]
/** A price moves less than by this factor until lots are assigned anew. */
const MOVED = 2

/** The lots that IB may count in where they are more than a share. */
export const LOTS: readonly number[] = [100, 40, 10]

/** The lots that a stock may have, by its present price: one, or two near the border of a tier. */
export function possibleLots(price: number): readonly number[] {
  const [least, most] = [roundLot(price / MOVED), roundLot(price * MOVED)]
  return least === most ? [least] : [least, most]
}

/** The lot of its tier, in shares. */
export function roundLot(price: number): number {
  return TIERS.find(({ upTo }) => price <= upTo)?.shares ?? 1
}
