/**
 * The overnight session of US stocks: from 20:00 to 03:50 in New York, when one venue trades while the day's volume, high and low stand.
 * Its trades belong to the next trading day.
 */

import { createZone } from '../time.ts'

const FROM_HOUR = 20
const UNTIL_HOUR = 3
const UNTIL_MINUTE = 50
const US_PER_MINUTE = 60_000_000
const MINUTES_PER_DAY = 1440

/** Returns what tells whether a time lies in the overnight session. */
export function createOvernightSession(): (tsUs: number) => boolean {
  const zone = createZone('America/New_York')
  return (tsUs) => {
    const minute = Math.floor((tsUs + zone.offsetUsAt(tsUs)) / US_PER_MINUTE) % MINUTES_PER_DAY
    return minute >= FROM_HOUR * 60 || minute < UNTIL_HOUR * 60 + UNTIL_MINUTE
  }
}
