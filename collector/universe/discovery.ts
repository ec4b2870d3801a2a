/**
 * Finds the universe when a link is up, and again when the settings changed, ahead of each trading day, and when an underlying has moved
 * away from its strikes (price-move.ts). What was found is kept for a start on the same day (chain-file.ts).
 *
 * States: idle (no link was up yet) -> finding -> known, or refused in part (asked again after a minute) -> finding. A lost link
 * interrupts it, and the next one goes on where it was; any other failure is tried again after 5 s. Nothing that the gateway says of a
 * contract ends the recording: it also says that it knows none while its definitions are away.
 */

import { setTimeout as sleep } from 'node:timers/promises'

import type { Observable } from 'rxjs'

import { nyse } from '../../market/calendar/calendar.ts'
import { type Contract, contractKey } from '../../market/contract.ts'
import { TapedeckError } from '../../market/errors.ts'
import type { MarketState } from '../../market/state/market-state.ts'
import type { MarketClock } from '../../market/time.ts'
import type { Tick } from '../../market/tick.ts'
import type { Link } from '../ib/link/link.ts'
import { LookUps } from '../ib/lookup/look-ups.ts'
import type { UniverseBudget, UniverseSupply } from '../lines/division.ts'
import { priceOf } from '../lines/price.ts'
import type { Recorder } from '../record/recorder.ts'
import type { Events } from '../telemetry/events/index.ts'
import { RecordedActivity } from './activity.ts'
import type { ChainFile, KeptChain } from './chain-file.ts'
import { foundBySearch, type UniversePage, universePage } from './page.ts'
import { priceMove } from './price-move.ts'
import type { StoredActivity } from './stored-activity.ts'
import { type Discovered, isComplete, openUniverse, recall, renew, type UnderlyingSettings } from './universe.ts'

export interface DiscoverySettings {
  underlyings: readonly UnderlyingSettings[]
  /** Market-data lines that may be used. */
  lines: number
}

export interface DiscoveryOptions extends DiscoverySettings {
  clock: MarketClock
  recorder: Recorder
  state: MarketState
  /** When recording began: what is found first has been wanted since then. */
  startedUs: () => number
  supply: UniverseSupply
  budget?: UniverseBudget | undefined
  events: Events
  /** Ticks as they are recorded. */
  ticks: Observable<Tick>
  /** Absent: nothing is kept for the next start. */
  chainFile?: ChainFile | undefined
  /** What the database knows of options; absent: nothing is asked of it. */
  storedActivity?: StoredActivity | undefined
  /** Other than the usual pause before refused contracts are asked for again. */
  againMs?: number | undefined
}

const RETRY_MS = 5000
const AGAIN_MS = 60_000
const DAY_CHECK_MS = 60_000
/** A replay gateway may play an hour in a second. */
const REPLAYED_CHECK_MS = 1000
/** So long before a session opens its chains are searched: IB's nightly reset is over, and a slow gateway has the time that it needs. */
const AHEAD_US = 5_400_000_000

export class Discovery {
  readonly #options: DiscoveryOptions
  readonly #stop = new AbortController()
  readonly #lookUps = new LookUps()
  #settings: DiscoverySettings
  #running: Promise<void> | undefined
  #dayTimer: NodeJS.Timeout | undefined
  /** The trading day for which chains were searched, or are to be. */
  #day: string | undefined
  #isNewDay = false
  #isRecalled = false
  /** Ends a pause. */
  #wake = new AbortController()
  /** Lines of some settings are held. */
  #isKnown = false
  #isUnknownLogged = false
  /** When settings were changed that no round has taken over yet. */
  #configuredUs: number | undefined
  /** What was found, by the settings of the underlying. */
  readonly #discovered = new Map<string, Discovered>()
  readonly #activity = new RecordedActivity()

  constructor(options: DiscoveryOptions) {
    this.#options = options
    this.#settings = { underlyings: options.underlyings, lines: options.lines }
    options.storedActivity?.onPrepared(() => this.#dayTimer && void this.#readActivity())
  }

  /** Market-data lines that may be used. */
  get lines(): number {
    return this.#settings.lines
  }

  /** What is wanted, and what is not. */
  page(withContracts: boolean): UniversePage {
    const { underlyings, lines } = this.#settings
    const lined = new Set(this.#options.supply.lines.all.filter(({ feed }) => !feed).map(({ contract }) => contractKey(contract)))
    const foundOf = (settings: UnderlyingSettings) => {
      const one = this.#discovered.get(JSON.stringify(settings))
      return one && foundBySearch(one)
    }
    return universePage({ underlyings, foundOf, lines, lined }, withContracts)
  }

  /** A link is up and the time is known. */
  begin(): void {
    this.#running ??= this.#discover()
    const { clock } = this.#options
    if (this.#dayTimer) return
    this.#day = tradingDay(clock.nowUs())
    void this.#readActivity()
    const isReplay = 'publish' in clock
    const follow = () => {
      this.#followDay(clock.nowUs())
      // A tape that is replayed has the strikes that it has.
      if (!isReplay) this.#followPrices()
      void this.#readActivity()
    }
    this.#dayTimer = setInterval(follow, isReplay ? REPLAYED_CHECK_MS : DAY_CHECK_MS)
  }

  /** Takes over other settings; they are applied behind what is being looked for now. */
  configure(settings: DiscoverySettings): void {
    this.#settings = settings
    this.#isUnknownLogged = false
    if (this.#isKnown) this.#configuredUs = this.#options.recorder.nowUs
    this.#runAgain()
    if (this.#dayTimer) void this.#readActivity()
  }

  /** Chooses options anew when the database has something to say of those that filters ask about. */
  async #readActivity(): Promise<void> {
    const { storedActivity, clock } = this.#options
    const known = (await storedActivity?.read(this.#settings.underlyings, nyse.zone.dateOf(clock.nowUs()))) ?? []
    for (const { contract, ...figures } of known) this.#activity.take(contractKey(contract), figures)
    if (known.length > 0 && !this.#stop.signal.aborted) this.#runAgain()
  }

  #followDay(nowUs: number): void {
    const day = tradingDay(nowUs)
    if (day === this.#day) return
    this.#day = day
    this.#isNewDay = true
    this.#runAgain()
  }

  /** An underlying that has moved away from its strikes gets others. */
  #followPrices(): void {
    const { clock, events } = this.#options
    let areMoved = false
    // One that is still looked for has its strikes chosen when it is found.
    for (const one of [...this.#discovered.values()].filter(isComplete)) {
      const { root, chain, settings, center } = one
      const price = root && this.#priceOf(root)
      if (!chain || price === undefined) continue
      const listed = chain.options.map(({ strike }) => strike)
      const searchedAgoMs = performance.now() - one.followedMs
      const move = priceMove({ price, center, strikes: settings.strikes, listed, searchedAgoMs })
      if (move === 'none') continue
      areMoved = true
      events.underlyingMoved({ symbol: settings.symbol, price, isSearched: move === 'search' })
      one.center = price
      if (move === 'recentre') continue
      one.followedMs = performance.now()
      renew(one, clock.nowUs(), price)
    }
    if (areMoved) this.#runAgain()
  }

  #priceOf(root: Contract): number | undefined {
    const { recorder, state } = this.#options
    return priceOf(state.of(recorder.instrumentOf(root)))
  }

  /** Without a link the next one does it. */
  #runAgain(): void {
    this.#wake.abort()
    this.#running = this.#running?.then(() => this.#discover())
  }

  stop(): void {
    clearInterval(this.#dayTimer)
    this.#stop.abort()
    this.#wake.abort()
  }

  /** The market's clock was set, and shows a time that lies by so much ahead of the one it would have shown. */
  shift(byUs: number): void {
    if (this.#configuredUs !== undefined) this.#configuredUs += byUs
    for (const one of this.#discovered.values()) if (one.wantedUs !== undefined) one.wantedUs += byUs
  }

  async #discover(): Promise<void> {
    const { events, supply, againMs = AGAIN_MS } = this.#options
    const { signal } = this.#stop
    for (let { link } = supply; link && !signal.aborted; { link } = supply) {
      this.#wake = new AbortController()
      const settings = this.#settings
      try {
        const isAgain = await this.#find(link)
        if (settings !== this.#settings) return
        if (!isAgain) return
        await this.#pause(againMs)
      } catch (error) {
        if (signal.aborted) return
        events.discoveryFailed({ error })
        await this.#pause(RETRY_MS)
      }
      // The run behind this one has the new settings.
      if (settings !== this.#settings) return
    }
    // The next link goes on.
    this.#running = undefined
  }

  /** What was given up may be there on another day, though no notice of the gateway says so. */
  #beginDay(): void {
    const { clock, supply, recorder, state } = this.#options
    this.#lookUps.renew()
    for (const one of this.#discovered.values()) {
      const price = one.root && state.of(recorder.instrumentOf(one.root))?.lastTrade?.price
      renew(one, clock.nowUs(), price !== undefined && price > 0 ? price : undefined)
    }
    supply.lines.askSilentAgain('new-day', { includes: ({ state }) => state === 'refused' })
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#wake.signal }).catch(() => undefined)
  }

  /** Returns true when something is to be asked for again. */
  async #find(link: Link): Promise<boolean> {
    const { events, clock, recorder, ticks, supply, startedUs, state } = this.#options
    const settings = this.#settings
    this.#activity.note(state)
    await this.#recall()
    if (this.#isNewDay) this.#beginDay()
    this.#isNewDay = false
    const { known, again } = await openUniverse(link, {
      ...settings,
      events,
      nowUs: () => clock.nowUs(),
      wantedUs: this.#isKnown ? (this.#configuredUs ?? recorder.nowUs) : startedUs(),
      recorder,
      registry: supply.lines,
      budget: this.#options.budget,
      ticks,
      lookUps: this.#lookUps,
      discovered: this.#discovered,
      activityOf: (option) => this.#activity.of(option, nyse.zone.dateOf(clock.nowUs())),
    })
    if (settings === this.#settings) this.#configuredUs = undefined
    this.#keep()
    if (known > 0) {
      this.#isKnown = true
      supply.universeFound()
    } else if (!this.#isUnknownLogged) {
      this.#isUnknownLogged = true
      events.universeUnknown({ symbols: this.#settings.underlyings.map(({ symbol }) => symbol), areLinesKept: this.#isKnown })
    }
    return again
  }

  /** Takes over what an earlier run has found today. */
  async #recall(): Promise<void> {
    const { clock, chainFile, events } = this.#options
    // A tape that is replayed has other days.
    if (this.#isRecalled || !chainFile || 'publish' in clock) return
    this.#isRecalled = true
    const chains = await chainFile.read(tradingDay(clock.nowUs()))
    const recalled = this.#settings.underlyings.flatMap((settings) => {
      const chain = chains.get(JSON.stringify(settings))
      if (chain) recall(settings, chain, { discovered: this.#discovered, nowUs: () => clock.nowUs() })
      return chain ? { symbol: settings.symbol, options: chain.options.length } : []
    })
    if (recalled.length === 0) return
    const options = recalled.reduce((sum, chain) => sum + chain.options, 0)
    events.chainsRecalled({ symbols: recalled.map(({ symbol }) => symbol), options })
  }

  /** Keeps what is complete, when there is something new of it. */
  #keep(): void {
    const { clock, chainFile } = this.#options
    const complete = [...this.#discovered].filter(([, one]) => isComplete(one) && one.chain && one.chain.options.length > 0)
    if (!chainFile || 'publish' in clock || complete.every(([, { isKept }]) => isKept)) return
    const chains = complete.flatMap(([key, one]): [string, KeptChain][] => {
      const { root, chain } = one
      one.isKept = true
      return root && chain ? [[key, { root, options: chain.options, unasked: chain.unasked }]] : []
    })
    void chainFile.write(tradingDay(clock.nowUs()), new Map(chains))
  }
}

/** The latest trading day whose session has begun, or begins within the next hour and a half. */
function tradingDay(nowUs: number): string {
  const today = nyse.zone.dateOf(nowUs)
  try {
    const session = nyse.session(today)
    return session && nowUs >= session.openUs - AHEAD_US ? today : nyse.previousSession(today).date
  } catch (error) {
    // A day that the calendar does not know.
    if (error instanceof TapedeckError) return today
    throw error
  }
}
