/**
 * What the broker does when the equity no longer covers what the positions need by the margin model: it closes positions at the market until it does.
 *
 * It looks when the value of anything changes while something is held, at most once in a second of the tape, and behind all bars of a moment. Then
 *
 * 1. all open orders of the strategy are cancelled;
 * 2. of the positions that can be traded now the one goes first whose closing leaves the most equity above what is needed, of equal ones that with the
 *    lower number: as many units as suffice, or all that can be traded; then the next one, until enough is closed or nothing is left.
 *
 * Against quotes it takes what is shown, at once; of bars it trades at the next open. Its orders cost what others cost, and are never more than what is
 * held.
 */

import type { Account } from './account.ts'
import type { Funds, PlannedTrade } from './funds.ts'
import { fromUnits } from './money.ts'
import type { OrderDesk } from './order-desk.ts'
import type { OrderGate } from './order-gate.ts'
import { isOpen, type Order, type Side } from './orders.ts'
import type { Schedule } from './schedule.ts'
import type { Venue } from './venue.ts'

const CHECK_EVERY_US = 1_000_000

export interface LiquidationOptions {
  account: Account
  funds: Funds
  venue: Venue
  desk: OrderDesk
  gate: OrderGate
  schedule: Schedule
  nowUs: () => number
}

/** A position that can be closed, in part or as a whole. */
interface Closable {
  instrument: number
  side: Side
  quantity: number
  /** What it is expected to trade at: the quote, or the mark where that is a bar to come. */
  price: number
  isBar: boolean
}

export class Liquidation {
  readonly #options: LiquidationOptions
  #checkedUs = Number.NEGATIVE_INFINITY
  #isPlanned = false
  /** Those that wait for their bar. */
  #orders: Order[] = []

  constructor(options: LiquidationOptions) {
    this.#options = options
  }

  /** To be called when the value of something may have changed. */
  marked(): void {
    const { account, schedule, nowUs } = this.#options
    if (this.#isPlanned || account.portfolio.isEmpty) return
    this.#isPlanned = true
    schedule.at(Math.max(nowUs(), this.#checkedUs + CHECK_EVERY_US), () => {
      this.#isPlanned = false
      this.#checkedUs = nowUs()
      this.#check()
    })
  }

  /** Again after each round of fills: they cost commissions, and a quote may have been for less than was needed. */
  #check(): void {
    for (let hasTraded = true; hasTraded; ) {
      this.#orders = this.#orders.filter(isOpen)
      const closing = this.#plan(this.#orders.filter((order) => this.#isUnderWay(order)).map(tradeOf))
      if (closing.length === 0) return
      hasTraded = this.#close(closing)
    }
  }

  /** What is to be closed beside what is being closed already. */
  #plan(underWay: readonly PlannedTrade[]): Closable[] {
    const { funds } = this.#options
    const trades = [...underWay]
    const closing: Closable[] = []
    if (funds.excess(trades) >= 0) return []
    const left = this.#closable(new Set(underWay.map(({ instrument }) => instrument)))
    while (left.length > 0 && funds.excess(trades) < 0) {
      const excesses = left.map((one) => funds.excess([...trades, trade(one)]))
      const at = excesses.indexOf(Math.max(...excesses))
      const [first] = left.splice(at, 1) as [Closable]
      const part = { ...first, quantity: this.#enough(first, trades) }
      closing.push(part)
      trades.push(trade(part))
    }
    return closing
  }

  /** The smallest quantity that suffices; all of it where none does. */
  #enough(closable: Closable, trades: readonly PlannedTrade[]): number {
    let [tooFew, enough] = [0, closable.quantity]
    while (enough - tooFew > 1) {
      const middle = Math.floor((tooFew + enough) / 2)
      if (this.#options.funds.excess([...trades, trade({ ...closable, quantity: middle })]) >= 0) enough = middle
      else tooFew = middle
    }
    return enough
  }

  /** By the number of the instrument. */
  #closable(but: ReadonlySet<number>): Closable[] {
    const { account, venue, gate } = this.#options
    const closable: Closable[] = []
    for (const { instrument, quantity: held, mark } of account.portfolio.positions()) {
      const side = held > 0 ? 'sell' : 'buy'
      const offer = but.has(instrument) || gate.whyClosed(instrument) !== undefined ? undefined : venue.offer(instrument, side)
      if (!offer) continue
      const { price = mark, size, isBar } = offer
      closable.push({ instrument, side, quantity: Math.min(Math.abs(held), size), price, isBar })
    }
    return closable.sort((one, other) => one.instrument - other.instrument)
  }

  /** Returns whether anything was traded. */
  #close(closing: readonly Closable[]): boolean {
    const { account, desk, funds } = this.#options
    const short = funds.shortfall()
    desk.cancelAll((order) => !order.isForced, 'cancelled by the broker: positions are closed for want of equity')
    let traded = 0
    for (const { instrument, side, quantity, isBar } of closing) {
      const order = desk.force(
        { type: 'market', side, instrument, quantity, timeInForce: isBar ? 'day' : 'ioc', note: 'liquidation' },
        (orderId) => {
          const [equity, needed] = [fromUnits(short?.equity ?? 0), fromUnits(short?.needed ?? 0)]
          account.tell({ kind: 'liquidation', instrument, orderId, quantity: side === 'buy' ? quantity : -quantity, equity, needed })
        },
      )
      this.#orders.push(order)
      traded += order.filled
    }
    return traded > 0
  }

  /** Its bar is expected: not where the instrument has none any more. */
  #isUnderWay({ request: { instrument, side } }: Order): boolean {
    return this.#options.venue.offer(instrument, side) !== undefined
  }
}

function tradeOf({ request: { instrument, side }, left }: Order): PlannedTrade {
  return trade({ instrument, side, quantity: left })
}

function trade({
  instrument,
  side,
  quantity,
  price,
}: Pick<Closable, 'instrument' | 'side' | 'quantity'> & { price?: number }): PlannedTrade {
  return { instrument, quantity: side === 'buy' ? quantity : -quantity, price }
}
