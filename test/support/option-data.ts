/** Records of real option chains, out of the data for tests. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

import { nyse } from '../../market/calendar/calendar.ts'
import { type Contract, contractKey, type Right } from '../../market/contract.ts'
import type { Quote, TapeRecord } from '../../market/tick.ts'
import { SHARED_DATA } from './data.ts'

const MS_PER_MINUTE = 60_000

/** A quote at a moment; those of one moment keep their order. */
interface Row {
  contract: Contract
  tsUs: number
  bidPrice: number | undefined
  askPrice: number | undefined
}

/** A session: its start, its contracts, its quotes. */
export interface OptionData {
  head: TapeRecord[]
  quotes: Quote[]
  contractOf: (instrument: number) => Contract
}

/** The full chain of Agilent every 30 minutes on 2021-04-26, 13 moments, with the underlying before its options. */
export function agilent(): OptionData {
  const rows = linesOf('option-intervals/agilent_20210426_30min.csv.gz').map((line) => line.split(','))
  rows.sort(([, a = ''], [, b = '']) => (a < b ? -1 : a > b ? 1 : 0))
  const quotes: Row[] = []
  for (const row of rows) {
    const [symbol = '', moment = '', , expiry = '', strike, right] = row
    const [date = '', time = ''] = moment.split(' ')
    const [hours, minutes] = time.split(':').map(Number)
    const tsUs = nyse.zone.toUs(date, (Number(hours) * 60 + Number(minutes)) * MS_PER_MINUTE)
    const [bid, ask, stockBid, stockAsk] = [row[12], row[14], row[15], row[16]].map((text) => Number(text) || undefined)
    if (quotes.at(-1)?.tsUs !== tsUs) quotes.push({ contract: stock(symbol), tsUs, bidPrice: stockBid, askPrice: stockAsk })
    quotes.push({ contract: option(symbol, expiry, Number(strike), right as Right), tsUs, bidPrice: bid, askPrice: ask })
  }
  return sessionOf(quotes)
}

/** Minute closes of a chain and of its stock, as the vendor of the folder option-quotes has them. */
export function minuteChain(symbol: string, chain: string, stocks: Readonly<Record<string, string>>): OptionData {
  const price = (text: string | undefined, scale = 1) => (text ? Number(text) / scale : undefined)
  const dashed = (date = '') => `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}`
  const closeOf = (date: string, ms: string | undefined) => nyse.zone.toUs(date, Number(ms) + MS_PER_MINUTE)
  const ofStock = Object.entries(stocks).flatMap(([date, file]) =>
    readFileSync(join(SHARED_DATA, 'option-quotes/underlying', file), 'utf8')
      .trim()
      .split('\n')
      .map((line): Row => {
        const [ms, , , , bid, , , , , ask] = line.split(',')
        return { contract: stock(symbol), tsUs: closeOf(date, ms), bidPrice: price(bid, 10_000), askPrice: price(ask, 10_000) }
      }),
  )
  const ofChain = linesOf(`option-quotes/${chain}`).map((line): Row => {
    const [date, ms, , expiry, strike, right, bid, , ask] = line.split(',')
    const contract = option(symbol, dashed(expiry), Number(strike), right as Right)
    return { contract, tsUs: closeOf(dashed(date), ms), bidPrice: price(bid), askPrice: price(ask) }
  })
  // The sort keeps equals in order: the stock first.
  return sessionOf([...ofStock, ...ofChain].sort((a, b) => a.tsUs - b.tsUs))
}

function linesOf(path: string): string[] {
  const text = gunzipSync(readFileSync(join(SHARED_DATA, path))).toString()
  return text.trim().split('\n').slice(1)
}

const stock = (symbol: string): Contract => ({ kind: 'stock', symbol, currency: 'USD' })

const option = (symbol: string, expiry: string, strike: number, right: Right): Contract => {
  return { kind: 'option', symbol, currency: 'USD', expiry, strike, right, multiplier: 100, tradingClass: symbol }
}

function sessionOf(rows: readonly Row[]): OptionData {
  const numbers = new Map<string, number>()
  const contracts: Contract[] = []
  for (const { contract } of rows) {
    if (numbers.has(contractKey(contract))) continue
    numbers.set(contractKey(contract), contracts.length)
    contracts.push(contract)
  }
  let seq = 1
  let tsUs = (rows[0]?.tsUs ?? 0) - 1_000_000
  const head: TapeRecord[] = [{ kind: 'session', event: 'started', seq, tsUs }]
  for (const [instrument, contract] of contracts.entries()) head.push({ kind: 'contract', instrument, contract, seq: ++seq, tsUs: ++tsUs })
  const quotes = rows.map(({ contract, bidPrice, askPrice, ...row }): Quote => {
    tsUs = Math.max(row.tsUs, tsUs + 1)
    const instrument = numbers.get(contractKey(contract)) as number
    return { kind: 'quote', instrument, seq: ++seq, tsUs, bidPrice, askPrice, bidSize: 1, askSize: 1 }
  })
  return { head, quotes, contractOf: (instrument) => contracts[instrument] as Contract }
}
