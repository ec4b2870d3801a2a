/** What trades in a simulated market, and when: each contract ticks at random in the sessions of the exchange, the same for the same seed. */

import { indexDetails, optionDetails, stockDetails } from '../../unit/collector/ib/lookup/listings.ts'
import { nyse } from '../../../market/calendar/calendar.ts'
import { seeded } from '../random.ts'
import type { ChainAnswer, ServedContract } from './simulated-tws.ts'

export interface TradedContract extends ServedContract {
  name: string
  /** When it ticks, in milliseconds since 1970, rising. The price of the tick at `ticksMs[k]` is `k + 1`. */
  ticksMs: number[]
}

const EXPIRY = '20241220'
const STRIKES = [70, 75]

export const CHAIN: ChainAnswer = { expirations: [EXPIRY], strikes: STRIKES, tradingClass: 'TWX' }

/** Seconds between two ticks, on average. The last put is one that hardly anybody trades. */
const INTERVALS_S = { TWX: 8, SPX: 15, '70 C': 25, '75 C': 30, '70 P': 60, '75 P': 3600 }

export function createMarket(from: string, to: string, seed: number): TradedContract[] {
  const random = seeded(seed)
  const ticksOf = (name: keyof typeof INTERVALS_S) => {
    const ticksMs: number[] = []
    for (const { openUs, closeUs } of nyse.sessions(from, to)) {
      let ms = openUs / 1000
      for (;;) {
        // No two ticks of a line are one update.
        ms += Math.max(50, Math.round(-Math.log(1 - random()) * INTERVALS_S[name] * 1000))
        if (ms >= closeUs / 1000) break
        ticksMs.push(ms)
      }
    }
    return ticksMs
  }
  const quoted = (price: number) => [1, price, 3, 1]
  const stock: TradedContract = {
    name: 'TWX',
    conId: 4321,
    farm: 'usfarm',
    details: (reqId) => stockDetails(reqId, 'TWX', 4321),
    isAskedFor: ({ symbol, secType }) => symbol === 'TWX' && secType === 'STK',
    priced: quoted,
    ticksMs: ticksOf('TWX'),
  }
  const index: TradedContract = {
    name: 'SPX',
    conId: 416904,
    farm: 'usfarm',
    details: (reqId) => indexDetails(reqId, 'SPX', 416904),
    isAskedFor: ({ symbol, secType }) => symbol === 'SPX' && secType === 'IND',
    // A last value without a size: nobody quotes an index.
    priced: (price) => [4, price, 0, 0],
    ticksMs: ticksOf('SPX'),
  }
  const options = (['70 C', '75 C', '70 P', '75 P'] as const).map((name, i): TradedContract => {
    const conId = 1000 + i
    return {
      name,
      conId,
      farm: 'usopt',
      details: (reqId) => optionDetails(reqId, 'TWX', `${EXPIRY} ${name} TWX`, conId),
      isAskedFor: ({ secType, expiry }) => secType === 'OPT' && expiry === EXPIRY,
      priced: quoted,
      ticksMs: ticksOf(name),
    }
  })
  return [stock, index, ...options]
}

/** Adds ticks to those of a contract: so many a second, for some seconds. */
export function makeBusy(contract: TradedContract, fromMs: number, seconds: number, aSecond: number): void {
  const spacingMs = Math.floor(1000 / aSecond)
  const more = Array.from({ length: seconds * aSecond }, (_, i) => fromMs + i * spacingMs)
  const apart = contract.ticksMs.filter((ms) => ms < fromMs - 50 || ms > (more.at(-1) ?? fromMs) + 50)
  contract.ticksMs = [...apart, ...more].sort((a, b) => a - b)
}
