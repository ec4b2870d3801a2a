/** What a configuration that was read again changes: what can take effect while a recording runs, and what needs a restart. Pure. */

import { formatPath, isSection } from './layers.ts'
import type { TapedeckConfig } from './schema.ts'

export interface Changes {
  /** Names of settings: `universe.underlyings`. */
  live: string[]
  needRestart: string[]
}

/** Settings, and sections of them, that a running collector takes over, or that are none of its business. */
const LIVE = [
  'universe',
  'lines',
  'rules',
  'carry',
  'repair',
  'bars',
  'gateway.lines',
  'gateway.genericTicks',
  'journal.keepDays',
  'log.level',
]

export function changesBetween(before: TapedeckConfig, after: TapedeckConfig): Changes {
  const old = settingsOf(before)
  const now = settingsOf(after)
  const changed = [...new Set([...old.keys(), ...now.keys()])].filter((name) => old.get(name) !== now.get(name))
  const isLive = (name: string) => LIVE.some((part) => name === part || name.startsWith(`${part}.`))
  return { live: changed.filter(isLive), needRestart: changed.filter((name) => !isLive(name)) }
}

/** Every setting as JSON, by its name. A list is one setting. */
function settingsOf(config: TapedeckConfig): Map<string, string> {
  const settings = new Map<string, string>()
  const add = (value: unknown, path: string[]) => {
    if (isSection(value)) for (const [key, below] of Object.entries(value)) add(below, [...path, key])
    else if (value !== undefined) settings.set(formatPath(path), JSON.stringify(value))
  }
  add(config, [])
  return settings
}
