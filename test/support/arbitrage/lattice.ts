/**
 * A market that has no arbitrage by construction, to hold detectors against: one stock moves on a lattice with risk-neutral probabilities
 * that depend on place and time, so that its options have a smile and a term structure, and everything on the lattice is worth what those
 * probabilities say. Prices that come of one probability measure cannot contradict each other, whatever relation is looked at.
 *
 * Uses nothing of market/option, so that an error there is no error here. Days are calendar days from today, a year has 365.
 */

import type { Right } from '../../../market/contract.ts'

/** When something happens on a day: today at the time of the quotes, or as the market opens or closes. */
export interface Moment {
  day: number
  hour: 'open' | 'close'
}

export interface Process {
  spot: number
  /** What 1 on that day is worth now. 1 today. */
  discount: (day: number) => number
  /** What holding the stock brings a year beside its payments, as a fraction of it: a yield, and the fee for lending it out. */
  holding: number
  /** Per share; the stock trades without a payment from the opening of that day. Those of today and before are over. */
  payments: readonly { day: number; amount: number }[]
  /** Annual, by the logarithm of the stock's place against its forward, and by years from now. Taken for `mostVolatility` where it is above. */
  volatility: (place: number, years: number) => number
  mostVolatility: number
  /** All moments at which options are settled. */
  settlements: readonly Moment[]
  /** Steps that the lattice has at least. */
  steps: number
}

export interface LatticeOption {
  right: Right
  strike: number
  settlement: Moment
  isAmerican: boolean
  /** What it delivers, where that is not one share: so many shares, and cash. */
  deliverable?: { shares: number; cash: number }
}

/** Of a day's 24 hours: quotes come some hours before the close. */
const DAY_PARTS = { open: -0.4, close: 0.3 }

interface Step {
  day: number
  years: number
}

export class Lattice {
  readonly #process: Process
  readonly #steps: readonly Step[]
  /** By step, of its places from the lowest up: the stock's price, and the probabilities to move up and down. */
  readonly #spots: Float64Array[] = []
  readonly #ups: Float64Array[] = []
  readonly #downs: Float64Array[] = []

  constructor(process: Process) {
    this.#process = process
    this.#steps = stepsOf(process)
    const { discount, holding, volatility, mostVolatility, payments, spot } = process
    const growth = (day: number) => Math.exp((-holding * day) / 365) / discount(day)
    /** Today's worth, at the stock's own growth, of what is paid behind a day. */
    const pending = (day: number) =>
      payments.reduce((sum, one) => sum + (one.day > day && one.day > 0 ? one.amount / growth(one.day) : 0), 0)
    const base = spot - pending(0)
    if (!(base > 0)) throw new Error(`expected payments below the spot of ${spot}, found ${pending(0)}`)
    const gaps = this.#steps.slice(1).map(({ years }, i) => years - (this.#steps[i] as Step).years)
    const height = mostVolatility * Math.sqrt(Math.max(...gaps))
    const factor = Math.exp(height)
    for (const [k, { day, years }] of this.#steps.entries()) {
      const places = 2 * k + 1
      const [spots, ups, downs] = [new Float64Array(places), new Float64Array(places), new Float64Array(places)]
      for (let j = 0; j < places; j++) {
        const place = (j - k) * height
        spots[j] = growth(day) * (base * Math.exp(place) + pending(day))
        const local = Math.min(mostVolatility, Math.max(0, volatility(place, years)))
        const moves = (local * local * (gaps[k] ?? 0)) / (height * height)
        // up (factor - 1) = down (1 - 1 / factor): on average the stock grows as its forward does.
        ups[j] = moves / (1 + factor)
        downs[j] = (moves * factor) / (1 + factor)
      }
      this.#spots.push(spots)
      this.#ups.push(ups)
      this.#downs.push(downs)
    }
  }

  /** Per share of the underlying, now. American options are exercised whenever that is worth more, as the lattice knows the days before payments. */
  value({ right, strike, settlement, isAmerican, deliverable = { shares: 1, cash: 0 } }: LatticeOption): number {
    const years = yearsOf(settlement)
    const last = this.#steps.findIndex((step) => step.years === years)
    if (last < 0) throw new Error(`expected one of the settlements of the process, found day ${settlement.day} at the ${settlement.hour}`)
    const sign = right === 'C' ? 1 : -1
    const exercised = (spot: number) => sign * (deliverable.shares * spot + deliverable.cash - strike)
    let values = (this.#spots[last] as Float64Array).map((spot) => Math.max(0, exercised(spot)))
    for (let k = last - 1; k >= 0; k--) {
      const [spots, ups, downs] = [this.#spots[k], this.#ups[k], this.#downs[k]] as [Float64Array, Float64Array, Float64Array]
      const between = this.#process.discount((this.#steps[k + 1] as Step).day) / this.#process.discount((this.#steps[k] as Step).day)
      const next = new Float64Array(2 * k + 1)
      for (let j = 0; j < next.length; j++) {
        const [up, down] = [ups[j] as number, downs[j] as number]
        const [below, level, above] = [values[j] as number, values[j + 1] as number, values[j + 2] as number]
        const held = between * (up * above + (1 - up - down) * level + down * below)
        next[j] = isAmerican ? Math.max(held, exercised(spots[j] as number)) : held
      }
      values = next
    }
    return values[0] as number
  }
}

function yearsOf({ day, hour }: Moment): number {
  return (day + DAY_PARTS[hour]) / 365
}

/** Now, each settlement, the evening before each payment and the day of it, and closes between them so that no step is long. */
function stepsOf({ settlements, payments, steps }: Process): Step[] {
  const byYears = new Map<number, Step>([[0, { day: 0, years: 0 }]])
  const add = (moment: Moment) => byYears.set(yearsOf(moment), { day: moment.day, years: yearsOf(moment) })
  for (const moment of settlements) add(moment)
  const lastDay = Math.max(...settlements.map(({ day }) => day))
  for (const { day } of payments) {
    if (day <= 0 || day > lastDay) continue
    add({ day: day - 1, hour: 'close' })
    add({ day, hour: 'open' })
  }
  const wanted = [...byYears.values()].toSorted((a, b) => a.years - b.years)
  const longest = Math.max(1, Math.ceil(lastDay / steps))
  for (const [i, { day }] of wanted.entries())
    for (let filler = day + longest; filler < (wanted[i + 1]?.day ?? 0); filler += longest) add({ day: filler, hour: 'close' })
  return [...byYears.values()].toSorted((a, b) => a.years - b.years)
}
