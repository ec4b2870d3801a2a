/** Days on which thousands of options are quoted, as records for a replay gateway: the shipped day and more expiries beside it, or a trend. */

import { join } from 'node:path'

import { tapeSource } from '../../../db/tape/tape-source.ts'
import { nyse } from '../../../market/calendar/calendar.ts'
import type { OptionContract } from '../../../market/contract.ts'
import { optionPrice } from '../../../market/option/pricing.ts'
import type { RecordChunk, RecordSource } from '../../../market/record-source.ts'
import type { Quote, TapeRecord } from '../../../market/tick.ts'
import { addDays } from '../../../market/time.ts'
import { seeded } from '../random.ts'

export interface MarketDay {
  source: RecordSource
  symbol: string
  /** `YYYY-MM-DD` */
  date: string
  options: readonly OptionContract[]
}

const SHIPPED = join(import.meta.dirname, '../../../tapes/twx-2014-06-05.tape')
const MINUTE_US = 60_000_000
const MINUTES = 390
const YEAR_US = 365 * 24 * 60 * MINUTE_US
const VOLATILITY = 0.25
/** The tape begins so long before the session, and ends so long behind it. */
const AROUND_US = 10 * MINUTE_US
const CENT = 0.01

/** The shipped day with its own options, and so many options in all: further expiries of the same stock, quoted once a minute. */
export async function shippedDay(contracts: number): Promise<MarketDay> {
  const date = '2014-06-05'
  const records = await within(date)
  const own = records.flatMap((record) => (record.kind === 'contract' && record.contract.kind === 'option' ? [record.contract] : []))
  const made = madeOptions('TWX', { from: '2014-08-01', options: contracts - own.length, strikes: 60, lowest: 55.5, step: 0.5 })
  return { source: new DaySource('the shipped day', date, records, made), symbol: 'TWX', date, options: [...own, ...made] }
}

/** A stock at 100 that trends by 10 % over the session, with noise, and so many options on it. */
export function trendingDay(contracts: number): MarketDay {
  const date = '2024-06-03'
  const random = seeded(1)
  const openUs = openOf(date)
  let noise = 0
  const stock = Array.from({ length: MINUTES * 12 }, (_, i): Quote => {
    noise = 0.97 * noise + (random() - 0.5) * 0.1
    const price = Math.round(100 * (100 + (10 * i) / (MINUTES * 12) + noise)) / 100
    return quote(0, openUs + i * 5_000_000, price - CENT, price + CENT)
  })
  const first: Quote = { ...(stock[0] as Quote), tsUs: openUs - AROUND_US }
  const contract: TapeRecord = {
    kind: 'contract',
    seq: 0,
    tsUs: first.tsUs,
    instrument: 0,
    contract: { kind: 'stock', symbol: 'SYN', currency: 'USD', primaryVenue: 'NYSE' },
  }
  const options = madeOptions('SYN', { from: '2024-06-07', options: contracts, strikes: 60, lowest: 76, step: 1 })
  return { source: new DaySource('a trend', date, [contract, first, ...stock], options), symbol: 'SYN', date, options }
}

/** Records of the session and a little around it. */
async function within(date: string): Promise<TapeRecord[]> {
  const [fromUs, toUs] = [openOf(date) - AROUND_US, openOf(date) + MINUTES * MINUTE_US + AROUND_US]
  const records: TapeRecord[] = []
  for await (const chunk of tapeSource(SHIPPED).records())
    for (const record of chunk.records)
      if (record.kind === 'contract' || (record.tsUs >= fromUs && record.tsUs < toUs)) records.push({ ...record })
  return records.map((record) => ({ ...record, tsUs: Math.max(record.tsUs, fromUs) }))
}

interface Terms {
  from: string
  options: number
  strikes: number
  lowest: number
  step: number
}

/** Both rights of so many strikes a week, and what is left of the last week. */
function madeOptions(symbol: string, { from, options, strikes, lowest, step }: Terms): OptionContract[] {
  return Array.from({ length: options }, (_, i) => {
    const pair = i >> 1
    const expiry = addDays(from, 7 * Math.floor(pair / strikes))
    const strike = lowest + step * (pair % strikes)
    return {
      kind: 'option',
      symbol,
      currency: 'USD',
      multiplier: 100,
      tradingClass: symbol,
      expiry,
      strike,
      right: i % 2 === 0 ? 'C' : 'P',
    }
  })
}

/** What is on the tape, and each minute a quote of every option that was made. */
class DaySource implements RecordSource {
  readonly name: string
  readonly #openUs: number
  readonly #records: readonly TapeRecord[]
  readonly #made: readonly OptionContract[]
  readonly #stock: number
  readonly #firstMade: number

  constructor(name: string, date: string, records: readonly TapeRecord[], made: readonly OptionContract[]) {
    this.name = name
    this.#openUs = openOf(date)
    this.#records = records
    this.#made = made
    const contracts = records.filter((record) => record.kind === 'contract')
    this.#stock = contracts.find(({ contract }) => contract.kind === 'stock')?.instrument ?? 0
    this.#firstMade = Math.max(...contracts.map(({ instrument }) => instrument)) + 1
  }

  async *records(): AsyncGenerator<RecordChunk> {
    let seq = 0
    const numbered = (records: readonly TapeRecord[]): RecordChunk => ({
      sessionId: 0,
      records: records.map((record) => ({ ...record, seq: ++seq })),
    })
    const tsUs = this.#records[0]?.tsUs ?? 0
    yield numbered(this.#made.map((contract, i) => ({ kind: 'contract', seq: 0, tsUs, instrument: this.#firstMade + i, contract })))
    let price = 0
    let minute = 0
    for (const record of this.#records) {
      if (price > 0)
        for (let dueUs = this.#dueUs(minute); minute < MINUTES && record.tsUs > dueUs; dueUs = this.#dueUs(++minute))
          yield numbered(this.#quotesOf(dueUs, price, 1 + (minute % 50)))
      if (record.kind === 'quote' && record.instrument === this.#stock && record.bidPrice && record.askPrice)
        price = (record.bidPrice + record.askPrice) / 2
      yield numbered([record])
    }
  }

  /** Half a minute behind the quotes of the tape. */
  #dueUs(minute: number): number {
    return this.#openUs + minute * MINUTE_US + MINUTE_US / 2
  }

  /** Never the size before, so that every quote is a change. */
  #quotesOf(dueUs: number, spot: number, size: number): Quote[] {
    return this.#made.map(({ right, strike, expiry }, i) => {
      const years = Math.max(1 / 365, (nyse.zone.toUs(expiry, 16 * 3_600_000) - dueUs) / YEAR_US)
      const cents = 100 * optionPrice({ right, strike, spot, years, rate: 0, dividendYield: 0 }, VOLATILITY)
      return quote(this.#firstMade + i, dueUs + i, Math.floor(cents) / 100, Math.ceil(cents + 2) / 100, size)
    })
  }
}

function quote(instrument: number, tsUs: number, bidPrice: number, askPrice: number, size = 10): Quote {
  const hasBid = bidPrice > 0
  return {
    kind: 'quote',
    seq: 0,
    tsUs,
    instrument,
    bidPrice: hasBid ? bidPrice : undefined,
    askPrice,
    bidSize: hasBid ? size : undefined,
    askSize: size,
  }
}

function openOf(date: string): number {
  return nyse.zone.toUs(date, 9.5 * 3_600_000)
}
