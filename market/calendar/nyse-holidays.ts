/**
 * When the New York Stock Exchange does not open, or closes early, by its rules (NYSE Rule 7.2 and its yearly announcements)
 * and by the days no rule could foresee. Knows 1998 onward: before, Martin Luther King Day was no holiday there.
 * An unscheduled closure of the future has to be added here.
 */

import { addDays, weekday } from '../time.ts'

/** The first year these rules hold for. */
export const NYSE_FIRST_YEAR = 1998

const SUNDAY = 0
const MONDAY = 1
const THURSDAY = 4
const SATURDAY = 6

const UNSCHEDULED_CLOSURES = [
  '2001-09-11', // Attacks on New York and Washington, until the end of that week
  '2001-09-12',
  '2001-09-13',
  '2001-09-14',
  '2004-06-11', // Mourning for President Reagan
  '2007-01-02', // Mourning for President Ford
  '2012-10-29', // Hurricane Sandy, two days
  '2012-10-30',
  '2018-12-05', // Mourning for President George H. W. Bush
  '2025-01-09', // Mourning for President Carter
]

/** 13:00 closes that follow from no rule: the eve of 2000, and the Friday after Christmas of 2003. */
const EXTRA_EARLY_CLOSES = ['1999-12-31', '2003-12-26']

/** Days of the year without a session, weekends left out of account: some of these fall on one. */
export function nyseClosures(year: number): string[] {
  return [
    newYearsDay(year),
    nthWeekday(3, MONDAY, `${year}-01`), // Martin Luther King Day
    nthWeekday(3, MONDAY, `${year}-02`), // Washington's Birthday
    addDays(easterSunday(year), -2), // Good Friday
    addDays(nthWeekday(1, MONDAY, `${year}-06`), -7), // Memorial Day, the last Monday of May
    ...(year >= 2022 ? [observed(`${year}-06-19`)] : []), // Juneteenth
    observed(`${year}-07-04`),
    nthWeekday(1, MONDAY, `${year}-09`), // Labor Day
    thanksgiving(year),
    observed(`${year}-12-25`),
    ...UNSCHEDULED_CLOSURES.filter((date) => date.startsWith(`${year}-`)),
  ]
}

/** Days of the year that end at 13:00 if they are sessions at all: a closure or a weekend takes precedence. */
export function nyseEarlyCloses(year: number): string[] {
  // Before 2013 a Thursday holiday was followed by a short Friday; since then the Wednesday before it is short.
  const fridayAfterIndependenceDay = year < 2013 && weekday(`${year}-07-04`) === THURSDAY
  return [
    fridayAfterIndependenceDay ? `${year}-07-05` : `${year}-07-03`,
    addDays(thanksgiving(year), 1),
    `${year}-12-24`,
    ...EXTRA_EARLY_CLOSES.filter((date) => date.startsWith(`${year}-`)),
  ]
}

/** Not moved from a Saturday: the Friday before is the last of a year, when the books are closed. */
function newYearsDay(year: number): string {
  const date = `${year}-01-01`
  return weekday(date) === SATURDAY ? date : observed(date)
}

function thanksgiving(year: number): string {
  return nthWeekday(4, THURSDAY, `${year}-11`)
}

/** A holiday on a Saturday is kept on the Friday before, one on a Sunday on the Monday after. */
function observed(date: string): string {
  const day = weekday(date)
  if (day === SATURDAY) return addDays(date, -1)
  return day === SUNDAY ? addDays(date, 1) : date
}

function nthWeekday(n: number, day: number, month: string): string {
  const first = `${month}-01`
  return addDays(first, ((day - weekday(first) + 7) % 7) + 7 * (n - 1))
}

/** Anonymous Gregorian algorithm (Nature, 1876; Meeus, Astronomical Algorithms, chapter 8), with its remainders named for what they are. */
function easterSunday(year: number): string {
  const century = Math.floor(year / 100)
  const yearOfCentury = year % 100
  const golden = year % 19
  const moonCorrection = Math.floor((century - Math.floor((century + 8) / 25) + 1) / 3)
  const epact = (19 * golden + century - Math.floor(century / 4) - moonCorrection + 15) % 30
  const toSunday = (32 + 2 * (century % 4) + 2 * Math.floor(yearOfCentury / 4) - epact - (yearOfCentury % 4)) % 7
  const lateMoon = Math.floor((golden + 11 * epact + 22 * toSunday) / 451)
  return addDays(`${year}-03-22`, epact + toSunday - 7 * lateMoon)
}
