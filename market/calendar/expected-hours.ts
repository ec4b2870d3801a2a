/**
 * The hours in which data of a contract is expected: those that its broker listed for the day, as read last. A broker lists some days
 * ahead, and a recording may go on for longer than that: a day that was never listed has the hours of the exchange, with as much before
 * and behind them as on the last whole day that was listed. Options that trade until 16:15 do so until 13:15 when the exchange closes at
 * 13:00.
 */

import type { ListedHours } from '../contract.ts'
import type { Hours } from '../coverage.ts'
import { TapedeckError } from '../errors.ts'
import type { TradingCalendar } from './calendar.ts'
import { LiquidHours } from './listed-hours.ts'

/** Hours that differ by more from those of the exchange are not its hours with something added. */
const MOST_BESIDE_US = 3_600_000_000

export class ExpectedHours {
  readonly #calendar: TradingCalendar
  /** The latest reading first. */
  readonly #lists: readonly LiquidHours[]
  readonly #beside: { beforeUs: number; behindUs: number }
  readonly #known = new Map<string, readonly Hours[]>()

  constructor(calendar: TradingCalendar, lists: readonly ListedHours[]) {
    this.#calendar = calendar
    this.#lists = lists.toSorted((a, b) => b.readOn.localeCompare(a.readOn)).map((list) => new LiquidHours(list))
    this.#beside = this.#besideExchange()
  }

  /** Empty when it does not trade on that date. */
  on(date: string): readonly Hours[] {
    const hours = this.#known.get(date) ?? this.#listed(date) ?? this.usual(date)
    this.#known.set(date, hours)
    return hours
  }

  #listed(date: string): readonly Hours[] | undefined {
    for (const list of this.#lists) {
      const hours = list.on(date)
      if (hours) return hours
    }
    return undefined
  }

  /** Those of a day that was never listed. */
  usual(date: string): readonly Hours[] {
    const session = this.#session(date)
    if (!session) return []
    const { beforeUs, behindUs } = this.#beside
    return [{ openUs: session.openUs - beforeUs, closeUs: session.closeUs + behindUs }]
  }

  #besideExchange(): { beforeUs: number; behindUs: number } {
    for (const list of this.#lists)
      for (const date of list.dates.toReversed()) {
        const session = this.#session(date)
        const [hours, ...others] = list.on(date) ?? []
        if (!session || session.early || !hours || others.length > 0) continue
        const [beforeUs, behindUs] = [session.openUs - hours.openUs, hours.closeUs - session.closeUs]
        if ([beforeUs, behindUs].every((us) => us >= 0 && us <= MOST_BESIDE_US)) return { beforeUs, behindUs }
      }
    return { beforeUs: 0, behindUs: 0 }
  }

  #session(date: string) {
    try {
      return this.#calendar.session(date)
    } catch (error) {
      // A year that the calendar does not know.
      if (error instanceof TapedeckError) return undefined
      throw error
    }
  }
}
