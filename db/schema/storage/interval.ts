/** Intervals as PostgreSQL writes them, compared as it does: `1 day`, `24:00:00` and `24 hours` are the same, a month has 30 days. Pure. */

const SECONDS: Readonly<Record<string, number>> = {
  second: 1,
  sec: 1,
  minute: 60,
  min: 60,
  hour: 3600,
  day: 86_400,
  week: 7 * 86_400,
  mon: 30 * 86_400,
  month: 30 * 86_400,
  year: 360 * 86_400,
}
const TERM = /(-?\d+(?:\.\d+)?)\s*([a-z]+?)s?(?:\s+|$)/y
const CLOCK = /(-?)(\d+):(\d\d):(\d\d(?:\.\d+)?)\s*$/y

/** Length in seconds. Throws an Error on anything else. */
export function secondsOf(interval: string): number {
  const text = interval.trim().toLowerCase()
  let seconds = 0
  let at = 0
  while (at < text.length) {
    CLOCK.lastIndex = at
    const clock = CLOCK.exec(text)
    if (clock) {
      const [, sign, hours, minutes, rest] = clock
      const length = Number(hours) * 3600 + Number(minutes) * 60 + Number(rest)
      return seconds + (sign === '-' ? -length : length)
    }
    TERM.lastIndex = at
    const term = TERM.exec(text)
    const unit = SECONDS[term?.[2] ?? '']
    if (!term || unit === undefined) throw new Error(`expected an interval like 7 days, found ${interval}`)
    seconds += Number(term[1]) * unit
    at = TERM.lastIndex
  }
  if (text === '') throw new Error('expected an interval like 7 days, found none')
  return seconds
}

/** In the largest unit that divides it: `7 days`, `90 minutes`. */
export function intervalOf(seconds: number): string {
  const [name, length] = (
    [
      ['day', 86_400],
      ['hour', 3600],
      ['minute', 60],
    ] as const
  ).find(([, length]) => seconds % length === 0) ?? ['second', 1]
  const count = seconds / length
  return `${count} ${name}${count === 1 ? '' : 's'}`
}

export function sameInterval(one: string | null, other: string | null): boolean {
  return one === null || other === null ? one === other : secondsOf(one) === secondsOf(other)
}
