/**
 * What happens to an order within a bar. Of a bar only four prices are known, not their order: where both a stop and a profit could have been
 * reached the worse is assumed, and no price outside of the bar is ever traded.
 */

import type { Bar } from '../../market/bar.ts'
import type { Order, Side } from './orders.ts'

type BarPrices = Pick<Bar, 'open' | 'high' | 'low' | 'close'>

/** The price at which an order trades within a bar that began after it arrived; undefined when it does not. */
export function priceWithin(order: Order, bar: BarPrices): number | undefined {
  const { request, status } = order
  const { side } = request
  switch (request.type) {
    case 'market':
    case 'on-open':
      return bar.open
    case 'on-close':
      return bar.close
    case 'limit':
      return limitPrice(side, request.limit, bar, bar.open)
    case 'stop':
      return status === 'triggered' ? bar.open : stopPrice(side, request.stop, bar)
    case 'stop-limit': {
      if (status === 'triggered') return limitPrice(side, request.limit, bar, bar.open)
      const from = stopPrice(side, request.stop, bar)
      return from === undefined ? undefined : limitAfterStop(side, request.limit, from, bar)
    }
    case 'trailing-stop': {
      const stop = trailingStop(order)
      return stop === undefined ? undefined : stopPrice(side, stop, bar)
    }
    case 'combo-leg':
      return undefined
  }
}

/** A price at the limit or better: at the open where that is better already. */
function limitPrice(side: Side, limit: number, bar: BarPrices, open: number): number | undefined {
  if (side === 'buy') return open <= limit ? open : bar.low <= limit ? limit : undefined
  return open >= limit ? open : bar.high >= limit ? limit : undefined
}

/** A price at the stop or worse: at the open where that is worse already. */
function stopPrice(side: Side, stop: number, bar: BarPrices): number | undefined {
  if (side === 'buy') return bar.open >= stop ? bar.open : bar.high >= stop ? stop : undefined
  return bar.open <= stop ? bar.open : bar.low <= stop ? stop : undefined
}

/** Behind the stop the bar goes on in an unknown way: the limit is surely reached only where the price at the stop satisfies it, or the close does. */
function limitAfterStop(side: Side, limit: number, from: number, { close }: BarPrices): number | undefined {
  const satisfies = (price: number) => (side === 'buy' ? price <= limit : price >= limit)
  if (satisfies(from)) return from
  return satisfies(close) ? limit : undefined
}

/** Where a trailing stop lies by the best price so far; undefined before it saw any. */
export function trailingStop({ request, best }: Order): number | undefined {
  if (request.type !== 'trailing-stop' || best === undefined) return undefined
  const distance = request.of === 'price' ? Math.abs(best) * request.distance : request.distance
  return request.side === 'buy' ? best + distance : best - distance
}

/** Moves the best price of a trailing stop along: a stop to sell follows the highest one, a stop to buy the lowest. */
export function trail(order: Order, price: number): void {
  const { best } = order
  if (best === undefined || (order.request.side === 'sell' ? price > best : price < best)) order.best = price
}
