/**
 * What the database has of the open interest and volume of options, for filters by them: read once for each underlying, when the database is
 * ready. Recording never waits for it, and nothing is left out for what was not read yet.
 */

import type { OptionContract } from '../../market/contract.ts'
import type { Events } from '../telemetry/events/index.ts'
import type { KnownActivity } from './activity.ts'
import type { OptionFilters } from './filters.ts'

export interface StoredActivityOf extends KnownActivity {
  contract: OptionContract
}

/** What a database says of the options on some underlyings, up to a day. */
export type DatabaseActivity = (which: { symbols: readonly string[]; today: string }) => Promise<readonly StoredActivityOf[]>

export interface StoredActivityOptions {
  database: DatabaseActivity
  events: Pick<Events, 'activityRead' | 'activityUnread'>
}

export class StoredActivity {
  readonly #options: StoredActivityOptions
  /** Symbols that were asked for. */
  readonly #read = new Set<string>()
  #isPrepared = false
  #onPrepared: () => void = () => undefined

  constructor(options: StoredActivityOptions) {
    this.#options = options
  }

  /** The database can be asked from now on. */
  prepared(): void {
    this.#isPrepared = true
    this.#onPrepared()
  }

  /** Calls back once the database can be asked. */
  onPrepared(listener: () => void): void {
    this.#onPrepared = listener
  }

  /** Asks for the options on those underlyings whose filters need it and that were not asked for. Never rejects; what failed is asked again. */
  async read(underlyings: readonly (OptionFilters & { symbol: string })[], today: string): Promise<readonly StoredActivityOf[]> {
    if (!this.#isPrepared) return []
    const filtered = underlyings.filter(({ minOpenInterest = 0, minVolume = 0 }) => minOpenInterest > 0 || minVolume > 0)
    const symbols = [...new Set(filtered.map(({ symbol }) => symbol))].filter((symbol) => !this.#read.has(symbol))
    if (symbols.length === 0) return []
    for (const symbol of symbols) this.#read.add(symbol)
    const { database, events } = this.#options
    try {
      const known = await database({ symbols, today })
      events.activityRead({ symbols, options: known.length })
      return known
    } catch (error) {
      for (const symbol of symbols) this.#read.delete(symbol)
      events.activityUnread({ error })
      return []
    }
  }
}
