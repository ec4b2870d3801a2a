/**
 * The options of an underlying as they were known at an instant, one by one: quote, last trade and the greeks of the model, each the
 * newest up to then, and whether the quote is known to have stood. The database answers the same by its function `chain_at`.
 */

import { nyse } from '../calendar/calendar.ts'
import { type Contract, contractKey, type OptionContract } from '../contract.ts'
import { marksText } from '../marks.ts'
import { isAdjusted } from '../option/bounds.ts'
import type { Quote } from '../tick.ts'
import type { ChainState } from './chain-state.ts'
import type { InstrumentState } from './instrument-state.ts'
import type { MarketState } from './market-state.ts'

/** The newest quote and last trade of an instrument. Absent: none is known. */
export interface KnownPrices {
  /** Of the contract, as in `contractKey`. */
  key: string
  bidPrice?: number
  bidSize?: number
  askPrice?: number
  askSize?: number
  quoteUs?: number
  lastPrice?: number
  lastSize?: number
  /** The venue's time where it gave one, else that of arrival. */
  lastUs?: number
  /** Why the quote is not known to have stood at that instant. Absent: it stood. */
  staleCause?: string
  /** Marks of the quote, `delayed`, rules that doubt it, `quarantined` when a newer one was, `adjusted`. */
  flags: string[]
}

export interface KnownOption
  extends KnownPrices,
    Pick<OptionContract, 'currency' | 'tradingClass' | 'multiplier' | 'expiry' | 'strike' | 'right'> {
  impliedVolatility?: number
  delta?: number
  gamma?: number
  vega?: number
  theta?: number
  underlyingPrice?: number
  greeksUs?: number
}

export interface KnownChain {
  symbol: string
  atUs: number
  /** The stocks and indices of that symbol; none while only options of it are known. */
  underlyings: KnownPrices[]
  /** By currency, expiry, trading class, multiplier, strike and right. */
  options: KnownOption[]
}

/** @param isOver nothing was recorded at that instant any more: no quote is known to have stood. */
export function knownChain(
  { market, chains, isOver }: { market: MarketState; chains: ChainState; isOver: boolean },
  { symbol, atUs }: { symbol: string; atUs: number },
): KnownChain {
  const today = nyse.zone.dateOf(atUs)
  const underlyings: KnownPrices[] = []
  const options: KnownOption[] = []
  for (const state of market.instruments()) {
    const { contract } = state
    if (contract?.symbol !== symbol) continue
    const leg = chains.legOf(state.instrument)
    const underlying = chains.underlyingOf(state.instrument)
    const standingUs = leg ? leg.side.timesUs[leg.index] : underlying?.isIndex ? undefined : underlying?.timeUs
    const staleCause = isOver ? 'not-recorded' : staleCauseOf(state, market, standingUs)
    const more = leg && !Number.isNaN(leg.refusedUs) ? ['quarantined'] : []
    if (contract.kind === 'option') {
      if (contract.expiry >= today) options.push(optionOf(state, contract, staleCause, more))
    } else if (contract.kind === 'stock' || contract.kind === 'index') underlyings.push(pricesOf(state, contract, staleCause, more))
  }
  return { symbol, atUs, underlyings, options: options.sort(inOrder) }
}

/** Adds what is there. */
const given = <T extends object>(fields: T) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as { [K in keyof T]: Exclude<T[K], undefined> }

/** @param standingUs when the quote came that stands; NaN: none does. */
function staleCauseOf(state: InstrumentState, { openGaps }: MarketState, standingUs: number | undefined): string | undefined {
  const line = state.line()
  if (line?.isOpen === false) return line.cause ?? 'closed'
  const isForgotten = state.quote !== undefined && standingUs !== undefined && standingUs !== state.quote.tsUs
  return isForgotten ? (openGaps[0]?.cause ?? 'no-quote-yet') : undefined
}

function pricesOf(state: InstrumentState, contract: Contract, staleCause: string | undefined, more: string[]): KnownPrices {
  const { quote, lastTrade } = state
  return {
    key: contractKey(contract),
    ...given({
      bidPrice: quote?.bidPrice,
      bidSize: quote?.bidSize,
      askPrice: quote?.askPrice,
      askSize: quote?.askSize,
      quoteUs: quote?.tsUs,
      lastPrice: lastTrade?.price,
      lastSize: lastTrade?.size,
      lastUs: lastTrade?.eventTsUs ?? lastTrade?.tsUs,
      staleCause,
    }),
    flags: [...flagsOf(quote), ...more],
  }
}

function optionOf(state: InstrumentState, contract: OptionContract, staleCause: string | undefined, more: string[]): KnownOption {
  const { currency, tradingClass, multiplier, expiry, strike, right } = contract
  const greeks = state.greeksOf('model')
  return {
    ...pricesOf(state, contract, staleCause, isAdjusted(contract) ? [...more, 'adjusted'] : more),
    currency,
    tradingClass,
    multiplier,
    expiry,
    strike,
    right,
    ...given({
      impliedVolatility: greeks?.impliedVolatility,
      delta: greeks?.delta,
      gamma: greeks?.gamma,
      vega: greeks?.vega,
      theta: greeks?.theta,
      underlyingPrice: greeks?.underlyingPrice,
      greeksUs: greeks?.tsUs,
    }),
  }
}

function flagsOf(quote: Quote | undefined): string[] {
  const marks = marksText(quote?.marks)?.split(',') ?? []
  const rules = [...new Set(quote?.verdict?.findings.map(({ rule }) => rule))].sort()
  return [...marks, ...(quote?.delayed ? ['delayed'] : []), ...rules]
}

/** A product's options together. */
function inOrder(a: KnownOption, b: KnownOption): number {
  return (
    compare(a.currency, b.currency) ||
    compare(a.expiry, b.expiry) ||
    compare(a.tradingClass, b.tradingClass) ||
    a.multiplier - b.multiplier ||
    a.strike - b.strike ||
    compare(a.right, b.right)
  )
}

const compare = (a: string, b: string) => (a < b ? -1 : Number(a > b))
