/**
 * Finds the universe when a link is up, and again when the settings changed.
 *
 * States: idle (no link was up yet) -> finding -> known. A lost link interrupts it, and the next one begins anew; another failure that
 * waiting may mend is tried again after 5 s. What cannot be mended so ends the recording, unless lines of earlier settings are held.
 */

import { setTimeout as sleep } from 'node:timers/promises'

import type { Observable } from 'rxjs'

import type { MarketClock } from '../../market/time.ts'
import { FeedError } from '../../market/errors.ts'
import type { Tick } from '../../market/tick.ts'
import { type Link, RequestError } from '../ib/link/link.ts'
import type { LineSupply } from '../lines/line-supply.ts'
import type { Recorder } from '../record/recorder.ts'
import type { Events } from '../telemetry/events/index.ts'
import { type Discovered, openUniverse, type UnderlyingSettings } from './universe.ts'

export interface DiscoverySettings {
  underlyings: readonly UnderlyingSettings[]
  /** Market-data lines that may be used. */
  lines: number
}

export interface DiscoveryOptions extends DiscoverySettings {
  clock: MarketClock
  recorder: Recorder
  supply: LineSupply
  events: Events
  /** Ticks as they are recorded. */
  ticks: Observable<Tick>
  /** No waiting can mend it. */
  onHopeless: (error: FeedError) => void
}

const RETRY_MS = 5000

export class Discovery {
  readonly #options: DiscoveryOptions
  readonly #stop = new AbortController()
  #settings: DiscoverySettings
  #running: Promise<void> | undefined
  #isKnown = false
  /** What was found, by the settings of the underlying. */
  readonly #discovered = new Map<string, Discovered>()

  constructor(options: DiscoveryOptions) {
    this.#options = options
    this.#settings = { underlyings: options.underlyings, lines: options.lines }
  }

  /** Market-data lines that may be used. */
  get lines(): number {
    return this.#settings.lines
  }

  /** A link is up and the time is known. */
  begin(): void {
    this.#running ??= this.#discover()
  }

  /** Takes over other settings; they are applied behind what is being looked for now. */
  configure(settings: DiscoverySettings): void {
    this.#settings = settings
    this.#running = this.#running?.then(() => this.#discover())
  }

  stop(): void {
    this.#stop.abort()
  }

  async #discover(): Promise<void> {
    const { events, supply, onHopeless } = this.#options
    const { signal } = this.#stop
    for (let { link } = supply; link && !signal.aborted; { link } = supply) {
      try {
        await this.#find(link)
        return
      } catch (error) {
        if (signal.aborted) return
        if (error instanceof FeedError && !(error instanceof RequestError) && !error.retryable) {
          if (this.#isKnown) return events.universeKept({ error })
          return onHopeless(error)
        }
        events.discoveryFailed({ error })
      }
      await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined)
    }
    // The next link begins anew.
    this.#running = undefined
  }

  async #find(link: Link): Promise<void> {
    const { events, clock, recorder, ticks, supply } = this.#options
    await openUniverse(link, {
      ...this.#settings,
      events,
      nowUs: () => clock.nowUs(),
      instrumentOf: (contract) => recorder.instrumentOf(contract),
      registry: supply.lines,
      ticks,
      discovered: this.#discovered,
    })
    this.#isKnown = true
    supply.universeFound()
  }
}
