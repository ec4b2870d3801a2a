/**
 * The detectors at work in one session: feeds the state, runs them where a quote has changed, has what they report assessed, and keeps the
 * episodes. It sees the records and nothing else, and nothing in what it finds depends on how a tape numbers its instruments.
 */

import type { Chain } from '../state/chain.ts'
import { ChainState } from '../state/chain-state.ts'
import { MarketState } from '../state/market-state.ts'
import { SizeUnits } from '../stock-sizes/size-units.ts'
import type { FeedGap, LineEvent, Quote, SessionEvent, TapeRecord } from '../tick.ts'
import { Assessor } from './assess.ts'
import type { ChainTerms, Desk, Detector } from './detector.ts'
import type { Ending } from './episode.ts'
import { OpenEpisode, OpenEpisodes } from './episodes.ts'
import type { Funnel, Refusal } from './funnel.ts'
import { Halts } from './halts.ts'
import type { Assessment, Candidate, Leg, Trade } from './opportunity.ts'
import type { ArbitrageSettings } from './settings.ts'
import { ParityMonitor, type ParitySample } from './parity.ts'
import { Terms } from './terms.ts'

export interface WatchOptions {
  detectors: readonly Detector[]
  settings: ArbitrageSettings
  funnel: Funnel
  /** Of underlyings that are looked at; undefined: all. */
  symbols: ReadonlySet<string> | undefined
  onEpisode: (event: 'opened' | 'changed' | 'closed', episode: OpenEpisode) => void
  onParity: ((sample: ParitySample, sessionId: number) => void) | undefined
  onDetectorError: (detector: string, error: unknown) => void
}

const MINUTE_US = 60_000_000
const ENDING: readonly TapeRecord['kind'][] = ['line', 'gap', 'session']

interface Found {
  candidate: Candidate
  assessment: Assessment
}

export class SessionWatch implements Desk {
  readonly #sessionId: number
  readonly #options: WatchOptions
  readonly #market = new MarketState()
  readonly #chains = new ChainState()
  readonly #units = new SizeUnits()
  readonly #terms = new Terms(this.#market.carry, this.#chains)
  readonly #refused = new Set<number>()
  readonly #halts = new Halts()
  readonly #parity = new ParityMonitor(
    (chain) => this.#terms.of(chain),
    (chain, instrument) => this.#assessor.isOfNow(chain, instrument),
  )
  readonly #assessor: Assessor
  readonly #open = new OpenEpisodes()
  #detectors: readonly Detector[]
  /** What the record at hand opens: it gets its numbers in an order of its own. */
  readonly #found: Found[] = []
  /** While it is looked at again, what is reported counts for this episode alone, and nothing is counted. */
  #again: OpenEpisode | undefined
  #turn = 0
  #tsUs = Number.NaN
  #seq = 0
  #today = ''
  #minuteEndsUs = Number.NEGATIVE_INFINITY
  #carryVersion = 0

  constructor(sessionId: number, options: WatchOptions) {
    this.#sessionId = sessionId
    this.#options = options
    this.#detectors = options.detectors
    const around = {
      market: this.#market,
      chains: this.#chains,
      terms: this.#terms,
      units: this.#units,
      refused: this.#refused,
      halts: this.#halts,
    }
    this.#assessor = new Assessor(around, options.settings)
  }

  get reach(): number {
    return this.#options.settings.reach
  }

  get expiries(): number {
    return this.#options.settings.expiries
  }

  get open(): readonly OpenEpisode[] {
    return this.#open.all()
  }

  terms(chain: Chain): ChainTerms {
    return this.#terms.of(chain)
  }

  take(record: TapeRecord): void {
    this.#turn++
    this.#apply(record)
    // What ends a line or a session says itself since when.
    if (record.tsUs >= this.#minuteEndsUs && !ENDING.includes(record.kind)) this.#beginMinute()
    switch (record.kind) {
      case 'quote':
        if (record.source === undefined) this.#takeQuote(record)
        return
      case 'line':
        this.#takeLine(record)
        return
      case 'gap':
        this.#takeGap(record)
        return
      case 'session':
        this.#takeSession(record)
        return
      case 'contract':
        if (this.#open.of(record.instrument)) this.#lookAgain(this.#open.of(record.instrument) ?? [], 'quote-gone')
        return
      case 'statistic':
        this.#takeCarry()
        if (record.name === 'halted' && this.#halts.has(record.instrument)) this.#lookAtHalted(record.instrument)
        return
      case 'carry':
        this.#takeCarry()
        return
      case 'trade':
      case 'greeks':
      case 'config':
    }
  }

  report(candidate: Candidate): void {
    const again = this.#again
    if (again !== undefined) {
      if (again.turn !== this.#turn && again.is(candidate)) this.#goOn(again, candidate)
      return
    }
    const { funnel } = this.#options
    funnel.candidates++
    const open = this.#open.size > 0 ? this.#open.find(candidate) : undefined
    if (open !== undefined) {
      if (open.turn !== this.#turn) this.#goOn(open, candidate)
      return
    }
    const assessment = this.#assessor.assess(candidate, this.#tsUs, false)
    if (typeof assessment === 'string') funnel.refuse(candidate.detector, assessment)
    else this.#found.push({ candidate, assessment })
  }

  refuse(detector: string, reason: Refusal, times = 1): void {
    if (this.#again !== undefined) return
    this.#options.funnel.candidates += times
    this.#options.funnel.refuse(detector, reason, times)
  }

  /** Takes the record into the state and looks at nothing: whether what was open still is there nobody knows. */
  pass(record: TapeRecord): void {
    if (this.#open.size > 0) this.end('overrun')
    this.#apply(record)
  }

  /** Closes all that is open; at `tsUs`, or at the latest record. */
  end(ending: Ending, tsUs = this.#tsUs): void {
    for (const episode of this.#open.all()) this.#close(episode, ending, tsUs)
  }

  #apply(record: TapeRecord): void {
    this.#tsUs = record.tsUs
    this.#seq = record.seq
    this.#market.apply(record)
    this.#halts.apply(record)
    if (record.kind === 'contract' && this.#market.of(record.instrument)?.lastTickUs === undefined) this.#halts.forget(record.instrument)
    this.#chains.apply(record)
    if (record.kind === 'session' || record.kind === 'contract') this.#units.apply(record)
    if (record.kind === 'quote' && record.source === undefined) this.#noteRefused(record)
  }

  #takeQuote(quote: Quote): void {
    const { instrument } = quote
    const touched = this.#open.of(instrument)
    if (touched) for (const episode of touched) episode.quotes++
    if (this.#refused.has(instrument)) {
      if (touched) this.#lookAgain(touched, 'edge-gone')
      return
    }
    const leg = this.#chains.legOf(instrument)
    if (!this.#isWanted(leg?.chain.underlying ?? this.#chains.underlyingOf(instrument))) return
    if (leg !== undefined) {
      this.#options.funnel.quotes++
      for (const detector of this.#detectors) {
        try {
          detector.onOption?.(leg, this)
        } catch (error) {
          this.#fail(detector, error)
        }
      }
    } else this.#lookAtUnderlying(instrument)
    if (touched) this.#lookAgain(touched, 'edge-gone')
    if (this.#found.length > 0) this.#openFound()
    this.#sampleParity(quote.tsUs)
  }

  #isWanted(underlying: { symbol: string } | undefined): boolean {
    const { symbols } = this.#options
    return symbols === undefined || (underlying !== undefined && symbols.has(underlying.symbol))
  }

  #sampleParity(tsUs: number): void {
    const { onParity } = this.#options
    if (onParity === undefined) return
    for (const sample of this.#parity.take(tsUs, this.#listChains) ?? []) onParity(sample, this.#sessionId)
  }

  /** One function, as it is asked for at every quote. */
  readonly #listChains = () => this.#chains.chains()

  #lookAtUnderlying(instrument: number): void {
    const chains = this.#chains.chainsOf(instrument)
    if (chains.length > 0) this.#options.funnel.quotes++
    for (const detector of this.#detectors) {
      try {
        for (const chain of chains) detector.onUnderlying?.(chain, this)
      } catch (error) {
        this.#fail(detector, error)
      }
    }
  }

  #noteRefused({ instrument, verdict }: Quote): void {
    if (verdict?.disposition === 'quarantine') this.#refused.add(instrument)
    else if (this.#refused.size > 0) this.#refused.delete(instrument)
  }

  /** Packages of options alone cannot be had either while their underlying is halted. */
  #lookAtHalted(instrument: number): void {
    const halted = this.#chains.underlyingOf(instrument)
    if (halted === undefined || this.#open.size === 0) return
    const isOfIt = ({ opened: { underlying } }: OpenEpisode) =>
      underlying.symbol === halted.symbol && underlying.currency === halted.currency
    this.#lookAgain(this.#open.all().filter(isOfIt), 'refused')
  }

  /** A detector that throws is off for the rest of the session. */
  #fail(detector: Detector, error: unknown): void {
    this.#detectors = this.#detectors.filter((other) => other !== detector)
    this.#options.onDetectorError(detector.name, error)
  }

  /** The market may have closed, or a day have begun. */
  #beginMinute(): void {
    this.#minuteEndsUs = (Math.floor(this.#tsUs / MINUTE_US) + 1) * MINUTE_US
    const { today } = this.#chains
    const isNewDay = today !== this.#today
    this.#today = today
    if (this.#open.size > 0) this.#lookAgain(this.#open.all(), isNewDay ? 'carry-changed' : 'edge-gone')
  }

  #takeCarry(): void {
    const { version } = this.#market.carry
    if (version === this.#carryVersion) return
    this.#carryVersion = version
    if (this.#open.size > 0) this.#lookAgain(this.#open.all(), 'carry-changed')
  }

  #takeLine({ event, feed, instrument, untilTsUs, tsUs }: LineEvent): void {
    if (event !== 'closed' || feed !== undefined) return
    for (const episode of this.#open.of(instrument) ?? []) this.#close(episode, 'gap', untilTsUs ?? tsUs)
  }

  /** What is open and began before the gap was over has been carried across it. */
  #takeGap({ instrument, fromTsUs, toTsUs }: FeedGap): void {
    const episodes = instrument === undefined ? this.#open.all() : (this.#open.of(instrument) ?? [])
    for (const episode of episodes) if (episode.openedUs < toTsUs) this.#close(episode, 'gap', fromTsUs)
  }

  #takeSession({ event, fromTsUs, tsUs }: SessionEvent): void {
    if (event === 'interrupted') this.end('gap', fromTsUs ?? tsUs)
    else if (event === 'ended') this.end('session-ended')
  }

  /** Has the detectors look at what is open once more; what they report no more is closed. */
  #lookAgain(episodes: Iterable<OpenEpisode>, ending: Ending): void {
    for (const episode of episodes) {
      if (episode.turn === this.#turn || episode.closedUs !== undefined) continue
      this.#again = episode
      try {
        this.#report(episode)
      } finally {
        this.#again = undefined
      }
      if (episode.turn !== this.#turn) this.#close(episode, this.#hasPrices(episode) ? ending : 'quote-gone', this.#tsUs)
    }
  }

  /** From every option of it, as not each of them may reach the others; never from the underlying, which is part of all its chains. */
  #report(episode: OpenEpisode): void {
    const detector = this.#detectors.find(({ name }) => name === episode.opened.detector)
    if (detector === undefined) return
    try {
      for (const { instrument } of episode.opened.legs) {
        const leg = this.#chains.legOf(instrument)
        if (leg !== undefined) detector.onOption?.(leg, this)
        if (episode.turn === this.#turn) return
      }
    } catch (error) {
      this.#fail(detector, error)
    }
  }

  #hasPrices({ opened }: OpenEpisode): boolean {
    return opened.legs.every((leg) => this.#price(leg) > 0)
  }

  /** NaN: none. */
  #price({ instrument, side }: Trade): number {
    const leg = this.#chains.legOf(instrument)
    const book = this.#chains.underlyingOf(instrument)
    if (leg !== undefined) return (side === 'buy' ? leg.side.askPrices : leg.side.bidPrices)[leg.index] as number
    return (side === 'buy' ? book?.askPrice : book?.bidPrice) ?? Number.NaN
  }

  #goOn(episode: OpenEpisode, candidate: Candidate): void {
    episode.turn = this.#turn
    const assessment = this.#assessor.assess(candidate, this.#tsUs, true)
    if (typeof assessment === 'string') this.#close(episode, endingOf(assessment), this.#tsUs)
    else if (episode.goOn(assessment, this.#tsUs)) this.#options.onEpisode('changed', episode)
  }

  #openFound(): void {
    const { settings, funnel, detectors, onEpisode } = this.#options
    const order = detectors.map(({ name }) => name)
    if (this.#found.length > 1) this.#found.sort((a, b) => compare(a.assessment, b.assessment, order))
    let number = 0
    for (const { candidate, assessment } of this.#found) {
      // From several sides of one quote the same may be reported twice.
      if (this.#open.find(candidate) !== undefined) continue
      const at = { sessionId: this.#sessionId, seq: this.#seq, tsUs: this.#tsUs, number: ++number, turn: this.#turn }
      const episode = new OpenEpisode(candidate, assessment, at, settings.coursePoints)
      this.#open.add(episode)
      funnel.opened++
      onEpisode('opened', episode)
    }
    this.#found.length = 0
  }

  /** Never behind the record at hand. At a gap with the last proof of life: what was seen behind it was a dead quote against a live one. */
  #close(episode: OpenEpisode, ending: Ending, tsUs: number): void {
    if (ending === 'gap') episode.takeBack(tsUs)
    episode.closedUs = Math.max(episode.lastUs, Math.min(tsUs, this.#tsUs))
    episode.ending = ending === 'gap' && tsUs < episode.openedUs ? 'within-gap' : ending
    this.#open.delete(episode)
    this.#options.onEpisode('closed', episode)
  }
}

/** What it means for an episode that a gate refuses it. */
function endingOf(refusal: Refusal): Ending {
  switch (refusal) {
    case 'size':
      return 'size-gone'
    case 'fees':
    case 'below-threshold':
      return 'edge-gone'
    case 'missing-carry':
      return 'carry-changed'
    default:
      return 'refused'
  }
}

/** By detector, expiry and class, then leg by leg. */
function compare(a: Assessment, b: Assessment, order: readonly string[]): number {
  return (
    order.indexOf(a.detector) - order.indexOf(b.detector) ||
    compareText(a.expiry, b.expiry) ||
    compareText(a.lastExpiry, b.lastExpiry) ||
    a.legs.length - b.legs.length ||
    a.legs.reduce((found, leg, i) => found || compareLegs(leg, b.legs[i] as Leg), 0)
  )
}

function compareLegs(a: Leg, b: Leg): number {
  const [one, other] = [a.contract, b.contract]
  if (one.kind !== 'option' || other.kind !== 'option') return 0
  return (
    one.strike - other.strike ||
    compareText(one.right, other.right) ||
    compareText(one.expiry, other.expiry) ||
    compareText(one.tradingClass, other.tradingClass) ||
    one.multiplier - other.multiplier ||
    compareText(a.side, b.side)
  )
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
