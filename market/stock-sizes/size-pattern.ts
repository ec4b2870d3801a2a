/**
 * What the sizes of one stock look like, fifty at a time. Sizes in shares are mostly multiples of the round lot, as orders are; sizes in
 * lots are small numbers without a pattern, and a side of less than a lot is a 0 beside a live price. Whatever is neither says nothing.
 */

import { possibleLots, roundLot } from './round-lot.ts'

export const BATCH = 50

/** In which unit fifty sizes are, and the figures. */
export interface PatternFinding {
  unit: 'shares' | 'lots'
  figures: string
}

/** Of quotes in shares, so many are multiples of the lot; in lots, one in a lot. */
const SHARES_MULTIPLES = 0.6
/** Fewer distinct sizes may be multiples by chance. */
const SHARES_DISTINCT = 4
/** Of trades in shares, so many are of whole hundreds; in lots, hardly any. */
const SHARES_HUNDREDS = 0.1
/** Sizes of 0 beside a price: none in shares. */
const LOTS_ZEROS = 5
/** Of trades in lots, so many are of one lot or of less. */
const LOTS_SMALL = 0.5
/** Of cheaper stocks whole hundreds of lots are usual too, USD. */
const CHEAP = 5
/** Of quotes in lots, so few are multiples of the lot. */
const LOTS_MULTIPLES = 0.1
/** Shares in a lot of most stocks. */
const HUNDRED = 100

export class SizePattern {
  readonly #of: 'quotes' | 'trades'
  readonly #sizes = new Float64Array(BATCH)
  #count = 0

  constructor(of: 'quotes' | 'trades') {
    this.#of = of
  }

  /** Sizes of the batch so far. */
  get count(): number {
    return this.#count
  }

  /** Takes a size beside a price above 0; of quotes only sizes that changed. */
  add(size: number, price: number): PatternFinding | undefined {
    this.#sizes[this.#count++] = size
    if (this.#count < BATCH) return undefined
    this.#count = 0
    return this.#of === 'quotes' ? quotesFinding(this.#sizes, price) : tradesFinding(this.#sizes, price)
  }
}

function quotesFinding(sizes: Float64Array, price: number): PatternFinding | undefined {
  const lots = possibleLots(price)
  const zeros = countOf(sizes, (size) => size === 0)
  const distinct = new Set(sizes).size
  for (const lot of lots) {
    // A stock with lots of one share has the same sizes in both units.
    const multiples = countOf(sizes, (size) => size > 0 && size % lot === 0)
    if (lot > 1 && zeros === 0 && distinct >= SHARES_DISTINCT && multiples >= SHARES_MULTIPLES * BATCH)
      return { unit: 'shares', figures: `${multiples} of ${BATCH} sizes of quotes are multiples of ${lot}` }
  }
  const [lot = 0] = lots
  const most = Math.max(...sizes)
  const multiples = countOf(sizes, (size) => size > 0 && size % lot === 0)
  if (zeros >= LOTS_ZEROS && lot > 1 && multiples <= LOTS_MULTIPLES * BATCH)
    return { unit: 'lots', figures: `${zeros} of ${BATCH} sizes of quotes are 0 beside a price, and ${multiples} are multiples of ${lot}` }
  if (roundLot(price) === HUNDRED && most < HUNDRED)
    return { unit: 'lots', figures: `${BATCH} sizes of quotes are all below ${HUNDRED}, the largest is ${most}` }
  return undefined
}

function tradesFinding(sizes: Float64Array, price: number): PatternFinding | undefined {
  const hundreds = countOf(sizes, (size) => size > 0 && size % HUNDRED === 0)
  if (hundreds >= SHARES_HUNDREDS * BATCH && price >= CHEAP)
    return { unit: 'shares', figures: `${hundreds} of ${BATCH} trades are of whole hundreds` }
  const small = countOf(sizes, (size) => size <= 1)
  const most = Math.max(...sizes)
  if (roundLot(price) === HUNDRED && most < HUNDRED && small >= LOTS_SMALL * BATCH)
    return { unit: 'lots', figures: `${small} of ${BATCH} trades have a size of 1 or less, and the largest is ${most}` }
  return undefined
}

function countOf(sizes: Float64Array, fits: (size: number) => boolean): number {
  let count = 0
  for (const size of sizes) if (fits(size)) count++
  return count
}
