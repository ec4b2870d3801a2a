/** The hours of a contract as IB lists them, with the day on which they were read: IB lists some days ahead, and changes them. */

import type { ContractDetails } from '@stoqey/ib'

import { entriesByDate } from '../../../market/calendar/listed-hours.ts'
import type { ListedHours } from '../../../market/contract.ts'

/** A weekend and a day on either side. IB can be set to list months, and every contract goes onto the tape with its hours. */
const LISTED_DAYS = 5

/** Fields of a contract: none when IB lists no hours. */
export function hoursOf({ tradingHours, liquidHours, timeZoneId }: ContractDetails): { hours?: ListedHours } {
  if (!timeZoneId || !(tradingHours || liquidHours)) return {}
  const readOn = new Date().toISOString().slice(0, 10)
  return { hours: { readOn, timeZone: timeZoneId, trading: firstDays(tradingHours), liquid: firstDays(liquidHours) } }
}

/** A day can have several entries, one for each session. */
function firstDays(text = ''): string {
  return [...entriesByDate(text).values()].slice(0, LISTED_DAYS).flat().join(';')
}
