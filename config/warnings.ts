/** Settings that are allowed and cannot do what they seem to be for. Each as one sentence behind the name of the setting. */

import { mayTrade } from '../market/calendar/may-trade.ts'
import { isDate } from '../market/time.ts'
import type { TapedeckConfig } from './schema.ts'

/** The generic tick with which open interest comes. */
const OPEN_INTEREST_TICK = 101

/** @param today `YYYY-MM-DD` in New York */
export function configWarnings({ gateway, universe, lines }: TapedeckConfig, today: string): string[] {
  const { underlyings } = universe
  const warnings = new Set<string>()
  if (underlyings.length > gateway.lines)
    warnings.add(
      `gateway.lines: ${gateway.lines} lines are fewer than the ${underlyings.length} underlyings, which come first: no option is recorded`,
    )
  else if (underlyings.length > 0 && underlyings.length === gateway.lines)
    warnings.add(`gateway.lines: the ${underlyings.length} underlyings take all ${gateway.lines} lines: no option is recorded`)
  for (const { symbol, expiries, minOpenInterest } of underlyings) {
    if (minOpenInterest > 0 && !gateway.genericTicks.includes(OPEN_INTEREST_TICK))
      warnings.add(
        `${symbol}: minOpenInterest leaves nothing out, as open interest comes with generic tick ${OPEN_INTEREST_TICK}, which ` +
          'gateway.genericTicks does not have',
      )
    if (expiries === 'all') continue
    for (const date of expiries.filter(isDate)) {
      if (date < today) warnings.add(`${symbol}: the expiry ${date} has passed`)
      else if (!mayTrade(date)) warnings.add(`${symbol}: no option expires on ${date}, which is no trading day`)
    }
  }
  const { rotation, minimumHoldSeconds, seenEveryMinutes } = lines
  if (rotation === 'on' && minimumHoldSeconds >= seenEveryMinutes * 60)
    warnings.add(
      `lines.seenEveryMinutes: no contract that takes turns is seen every ${seenEveryMinutes} min when each turn takes ` +
        `lines.minimumHoldSeconds, ${minimumHoldSeconds} s`,
    )
  return [...warnings]
}
