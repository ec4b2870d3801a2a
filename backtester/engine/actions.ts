/**
 * What companies do to their shares. An engine may be given actions long before their date: that a dividend is coming is known in the market, and
 * a short call is assigned for it the evening before. A strategy hears of an action on its date, and not earlier.
 */

/** Dates are the exchange's, `YYYY-MM-DD`. The fields are those of the table `corporate_actions`. */
export type CorporateAction =
  /** Who holds a share when `exDate` begins is paid, and who is short pays. In currency per share that trades on that day. */
  | { kind: 'dividend'; instrument: number; exDate: string; amount: number }
  /** Each share becomes `ratio` shares when `exDate` begins. */
  | { kind: 'split'; instrument: number; exDate: string; ratio: number }
  /** It trades on `lastDate` for the last time. At its close positions are paid out at `price`, or at their last mark where none is given. */
  | { kind: 'delisting'; instrument: number; lastDate: string; price?: number | undefined }

/** The date from which it counts. */
function dateOf(action: CorporateAction): string {
  return action.kind === 'delisting' ? action.lastDate : action.exDate
}

/** @throws RangeError for an action that cannot be booked */
function check(action: CorporateAction): void {
  const { kind } = action
  const figure = kind === 'dividend' ? action.amount : kind === 'split' ? action.ratio : (action.price ?? 0)
  const isGood = Number.isFinite(figure) && (kind === 'split' ? figure > 0 : figure >= 0)
  if (!isGood) throw new RangeError(`expected a ${kind} of instrument ${action.instrument} with a figure above 0, found ${figure}`)
}

/** Actions to come, by date. Of one date those that were given first come first, but splits before dividends: a dividend is paid per new share. */
export class ActionList {
  readonly #coming: CorporateAction[] = []

  add(action: CorporateAction): void {
    check(action)
    const isAfter = (other: CorporateAction) =>
      dateOf(other) > dateOf(action) || (dateOf(other) === dateOf(action) && other.kind !== 'split' && action.kind === 'split')
    const at = this.#coming.findIndex(isAfter)
    this.#coming.splice(at < 0 ? this.#coming.length : at, 0, { ...action })
  }

  /** Takes out the dividends and splits whose ex-date has come, and the delistings of days that are over. */
  takeBegun(date: string): CorporateAction[] {
    return this.#take((action) => (action.kind === 'delisting' ? action.lastDate < date : action.exDate <= date))
  }

  /** Takes out the delistings of a day that ends. */
  takeDelisted(date: string): CorporateAction[] {
    return this.#take((action) => action.kind === 'delisting' && action.lastDate <= date)
  }

  /** What a share pays after one date and up to another. */
  dividends(instrument: number, after: string, until: string): number {
    let sum = 0
    for (const action of this.#coming) {
      if (dateOf(action) > until) break
      if (action.kind === 'dividend' && action.instrument === instrument && action.exDate > after) sum += action.amount
    }
    return sum
  }

  #take(fits: (action: CorporateAction) => boolean): CorporateAction[] {
    if (this.#coming.length === 0) return []
    const taken = this.#coming.filter(fits)
    if (taken.length > 0) this.#coming.splice(0, this.#coming.length, ...this.#coming.filter((action) => !taken.includes(action)))
    return taken
  }
}
