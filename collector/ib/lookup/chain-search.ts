/**
 * Finds the options on an underlying that really exist, expiry by expiry. IB lists expiries and strikes as two sets whose product holds
 * pairs that do not exist; asking per expiry returns the existing ones and keeps the answers small (an open-ended query can hang a gateway).
 *
 * What was found is kept: a search that a lost link or a silent gateway ended goes on where it was. An expiry is `open` -> `found`, or
 * refused (200) -> `open` again with the next round -> `none` after three refusals that count (settle). The list of the expiries itself
 * is refused and asked for again in the same way. IB lists new expiries and strikes from day to day: a search is renewed, and keeps what
 * it had while it lasts.
 */

import { SecType } from '@stoqey/ib'

import { contractKey, type IndexContract, type OptionContract, type StockContract } from '../../../market/contract.ts'
import type { Link } from '../link/link.ts'
import { orNone } from './find-contracts.ts'
import type { LookUps } from './look-ups.ts'
import { compactDate, isoDate, optionFromDetails } from './map-contract.ts'
import type { PriceGrids } from './price-grids.ts'
import { Refusals } from './refusals.ts'

export interface ChainQuery {
  /** First and last expiry wanted, `YYYY-MM-DD`. */
  from: string
  to: string
  /** Absent: all. */
  tradingClasses?: readonly string[] | undefined
  /** Why nothing that is listed under an expiry is wanted, so that it is not asked for; undefined: it is. Absent: all is. */
  leaveOut?: ((listed: ListedExpiry) => string | undefined) | undefined
}

/** What IB's list of a chain says of an expiry. */
export interface ListedExpiry {
  /** The last day of trading, `YYYY-MM-DD`. */
  expiry: string
  tradingClass: string
  multiplier: number
}

/** An expiry whose contracts were not asked for. */
export interface UnaskedExpiry extends ListedExpiry {
  reason: string
}

/** What a search has found. */
export interface FoundChain {
  options: readonly OptionContract[]
  unasked: readonly UnaskedExpiry[]
}

/** What is used of a link. */
export interface Source {
  link: Pick<Link, 'chainParameters' | 'contractDetails'>
  grids: PriceGrids
  lookUps: LookUps
}

interface Expiry {
  expiry: string
  tradingClass: string
  isFound: boolean
  refusals: Refusals
}

export class ChainSearch {
  #root: StockContract | IndexContract
  #query: ChainQuery
  #listing = new Refusals()
  /** Undefined until the list of expiries was found. */
  #expiries: Expiry[] | undefined
  #unasked: UnaskedExpiry[] = []
  readonly #options = new Map<string, OptionContract>()

  constructor(root: StockContract | IndexContract, query: ChainQuery) {
    this.#root = root
    this.#query = query
  }

  /** All of it is to be asked for again, for other days. What was found stays, but for what has expired by then. */
  renew(query: ChainQuery): void {
    this.#query = query
    this.#listing = new Refusals()
    this.#expiries = undefined
    for (const [key, { expiry }] of this.#options) if (expiry < query.from) this.#options.delete(key)
  }

  /** The gateway has named the underlying anew. */
  follow(root: StockContract | IndexContract): void {
    this.#root = root
  }

  /** Takes over what an earlier search has found: nothing is left to be asked for. */
  recall({ options, unasked }: FoundChain): void {
    this.#expiries = []
    this.#unasked = [...unasked]
    for (const option of options) this.#options.set(contractKey(option), option)
  }

  /** What was found so far. */
  get options(): OptionContract[] {
    return [...this.#options.values()]
  }

  /** Expiries of the list that nobody wants. */
  get unasked(): readonly UnaskedExpiry[] {
    return this.#unasked
  }

  /** True when asking again would bring nothing more. */
  get isComplete(): boolean {
    if (!this.#expiries) return this.#listing.areFinal
    return this.#expiries.every(({ isFound, refusals }) => isFound || refusals.areFinal)
  }

  /** The gateway has said for good that it knows no chain of the underlying. */
  get isRefused(): boolean {
    return !this.#expiries && this.#listing.areFinal
  }

  /**
   * Asks for everything that is not known. Rejects when the link was lost or the gateway did not answer; the next call goes on from there.
   * Returns true when it found something.
   */
  async search(source: Source): Promise<boolean> {
    const wasListed = this.#expiries !== undefined
    if (!this.#expiries && !this.#listing.areFinal) await this.#list(source)
    const open = (this.#expiries ?? []).filter(({ isFound, refusals }) => !isFound && !refusals.areFinal)
    const outcomes = await Promise.allSettled(open.map((expiry) => source.lookUps.run(() => this.#find(expiry, source))))
    const failure = outcomes.find((outcome) => outcome.status === 'rejected')
    if (failure) throw failure.reason
    return (!wasListed && this.#expiries !== undefined) || open.some(({ isFound }) => isFound)
  }

  /** The refusals of the last round count: the gateway knew something else at the time. */
  settle(): void {
    this.#listing.settle()
    for (const { refusals } of this.#expiries ?? []) refusals.settle()
  }

  async #list({ link, lookUps }: Source): Promise<void> {
    const { symbol, conId = 0, kind } = this.#root
    const listings = await orNone(lookUps.run(() => link.chainParameters(symbol, conId, kind)))
    if (!listings) return this.#listing.note()
    const smart = listings.filter(({ exchange }) => exchange === 'SMART')
    const { from, to, tradingClasses, leaveOut } = this.#query
    const expiries = new Map<string, Expiry>()
    const unasked = new Map<string, UnaskedExpiry>()
    for (const { tradingClass, multiplier, expirations } of smart.length > 0 ? smart : listings) {
      if (tradingClasses && !tradingClasses.includes(tradingClass)) continue
      for (const expiration of expirations) {
        const expiry = isoDate(expiration)
        if (!expiry || expiry < from || expiry > to) continue
        const key = `${expiry} ${tradingClass}`
        const listed = { expiry, tradingClass, multiplier: multiplier || 100 }
        const reason = leaveOut?.(listed)
        if (reason === undefined) expiries.set(key, { expiry, tradingClass, isFound: false, refusals: new Refusals() })
        else unasked.set(key, { ...listed, reason })
      }
    }
    // A class can be listed with several multipliers, and is asked for when one of them is wanted.
    this.#unasked = [...unasked].filter(([key]) => !expiries.has(key)).map(([, one]) => one)
    this.#expiries = [...expiries.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, expiry]) => expiry)
  }

  async #find(part: Expiry, { link, grids }: Source): Promise<void> {
    const { symbol, currency } = this.#root
    const details = await orNone(
      link.contractDetails({
        symbol,
        secType: SecType.OPT,
        lastTradeDateOrContractMonth: compactDate(part.expiry),
        exchange: 'SMART',
        currency,
        tradingClass: part.tradingClass,
      }),
    )
    if (!details) return part.refusals.note()
    for (const detail of details) {
      const option = optionFromDetails(detail, await grids.of(detail))
      if (option) this.#options.set(contractKey(option), option)
    }
    part.isFound = true
  }
}
