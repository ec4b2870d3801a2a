/** The contract details that a broker would send. What the tape does not know takes IB's usual value or stays empty. */

import { nyse, type TradingHours } from '../../../market/calendar/calendar.ts'
import { entriesByDate } from '../../../market/calendar/listed-hours.ts'
import type { Contract, ListedHours } from '../../../market/contract.ts'
import { TapedeckError } from '../../../market/errors.ts'
import { addDays } from '../../../market/time.ts'
import type { ContractDetails, SecType } from '../protocol/contract-fields.ts'
import type { ListedContract } from './contracts.ts'
import { longNameOf, stockTypeOf } from './names.ts'

/** The plain ones of what IB lists. The gateway takes no orders; bots look their own up here. */
const ORDER_TYPES =
  'ACTIVETIM,ADJUST,ALERT,ALLOC,AON,AVGCOST,BASKET,COND,CONDORDER,DAY,DEACT,GAT,GTC,GTD,GTT,HID,IOC,LIT,LMT,LOC,MIDPX,MIT,MKT,MOC,MTL,' +
  'OCA,OPG,REL,SCALE,STP,STPLMT,TRAIL,TRAILLIT,TRAILLMT,TRAILMIT,WHATIF'
const TIME_ZONE_ID = 'US/Eastern'
/** IB lists today and the days up to here. */
const LISTED_DAYS = 6
const UNKNOWN_AGG_GROUP = 0x7fffffff
const AGG_GROUPS: Readonly<Record<SecType, number>> = { STK: 1, OPT: 2, IND: UNKNOWN_AGG_GROUP, FUT: UNKNOWN_AGG_GROUP }

type Hours = Omit<ListedHours, 'readOn'>

/**
 * The details of one contract at one tape time.
 *
 * @param underSecType Type of the underlying, which a ListedContract names only by number.
 * @param exchange One of its venues; the one where it is listed when absent.
 */
export function contractDetails(
  listed: ListedContract,
  tsUs: number,
  underSecType: SecType | '',
  exchange = listed.exchange,
): ContractDetails {
  const { contract, secType, expiry } = listed
  const today = nyse.zone.dateOf(tsUs)
  const hours = recordedHours(contract, today) ?? usualHours(secType, today)
  const hasMultiplier = contract.kind === 'option' || contract.kind === 'future'
  return {
    symbol: contract.symbol,
    secType,
    // IB shows the last trade date for the expiry: a Friday for a Saturday's, the day before for what settles in the morning.
    expiry: listed.lastTradeDate,
    lastTradeDate: listed.lastTradeDate,
    strike: contract.kind === 'option' ? contract.strike : 0,
    right: contract.kind === 'option' ? contract.right : '',
    exchange,
    currency: contract.currency,
    localSymbol: listed.localSymbol,
    marketName: listed.tradingClass,
    tradingClass: listed.tradingClass,
    conId: listed.conId,
    minTick: listed.rule.minTick,
    multiplier: hasMultiplier ? contract.multiplier : '',
    orderTypes: secType === 'IND' ? '' : ORDER_TYPES,
    validExchanges: listed.venues.join(','),
    priceMagnifier: 1,
    underConId: listed.underConId,
    longName: longNameOf(contract),
    primaryExchange: listed.primaryExchange,
    contractMonth: expiry.slice(0, 6),
    industry: '',
    category: '',
    subcategory: '',
    timeZoneId: hours.timeZone,
    tradingHours: hours.trading,
    liquidHours: hours.liquid,
    aggGroup: AGG_GROUPS[secType],
    underSymbol: underSecType === '' ? '' : contract.symbol,
    underSecType,
    // Side by side with the venues.
    marketRuleIds: listed.venues.map(() => listed.rule.id).join(','),
    realExpirationDate: expiry,
    stockType: stockTypeOf(contract),
    minSize: 1,
    sizeIncrement: 1,
    suggestedSizeIncrement: 100,
  }
}

/**
 * The hours that the broker listed when the tape was recorded, from today on, as IB lists no day that is over. Undefined when they do not
 * list today: IB lists few days ahead, and a tape may be older or longer than those.
 */
function recordedHours({ hours }: Contract, today: string): Hours | undefined {
  if (!hours) return undefined
  const day = today.replaceAll('-', '')
  const [trading, liquid] = [daysFrom(hours.trading, day), daysFrom(hours.liquid, day)]
  if (![...trading, ...liquid].some((text) => text.includes(day))) return undefined
  return { timeZone: hours.timeZone, trading: trading.join(';'), liquid: liquid.join(';') }
}

/** A day whose trading begins in the evening before bears the date of its end, too. */
function daysFrom(listed: string, day: string): string[] {
  const entries = listed.split(';').filter((text) => (text.match(/\d{8}/g)?.at(-1) ?? '') >= day)
  return [...entriesByDate(entries.join(';')).values()].slice(0, LISTED_DAYS).flat()
}

/** Those of the market's calendar. */
function usualHours(secType: SecType, today: string): Hours {
  return { timeZone: TIME_ZONE_ID, trading: hoursText(today, secType, secType === 'STK'), liquid: hoursText(today, secType, false) }
}

/**
 * Hours of the coming days as IB writes them, `20140605:0930-20140605:1600;20140606:CLOSED`, on New York's clocks.
 * Empty for futures, whose exchanges keep other hours, and for days that the calendar does not know.
 */
function hoursText(today: string, secType: SecType, extended: boolean): string {
  if (secType === 'FUT') return ''
  try {
    return Array.from({ length: LISTED_DAYS }, (_, days) => dayText(addDays(today, days), extended)).join(';')
  } catch (error) {
    if (error instanceof TapedeckError && error.code === 'calendar-range') return ''
    throw error
  }
}

function dayText(date: string, extended: boolean): string {
  const hours = nyse.tradingHours(date)
  const day = date.replaceAll('-', '')
  return hours
    ? `${day}:${clockText(hours, extended ? 'extendedOpenUs' : 'openUs')}-${day}:${clockText(hours, extended ? 'extendedCloseUs' : 'closeUs')}`
    : `${day}:CLOSED`
}

function clockText(hours: TradingHours, moment: 'openUs' | 'closeUs' | 'extendedOpenUs' | 'extendedCloseUs'): string {
  const minutes = nyse.zone.msOfDay(hours[moment]) / 60_000
  return String(Math.floor(minutes / 60) * 100 + (minutes % 60)).padStart(4, '0')
}
