/**
 * Every field of a tick, named once: what exports, SQL column lists, the rebuilding of rows and the comments of the schema are made from.
 * The hot path of quotes names its fields by hand (db/write/copy-encode.ts, db/read/copy-decode.ts); tests compare.
 */

import { MARK_NAMES } from './marks.ts'
import type { Greeks, Quote, Statistic, Tick, Trade } from './tick.ts'

/** `time`: microseconds since 1970 UTC, in SQL a timestamptz. `true`: true or absent. `marks`: bits, in SQL and exports their names. */
export type FieldType = 'float' | 'text' | 'time' | 'true' | 'marks'

export interface TickField<Name extends string = string> {
  /** In a record; exports call it the same, but times, which they write as text, lose their `Us`. */
  name: Name
  /** In the database. */
  column: string
  type: FieldType
  /** What it is and in which unit: the comment of the column. */
  about: string
}

type OwnFields<T extends Tick> = readonly TickField<Exclude<keyof T & string, keyof Quote & keyof Trade & keyof Greeks & keyof Statistic>>[]

const ABOUT_PRICE = 'In currency per unit.'
const ABOUT_SIZE = 'In units traded, as sent: contracts, or shares, which of US stocks may be lots: the view stock_size_units says.'

export const EVENT_TIME: TickField<'eventTsUs'> = {
  name: 'eventTsUs',
  column: 'event_ts',
  type: 'time',
  about: "The venue's time, when it gave one.",
}

export const DELAYED: TickField<'delayed'> = {
  name: 'delayed',
  column: 'delayed',
  type: 'true',
  about: 'True: the source had it some 15 minutes late. Null: in real time.',
}

export const MARKS: TickField<'marks'> = {
  name: 'marks',
  column: 'marks',
  type: 'marks',
  about: `What is special about it, by comma: ${MARK_NAMES.join(', ')}. Null: nothing.`,
}

const quote: OwnFields<Quote> = [
  { name: 'bidPrice', column: 'bid_price', type: 'float', about: `${ABOUT_PRICE} Null: nobody bids.` },
  { name: 'bidSize', column: 'bid_size', type: 'float', about: ABOUT_SIZE },
  { name: 'askPrice', column: 'ask_price', type: 'float', about: `${ABOUT_PRICE} Null: nobody offers.` },
  { name: 'askSize', column: 'ask_size', type: 'float', about: ABOUT_SIZE },
  {
    name: 'source',
    column: 'source',
    type: 'text',
    about:
      'tick-by-tick; null: sampled by the broker, or imported. A stock can have both streams at once, each complete by itself: take one of them.',
  },
]

const trade: OwnFields<Trade> = [
  { name: 'price', column: 'price', type: 'float', about: ABOUT_PRICE },
  { name: 'size', column: 'size', type: 'float', about: ABOUT_SIZE },
  { name: 'source', column: 'source', type: 'text', about: 'last, rt-volume, tick-by-tick or import.' },
  { name: 'venue', column: 'venue', type: 'text', about: 'Where it was made, when the source says so.' },
  { name: 'conditions', column: 'conditions', type: 'text', about: 'Sale conditions as the source spells them.' },
]

const greeks: OwnFields<Greeks> = [
  { name: 'basis', column: 'basis', type: 'text', about: 'Price that they were computed from: bid, ask, last or model.' },
  { name: 'impliedVolatility', column: 'implied_volatility', type: 'float', about: 'Annual fraction: 0.25 is 25 %.' },
  { name: 'delta', column: 'delta', type: 'float', about: "Change of the option's price per 1 of the underlying's." },
  { name: 'gamma', column: 'gamma', type: 'float', about: "Change of delta per 1 of the underlying's price." },
  { name: 'vega', column: 'vega', type: 'float', about: 'Per percentage point of volatility (0.01), as IB gives it.' },
  { name: 'theta', column: 'theta', type: 'float', about: 'Per day, as IB gives it.' },
  { name: 'optionPrice', column: 'option_price', type: 'float', about: 'In currency per unit of the underlying.' },
  { name: 'pvDividend', column: 'pv_dividend', type: 'float', about: 'Present value of dividends, in currency per share.' },
  { name: 'underlyingPrice', column: 'underlying_price', type: 'float', about: ABOUT_PRICE },
]

const statistic: OwnFields<Statistic> = [
  { name: 'name', column: 'name', type: 'text', about: 'Which figure: day-volume, previous-close, call-open-interest, halted.' },
  { name: 'value', column: 'value', type: 'float', about: 'In the unit of the figure.' },
  { name: 'text', column: 'text', type: 'text', about: 'Of a figure that comes as text, such as dividends.' },
]

/** Each kind's own fields, in the order of its columns. All kinds have `eventTsUs`, `delayed` and `marks` beside them. */
export const TICK_FIELDS: Readonly<Record<Tick['kind'], readonly TickField[]>> = { quote, trade, greeks, statistic }

/** The column that says whether there is a verdict; what it found is in the table `findings`. */
export const RULES: Omit<TickField<'rules'>, 'type'> = {
  name: 'rules',
  column: 'rules',
  about:
    'Which rules spoke, as bits: 1 << bit for each bit of the table rules, 1 << 62 for rules that got none. Null: none spoke. findings says the rest.',
}

/** Names of the fields of all kinds, each once: one that several kinds have stands where the last of them has it. */
export function allFieldNames(): string[] {
  const names = Object.values(TICK_FIELDS).flatMap((fields) => fields.map(({ name }) => name))
  return names.filter((name, i) => names.lastIndexOf(name) === i)
}
