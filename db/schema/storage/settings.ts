/** What of the storage can be chosen: the section `storage` of the settings, as the storage takes it. */

import type { Edition } from './objects.ts'

export const RETAINED_TABLES = ['quotes', 'trades', 'option_greeks', 'statistics', 'findings'] as const
export type RetainedTable = (typeof RETAINED_TABLES)[number]

export interface StorageSettings {
  /** The least that the server has to be capable of. */
  edition: 'any' | 'apache' | 'community'
  /** Ticks that are expected in a second of trading; decides how long a chunk is. Undefined: chunks of a day, or what was set by hand. */
  ticksPerSecond?: number | undefined
  /** An interval, or off. */
  compressAfter: string
  /** By table: an interval, or off. */
  retention: Readonly<Record<RetainedTable, string>>
}

export const OFF = 'off'

/** As the settings are when nothing is said. */
export const DEFAULT_STORAGE: StorageSettings = {
  edition: 'any',
  compressAfter: '7 days',
  retention: { quotes: OFF, trades: OFF, option_greeks: OFF, statistics: OFF, findings: OFF },
}

/** The least that the server has to be capable of. */
export const requiredEdition = ({ edition }: StorageSettings): Edition => (edition === 'any' ? 'plain' : edition)
