/**
 * From a candidate to what it is worth after fees, or to the gate that refuses it. The gates stand in the order of `REFUSALS`, and the first
 * that refuses counts. An episode that is open passes without those of the preset's choice, so that it does not flicker.
 */

import { TradingPhases } from '../calendar/trading-phase.ts'
import type { Contract } from '../contract.ts'
import { isMarked, Mark } from '../marks.ts'
import { isAdjusted } from '../option/bounds.ts'
import type { Chain } from '../state/chain.ts'
import type { ChainState } from '../state/chain-state.ts'
import type { InstrumentState } from '../state/instrument-state.ts'
import type { MarketState } from '../state/market-state.ts'
import type { SizeUnits } from '../stock-sizes/size-units.ts'
import type { Quote } from '../tick.ts'
import { feeOf, type FeeSchedule, feesOn, roundMoney } from './fees.ts'
import type { Refusal } from './funnel.ts'
import type { Halts } from './halts.ts'
import type { Assessment, Assumption, Candidate, Leg, Trade } from './opportunity.ts'
import type { ArbitrageSettings } from './settings.ts'
import type { Terms } from './terms.ts'

/** What the state of a session says of the legs. */
export interface Surroundings {
  market: MarketState
  chains: ChainState
  terms: Terms
  units: SizeUnits
  /** Instruments whose latest quote was quarantined: what stands is the one before. */
  refused: ReadonlySet<number>
  halts: Halts
}

/** A leg as the gates see it. */
interface SeenLeg {
  trade: Trade
  state: InstrumentState
  contract: Contract
  quote: Quote
  /** Undefined: the underlying. */
  chain: Chain | undefined
}

interface Package {
  candidate: Candidate
  legs: readonly SeenLeg[]
  first: Chain
  last: Chain
  tsUs: number
}

/** Not of now, or of when nothing can be traded. */
const NOT_OF_NOW = Mark.late | Mark.frozen | Mark.preOpen
const UNKNOWN: readonly Assumption[] = ['rate-unknown', 'dividends-unknown', 'borrow-unknown']
const VOLUMES = ['day-volume', 'rt-day-volume']
const DAYS_PER_YEAR = 365
const LEAST_CAPITAL = 0.01

type Gate = readonly [Refusal, (seen: Package) => boolean]

export class Assessor {
  readonly #around: Surroundings
  readonly #settings: ArbitrageSettings
  readonly #phases = new Map<number, { contract: Contract; phases: TradingPhases }>()
  #fees: { date: string; schedule: FeeSchedule } | undefined
  /** Of what the legs are, and of what the preset wants. */
  readonly #gates: readonly Gate[]
  readonly #choices: readonly Gate[]
  readonly #statements: readonly Gate[]

  constructor(around: Surroundings, settings: ArbitrageSettings) {
    this.#around = around
    this.#settings = settings
    const { days, minVolume } = settings
    const [mostStrikes, mostSpread] = [atMost(settings.strikePercent), atMost(settings.maxSpreadPercent)]
    this.#gates = [
      ['adjusted-deliverable', ({ legs }) => legs.some(({ chain }) => chain !== undefined && deliversOther(chain))],
      ['settlement-mismatch', settlesApart],
      ['underlying-not-executable', ({ legs, first }) => first.underlying.isIndex && legs.some(({ chain }) => chain === undefined)],
      ['market-closed', (seen) => seen.legs.some((leg) => this.#isClosed(leg, seen.tsUs))],
      ['stale-leg', (seen) => seen.legs.some((leg) => this.#isStale(leg, seen.tsUs)) || this.#isHalted(seen.first)],
      ['flagged-leg', ({ legs }) => legs.some((leg) => this.#isFlagged(leg))],
      ['crossed-leg', ({ legs }) => legs.some(({ quote: { bidPrice = 0, askPrice = Infinity } }) => bidPrice > askPrice)],
      ['size', (seen) => !(this.#size(seen) >= 1)],
    ]
    this.#choices = [
      ['days', ({ first, last }) => !(this.#days(first) >= days.from && this.#days(last) <= days.to)],
      ['strike', ({ legs, first }) => legs.some((leg) => strikeDistance(leg, first.underlying.middle) > mostStrikes)],
      ['spread', ({ legs }) => legs.some((leg) => leg.chain !== undefined && spreadPercent(leg.quote) > mostSpread)],
      ['volume', ({ legs }) => minVolume > 0 && legs.some((leg) => leg.chain !== undefined && !(volumeOf(leg) >= minVolume))],
    ]
    this.#statements = [
      ['missing-carry', ({ candidate }) => candidate.assumptions.some((assumption) => this.#isMissing(assumption))],
      ['not-guaranteed', ({ candidate }) => settings.onlyGuaranteed && certaintyOf(candidate) !== 'guaranteed'],
    ]
  }

  /** @param isOpen an episode of it is going on */
  assess(candidate: Candidate, tsUs: number, isOpen: boolean): Assessment | Refusal {
    const seen = this.#see(candidate, tsUs)
    if (seen === undefined) return 'stale-leg'
    const refused = firstOf(this.#gates, seen) ?? (isOpen ? undefined : firstOf(this.#choices, seen)) ?? firstOf(this.#statements, seen)
    if (refused !== undefined) return refused
    const assessment = this.#assessment(seen)
    const { minProfit, minAnnualReturn, maxCapital, closeShare } = this.#settings
    if (!isOpen && assessment.capital > atMost(maxCapital)) return 'cost'
    if (!(assessment.profit > 0)) return 'fees'
    const share = isOpen ? closeShare : 1
    return assessment.profit >= minProfit * share && assessment.annualReturn >= minAnnualReturn * share ? assessment : 'below-threshold'
  }

  /** False when what stands of an option, or of the underlying, says nothing of now: delayed, frozen, late, from before the open, or halted. */
  isOfNow(chain: Chain, instrument: number): boolean {
    const state = this.#around.market.of(instrument)
    if (state === undefined || state.isDelayed || state.isFrozen || this.#isHalted(chain)) return false
    return state.quote === undefined || !isMarked(state.quote, NOT_OF_NOW)
  }

  /** Undefined when a price is not the one that stands. */
  #see(candidate: Candidate, tsUs: number): Package | undefined {
    const { market, chains } = this.#around
    const legs: SeenLeg[] = []
    let first: Chain | undefined
    let last: Chain | undefined
    for (const trade of candidate.trades) {
      const state = market.of(trade.instrument)
      const quote = state?.quote
      const chain = chains.legOf(trade.instrument)?.chain
      if (state?.contract === undefined) return undefined
      if (chain !== undefined) {
        if (first === undefined || chain.expiry < first.expiry) first = chain
        if (last === undefined || chain.expiry > last.expiry) last = chain
      }
      if (quote === undefined) {
        // What an index has is no quote; its own gate says so.
        if (state.contract.kind !== 'index') return undefined
        legs.push({ trade, state, contract: state.contract, quote: NO_QUOTE, chain })
      } else {
        const isIndex = state.contract.kind === 'index'
        if (!isIndex && (trade.side === 'buy' ? quote.askPrice : quote.bidPrice) !== trade.price) return undefined
        legs.push({ trade, state, contract: state.contract, quote, chain })
      }
    }
    return first && last && { candidate, legs, first, last, tsUs }
  }

  #isClosed({ trade: { instrument }, contract }: SeenLeg, tsUs: number): boolean {
    let known = this.#phases.get(instrument)
    if (known?.contract !== contract) {
      known = { contract, phases: new TradingPhases(contract) }
      this.#phases.set(instrument, known)
    }
    const phase = known.phases.at(tsUs)
    // Without listed hours the minutes behind the close are those of some funds, and of which ones is not known.
    return phase === 'closed' || (phase === 'extended' && contract.kind === 'option' && contract.hours === undefined)
  }

  #isStale({ trade, state, quote }: SeenLeg, tsUs: number): boolean {
    const pastLimit = trade.side === 'buy' ? Mark.askPastLimit : Mark.bidPastLimit
    if (state.isDelayed || state.isFrozen || isMarked(quote, NOT_OF_NOW | pastLimit)) return true
    return tsUs - quote.tsUs > atMost(this.#settings.maxLegAgeMs) * 1000
  }

  #isHalted({ underlying: { instrument } }: Chain): boolean {
    return instrument !== undefined && this.#around.halts.has(instrument)
  }

  #isFlagged({ trade: { instrument }, quote: { verdict } }: SeenLeg): boolean {
    if (this.#around.refused.has(instrument)) return true
    const { acceptFindings } = this.#settings
    return verdict !== undefined && verdict.findings.some(({ severity, rule }) => severity !== 'info' && !acceptFindings.includes(rule))
  }

  #isMissing(assumption: Assumption): boolean {
    const { missingCarry } = this.#settings
    if (!UNKNOWN.includes(assumption) || missingCarry === 'assume') return false
    return missingCarry === 'refuse' || assumption !== 'borrow-unknown'
  }

  #days(chain: Chain): number {
    return this.#around.terms.of(chain).days
  }

  /** Whole packages. */
  #size({ legs, first: { multiplier } }: Package): number {
    let least = Infinity
    for (const { trade, quote, chain } of legs) {
      const standing = this.#standing(quote, trade.side, chain === undefined)
      least = Math.min(least, Math.floor(standing / (trade.ratio * (chain === undefined ? multiplier : 1))))
    }
    return least
  }

  /** Contracts, or shares. */
  #standing(quote: Quote, side: 'buy' | 'sell', isUnderlying: boolean): number {
    const [price = 0, size = Number.NaN] = side === 'buy' ? [quote.askPrice, quote.askSize] : [quote.bidPrice, quote.bidSize]
    // A bid of 0 is nobody's: to give an option away for it is no trade.
    if (!(price > 0)) return 0
    // A unit that nobody knows is taken for a share, which is the least it can be.
    return isUnderlying ? size * (this.#around.units.sharesPerUnit(quote) ?? 1) : size
  }

  #feesToday(): FeeSchedule {
    const { today } = this.#around.chains
    if (this.#fees?.date !== today) this.#fees = { date: today, schedule: feesOn(this.#settings.fees, today) }
    return this.#fees.schedule
  }

  #assessment(seen: Package): Assessment {
    const { candidate, first, last, tsUs } = seen
    const { multiplier, underlying } = first
    const size = this.#size(seen)
    const legs = seen.legs.map((leg): Leg => this.#leg(leg, multiplier, size, tsUs))
    const fees = roundMoney(legs.reduce((sum, { fee }) => sum + fee, 0))
    const gross = candidate.worth - candidate.cost
    const profit = gross * multiplier * size - fees
    const edgePerContract = profit / size
    const certainty = certaintyOf(candidate)
    const capital = Math.max(candidate.capital * multiplier, LEAST_CAPITAL)
    const carry = this.#around.terms.used(first, last)
    const worst = candidate.worst === undefined ? -capital : (candidate.worst - candidate.cost) * multiplier
    const ages = legs.map(({ ageMs }) => ageMs)
    return {
      detector: candidate.detector,
      certainty,
      assumptions: candidate.assumptions,
      legs,
      underlying: { symbol: underlying.symbol, currency: underlying.currency },
      expiry: candidate.expiry,
      lastExpiry: candidate.lastExpiry,
      multiplier,
      size,
      grossEdgePerShare: gross,
      edgePerShare: edgePerContract / multiplier,
      edgePerContract,
      profit,
      fees,
      capital,
      // What is traded on the last day ties its money up until the next.
      annualReturn: (edgePerContract / capital) * (DAYS_PER_YEAR / (candidate.days ?? Math.max(1, carry.lastDays))),
      worstCase: certainty === 'guaranteed' ? edgePerContract : Math.min(edgePerContract, worst - fees / size),
      skewMs: Math.max(...ages) - Math.min(...ages),
      carry,
      impliedRate: candidate.impliedRate,
    }
  }

  #leg({ trade, contract, quote, chain }: SeenLeg, multiplier: number, size: number, tsUs: number): Leg {
    const isOption = chain !== undefined
    const quantity = size * trade.ratio * (isOption ? 1 : multiplier)
    const order = { isOption, side: trade.side, quantity, price: trade.price, multiplier: isOption ? multiplier : 1 }
    const { instrument, side, ratio, price } = trade
    // Field by field: a copy of the trade that is added to is not kept by its shape, and costs more than all the rest.
    return {
      instrument,
      side,
      ratio,
      price,
      contract,
      size: this.#standing(quote, trade.side, !isOption),
      ageMs: (tsUs - quote.tsUs) / 1000,
      fee: feeOf(order, this.#feesToday()),
    }
  }
}

const NO_QUOTE: Quote = { kind: 'quote', seq: 0, tsUs: 0, instrument: -1 }

function atMost(limit: number | 'none'): number {
  return limit === 'none' ? Infinity : limit
}

function firstOf(gates: readonly Gate[], seen: Package): Refusal | undefined {
  for (const [refusal, refuses] of gates) if (refuses(seen)) return refusal
  return undefined
}

/** An input that is not known makes it an expectation. */
function certaintyOf({ certainty, assumptions }: Candidate): Candidate['certainty'] {
  return assumptions.some((assumption) => UNKNOWN.includes(assumption)) ? 'expected' : certainty
}

function deliversOther({ underlying: { symbol }, tradingClass }: Chain): boolean {
  return isAdjusted({ symbol, tradingClass })
}

/** One class and multiplier; and with the underlying, or over several expiries, priced off its spot. */
function settlesApart({ legs, first }: Package): boolean {
  const { underlying, tradingClass, multiplier, expiry } = first
  let needsSpot = false
  for (const { trade, chain } of legs) {
    if (chain === undefined) {
      if (trade.instrument !== underlying.instrument) return true
      needsSpot = true
    } else {
      if (chain.underlying !== underlying || chain.tradingClass !== tradingClass || chain.multiplier !== multiplier) return true
      needsSpot ||= chain.expiry !== expiry
    }
  }
  return needsSpot && !first.isPricedOffSpot
}

/** In percent; 0 for the underlying, and where its price is not known. */
function strikeDistance({ contract }: SeenLeg, spot: number): number {
  const distance = contract.kind === 'option' ? (Math.abs(contract.strike - spot) / spot) * 100 : 0
  return Number.isNaN(distance) ? 0 : distance
}

function spreadPercent({ bidPrice = 0, askPrice = Number.NaN }: Quote): number {
  const percent = ((askPrice - bidPrice) / ((askPrice + bidPrice) / 2)) * 100
  return Number.isNaN(percent) ? Infinity : percent
}

function volumeOf({ state }: SeenLeg): number {
  return Math.max(...VOLUMES.map((name) => state.statistics.get(name)?.value ?? 0))
}
