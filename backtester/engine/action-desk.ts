/** Lets dividends, splits and delistings change positions, orders and prices, each on its date. docs/backtest-engine.md states the rules. */

import { type Contract, contractKey, multiplierOf, type OptionContract } from '../../market/contract.ts'
import { FeedError } from '../../market/errors.ts'
import type { DatedPayment } from '../../market/option/carry.ts'
import type { CarryState } from '../../market/state/carry-state.ts'
import { addDays } from '../../market/time.ts'
import type { Account } from './account.ts'
import type { CorporateAction } from './actions.ts'
import type { Move } from './events.ts'
import type { LastPrices } from './last-prices.ts'
import { fromUnits, worth } from './money.ts'
import type { OptionSettlement } from './option-settlement.ts'
import type { OrderDesk } from './order-desk.ts'
import type { Venue } from './venue.ts'

export interface ActionDeskOptions {
  account: Account
  venue: Venue
  desk: OrderDesk
  prices: LastPrices
  /** Undefined without a calendar: there are no expiries then. */
  settlement: OptionSettlement | undefined
  /** What the tape says of dividends. */
  carry: CarryState
}

export class ActionDesk {
  readonly #options: ActionDeskOptions
  /** Options whose terms a split changed: what the tape called them before. */
  readonly #formerKeys = new Map<number, string>()
  /** The latest ex-date of each stock that was paid. */
  readonly #paid = new Map<number, string>()

  constructor(options: ActionDeskOptions) {
    this.#options = options
  }

  apply(action: CorporateAction): void {
    if (action.kind === 'dividend') {
      this.#paid.set(action.instrument, action.exDate)
      this.#payDividend(action)
    } else if (action.kind === 'split') this.#split(action)
    else this.#delist(action)
  }

  /** Dividends of what is held which the tape named for the day that begins, and no action. */
  namedDividends(exDate: string): (CorporateAction & { kind: 'dividend' })[] {
    const { account, carry } = this.#options
    if (!carry.namesPayments) return []
    const eve = addDays(exDate, -1)
    return [...account.portfolio.positions()].flatMap(({ instrument }) => {
      if (account.instruments.of(instrument)?.kind !== 'stock' || this.#paid.get(instrument) === exDate) return []
      const amount = sumOfPayments(carry.payments(instrument, eve), eve, exDate)
      return amount > 0 ? [{ kind: 'dividend' as const, instrument, exDate, amount }] : []
    })
  }

  /**
   * Takes a contract's name from the tape.
   *
   * @throws FeedError `multiplier-changed` where what is held under its number is of another size
   */
  name(instrument: number, contract: Contract): void {
    const { account } = this.#options
    const former = this.#formerKeys.get(instrument)
    // A session that names it anew by its old terms does not undo the split.
    if (former !== undefined && former === contractKey(contract)) return
    const held = account.portfolio.position(instrument)
    if (held && held.multiplier !== multiplierOf(contract))
      throw new FeedError(
        `Instrument ${instrument} is held with the multiplier ${held.multiplier}, and the tape now names ${contractKey(contract)} under that number, with ` +
          `${multiplierOf(contract)}: what the position has become is not known. End the run before that, or leave the instrument out.`,
        { code: 'multiplier-changed' },
      )
    account.instruments.name(instrument, contract)
    if (this.#formerKeys.size === 0 || contract.kind !== 'option') return
    for (const adjusted of this.#formerKeys.keys()) this.#handOver(adjusted, instrument)
  }

  #payDividend({ instrument, amount: perShare }: CorporateAction & { kind: 'dividend' }): void {
    const { account } = this.#options
    const position = account.portfolio.position(instrument)
    if (!position || perShare === 0) return
    const amount = worth(perShare, position.quantity, position.multiplier)
    account.pay('dividend', amount)
    account.tell({ kind: 'dividend', instrument, perShare, amount: fromUnits(amount) })
  }

  #split({ instrument, ratio }: CorporateAction & { kind: 'split' }): void {
    const { account, venue, desk, prices } = this.#options
    const contract = account.instruments.of(instrument)
    venue.forget(instrument)
    prices.scale(instrument, 1 / ratio)
    desk.split(instrument, ratio)
    this.#splitPosition(instrument, ratio)
    for (const [option, terms] of account.instruments.all())
      if (terms.kind === 'option' && terms.symbol === contract?.symbol && terms.currency === contract.currency)
        this.#splitOption(option, terms, ratio)
    // Behind all of them: what goes on under another number must not be split under that one, too.
    for (const option of this.#formerKeys.keys()) for (const [named] of account.instruments.all()) this.#handOver(option, named)
  }

  /** Tells of it as moves: what was held goes, what it became comes. */
  #splitPosition(instrument: number, ratio: number): void {
    const { account } = this.#options
    const before = account.portfolio.position(instrument)
    if (!before) return
    const { quantity, mark } = before
    const realisedBefore = account.portfolio.realised
    account.portfolio.split(instrument, ratio)
    const after = account.portfolio.position(instrument)
    const realised = fromUnits(account.portfolio.realised - realisedBefore)
    const moves: Move[] = [
      { instrument, quantity: -quantity, price: mark, realised },
      { instrument, quantity: after?.quantity ?? 0, price: mark / ratio, realised: 0 },
    ]
    account.tell({ kind: 'split', instrument, ratio, moves })
  }

  /** Whole ratios make more contracts at a lower strike (OCC). What becomes an adjusted deliverable is refused: it is paid out. */
  #splitOption(option: number, terms: OptionContract, ratio: number): void {
    const { account, venue, desk } = this.#options
    venue.forget(option)
    desk.cancelAll((order) => order.request.instrument === option, 'the underlying was split')
    if (account.portfolio.position(option) === undefined) return
    if (!Number.isSafeInteger(ratio)) {
      this.#payOut(option, `a split by ${ratio} makes an adjusted deliverable, which is not held: paid out at the last mark`)
      account.instruments.close(option, 'its deliverable was adjusted by a split')
      return
    }
    this.#formerKeys.set(option, contractKey(terms))
    account.instruments.name(option, { ...terms, strike: Math.round((terms.strike / ratio) * 100) / 100 })
    this.#splitPosition(option, ratio)
  }

  /** The tape knows an option under a number of its own with the terms that an adjusted one has now: what is held goes on under that number. */
  #handOver(adjusted: number, to: number): void {
    const { account } = this.#options
    const { instruments, portfolio } = account
    const [from, onto] = [instruments.of(adjusted), instruments.of(to)]
    if (adjusted === to || !from || !onto || this.#formerKeys.has(to) || contractKey(from) !== contractKey(onto)) return
    const isHeld = portfolio.position(adjusted) !== undefined
    portfolio.rename(adjusted, to)
    if (isHeld) account.tell({ kind: 'renumbered', instrument: adjusted, to })
    this.#formerKeys.delete(adjusted)
    instruments.close(adjusted, `it goes on as instrument ${to} since a split`)
  }

  #delist({ instrument, price }: CorporateAction & { kind: 'delisting' }): void {
    const { account, venue, desk, prices, settlement } = this.#options
    account.instruments.close(instrument, 'it was delisted')
    desk.cancelAll((order) => order.request.instrument === instrument, 'it was delisted')
    venue.forget(instrument)
    const position = account.portfolio.position(instrument)
    const last = price ?? position?.mark ?? prices.of(instrument)
    if (position && last !== undefined)
      account.tell({ kind: 'delisting', instrument, moves: [account.move(instrument, -position.quantity, last)] })
    if (last !== undefined) settlement?.settleOn(instrument, last)
  }

  #payOut(instrument: number, why: string): void {
    const { account } = this.#options
    const position = account.portfolio.position(instrument)
    if (!position) return
    account.warn(why, instrument)
    account.tell({ kind: 'expiry', instrument, moves: [account.move(instrument, -position.quantity, position.mark)] })
  }
}

/** Of those with an ex-date after one day and up to another. */
export function sumOfPayments(payments: readonly DatedPayment[], after: string, until: string): number {
  return payments.reduce((sum, { exDate, amount }) => (exDate > after && exDate <= until ? sum + amount : sum), 0)
}
