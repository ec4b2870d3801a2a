/** The detectors of arbitrage in a run: they look at the records that the engine has taken, as live, and the strategy is told what they find. */

import { Arbitrage, type ArbitrageOptions, type EpisodeEvent } from '../../market/arbitrage/arbitrage.ts'
import { DETECTORS } from '../../market/arbitrage/detectors/index.ts'
import type { Episode } from '../../market/arbitrage/episode.ts'
import type { ArbitrageSettings } from '../../market/arbitrage/settings.ts'
import type { TapeRecord } from '../../market/tick.ts'
import type { Engine } from '../engine/engine.ts'

export interface DetectionOptions {
  engine: Engine
  settings: ArbitrageSettings
  onFailure: ArbitrageOptions['onDetectorError']
}

export class Detection {
  readonly settings: ArbitrageSettings
  readonly #engine: Engine
  readonly #arbitrage: Arbitrage
  /** Of the record at hand: what the strategy throws must not be thrown into a detector. */
  readonly #events: { event: EpisodeEvent; episode: Episode }[] = []

  constructor({ engine, settings, onFailure }: DetectionOptions) {
    this.settings = settings
    this.#engine = engine
    const onEpisode = (event: EpisodeEvent, episode: Episode) => void this.#events.push({ event, episode })
    this.#arbitrage = new Arbitrage({ detectors: DETECTORS, settings, onEpisode, onDetectorError: onFailure })
  }

  /** Takes a record that the engine has taken. */
  take(record: TapeRecord, sessionId: number): void {
    this.#arbitrage.take(record, sessionId)
    this.#tell()
  }

  /** The data is over: what is open ends. */
  finish(): void {
    this.#arbitrage.finish()
    this.#tell()
  }

  #tell(): void {
    if (this.#events.length === 0) return
    for (const { event, episode } of this.#events.splice(0)) this.#engine.opportunity(event, episode)
  }
}
