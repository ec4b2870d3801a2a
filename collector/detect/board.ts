/** The episodes of this run that are open now, and the last ones that were closed: what is shown of them. */

import type { EpisodeEvent } from '../../market/arbitrage/arbitrage.ts'
import type { Episode } from '../../market/arbitrage/episode.ts'

const CLOSED_KEPT = 20

export class EpisodeBoard {
  readonly #open = new Map<string, Episode>()
  #closed: readonly Episode[] = []

  /** The most profitable first. */
  get open(): Episode[] {
    return [...this.#open.values()].sort((a, b) => b.last.profit - a.last.profit || (a.id < b.id ? -1 : 1))
  }

  /** The latest first. */
  get closed(): readonly Episode[] {
    return this.#closed
  }

  take(change: EpisodeEvent, episode: Episode): void {
    if (change !== 'closed') {
      this.#open.set(episode.id, episode)
      return
    }
    this.#open.delete(episode.id)
    this.#closed = [episode, ...this.#closed].slice(0, CLOSED_KEPT)
  }

  /** What found the open ones is gone: whether they are still there is not known. */
  forgetOpen(): void {
    this.#open.clear()
  }
}
