/**
 * Rows of an option chain's minute quotes, one row per contract and minute:
 * `date,ms_of_day,underlying,expiry,strike,right,bid,bid_size,ask,ask_size`, dates as YYYYMMDD, prices in US dollars per share,
 * sizes in contracts. `ms_of_day` is the START of the minute in New York while the quote is the one at its CLOSE, so it counts
 * from start + 60 s on. An empty price is a side without a quote. `underlying` may be the root of an index's trading class (SPXW), which
 * then is the class of options on that index (SPX). A vendor may write SPX for every class: what shows that is refused, as two contracts would
 * become one.
 */

import { contractKey, type OptionContract } from '../../../market/contract.ts'
import { nyse } from '../../../market/calendar/calendar.ts'
import { indexClassOf } from '../../../market/indices.ts'
import { badRow, dashedDate, eachRow, minuteCloses, parseNumber, parseOptional, type RowParser, sizeOf } from './rows.ts'

export const OPTION_CHAIN_HEADER = 'date,ms_of_day,underlying,expiry,strike,right,bid,bid_size,ask,ask_size'
const COLUMNS = 10

interface KnownOption {
  contract: OptionContract
  key: string
  /** Of its latest row. */
  latestUs: number
}

/** Makes a parser of data rows. */
export function optionChainParser(): RowParser {
  const closeOf = minuteCloses()
  const known = new Map<string, KnownOption>()
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
      option = { contract, key: contractKey(contract), latestUs: Number.NaN }
      known.set(name, option)
    }
    const tsUs = closeOf(lastDate.date, msOfDay)
    if (option.contract.lastTradeDate !== undefined) refuseOtherClass(option, lastDate.date, tsUs, line)
    option.latestUs = tsUs
    const bidPrice = parseOptional(bid, 'bid')
    const askPrice = parseOptional(ask, 'ask')
    return {
      kind: 'quote',
      tsUs,
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

/** A class that is settled at the opening has no quotes on the day of its expiry, and one row for each contract and minute. */
function refuseOtherClass({ contract, latestUs }: KnownOption, date: string, tsUs: number, line: string): void {
  const { tradingClass, lastTradeDate = '', expiry } = contract
  if (!indexClassOf(tradingClass)?.settlesAtOpening) return
  const hint = `is ${tradingClass} given as underlying for options of another class? Each class needs its own root`
  if (date > lastTradeDate) throw badRow(`rows of ${tradingClass} ${expiry} up to its last trade date ${lastTradeDate} (${hint})`, line)
  if (tsUs === latestUs) throw badRow(`one row for each contract and minute (${hint})`, line)
}

function contractOf(root: string, expiryText: string, strikeText: string, right: string): OptionContract {
  if (root === '') throw badRow('the symbol of the underlying', root)
  if (right !== 'C' && right !== 'P') throw badRow('C or P as right', right)
  const strike = parseNumber(strikeText, 'strike')
  if (strike <= 0) throw badRow('a strike above 0', strikeText)
  const expiry = dashedDate(expiryText, 'expiry')
  const index = indexClassOf(root)
  // Monthly options listed before 2015 expire on a Saturday by name, and trade until the session before.
  const settled = nyse.lastTradeDateFor(expiry)
  const lastTradeDate = index?.settlesAtOpening ? nyse.previousSession(settled).date : settled
  return {
    kind: 'option',
    symbol: index?.symbol ?? root,
    currency: 'USD',
    tradingClass: root,
    multiplier: 100,
    expiry,
    strike,
    right,
    ...(lastTradeDate === expiry ? {} : { lastTradeDate }),
  }
}
