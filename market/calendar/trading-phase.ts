/**
 * In which phase of its trading a contract is at a time: regular hours, the other hours in which it trades, or closed. By the hours that
 * its broker listed, for the days that the list has; otherwise by what is known of the product, and unknown where that is nothing.
 */

import type { Contract } from '../contract.ts'
import { TapedeckError } from '../errors.ts'
import { indexClassOf } from '../indices.ts'
import { nyse } from './calendar.ts'
import { LiquidHours } from './listed-hours.ts'

export type TradingPhase = 'regular' | 'extended' | 'closed'

const US_PER_MINUTE = 60_000_000
const HOUR_US = 60 * US_PER_MINUTE
/** From 20:00 on a venue trades US stocks for the next day, until 03:50. */
const OVERNIGHT_US = 4 * HOUR_US
const MORNING_US = 4 * HOUR_US
/** Options on some funds trade for so long behind the close, and which ones is not known. */
const LATE_CLOSE_US = 15 * US_PER_MINUTE

export class TradingPhases {
  readonly #regular: LiquidHours | undefined
  readonly #trading: LiquidHours | undefined
  readonly #usual: ((tsUs: number) => TradingPhase) | undefined
  #minute = Number.NaN
  #phase: TradingPhase | undefined = undefined

  constructor(contract: Contract) {
    const { hours } = contract
    if (hours) {
      this.#regular = new LiquidHours(hours)
      this.#trading = new LiquidHours({ liquid: hours.trading, timeZone: hours.timeZone })
    }
    this.#usual = usualPhases(contract)
  }

  /** Undefined when it is not known. Cheap: hours begin and end with a minute. */
  at(tsUs: number): TradingPhase | undefined {
    const minute = Math.floor(tsUs / US_PER_MINUTE)
    if (minute !== this.#minute) {
      this.#minute = minute
      this.#phase = this.#find(minute * US_PER_MINUTE)
    }
    return this.#phase
  }

  #find(tsUs: number): TradingPhase | undefined {
    if (!Number.isSafeInteger(tsUs)) return undefined
    const regular = this.#regular?.at(tsUs)
    if (regular?.isOpen) return 'regular'
    const trading = this.#trading?.at(tsUs)
    if (trading) return trading.isOpen ? 'extended' : 'closed'
    try {
      return this.#usual?.(tsUs)
    } catch (error) {
      // A year that the calendar does not know, or a date that does not exist.
      if (error instanceof TapedeckError || error instanceof RangeError) return undefined
      throw error
    }
  }
}

/** Of stocks in the United States and options on them, by the calendar of the exchange. Indices and futures have hours of their own. */
function usualPhases(contract: Contract): ((tsUs: number) => TradingPhase) | undefined {
  if (contract.currency !== 'USD') return undefined
  if (contract.kind === 'stock') return stockPhase
  return contract.kind === 'option' && indexClassOf(contract.tradingClass) === undefined ? optionPhase : undefined
}

function stockPhase(tsUs: number): TradingPhase {
  const today = nyse.zone.dateOf(tsUs)
  const hours = nyse.tradingHours(today)
  if (hours && tsUs >= hours.openUs && tsUs < hours.closeUs) return 'regular'
  if (hours && tsUs >= hours.extendedOpenUs && tsUs < hours.extendedCloseUs) return 'extended'
  const tradeDate = nyse.zone.dateOf(tsUs + OVERNIGHT_US)
  if (tradeDate !== today) return nyse.isSession(tradeDate) ? 'extended' : 'closed'
  return hours && tsUs < hours.openUs && tsUs >= hours.extendedOpenUs - MORNING_US ? 'extended' : 'closed'
}

function optionPhase(tsUs: number): TradingPhase {
  const session = nyse.session(nyse.zone.dateOf(tsUs))
  if (!session || tsUs < session.openUs || tsUs >= session.closeUs + LATE_CLOSE_US) return 'closed'
  return tsUs < session.closeUs ? 'regular' : 'extended'
}
