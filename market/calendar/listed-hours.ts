/**
 * The hours in which a contract trades as its broker lists them, as times. IB: `20140605:0930-20140605:1600;20140606:CLOSED`. A day with
 * several sessions has an entry for each of them, or one with the sessions separated by commas.
 */

import type { ListedHours } from '../contract.ts'
import { TapedeckError } from '../errors.ts'
import { addDays, createZone, type Zone } from '../time.ts'

interface Session {
  openUs: number
  closeUs: number
}

const MINUTE_MS = 60_000
const DATE = /^(\d{4})(\d{2})(\d{2})$/
const TIME = /^(?:(\d{8}):)?(\d{2})(\d{2})$/

/** What the list says of a time: inside of regular hours, or since when outside of them; undefined when it says nothing of that day. */
export type ListedTime = { isOpen: true } | { isOpen: false; closedSinceUs: number }

export class LiquidHours {
  readonly #sessions: Session[] = []
  readonly #days = new Map<string, readonly Session[]>()
  #fromUs = Number.POSITIVE_INFINITY
  #toUs = Number.NEGATIVE_INFINITY

  /** What cannot be read of the list is as if it were not listed. */
  constructor({ liquid, timeZone }: Pick<ListedHours, 'liquid' | 'timeZone'>) {
    const zone = zoneOf(timeZone)
    if (!zone) return
    for (const entry of [...entriesByDate(liquid).values()].flat()) {
      try {
        this.#addEntry(zone, entry)
      } catch (error) {
        // A date or a time of day that does not exist.
        if (!(error instanceof RangeError || error instanceof TapedeckError)) throw error
      }
    }
    this.#sessions.sort((a, b) => a.openUs - b.openUs)
  }

  at(tsUs: number): ListedTime | undefined {
    if (tsUs < this.#fromUs || tsUs >= this.#toUs) return undefined
    let closedSinceUs = this.#fromUs
    for (const { openUs, closeUs } of this.#sessions) {
      if (tsUs >= openUs && tsUs < closeUs) return { isOpen: true }
      if (closeUs <= tsUs) closedSinceUs = Math.max(closedSinceUs, closeUs)
    }
    return { isOpen: false, closedSinceUs }
  }

  /** The days that are listed, closed ones included, as the list has them. */
  get dates(): readonly string[] {
    return [...this.#days.keys()]
  }

  /** The sessions that the list has under a date, none when it says that it is closed; undefined when it does not have the date. */
  on(date: string): readonly Session[] | undefined {
    return this.#days.get(date)
  }

  #addEntry(zone: Zone, text: string): void {
    const date = dateOf(text.slice(0, 8))
    if (date === undefined || text[8] !== ':') return
    const hours = text.slice(9)
    const sessions = hours === 'CLOSED' ? [] : hours.split(',').map((part) => sessionOf(zone, date, part))
    if (sessions.includes(undefined)) return
    const [fromUs, toUs] = [zone.toUs(date, 0), zone.toUs(addDays(date, 1), 0)]
    const known = sessions.filter((session) => session !== undefined)
    this.#sessions.push(...known)
    const sameDay = [...(this.#days.get(date) ?? []), ...known]
    this.#days.set(
      date,
      sameDay.toSorted((a, b) => a.openUs - b.openUs),
    )
    this.#fromUs = Math.min(this.#fromUs, fromUs)
    this.#toUs = Math.max(this.#toUs, toUs)
  }
}

/** The entries of a list by the date that they begin with, `YYYYMMDD`, both in the order of the list. */
export function entriesByDate(listed: string): Map<string, string[]> {
  const days = new Map<string, string[]>()
  for (const text of listed.split(';')) {
    const entry = text.trim()
    if (entry === '') continue
    const date = entry.slice(0, 'YYYYMMDD'.length)
    days.set(date, [...(days.get(date) ?? []), entry])
  }
  return days
}

/** `0930-20140605:1600`, or `0930-1600`. */
function sessionOf(zone: Zone, date: string, text: string): Session | undefined {
  const [openUs, closeUs] = text.split('-').map((time) => {
    const [, day, hour, minute] = TIME.exec(time.trim()) ?? []
    const on = day === undefined ? date : dateOf(day)
    return hour === undefined || on === undefined ? undefined : zone.toUs(on, (Number(hour) * 60 + Number(minute)) * MINUTE_MS)
  })
  return openUs !== undefined && closeUs !== undefined && closeUs > openUs ? { openUs, closeUs } : undefined
}

function dateOf(digits: string): string | undefined {
  const [, year, month, day] = DATE.exec(digits) ?? []
  return year === undefined ? undefined : `${year}-${month}-${day}`
}

function zoneOf(name: string): Zone | undefined {
  try {
    return createZone(name)
  } catch {
    // A name of the broker's own.
    return undefined
  }
}
