/** The contract details that a broker would send. What the tape does not know takes IB's usual value or stays empty. */

import { nyse } from '../../../market/calendar/calendar.ts'
import { entriesByDate } from '../../../market/calendar/listed-hours.ts'
import type { Contract, ListedHours } from '../../../market/contract.ts'
import { TapedeckError } from '../../../market/errors.ts'
import { addDays, type Zone } from '../../../market/time.ts'
import type { ContractDetails, SecType } from '../protocol/contract-fields.ts'
import type { ContractHours } from './contract-hours.ts'
import type { ListedContract } from './contracts.ts'
import { longNameOf, stockTypeOf } from './names.ts'

/** The plain ones of what IB lists. The gateway takes no orders; bots look their own up here. */
const ORDER_TYPES =
  'ACTIVETIM,ADJUST,ALERT,ALLOC,AON,AVGCOST,BASKET,COND,CONDORDER,DAY,DEACT,GAT,GTC,GTD,GTT,HID,IOC,LIT,LMT,LOC,MIDPX,MIT,MKT,MOC,MTL,' +
  'OCA,OPG,REL,SCALE,STP,STPLMT,TRAIL,TRAILLIT,TRAILLMT,TRAILMIT,WHATIF'
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
  const hours = recordedHours(contract, today) ?? usualHours(listed.hours, secType, today)
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

/** Those that are expected on days that were not listed. */
function usualHours(hours: ContractHours, secType: SecType, today: string): Hours {
  // Futures keep the hours of their own exchanges.
  if (secType === 'FUT') return { timeZone: hours.timeZone, trading: '', liquid: '' }
  return { timeZone: hours.timeZone, trading: hoursText(hours, today, false), liquid: hoursText(hours, today, true) }
}

/**
 * Hours of the coming days as IB writes them, `20140605:0930-20140605:1600;20140606:CLOSED`, on the contract's clocks.
 * Empty for days that the calendar does not know.
 */
function hoursText(hours: ContractHours, today: string, isRegular: boolean): string {
  try {
    return Array.from({ length: LISTED_DAYS }, (_, days) => dayText(hours, addDays(today, days), isRegular)).join(';')
  } catch (error) {
    if (error instanceof TapedeckError && error.code === 'calendar-range') return ''
    throw error
  }
}

function dayText(hours: ContractHours, date: string, isRegular: boolean): string {
  const sessions = hours.sessionsOn(date, isRegular)
  if (sessions.length === 0) return `${date.replaceAll('-', '')}:CLOSED`
  return sessions.map(({ openUs, closeUs }) => `${clockText(hours.zone, openUs)}-${clockText(hours.zone, closeUs)}`).join(';')
}

function clockText(zone: Zone, tsUs: number): string {
  const minutes = zone.msOfDay(tsUs) / 60_000
  const time = String(Math.floor(minutes / 60) * 100 + (minutes % 60)).padStart(4, '0')
  return `${zone.dateOf(tsUs).replaceAll('-', '')}:${time}`
}
