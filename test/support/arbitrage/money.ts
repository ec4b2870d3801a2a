/**
 * What money costs, by term, written anew for tests: no line of market/option. Days are calendar days from today, a year has 365; rates are
 * continuously compounded annual fractions.
 */

export interface CurvePoint {
  days: number
  rate: number
}

/** What 1 on a day is worth today: between two points its logarithm is a straight line, before the first and behind the last the rate goes on. */
export function discountOn(curve: readonly CurvePoint[]): (day: number) => number {
  const logs = curve.map(({ days, rate }) => ({ days, log: -(rate * days) / 365 }))
  return (day) => {
    if (day <= 0) return 1
    const after = logs.findIndex(({ days }) => days >= day)
    const [low, high] = [logs[after - 1], logs[after]]
    if (low && high) return Math.exp(low.log + ((high.log - low.log) * (day - low.days)) / (high.days - low.days))
    const end = high ?? logs.at(-1)
    return end === undefined ? 1 : Math.exp((end.log * day) / end.days)
  }
}

/** A date so many days on, `YYYY-MM-DD`. */
export function dayAfter(date: string, days: number): string {
  return new Date(Date.parse(date) + days * 86_400_000).toISOString().slice(0, 10)
}

export function daysFrom(today: string, date: string): number {
  return (Date.parse(date) - Date.parse(today)) / 86_400_000
}

/**
 * Commission of one order, from the vectors of IB's tiered fees for options on US exchanges: 0.65 a contract, 0.50 below a premium of
 * 0.10, 0.25 below 0.05, at least 1.00.
 */
export function optionCommission(contracts: number, premium: number): number {
  const each = premium >= 0.1 ? 0.65 : premium >= 0.05 ? 0.5 : 0.25
  return Math.max(1, contracts * each)
}

/** IB's fixed fees for US stocks: 0.005 a share, at least 1.00, at most 1 % of what is traded. */
export function stockCommission(shares: number, price: number): number {
  return Math.min(Math.max(1, shares * 0.005), shares * price * 0.01)
}
