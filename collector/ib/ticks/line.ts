/** What is known of one line of market data: the values that stand, and what the messages of the line say of them. */

import { Mark } from '../../../market/marks.ts'
import type { FieldMessage } from '../messages.ts'
import { FirstValues } from './first-values.ts'
import { isNoPrice } from './make-ticks.ts'
import { isPreOpen, marksOfPrice } from './masks.ts'
import { ASK_SIZE, BID_SIZE, type GroupField, LAST_SIZE } from './tick-types.ts'

type PriceMessage = Extract<FieldMessage, { type: 'price' }>
type Fields = Partial<Record<GroupField, number | undefined>>

export interface Line {
  instrument: number
  /** Its next data is to be reported. */
  isWatched: boolean
  /** What the gateway called the type of its data; undefined: nothing yet. */
  dataType: number | undefined
  /** The gateway said that all its data is delayed; else the type of a message says it. */
  delayed: boolean
  /** The gateway said that its data is frozen. */
  frozen: boolean
  /** The latest value of every field; IB repeats nothing that did not change. */
  fields: Fields
  fieldsDelayed: boolean
  /** What the latest price messages said of their prices. */
  priceMarks: { bidPrice: number; askPrice: number; lastPrice: number }
  first: FirstValues
  /** The key to the letters of venues, to be recorded ahead of the first ones. */
  bboExchange: string | undefined
  /** When the latest message of its latest group came. */
  groupEndMs: number
}

/** A line that was asked for. `isEndMarked`: its gateway publishes its time. */
export function newLine(instrument: number, isEndMarked: boolean): Line {
  return {
    instrument,
    isWatched: true,
    dataType: undefined,
    delayed: false,
    frozen: false,
    fields: {},
    fieldsDelayed: false,
    priceMarks: { bidPrice: 0, askPrice: 0, lastPrice: 0 },
    first: new FirstValues({ isEndMarked }),
    bboExchange: undefined,
    groupEndMs: Number.NEGATIVE_INFINITY,
  }
}

export function isOfTrade(field: GroupField): boolean {
  return field === 'lastPrice' || field === 'lastSize' || field === 'lastTime'
}

export function fieldValue(field: GroupField, message: FieldMessage): number | undefined {
  switch (message.type) {
    case 'price':
      return field !== 'lastPrice' && isNoPrice(message.price, message.size) ? undefined : message.price
    case 'size':
      return message.size
    case 'text':
      return Number.parseInt(message.text, 10) || undefined
    default:
      return undefined
  }
}

/** The size inside a price message, and what its mask says. */
export function takePriceMessage({ fields, priceMarks, first }: Line, field: GroupField, { price, size, mask }: PriceMessage): void {
  if (field === 'bidPrice') {
    fields.bidSize = size
    priceMarks.bidPrice = marksOfPrice(mask, Mark.bidPastLimit)
    first.note(BID_SIZE)
  } else if (field === 'askPrice') {
    fields.askSize = size
    priceMarks.askPrice = marksOfPrice(mask, Mark.askPastLimit)
    first.note(ASK_SIZE)
  } else {
    fields.lastSize = size
    priceMarks.lastPrice = marksOfPrice(mask, Mark.pastLimit)
    first.note(LAST_SIZE)
  }
  // IB repeats no side that stands over the open: the first one behind it says of both that it is past. An empty side has no mask.
  if (field === 'lastPrice' || isPreOpen(mask) || isNoPrice(price, size)) return
  priceMarks.bidPrice &= ~Mark.preOpen
  priceMarks.askPrice &= ~Mark.preOpen
}

/** The price of this size stands without a size, or there is none: the size that follows says what the price message could not. */
export function isSizeless(field: GroupField, { bidPrice, bidSize, askPrice, askSize, lastSize }: Fields): boolean {
  if (field === 'bidSize') return bidPrice === undefined || bidSize === undefined
  if (field === 'askSize') return askPrice === undefined || askSize === undefined
  return field === 'lastSize' && lastSize === undefined
}
