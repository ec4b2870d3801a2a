/**
 * Two figures of one stock that should be equal, compared: a tenth or a hundredth of the other means that the smaller one is in lots and
 * the larger one in shares, as there are no other units; about the same means that both are in the same unit, whichever it is.
 */

import { LOTS } from './round-lot.ts'
import { BATCH } from './size-pattern.ts'

export interface ComparisonFinding {
  /** Which of the two is in lots; `neither`: both are in the same unit. */
  inLots: 'first' | 'second' | 'neither'
  /** Shares in a lot, where one of the possible ones fits. */
  lot?: number | undefined
  figures: string
}

/** Above what chance does to two figures of one unit, and below the smallest lot that is more than a share. */
const MOST_EQUAL = 2.5
const LEAST_RATIO = 4
const LEAST_RATIO_OF_VOLUME = 7
/** So many of the comparisons must fit a lot, as the two are not of the same instant. */
const FITTING = 0.5
/** How far sums may be from a lot, as a factor: some trades count in only one of the two. */
const SUM_TOLERANCE = 1.4
/** What a sum is made of at least, so that trades and volumes that come seconds apart are nearly the same ones. */
const TRADES = 30
const SUM_US = 60_000_000
/** Of steps between volumes, so many are those of the one trade that came: others had trades that were not sampled. */
const EQUAL_STEPS = 0.3

/** Sizes of sampled quotes (first) beside those of tick-by-tick quotes (second) at the same price. */
export class QuoteComparison {
  readonly #first = new Float64Array(BATCH)
  readonly #second = new Float64Array(BATCH)
  #count = 0

  add(first: number, second: number): ComparisonFinding | undefined {
    this.#first[this.#count] = first
    this.#second[this.#count++] = second
    if (this.#count < BATCH) return undefined
    this.#count = 0
    const ratios = [...this.#first].map((size, i) => ((this.#second[i] as number) + 1) / (size + 1)).sort((a, b) => a - b)
    const ratio = ratios[BATCH / 2] as number
    if (ratio >= 1 / MOST_EQUAL && ratio <= MOST_EQUAL)
      return { inLots: 'neither', figures: `${BATCH} sizes of quotes are about those of the tick-by-tick quotes` }
    if (ratio >= LEAST_RATIO) return this.#inLots('first', this.#first, this.#second)
    if (ratio <= 1 / LEAST_RATIO) return this.#inLots('second', this.#second, this.#first)
    return undefined
  }

  #inLots(inLots: 'first' | 'second', lots: Float64Array, shares: Float64Array): ComparisonFinding | undefined {
    const fits = LOTS.map((lot) => countFits(lots, shares, lot))
    const most = Math.max(...fits)
    if (most < FITTING * BATCH) return undefined
    const lot = LOTS[fits.indexOf(most)]
    const [less, more] = inLots === 'first' ? ['quotes', 'tick-by-tick quotes'] : ['tick-by-tick quotes', 'quotes']
    return { inLots, lot, figures: `${most} of ${BATCH} sizes of ${less} are those of the ${more} in lots of ${lot}` }
  }
}

/** Sizes in lots are whole lots; a gateway that counts their parts has the same whole ones. */
function countFits(lots: Float64Array, shares: Float64Array, lot: number): number {
  return lots.reduce((fits, size, i) => fits + Number(Math.floor(size) === Math.floor((shares[i] as number) / lot)), 0)
}

/**
 * Sums of every trade (first) beside what the day's volume (second) grew by meanwhile. Too small a sum says nothing: trades that are missing
 * because their line was dead would look like trades in lots.
 */
export class VolumeSums {
  #trades = 0
  #sinceUs = 0
  #sum = 0
  /** Of the day at the beginning of the sum; NaN before it is known. */
  #volume = Number.NaN

  trade(size: number): void {
    if (Number.isNaN(this.#volume)) return
    this.#trades++
    this.#sum += size
  }

  volume(value: number, tsUs: number): ComparisonFinding | undefined {
    // A new day, or the first.
    if (!(value >= this.#volume)) return this.#begin(value, tsUs)
    const grown = value - this.#volume
    if (this.#trades < TRADES || grown < TRADES || tsUs - this.#sinceUs < SUM_US) return undefined
    const [sum, trades] = [this.#sum, this.#trades]
    this.#begin(value, tsUs)
    const ratio = sum / grown
    const figures = `${trades} tick-by-tick trades add up to ${sum}, the day's volume grew by ${grown}`
    if (ratio >= 1 / MOST_EQUAL && ratio <= MOST_EQUAL) return { inLots: 'neither', figures }
    return ratio >= LEAST_RATIO_OF_VOLUME ? { inLots: 'second', lot: lotNear(ratio), figures } : undefined
  }

  #begin(value: number, tsUs: number): undefined {
    this.#volume = value
    this.#sinceUs = tsUs
    this.#trades = 0
    this.#sum = 0
  }
}

function lotNear(ratio: number): number | undefined {
  return LOTS.find((lot) => ratio <= lot * SUM_TOLERANCE && ratio >= lot / SUM_TOLERANCE)
}

/**
 * Sampled trades (first), each beside the step of the day's volume (second) that came with it. A step holds trades that were not sampled,
 * so that it may be any number above; it cannot be far below the size of the trade in it unless it is in lots.
 */
export class VolumeSteps {
  #size = Number.NaN
  #volume = Number.NaN
  #steps = 0
  #equal = 0
  #below = 0

  trade(size: number): void {
    this.#size = size
  }

  volume(value: number): ComparisonFinding | undefined {
    const step = value - this.#volume
    this.#volume = value
    if (!(step > 0) || !(this.#size > 0)) return undefined
    this.#steps++
    if (step === this.#size) this.#equal++
    // A last lot may have been filled by trades before.
    else if ((step - 1) * LEAST_RATIO_OF_VOLUME <= this.#size && step * 2 < this.#size) this.#below++
    this.#size = Number.NaN
    if (this.#steps < BATCH) return undefined
    const [equal, below] = [this.#equal, this.#below]
    this.#steps = this.#equal = this.#below = 0
    if (equal >= EQUAL_STEPS * BATCH)
      return { inLots: 'neither', figures: `${equal} of ${BATCH} steps of the day's volume are the size of the trade` }
    if (below < FITTING * BATCH) return undefined
    return { inLots: 'second', figures: `${below} of ${BATCH} steps of the day's volume are far below the size of the trade` }
  }
}
