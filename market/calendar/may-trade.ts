/** Whether the stock exchange may have a session on a day: true also of days that its calendar does not know. */

import { TapedeckError } from '../errors.ts'
import { nyse } from './calendar.ts'

/** @param date `YYYY-MM-DD`, a day that exists */
export function mayTrade(date: string): boolean {
  try {
    return nyse.session(date) !== undefined
  } catch (error) {
    if (error instanceof TapedeckError) return true
    throw error
  }
}
