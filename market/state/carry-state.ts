/**
 * What money, holding and borrowing cost, as the records of a stream say: rates by currency, dividends and borrow fees by underlying. The
 * latest record of each counts. Dividends that the broker gives as a statistic of the underlying (generic tick 456) count while no record
 * of another source names a payment to come: they reach further than the broker's next payment, which the database keeps.
 */

import { type DatedPayment, discountFactor, paymentsOfBroker, presentValueOfPayments, type RatePoint } from '../option/carry.ts'
import { daysBetween, isDate } from '../time.ts'
import type { BorrowRecord, CarryRecord, DividendsRecord, RatesRecord, Statistic } from '../tick.ts'

/** Source of records that repeat what the broker said. */
const BROKER = 'broker'
/** Source of records that repeat what the database knows. */
const DATABASE = 'corporate-actions'
/** Source of records that say all there is. */
export const SETTINGS = 'settings'
/** Of an underlying of which a single payment is known. Some pay each month. */
const UNKNOWN_INTERVAL_DAYS = 30
/** Ex-dates move by some days. */
const SURE_SHARE = 0.8
/** The statistic with the broker's text. */
const BROKER_DIVIDENDS = 'dividends'

/** What an option on an underlying needs to know for one expiry. */
export interface Carry {
  /** Calendar days from today to the day asked for; 0 on it and behind it. */
  readonly days: number
  /** What 1 on that day is worth today. 1 where no rate is known. */
  readonly discount: number
  /** Present value per unit of the payments with an ex-date after today and up to that day. */
  readonly dividends: number
  /** Annual fractions, continuously compounded, that come on top of the payments: a dividend yield, and the fee for borrowing. */
  readonly dividendYield: number
  readonly borrow: number
}

export class CarryState {
  readonly #rates = new Map<string, RatesRecord>()
  readonly #dividends = new Map<number, DividendsRecord>()
  readonly #borrow = new Map<number, BorrowRecord>()
  readonly #brokerPayments = new Map<number, readonly DatedPayment[]>()
  #version = 0

  /** Rises with every input, so that what was computed of it can be kept until then. */
  get version(): number {
    return this.#version
  }

  rates(currency: string): RatesRecord | undefined {
    return this.#rates.get(currency)
  }

  /**
   * The source that says what the underlying will pay; undefined where none does. That all payments which the database knew are over says
   * nothing of those to come.
   */
  dividendSource(underlying: number, today: string): string | undefined {
    const recorded = this.#dividends.get(underlying)
    if (recorded && namesMore(recorded, today)) return recorded.source
    if (this.#brokerPayments.has(underlying)) return BROKER
    return recorded && recorded.payments.length === 0 && recorded.source !== DATABASE ? recorded.source : undefined
  }

  /**
   * True when what is known of dividends reaches that day. The settings say all there is; what was announced, or is expected, ends with its
   * last payment, behind which the usual time until another one is free.
   */
  areDividendsKnown(underlying: number, today: string, until: string): boolean {
    const source = this.dividendSource(underlying, today)
    if (source === undefined || source === SETTINGS || this.#dividends.get(underlying)?.yield !== undefined) return source !== undefined
    const payments = this.payments(underlying, today)
    const last = payments.at(-1)
    if (last === undefined) return true
    const before = payments.at(-2)
    const usualDays = before ? daysBetween(before.exDate, last.exDate) : UNKNOWN_INTERVAL_DAYS
    return daysBetween(last.exDate, until) < usualDays * SURE_SHARE
  }

  /** Annual fraction, continuously compounded; undefined when no record said so. */
  borrow(underlying: number): number | undefined {
    return this.#borrow.get(underlying)?.rate
  }

  /** Whether a record named a payment of anything. */
  get namesPayments(): boolean {
    return this.#dividends.size > 0 || this.#brokerPayments.size > 0
  }

  /** The payments that count today, by rising ex-date. */
  payments(underlying: number, today: string): readonly DatedPayment[] {
    const recorded = this.#dividends.get(underlying)
    const named = this.#brokerPayments.get(underlying)
    return recorded && namesMore(recorded, today) && !(named && recorded.source === BROKER) ? recorded.payments : (named ?? [])
  }

  /**
   * Between two days, for one underlying and the currency it is paid in.
   *
   * @param today `YYYY-MM-DD`
   * @param until `YYYY-MM-DD`
   */
  of(underlying: number, currency: string, today: string, until: string): Carry {
    const points: readonly RatePoint[] = this.#rates.get(currency)?.points ?? []
    const days = Math.max(0, daysBetween(today, until))
    return {
      days,
      discount: discountFactor(points, days),
      dividends: presentValueOfPayments(this.payments(underlying, today), points, today, until),
      dividendYield: this.#dividends.get(underlying)?.yield ?? 0,
      borrow: this.#borrow.get(underlying)?.rate ?? 0,
    }
  }

  take(record: CarryRecord): void {
    this.#version++
    if (record.input === 'rates') this.#rates.set(record.currency, record)
    else if (record.input === 'dividends') {
      // One with a day that is none says nothing that can be counted on.
      if (record.payments.every(({ exDate }) => isDate(exDate))) this.#dividends.set(record.instrument, record)
    } else this.#borrow.set(record.instrument, record)
  }

  takeStatistic({ name, text, instrument }: Statistic): void {
    if (name !== BROKER_DIVIDENDS || text === undefined) return
    this.#version++
    const payments = paymentsOfBroker(text)
    if (payments) this.#brokerPayments.set(instrument, payments)
    else this.#brokerPayments.delete(instrument)
  }

  /** A number that now stands for another contract has nothing of what stood there before. */
  forget(instrument: number): void {
    this.#version++
    this.#dividends.delete(instrument)
    this.#borrow.delete(instrument)
    this.#brokerPayments.delete(instrument)
  }

  /** A session repeats its records. */
  clear(): void {
    this.#version++
    this.#rates.clear()
    this.#dividends.clear()
    this.#borrow.clear()
    this.#brokerPayments.clear()
  }
}

/** True when there is a payment to come, or a yield. */
function namesMore({ yield: annual, payments }: DividendsRecord, today: string): boolean {
  return annual !== undefined || payments.some(({ exDate }) => exDate > today)
}
