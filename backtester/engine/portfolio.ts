/**
 * Cash and positions of an account, in whole units of money. After everything that happens
 *
 *     cash + positions at their marks = start + realised + unrealised + income - costs
 *
 * holds to the unit. A position carries what was paid for it as one sum; what closes a part of it realises that part of the sum (average cost).
 * What is short has a negative quantity and a negative cost: money that came in.
 */

import { share, toUnits, type Units, worth } from './money.ts'

/** What takes or brings money besides trades. */
export const COSTS = ['commission', 'borrow', 'interest', 'dividend-owed'] as const
export const INCOMES = ['interest', 'dividend'] as const
export type Cost = (typeof COSTS)[number]
export type Income = (typeof INCOMES)[number]

export interface Position {
  readonly instrument: number
  readonly multiplier: number
  /** Units held; negative: short. */
  readonly quantity: number
  /** What was paid for them; of a short position what came in, negative. */
  readonly cost: Units
  /** Price per unit of the underlying at which it is valued, and what that makes it worth. */
  readonly mark: number
  readonly value: Units
}

/** A trade as the account sees it. */
export interface Booking {
  instrument: number
  /** Units bought; negative: sold. */
  quantity: number
  /** Per unit of the underlying. */
  price: number
  multiplier: number
  /** Of all of it. */
  commission?: Units
}

interface OpenPosition extends Position {
  quantity: number
  cost: Units
  mark: number
  value: Units
}

export class Portfolio {
  readonly start: Units
  #cash: Units
  #realised: Units = 0
  /** Of all positions at their marks. */
  #value: Units = 0
  /** The same, short positions counted as if long. */
  #exposure: Units = 0
  readonly #positions = new Map<number, OpenPosition>()
  readonly #costs: Record<Cost, Units> = { commission: 0, borrow: 0, interest: 0, 'dividend-owed': 0 }
  readonly #income: Record<Income, Units> = { interest: 0, dividend: 0 }

  /** @param cash at the start, in the currency of the account */
  constructor(cash: number) {
    this.start = toUnits(cash)
    this.#cash = this.start
  }

  get cash(): Units {
    return this.#cash
  }

  /** Cash and all positions at their marks. */
  get equity(): Units {
    return this.#cash + this.#value
  }

  /** Sum of what the positions are worth at their marks, short ones counted as if long. */
  get exposure(): Units {
    return this.#exposure
  }

  get realised(): Units {
    return this.#realised
  }

  get unrealised(): Units {
    let cost = 0
    for (const position of this.#positions.values()) cost += position.cost
    return this.#value - cost
  }

  get costs(): Readonly<Record<Cost, Units>> {
    return this.#costs
  }

  get income(): Readonly<Record<Income, Units>> {
    return this.#income
  }

  /** Undefined without one: a position that was closed is gone. */
  position(instrument: number): Position | undefined {
    return this.#positions.get(instrument)
  }

  /** True where nothing is held. */
  get isEmpty(): boolean {
    return this.#positions.size === 0
  }

  positions(): Iterable<Position> {
    return this.#positions.values()
  }

  /**
   * Books a trade. Returns what it realised, before costs. The position is valued at the price of the trade until it is marked.
   *
   * @throws RangeError unless the quantity is whole and not 0, the price a number and the multiplier that of the position
   */
  trade({ instrument, quantity, price, multiplier, commission = 0 }: Booking): Units {
    if (!Number.isSafeInteger(quantity) || quantity === 0) throw new RangeError(`expected a trade of whole units, found ${quantity}`)
    if (!Number.isSafeInteger(commission)) throw new RangeError(`expected a commission in whole units of money, found ${commission}`)
    const paid = worth(price, quantity, multiplier)
    const position = this.#positions.get(instrument) ?? { instrument, multiplier, quantity: 0, cost: 0, mark: price, value: 0 }
    if (position.multiplier !== multiplier)
      throw new RangeError(
        `expected the multiplier ${position.multiplier} of the position in instrument ${instrument}, found ${multiplier}`,
      )
    const realised = this.#close(position, quantity, paid)
    this.#positions.set(instrument, position)
    position.quantity += quantity
    this.#cash -= paid
    this.#realised += realised
    this.#pay('commission', commission)
    this.#revalue(position, price)
    if (position.quantity === 0) this.#positions.delete(instrument)
    return realised
  }

  /** Moves the cost of the position along. Returns what is realised. */
  #close(position: OpenPosition, quantity: number, paid: Units): Units {
    const held = position.quantity
    if (held === 0 || held < 0 === quantity < 0) {
      position.cost += paid
      return 0
    }
    const closed = Math.min(Math.abs(quantity), Math.abs(held))
    const costClosed = share(position.cost, closed, Math.abs(held))
    const paidClosing = share(paid, closed, Math.abs(quantity))
    // What is left of the cost, or what was paid for what goes beyond closing.
    position.cost = position.cost - costClosed + (paid - paidClosing)
    return -paidClosing - costClosed
  }

  /** Values a position. What is not held has no value. */
  mark(instrument: number, price: number): void {
    const position = this.#positions.get(instrument)
    if (position !== undefined && position.mark !== price) this.#revalue(position, price)
  }

  /** Values what is held of a position now. */
  #revalue(position: OpenPosition, price: number): void {
    const value = worth(price, position.quantity, position.multiplier)
    this.#move(position.value, value)
    position.mark = price
    position.value = value
  }

  /** What positions are worth changes. */
  #move(from: Units, to: Units): void {
    this.#value += to - from
    this.#exposure += Math.abs(to) - Math.abs(from)
  }

  /** @throws RangeError below 0: what comes in is income */
  charge(cost: Cost, amount: Units): void {
    if (!Number.isSafeInteger(amount) || amount < 0) throw new RangeError(`expected a cost of 0 or more whole units, found ${amount}`)
    this.#pay(cost, amount)
  }

  /** A commission can be negative: a rebate. */
  #pay(cost: Cost, amount: Units): void {
    this.#costs[cost] += amount
    this.#cash -= amount
  }

  /** @throws RangeError below 0: what goes out is a cost */
  earn(income: Income, amount: Units): void {
    if (!Number.isSafeInteger(amount) || amount < 0) throw new RangeError(`expected income of 0 or more whole units, found ${amount}`)
    this.#income[income] += amount
    this.#cash += amount
  }

  /**
   * Turns each unit into `ratio` units at the same worth: 2 doubles them and halves the price. What is no whole unit is paid out at the new
   * price. Returns how much of a unit that was.
   */
  split(instrument: number, ratio: number): number {
    if (!(ratio > 0 && Number.isFinite(ratio))) throw new RangeError(`expected a split by a ratio above 0, found ${ratio}`)
    const position = this.#positions.get(instrument)
    if (position === undefined) return 0
    const exact = position.quantity * ratio
    // A ratio like 1/3 is no exact number: 300 shares become 100.
    const isWhole = Math.abs(exact - Math.round(exact)) < 1e-6
    const whole = isWhole ? Math.round(exact) : Math.trunc(exact)
    const fraction = isWhole ? 0 : exact - whole
    const price = position.mark / ratio
    const paidOut = worth(price, fraction, position.multiplier)
    const costPaidOut = fraction === 0 ? 0 : Math.round((position.cost * fraction) / exact)
    this.#cash += paidOut
    this.#realised += paidOut - costPaidOut
    position.cost -= costPaidOut
    position.quantity = whole
    this.#revalue(position, price)
    if (whole === 0) {
      this.#realised -= position.cost
      this.#positions.delete(instrument)
    }
    return fraction
  }

  /** The same position under another number; it joins what is held there, whose multiplier must be the same. */
  rename(from: number, to: number): void {
    const position = this.#positions.get(from)
    if (position === undefined) return
    const there = this.#positions.get(to)
    if (there && there.multiplier !== position.multiplier)
      throw new RangeError(`expected the multiplier ${there.multiplier} of instrument ${to}, found ${position.multiplier}`)
    this.#positions.delete(from)
    const { quantity, cost, mark, multiplier } = position
    const joined = { ...position, instrument: to, quantity: quantity + (there?.quantity ?? 0), cost: cost + (there?.cost ?? 0) }
    joined.value = worth(mark, joined.quantity, multiplier)
    this.#move(position.value, 0)
    this.#move(there?.value ?? 0, joined.value)
    if (joined.quantity === 0) {
      this.#realised -= joined.cost
      this.#positions.delete(to)
    } else this.#positions.set(to, joined)
  }

  /** By how much the account does not balance: 0, or there is a bug. */
  imbalance(): Units {
    const sum = (amounts: Readonly<Record<string, Units>>) => Object.values(amounts).reduce((total, amount) => total + amount, 0)
    let held = 0
    for (const { mark, quantity, multiplier } of this.#positions.values()) held += worth(mark, quantity, multiplier)
    return this.#cash + held - (this.start + this.#realised + this.unrealised + sum(this.#income) - sum(this.#costs))
  }
}
