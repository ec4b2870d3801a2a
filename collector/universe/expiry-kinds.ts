/** Monthly options and the others, by their day of expiry and trading class. Pure. */

import { mayTrade } from '../../market/calendar/may-trade.ts'
import { addDays } from '../../market/time.ts'

const FRIDAY = 5
/** From a monthly expiry of VIX options to the SPX options that settle them: 30 days, or 31 where that one is a day early. */
const VIX_DAYS = [30, 31]

interface Expiring {
  symbol: string
  /** `YYYY-MM-DD` */
  expiry: string
  tradingClass: string
}

/**
 * True for standard monthly options: they expire on the third Friday of the month, on the trading day before where that is a holiday,
 * and before 2015 on the Saturday behind it; those on VIX on the Wednesday 30 days before the next third Friday.
 */
export function isMonthly({ symbol, expiry, tradingClass }: Expiring): boolean {
  if (isWeeklyClass(symbol, tradingClass)) return false
  if (symbol === 'VIX') return VIX_DAYS.some((days) => isThirdFriday(addDays(expiry, days)))
  if (isThirdFriday(expiry) || isThirdFriday(addDays(expiry, -1))) return true
  // On a holiday.
  const next = addDays(expiry, 1)
  return isThirdFriday(next) && !mayTrade(next)
}

/** Index options of their own class expire in every week: SPXW, RUTW, VIXW, NDXP. A monthly date of theirs is one among many. */
function isWeeklyClass(symbol: string, tradingClass: string): boolean {
  return tradingClass === `${symbol}W` || (symbol === 'NDX' && tradingClass === 'NDXP')
}

function isThirdFriday(date: string): boolean {
  const day = Number(date.slice(8))
  return day >= 15 && day <= 21 && new Date(`${date}T00:00:00Z`).getUTCDay() === FRIDAY
}
