/** Ticks of IB's history as ours. They carry whole seconds and no number. */

import type { HistoricalTickBidAsk, HistoricalTickLast } from '@stoqey/ib'

import { Mark } from '../../../market/marks.ts'
import type { HistoryTick } from '../../../market/tick.ts'
import { isNoPrice } from '../ticks/make-ticks.ts'

/** Ticks of which kind. */
export type TicksOf = 'trades' | 'quotes'

const US_PER_SECOND = 1_000_000

/** Undefined for a tick without a time. */
export function historyTrade({
  time,
  tickAttribLast = {},
  price,
  size,
  exchange,
  specialConditions,
}: HistoricalTickLast): HistoryTick | undefined {
  if (!Number.isSafeInteger(time)) return undefined
  const marks = (tickAttribLast.pastLimit ? Mark.pastLimit : 0) | (tickAttribLast.unreported ? Mark.unreported : 0)
  return {
    kind: 'trade',
    eventTsUs: Number(time) * US_PER_SECOND,
    price: price ?? Number.NaN,
    size,
    // IB makes its history of the stream that it also sends tick by tick.
    source: 'tick-by-tick',
    venue: exchange || undefined,
    conditions: specialConditions || undefined,
    marks: marks || undefined,
  }
}

/** The same. The library names the two attributes the other way round than IB's own client. */
export function historyQuote(tick: HistoricalTickBidAsk): HistoryTick | undefined {
  const {
    time,
    tickAttribBidAsk: { bidPastLow: isAskPastHigh, askPastHigh: isBidPastLow } = {},
    priceBid,
    sizeBid,
    priceAsk,
    sizeAsk,
  } = tick
  if (!Number.isSafeInteger(time)) return undefined
  const [noBid, noAsk] = [isNoPrice(priceBid, sizeBid), isNoPrice(priceAsk, sizeAsk)]
  const marks = (isBidPastLow ? Mark.bidPastLimit : 0) | (isAskPastHigh ? Mark.askPastLimit : 0)
  return {
    kind: 'quote',
    eventTsUs: Number(time) * US_PER_SECOND,
    bidPrice: noBid ? undefined : priceBid,
    bidSize: noBid && !sizeBid ? undefined : sizeBid,
    askPrice: noAsk ? undefined : priceAsk,
    askSize: noAsk && !sizeAsk ? undefined : sizeAsk,
    marks: marks || undefined,
  }
}
