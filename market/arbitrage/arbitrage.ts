/**
 * The arbitrage detectors over a stream of records, live and over history alike: the same records and settings give the same episodes.
 *
 *   const arbitrage = new Arbitrage({ detectors: DETECTORS, settings, onEpisode })
 *   for await (const { sessionId, records } of source.records()) for (const record of records) arbitrage.take(record, sessionId)
 *   arbitrage.finish()
 *
 * It owns the state that it needs and has no clock: every time is a record's. `onEpisode` is called within `take`, and is given the one
 * object of the episode each time, which goes on changing until `closed`: whoever keeps what it says now copies it. `open` lists what is
 * open, `funnel` counts over all sessions. Feed it every record, quarantined ticks too: that the latest quote of a leg was refused matters.
 *
 * Each session is watched by itself, as state belongs to one session; `session started` begins anew.
 */

import type { TapeRecord } from '../tick.ts'
import type { Detector } from './detector.ts'
import type { Episode } from './episode.ts'
import { Funnel } from './funnel.ts'
import type { ParitySample } from './parity.ts'
import { SessionWatch } from './session-watch.ts'
import type { ArbitrageSettings } from './settings.ts'

export type EpisodeEvent = 'opened' | 'changed' | 'closed'

export interface ArbitrageOptions {
  /** In the order of `DETECTORS`; those that the settings turn off are left out. */
  detectors: readonly Detector[]
  settings: ArbitrageSettings
  onEpisode: (event: EpisodeEvent, episode: Episode) => void
  /** Underlyings that are looked at. All else is state alone, and its records tell the time, so that what is found is what is found among all. Absent: all. */
  symbols?: readonly string[] | undefined
  /** Once a minute of the tape, what parity says of each chain that is quoted. Absent: it is not looked at. */
  onParity?: ((sample: ParitySample, sessionId: number) => void) | undefined
  /** A detector threw; it is off for the rest of that session. */
  onDetectorError: (detector: string, error: unknown) => void
}

export class Arbitrage {
  readonly funnel = new Funnel()
  readonly #options: ConstructorParameters<typeof SessionWatch>[1]
  readonly #sessions = new Map<number, SessionWatch>()
  #latest: SessionWatch | undefined
  #latestId = Number.NaN

  /** @throws Error when two detectors have one name */
  constructor({ detectors, settings, symbols, onEpisode, onParity, onDetectorError }: ArbitrageOptions) {
    const names = new Set<string>()
    for (const { name } of detectors) {
      if (names.has(name)) throw new Error(`Two detectors are named "${name}". Rename one of them.`)
      names.add(name)
    }
    const active = detectors.filter(({ name }) => settings.detectors[name] !== 'off')
    this.#options = {
      detectors: active,
      settings,
      symbols: symbols && new Set(symbols),
      funnel: this.funnel,
      onEpisode,
      onParity,
      onDetectorError,
    }
  }

  /** Takes in the next record of a session. */
  take(record: TapeRecord, sessionId: number): void {
    if (record.kind === 'session' && record.event === 'started') this.#end(sessionId)
    this.#session(sessionId).take(record)
    if (record.kind === 'session' && record.event === 'ended') this.#end(sessionId)
  }

  /**
   * Takes in the next record of a session without looking at it, as when the detectors are behind: a fraction of the work, and the state
   * misses nothing. Every episode of the session ends with `overrun`, at the last record that was looked at.
   */
  pass(record: TapeRecord, sessionId: number): void {
    if (record.kind === 'session' && record.event === 'started') this.#end(sessionId)
    this.#session(sessionId).pass(record)
    if (record.kind === 'session' && record.event === 'ended') this.#end(sessionId)
  }

  /** The episodes that are open, session by session, in the order in which they were opened. */
  get open(): readonly Episode[] {
    return [...this.#sessions.values()].flatMap((session) => session.open)
  }

  /** The stream is over: what is still open ends with the last record of its session. */
  finish(): void {
    for (const sessionId of this.#sessions.keys()) this.#end(sessionId)
  }

  #session(sessionId: number): SessionWatch {
    if (this.#latest !== undefined && this.#latestId === sessionId) return this.#latest
    let session = this.#sessions.get(sessionId)
    if (session === undefined) {
      session = new SessionWatch(sessionId, this.#options)
      this.#sessions.set(sessionId, session)
    }
    this.#latest = session
    this.#latestId = sessionId
    return session
  }

  #end(sessionId: number): void {
    this.#sessions.get(sessionId)?.end('session-ended')
    this.#sessions.delete(sessionId)
    if (this.#latestId === sessionId) this.#latest = undefined
  }
}
