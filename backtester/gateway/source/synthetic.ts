/**
 * A market that is made up, for load that depends on no tape: one stock and a chain of American options on it, the same for the same
 * numbers. The stock moves by at most a cent each time round its contracts, every contract is quoted once in each round, and every
 * quote leaves a cent of room around the value of its option (Black, Scholes and Merton, one volatility for all). An option's value
 * moves by no more than its stock, so the values at the latest price of the stock always lie inside all quotes: nothing can be
 * bought and sold against each other at a profit.
 *
 * Money costs nothing there and the stock pays nothing: only so is an American option worth what a European one is, a put deep in the
 * money too, and the closed form true of it (Hull, ch. 11.5).
 */

import { nyse } from '../../../market/calendar/calendar.ts'
import type { Contract, OptionContract } from '../../../market/contract.ts'
import { optionPrice } from '../../../market/option/pricing.ts'
import type { RecordChunk } from '../../../market/record-source.ts'
import type { Quote, TapeRecord, Tick } from '../../../market/tick.ts'
import { addDays } from '../../../market/time.ts'
import type { GatewaySource } from './source.ts'

export interface SyntheticMarket {
  /** The stock and its options. */
  contracts: number
  seed: number
  ticksPerSecond: number
  seconds: number
}

/** Everything that the values of the options depend on beside the stock's price. */
export const SYNTHETIC_TERMS = { volatility: 0.25, rate: 0, dividendYield: 0 } as const
/** At most this many cents does the stock move in one round, and this much room has a quote. */
const MOVE_CENTS = 1
const SYMBOL = 'SYN'
const DATE = '2024-06-03'
const FIRST_EXPIRY = '2024-06-21'
const DAYS_BETWEEN_EXPIRIES = 7
const OPEN_MS = 9.5 * 3_600_000
const CLOSE_MS = 16 * 3_600_000
const US_PER_SECOND = 1_000_000
const US_PER_YEAR = 365 * 86_400 * US_PER_SECOND
const FIRST_PRICE = 100
const STRIKES_PER_EXPIRY = 60
const ROUND_LOT = 100
const MAX_SIZE = 50
const CHUNK_TICKS = 512

export function syntheticMarket(market: SyntheticMarket): GatewaySource {
  const contracts = contractsOf(market.contracts)
  const startUs = nyse.zone.toUs(DATE, OPEN_MS)
  const ticks = market.ticksPerSecond * market.seconds
  return {
    name: `synthetic market of ${market.contracts} contracts`,
    contents: () => ({
      contracts: new Map(contracts.entries()),
      sinceUs: new Map(contracts.map((_, instrument) => [instrument, startUs])),
      tradeSources: new Map([[0, new Set(['import' as const])]]),
      doublyQuoted: new Set(),
      delayed: new Set(),
      ticks,
      startUs,
      endUs: timeOf(ticks - 1, startUs, market),
    }),
    records: () => recordsOf(contracts, startUs, ticks, market),
  }
}

/** Async, as a source is, though nothing is waited for. */
async function* recordsOf(
  contracts: readonly Contract[],
  startUs: number,
  ticks: number,
  market: SyntheticMarket,
): AsyncGenerator<RecordChunk> {
  const sessionId = 0
  // The first tick is number 1.
  const firstSeq = 1 - contracts.length
  yield {
    sessionId,
    records: contracts.map((contract, i) => ({ kind: 'contract', seq: firstSeq + i, tsUs: startUs, instrument: i, contract })),
  }
  const nextTick = ticksOf(contracts, market.seed)
  for (let tick = 0; tick < ticks; ) {
    const records: TapeRecord[] = []
    for (const end = Math.min(ticks, tick + CHUNK_TICKS); tick < end; tick++)
      records.push(nextTick(tick + 1, timeOf(tick, startUs, market)))
    yield { sessionId, records }
  }
}

/** Gives the ticks one by one: in each round a quote of every contract and a trade of the stock. */
function ticksOf(contracts: readonly Contract[], seed: number): (seq: number, tsUs: number) => Tick {
  const random = generator(seed)
  const sizes = contracts.map(() => 0)
  const expiriesUs = contracts.map((contract) => (contract.kind === 'option' ? nyse.zone.toUs(contract.expiry, CLOSE_MS) : 0))
  let cents = FIRST_PRICE * 100
  let at = 0
  return (seq, tsUs) => {
    const instrument = at
    at = at === contracts.length ? 0 : at + 1
    if (instrument === contracts.length) {
      const price = (cents + (random(2) === 0 ? -1 : 1)) / 100
      return { kind: 'trade', seq, tsUs, instrument: 0, price, size: ROUND_LOT * (1 + random(MAX_SIZE)), source: 'import', venue: 'NYSE' }
    }
    // Never the size before, so that every quote is a change.
    const size = ((sizes[instrument] ?? 0) + 1 + random(MAX_SIZE - 1)) % MAX_SIZE
    sizes[instrument] = size
    const contract = contracts[instrument]
    if (contract?.kind !== 'option') {
      // Turned back at half and twice the first price, where the chain ends.
      const move = random(2 * MOVE_CENTS + 1) - MOVE_CENTS
      cents = Math.min(Math.max(cents + move, FIRST_PRICE * 50), FIRST_PRICE * 200)
      return quoteOf(seq, instrument, tsUs, cents - 1, cents + 1, ROUND_LOT * (size + 1))
    }
    const valueCents = 100 * valueOf(contract, cents / 100, ((expiriesUs[instrument] ?? 0) - tsUs) / US_PER_YEAR)
    return quoteOf(seq, instrument, tsUs, Math.floor(valueCents - MOVE_CENTS), Math.ceil(valueCents + MOVE_CENTS), size + 1)
  }
}

function valueOf({ right, strike }: OptionContract, spot: number, years: number): number {
  const { volatility, rate, dividendYield } = SYNTHETIC_TERMS
  return optionPrice({ right, strike, spot, years, rate, dividendYield }, volatility)
}

/** A bid of nothing is an empty side. */
function quoteOf(seq: number, instrument: number, tsUs: number, bidCents: number, askCents: number, size: number): Quote {
  const hasBid = bidCents > 0
  const bidPrice = hasBid ? bidCents / 100 : undefined
  return { kind: 'quote', seq, tsUs, instrument, bidPrice, askPrice: askCents / 100, bidSize: hasBid ? size : undefined, askSize: size }
}

function timeOf(tick: number, startUs: number, { ticksPerSecond }: SyntheticMarket): number {
  return startUs + Math.floor((tick * US_PER_SECOND) / ticksPerSecond)
}

/** The stock, then calls and puts by expiry, the strikes nearest to the first price first. */
function contractsOf(count: number): Contract[] {
  const contracts: Contract[] = [{ kind: 'stock', symbol: SYMBOL, currency: 'USD', primaryVenue: 'NYSE' }]
  const base = { kind: 'option', symbol: SYMBOL, currency: 'USD', multiplier: 100, tradingClass: SYMBOL } as const
  for (let option = 0; option < count - 1; option++) {
    const pair = Math.floor(option / 2)
    const expiry = addDays(FIRST_EXPIRY, DAYS_BETWEEN_EXPIRIES * Math.floor(pair / STRIKES_PER_EXPIRY))
    const step = pair % STRIKES_PER_EXPIRY
    const strike = FIRST_PRICE + (step % 2 === 0 ? -step / 2 : (step + 1) / 2)
    contracts.push({ ...base, expiry, strike, right: option % 2 === 0 ? 'C' : 'P' })
  }
  return contracts
}

/** Whole numbers below a bound, by Tommy Ettinger's Mulberry32. */
function generator(seed: number): (below: number) => number {
  let state = seed | 0
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let bits = Math.imul(state ^ (state >>> 15), 1 | state)
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits
    return ((bits ^ (bits >>> 14)) >>> 0) % below
  }
}
