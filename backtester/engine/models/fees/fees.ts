/** What the broker, the exchange and the regulators take of an order, dated: what counts is the day of the trade. */

import { type FeeSchedule, feeOf, feesOn, type Order as FeeOrder } from '../../../../market/arbitrage/fees.ts'
import { toUnits, type Units } from '../../money.ts'

export interface FeeModel {
  readonly name: string
  /**
   * What a fill costs on top of what earlier fills of its order cost: the minimum of an order counts once for all of them.
   *
   * @param before what was filled of the order before, at its average price
   * @param date `YYYY-MM-DD` at the exchange
   */
  commission(fill: FeeOrder, before: Pick<FeeOrder, 'quantity' | 'price'>, date: string): Units
}

export const none = (): FeeModel => ({ name: 'none', commission: () => 0 })

/** A part of what is traded: 0.1 is a tenth of a percent. */
export const percent = ({ percent }: { percent: number }): FeeModel => ({
  name: 'percent',
  commission: ({ price, quantity, multiplier }) => toUnits((Math.abs(price) * quantity * multiplier * percent) / 100),
})

/** By dated schedules, as the detectors of arbitrage charge. */
export const schedule = ({ schedules, name = 'schedule' }: { schedules: readonly FeeSchedule[]; name?: string }): FeeModel => ({
  name,
  commission(fill, before, date) {
    const day = feesOn(schedules, date)
    const quantity = before.quantity + fill.quantity
    const price = (before.price * before.quantity + fill.price * fill.quantity) / quantity
    const so = (order: FeeOrder) => (order.quantity === 0 ? 0 : toUnits(feeOf(order, day)))
    return so({ ...fill, quantity, price }) - so({ ...fill, ...before })
  },
})
