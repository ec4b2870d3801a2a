/** Which contracts were wanted when, and in which hours data of them was expected: what a gap of all lines is of, and what it costs. */

import type { FirstWanted, Hold, ListedFor, RecordedCoverage, RecordedGap } from '../../db/read/queries/coverage.ts'
import type { TradingCalendar } from '../../market/calendar/calendar.ts'
import { ExpectedHours } from '../../market/calendar/expected-hours.ts'
import { inside, type Span, union } from '../../market/coverage.ts'
import { addDays } from '../../market/time.ts'

const EVER: Span = { fromUs: Number.NEGATIVE_INFINITY, toUs: Number.POSITIVE_INFINITY }
/** Lines that are asked for later than the first by more than this came later: with the search for new options, or new settings. */
const FIRST_LINES_US = 600_000_000

/** When each contract was wanted, by session. One of months has many that expired, or came later. */
export class Wanted {
  readonly #sessions: RecordedCoverage['sessions']
  readonly #spans = new Map<number, Map<number, Span[]>>()
  readonly #firsts = new Map<number, FirstWanted[]>()

  constructor({ sessions, holds, missing, firsts }: Pick<RecordedCoverage, 'sessions' | 'holds' | 'missing' | 'firsts'>) {
    this.#sessions = sessions
    for (const first of firsts) {
      const its = this.#firsts.get(first.sessionId)
      if (its) its.push(first)
      else this.#firsts.set(first.sessionId, [first])
    }
    for (const hold of [...holds, ...missing]) this.#add(hold)
    for (const session of this.#spans.values()) for (const [instrument, spans] of session) session.set(instrument, union(spans, EVER))
  }

  /** The instruments that a gap of all lines, or of those of a farm, may be of. */
  during({ sessionId, fromUs, toUs }: RecordedGap): number[] {
    const firsts = this.#firsts.get(sessionId) ?? []
    const firstUs = firsts.reduce((least, { us }) => Math.min(least, us), Number.POSITIVE_INFINITY)
    // A session's first lines are asked for when the gap in front of them is over, and were wanted during all of it.
    if (fromUs < firstUs && firsts.length > 0) {
      const untilUs = Math.max(toUs, firstUs + FIRST_LINES_US)
      return firsts.flatMap(({ instrument, us }) => (us <= untilUs ? [instrument] : []))
    }
    const session = this.#spans.get(sessionId)
    if (!session) return this.#sessions.get(sessionId) ?? []
    return [...session].flatMap(([instrument, spans]) => (inside(spans, { fromUs, toUs }).length > 0 ? [instrument] : []))
  }

  #add({ sessionId, instrument, fromUs, toUs }: Hold): void {
    const session = this.#spans.get(sessionId) ?? new Map<number, Span[]>()
    this.#spans.set(sessionId, session)
    const spans = session.get(instrument)
    if (spans) spans.push({ fromUs, toUs })
    else session.set(instrument, [{ fromUs, toUs }])
  }
}

/** The hours of each contract. Those for which the same is listed share what is made of it. */
export class HoursOfContracts {
  readonly #calendar: TradingCalendar
  readonly #usual: ExpectedHours
  readonly #hours = new Map<number, ExpectedHours>()

  constructor(calendar: TradingCalendar, listed: readonly ListedFor[]) {
    this.#calendar = calendar
    this.#usual = new ExpectedHours(calendar, [])
    const lists = new Map<number, ListedFor[]>()
    for (const list of listed)
      for (const instrument of list.instruments) {
        const its = lists.get(instrument)
        if (its) its.push(list)
        else lists.set(instrument, [list])
      }
    const made = new Map<string, ExpectedHours>()
    for (const [instrument, its] of lists) {
      const key = its.map((list) => listed.indexOf(list)).join()
      const hours =
        made.get(key) ??
        new ExpectedHours(
          calendar,
          its.map(({ hours }) => hours),
        )
      made.set(key, hours)
      this.#hours.set(instrument, hours)
    }
  }

  /** Those of the exchange, where nothing is listed. */
  of(instrument: number): ExpectedHours {
    return this.#hours.get(instrument) ?? this.#usual
  }

  /** How much of `span` lies in the hours of these contracts, summed over them; of one that nothing is known of, where there are none. */
  within(span: Span, contracts: readonly { instrument: number }[]): number {
    const counts = new Map<ExpectedHours, number>()
    for (const { instrument } of contracts) counts.set(this.of(instrument), (counts.get(this.of(instrument)) ?? 0) + 1)
    if (contracts.length === 0) counts.set(this.#usual, 1)
    let us = 0
    for (const [hours, count] of counts) us += count * this.#hoursIn(span, hours)
    return us
  }

  #hoursIn({ fromUs, toUs }: Span, hours: ExpectedHours): number {
    const { zone } = this.#calendar
    let us = 0
    const end = addDays(zone.dateOf(toUs), 1)
    for (let date = addDays(zone.dateOf(fromUs), -1); date <= end; date = addDays(date, 1))
      for (const { openUs, closeUs } of hours.on(date)) us += Math.max(0, Math.min(closeUs, toUs) - Math.max(openUs, fromUs))
    return us
  }
}
