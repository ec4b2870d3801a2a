/**
 * Rows of a stock's best bid and ask of one day: `ms,bid,bidSize,ask,askSize,exchange,condition,suspicious` without a header, prices
 * x 10,000, sizes in shares, `ms` milliseconds of the day in New York. Symbol and date are in the file's name only.
 *
 * A row has one side, the other is `0,0`, and names the exchange that holds it. These are already the best of all exchanges: minute
 * bars that another engine made of the same rows equal the latest row of each side in every figure, whichever exchange it names (IBM,
 * 2013-10-07: 554 of 554 minutes). Taking them for each exchange's own quote, with the best chosen here, gives a crossed market on 99 %
 * of the rows, as a best quote that is gone from an exchange is never withdrawn there. So a side stands until its next row.
 *
 * A change of the best comes as a bid row and behind it an ask row of the same millisecond. Both together make one Quote, or half of a
 * change would look crossed. No Quote is made when price and size stay, as when only the exchange changes; nor is the exchange kept,
 * as a Quote has none.
 *
 * - empty: nothing came; the first row may have one side only
 * - waiting: a bid came; the ask of the same millisecond may follow, anything else or the end closes the quote
 * - standing: both sides are emitted
 *
 * A suspicious row becomes a quarantined Quote of its own and leaves what stands untouched. A row with neither side is refused, as
 * its meaning is unknown.
 */

import { contractKey, type StockContract } from '../../../market/contract.ts'
import { badRow, dashedDate, momentsOf, parseNumber, type RowParser, type SourceQuote, suspicion } from './rows.ts'

const COLUMNS = ['ms', 'bid', 'bidSize', 'ask', 'askSize', 'exchange', 'condition', 'suspicious'] as const
const PRICE_SCALE = 10_000

interface Side {
  price: number
  size: number
}

/** Makes a parser of the rows of one file. */
export function quoteTickParser(symbol: string, day: string): RowParser {
  const date = dashedDate(day, 'date')
  const momentOf = momentsOf(date)
  const contract: StockContract = { kind: 'stock', symbol, currency: 'USD' }
  const key = contractKey(contract)
  let bid: Side | undefined
  let ask: Side | undefined
  let emitted: { bid: Side | undefined; ask: Side | undefined } = { bid, ask }
  /** Time of a bid that may still get its ask. */
  let waitingTsUs: number | undefined

  const quote = (tsUs: number, sides: typeof emitted, verdict?: SourceQuote['verdict']): SourceQuote => ({
    kind: 'quote',
    tsUs,
    seq: 0,
    date,
    contract,
    key,
    eventTsUs: tsUs,
    bidPrice: sides.bid?.price,
    bidSize: sides.bid?.size,
    askPrice: sides.ask?.price,
    askSize: sides.ask?.size,
    verdict,
  })
  const emit = (tsUs: number, out: SourceQuote[]) => {
    if (isSame(bid, emitted.bid) && isSame(ask, emitted.ask)) return
    emitted = { bid, ask }
    out.push(quote(tsUs, emitted))
  }
  const closeWaiting = (out: SourceQuote[]) => {
    if (waitingTsUs !== undefined) emit(waitingTsUs, out)
    waitingTsUs = undefined
  }

  return {
    row(line, out: SourceQuote[]) {
      const fields = line.split(',')
      if (fields.length !== COLUMNS.length) throw badRow(`${COLUMNS.length} columns (${COLUMNS.join(',')})`, line)
      const [ms = '', bidText = '', bidSize = '', askText = '', askSize = '', , , suspicious = ''] = fields
      const tsUs = momentOf(ms)
      const newBid = sideOf(bidText, bidSize, 'bid')
      const newAsk = sideOf(askText, askSize, 'ask')
      if (!newBid && !newAsk) throw badRow('a bid or an ask', line)
      const verdict = suspicion(suspicious)

      if (newBid || verdict || tsUs !== waitingTsUs) closeWaiting(out)
      if (verdict) {
        out.push(quote(tsUs, { bid: newBid ?? bid, ask: newAsk ?? ask }, verdict))
        return { tsUs, date }
      }
      bid = newBid ?? bid
      ask = newAsk ?? ask
      waitingTsUs = newAsk ? undefined : tsUs
      if (newAsk) emit(tsUs, out)
      return { tsUs, date }
    },
    end: closeWaiting,
  }
}

/** A price of 0 leaves the side as it is. */
function sideOf(priceText: string, sizeText: string, name: 'bid' | 'ask'): Side | undefined {
  const price = parseNumber(priceText, name) / PRICE_SCALE
  const size = parseNumber(sizeText, `${name}Size`)
  if (price < 0) throw badRow(`a price as ${name}`, priceText)
  if (price === 0 && size !== 0) throw badRow(`no ${name}Size or 0, as the side has no price`, sizeText)
  return price === 0 ? undefined : { price, size }
}

function isSame(a: Side | undefined, b: Side | undefined): boolean {
  return a?.price === b?.price && a?.size === b?.size
}
