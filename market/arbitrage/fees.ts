/**
 * Commissions, one order for each leg. Fees change, so they are dated: what counts is the schedule of the day of the trade. The default is
 * what IB takes from private clients in the United States (tiered for options by premium, fixed for stocks).
 */

/** Fees from a day on, in the currency of the contract. */
export interface FeeSchedule {
  /** `YYYY-MM-DD` */
  from: string
  /** Per contract, by rising premium per share: each counts from its premium on. */
  option: readonly { premium: number; fee: number }[]
  /** Least commission for an order of options. */
  optionMinimum: number
  /** What exchanges, clearing and regulators take per contract, on top. */
  optionExtra: number
  sharePerShare: number
  shareMinimum: number
  /** Most commission for an order of shares, in percent of its value; it goes before the minimum. */
  shareMaximumPercent: number
  /** What regulators take of the value of what is sold, shares and options, in percent, on top. */
  salePercent: number
}

/** An order of one leg. */
export interface Order {
  isOption: boolean
  side: 'buy' | 'sell'
  /** Contracts, or shares. */
  quantity: number
  /** Per share. */
  price: number
  /** 1 for shares. */
  multiplier: number
}

/** The schedule of a day: the latest that has begun; the first one for days before it. */
export function feesOn(schedules: readonly FeeSchedule[], date: string): FeeSchedule {
  const rising = schedules.toSorted((a, b) => (a.from < b.from ? -1 : 1))
  const found = rising.findLast(({ from }) => from <= date) ?? rising[0]
  if (found === undefined) throw new RangeError('expected a schedule of fees, found none')
  return found
}

/** What an order costs, to 1/10,000 of the currency. */
export function feeOf(order: Order, schedule: FeeSchedule): number {
  const { isOption, side, quantity, price, multiplier } = order
  const value = price * quantity * multiplier
  const commission = isOption
    ? Math.max(schedule.optionMinimum, perContract(schedule, price) * quantity) + schedule.optionExtra * quantity
    : Math.min(Math.max(schedule.shareMinimum, schedule.sharePerShare * quantity), (value * schedule.shareMaximumPercent) / 100)
  const extra = side === 'sell' ? (value * schedule.salePercent) / 100 : 0
  return roundMoney(commission + extra)
}

/** To 1/10,000 of the currency, so that sums of fees are exact. */
export function roundMoney(amount: number): number {
  return Math.round(amount * 10_000) / 10_000
}

function perContract({ option }: FeeSchedule, premium: number): number {
  let fee = option[0]?.fee ?? 0
  for (const tier of option) if (premium >= tier.premium) fee = tier.fee
  return fee
}
