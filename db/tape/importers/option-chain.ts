/**
 * Rows of an option chain's minute quotes, one row per contract and minute:
 * `date,ms_of_day,underlying,expiry,strike,right,bid,bid_size,ask,ask_size`, dates as YYYYMMDD, prices in US dollars per share,
 * sizes in contracts. `ms_of_day` is the START of the minute in New York while the quote is the one at its CLOSE, so it counts
 * from start + 60 s on. An empty price is a side without a quote.
 */

import { contractKey, type OptionContract } from '../../../market/contract.ts'
import { nyse } from '../../../market/calendar/calendar.ts'
import { badRow, dashedDate, eachRow, minuteCloses, parseNumber, parseOptional, type RowParser, sizeOf } from './rows.ts'

export const OPTION_CHAIN_HEADER = 'date,ms_of_day,underlying,expiry,strike,right,bid,bid_size,ask,ask_size'
const COLUMNS = 10

/** Makes a parser of data rows. */
export function optionChainParser(): RowParser {
  const closeOf = minuteCloses()
  const known = new Map<string, { contract: OptionContract; key: string }>()
  let lastDate = { text: '', date: '' }

  return eachRow((line) => {
    const fields = line.split(',')
    if (fields.length !== COLUMNS) throw badRow(`${COLUMNS} columns (${OPTION_CHAIN_HEADER})`, line)
    const [date, msOfDay, underlying, expiry, strike, right, bid, bidSize, ask, askSize] = fields as [
      string,
      string,
      string,
      string,
      string,
      string,
      string,
      string,
      string,
      string,
    ]
    if (lastDate.text !== date) lastDate = { text: date, date: dashedDate(date, 'date') }

    const name = `${underlying},${expiry},${strike},${right}`
    let option = known.get(name)
    if (!option) {
      const contract = contractOf(underlying, expiry, strike, right)
      option = { contract, key: contractKey(contract) }
      known.set(name, option)
    }
    const bidPrice = parseOptional(bid, 'bid')
    const askPrice = parseOptional(ask, 'ask')
    return {
      kind: 'quote',
      tsUs: closeOf(lastDate.date, msOfDay),
      seq: 0,
      date: lastDate.date,
      contract: option.contract,
      key: option.key,
      bidPrice,
      bidSize: sizeOf(bidPrice, bidSize, 'bid_size'),
      askPrice,
      askSize: sizeOf(askPrice, askSize, 'ask_size'),
    }
  })
}

function contractOf(symbol: string, expiryText: string, strikeText: string, right: string): OptionContract {
  if (symbol === '') throw badRow('the symbol of the underlying', symbol)
  if (right !== 'C' && right !== 'P') throw badRow('C or P as right', right)
  const strike = parseNumber(strikeText, 'strike')
  if (strike <= 0) throw badRow('a strike above 0', strikeText)
  const expiry = dashedDate(expiryText, 'expiry')
  // Monthly options listed before 2015 expire on a Saturday by name, and trade until the session before.
  const lastTradeDate = nyse.lastTradeDateFor(expiry)
  return {
    kind: 'option',
    symbol,
    currency: 'USD',
    tradingClass: symbol,
    multiplier: 100,
    expiry,
    strike,
    right,
    ...(lastTradeDate === expiry ? {} : { lastTradeDate }),
  }
}
