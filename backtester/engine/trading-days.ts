/**
 * The course of the days of a market, as events among the others: a day begins at midnight on the exchange's clocks, its session opens and closes,
 * and in the evening comes the cut-off for exercising options. Each day plans the next one when it begins.
 */

import type { TradingCalendar, TradingSession } from '../../market/calendar/calendar.ts'
import { addDays } from '../../market/time.ts'
import type { Schedule } from './schedule.ts'

/** When brokers and the clearing house have to know who exercises: 17:30 in New York, 90 minutes behind the usual close. */
const CUT_OFF_US = 90 * 60 * 1_000_000

export interface DayEvents {
  /** Every calendar day. @param isFirst no night lies before it */
  begin: (date: string, isFirst: boolean) => void
  open: (session: TradingSession) => void
  close: (session: TradingSession) => void
  /** @param next the session after this one */
  cutOff: (session: TradingSession, next: TradingSession) => void
}

export class TradingDays {
  readonly #calendar: TradingCalendar
  readonly #schedule: Schedule
  readonly #on: DayEvents
  #today = ''
  #session: TradingSession | undefined
  /** The session that holds a bar, and the day that it belongs to. */
  #barDay: { fromUs: number; toUs: number; session: TradingSession | undefined } = { fromUs: 0, toUs: 0, session: undefined }

  constructor({ calendar, schedule, on }: { calendar: TradingCalendar; schedule: Schedule; on: DayEvents }) {
    this.#calendar = calendar
    this.#schedule = schedule
    this.#on = on
  }

  /** `YYYY-MM-DD`; empty before the first moment. */
  get today(): string {
    return this.#today
  }

  get hasBegun(): boolean {
    return this.#today !== ''
  }

  /** To be called with the first moment. */
  begin(tsUs: number): void {
    this.#begin(this.#calendar.zone.dateOf(tsUs), tsUs)
  }

  /** When today's business is over: its cut-off once the session has closed, else now. */
  endOfDay(nowUs: number): number {
    const session = this.#session
    return session && nowUs >= session.closeUs ? Math.max(nowUs, session.closeUs + CUT_OFF_US) : nowUs
  }

  /** The last day whose session is over. */
  closedDate(nowUs: number): string {
    const session = this.#session
    return session && nowUs >= session.closeUs ? this.#today : addDays(this.#today, -1)
  }

  /** The session of the day on which a bar began. */
  sessionOf(startUs: number): TradingSession | undefined {
    const day = this.#barDay
    if (startUs >= day.fromUs && startUs < day.toUs) return day.session
    const { zone } = this.#calendar
    const date = zone.dateOf(startUs)
    const session = this.#calendar.session(date)
    this.#barDay = { fromUs: zone.toUs(date, 0), toUs: zone.toUs(addDays(date, 1), 0), session }
    return session
  }

  #begin(date: string, fromUs: number): void {
    const isFirst = !this.hasBegun
    this.#today = date
    const session = this.#calendar.session(date)
    this.#session = session
    this.#on.begin(date, isFirst)
    if (session) this.#planSession(session, fromUs)
    const next = addDays(date, 1)
    const nextUs = this.#calendar.zone.toUs(next, 0)
    this.#schedule.at(nextUs, () => this.#begin(next, nextUs))
  }

  #planSession(session: TradingSession, fromUs: number): void {
    const { openUs, closeUs, date } = session
    const plan = (tsUs: number, run: () => void) => {
      if (tsUs >= fromUs) this.#schedule.at(tsUs, run)
    }
    plan(openUs, () => this.#on.open(session))
    plan(closeUs, () => this.#on.close(session))
    plan(closeUs + CUT_OFF_US, () => this.#on.cutOff(session, this.#calendar.nextSession(date)))
  }
}
