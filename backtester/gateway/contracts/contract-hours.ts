/**
 * When a contract trades: as IB listed it, on the days for which the tape has that, else by the calendar of the New York Stock Exchange, with
 * what the contract trades beside it on other days. Many contracts share their hours, and each set of them is read once.
 */

import { nyse } from '../../../market/calendar/calendar.ts'
import { ExpectedHours } from '../../../market/calendar/expected-hours.ts'
import { entriesByDate, LiquidHours } from '../../../market/calendar/listed-hours.ts'
import type { Contract, ListedHours } from '../../../market/contract.ts'
import { TapedeckError } from '../../../market/errors.ts'
import { addDays, createZone, daysBetween, isDate, type Zone } from '../../../market/time.ts'

const NEW_YORK = 'US/Eastern'
const MS_PER_DAY = 86_400_000

/** From its first microsecond to the first one behind it. */
interface Session {
  openUs: number
  closeUs: number
}

/** Sessions in their order, by the date on which they end; a day that is closed has none. */
type Days = ReadonlyMap<string, readonly Session[]>

/** A session and the day that it belongs to, `YYYY-MM-DD`, on the clocks of its contract. */
export interface DatedSession extends Session {
  date: string
}

export class ContractHours {
  /** The clocks by which the contract trades. */
  readonly zone: Zone = nyse.zone
  /** As IB calls them. */
  readonly timeZone: string = NEW_YORK
  readonly #kind: Contract['kind']
  readonly #regular: Days | undefined
  readonly #all: Days | undefined
  /** Of days that were not listed. */
  readonly #unlisted: ExpectedHours
  /** The date that was asked about last, and the regular sessions that touch it. */
  #latest: { date: string; sessions: readonly Session[] } = { date: '', sessions: [] }

  constructor({ kind, hours }: Pick<Contract, 'kind' | 'hours'>) {
    this.#kind = kind
    const zone = hours && zoneOf(hours)
    this.#unlisted = new ExpectedHours(nyse, zone ? [hours] : [])
    if (!zone) return
    this.zone = zone
    this.timeZone = hours.timeZone
    this.#regular = daysOf(hours, zone)
    this.#all = daysOf({ timeZone: hours.timeZone, liquid: hours.trading }, zone)
  }

  /** True in regular hours. */
  isOpenAt(tsUs: number): boolean {
    if (!this.#regular) return nyse.isOpenAt(tsUs)
    return this.#sessionAt(tsUs) !== undefined
  }

  /** The regular sessions of a date; for a future that nothing is listed of, those of stocks. */
  regularOn(date: string): readonly Session[] {
    return this.#regular?.get(date) ?? this.#unlisted.usual(date)
  }

  /** When the regular hours of a moment begin: those of its session, else of its day. Undefined on a day without any. */
  openUs(tsUs: number): number | undefined {
    const session = this.#sessionAt(tsUs)
    if (session) return session.openUs
    return this.regularOn(this.zone.dateOf(tsUs))[0]?.openUs
  }

  /** When the trading of the day ends that holds a moment; at midnight where nothing is known of it. */
  endOfDayUs(tsUs: number, isRegular: boolean): number {
    const date = this.zone.dateOf(tsUs)
    const midnightUs = this.zone.toUs(date, MS_PER_DAY)
    try {
      const tomorrow = this.sessionsOn(addDays(date, 1), isRegular)
      // What begins in the evening ends with the next day's trading.
      const sessions = tomorrow.some(({ openUs }) => openUs <= tsUs) ? tomorrow : this.sessionsOn(date, isRegular)
      return sessions.at(-1)?.closeUs ?? midnightUs
    } catch (error) {
      if (error instanceof TapedeckError) return midnightUs
      throw error
    }
  }

  /**
   * The sessions from one date to another, both included.
   *
   * @throws TapedeckError `calendar-range` for a day before the known history.
   */
  sessions(from: string, to: string, isRegular: boolean): DatedSession[] {
    const dates = Array.from({ length: Math.max(0, daysBetween(from, to) + 1) }, (_, i) => addDays(from, i))
    return dates.flatMap((date) => this.sessionsOn(date, isRegular).map((session) => ({ ...session, date })))
  }

  /** @throws TapedeckError as `sessions`. */
  sessionsOn(date: string, isRegular: boolean): readonly Session[] {
    const listed = (isRegular ? this.#regular : this.#all)?.get(date)
    if (listed) return listed
    // Futures keep the hours of their own exchanges.
    const hours = this.#kind === 'future' ? undefined : nyse.tradingHours(date)
    if (!hours) return []
    const isExtended = this.#kind === 'stock' && !isRegular
    return isExtended ? [{ openUs: hours.extendedOpenUs, closeUs: hours.extendedCloseUs }] : this.#unlisted.usual(date)
  }

  /** A session of the evening belongs to the day on which it ends. */
  #sessionAt(tsUs: number): Session | undefined {
    if (!this.#regular) return undefined
    const date = this.zone.dateOf(tsUs)
    if (this.#latest.date !== date) this.#latest = { date, sessions: [date, addDays(date, 1)].flatMap((day) => this.regularOn(day)) }
    return this.#latest.sessions.find(({ openUs, closeUs }) => tsUs >= openUs && tsUs < closeUs)
  }
}

function daysOf(listed: Pick<ListedHours, 'liquid' | 'timeZone'>, zone: Zone): Days {
  const hours = new LiquidHours(listed)
  const days = new Map<string, Session[]>()
  for (const date of hours.dates) {
    const sessions = hours.on(date) ?? []
    if (sessions.length === 0) days.set(date, [])
    for (const session of sessions) {
      const end = zone.dateOf(session.closeUs - 1)
      days.set(
        end,
        [...(days.get(end) ?? []), session].toSorted((a, b) => a.openUs - b.openUs),
      )
    }
  }
  return days
}

/** The hours of all contracts, each set of them once. */
export class HoursBook {
  readonly #known = new Map<string, ContractHours>()

  of(contract: Contract): ContractHours {
    const { kind, hours } = contract
    const key = hours ? `${kind} ${hours.timeZone} ${hours.liquid} ${hours.trading}` : kind
    const known = this.#known.get(key) ?? new ContractHours(contract)
    this.#known.set(key, known)
    return known
  }
}

/** The hours of an earlier and a later listing: days of both are as the later one has them. */
export function mergedHours(earlier: ListedHours | undefined, later: ListedHours | undefined): ListedHours | undefined {
  if (!earlier || !later || !haveSameClocks(earlier, later)) return later ?? earlier
  return { ...later, trading: mergedDays(earlier.trading, later.trading), liquid: mergedDays(earlier.liquid, later.liquid) }
}

/** True for two names of one zone as well, such as `US/Eastern` and `America/New_York`. */
function haveSameClocks(earlier: ListedHours, later: ListedHours): boolean {
  if (earlier.timeZone === later.timeZone) return true
  const [before, after] = [zoneOf(earlier), zoneOf(later)]
  if (!before || !after) return false
  return [earlier.readOn, later.readOn].every((date) => isDate(date) && before.toUs(date, 0) === after.toUs(date, 0))
}

/** A day that is in both lists has the entries of the later one only. */
function mergedDays(earlier: string, later: string): string {
  if (earlier === later) return later
  const days = new Map([...entriesByDate(earlier), ...entriesByDate(later)])
  return [...days.keys()]
    .toSorted()
    .flatMap((date) => days.get(date) ?? [])
    .join(';')
}

/** Undefined for a name of IB's own, whose clocks are not known. */
function zoneOf({ timeZone }: ListedHours): Zone | undefined {
  try {
    return createZone(timeZone)
  } catch {
    return undefined
  }
}
