/**
 * The market-data farms of IB that are broken now. IB does not say which lines a farm serves, so that the hole is told of all lines, and
 * named after the farm: it may be said of too many, never of too few.
 */

import type { Hole } from './outage.ts'

export interface BrokenFarmsOptions {
  onBroken: (hole: Hole) => void
  onMended: (gap: Hole & { toTsUs: number }) => void
}

export class BrokenFarms {
  readonly #options: BrokenFarmsOptions
  readonly #holes = new Map<string, Hole>()

  constructor(options: BrokenFarmsOptions) {
    this.#options = options
  }

  /** IB repeats itself; a hole goes on from its first begin. */
  broke(farm: string, fromTsUs: number): void {
    if (this.#holes.has(farm)) return
    const hole = { fromTsUs, cause: `farm-broken: ${farm}` }
    this.#holes.set(farm, hole)
    this.#options.onBroken(hole)
  }

  mended(farm: string, toTsUs: number): void {
    const hole = this.#holes.get(farm)
    if (!hole) return
    this.#holes.delete(farm)
    this.#options.onMended({ ...hole, toTsUs })
  }

  /** Names every hole up to then, because the link or the session ends. Returns the farms. */
  end(toTsUs: number): string[] {
    const farms = [...this.#holes.keys()]
    for (const farm of farms) this.mended(farm, toTsUs)
    return farms
  }
}

/** The farm that a notice names: `Market data farm connection is broken:usopt`. */
export function farmOf(text: string): string {
  return text.slice(text.lastIndexOf(':') + 1).trim()
}
