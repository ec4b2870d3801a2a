/**
 * Which of IB's data farms serves which lines. Farms are per product and region; tick-by-tick data comes from the history farms, and the
 * definition farms serve no line at all. A farm of an unknown name serves every line, as far as is known: too much is reported rather than
 * too little. The names are those of notices in the logs of several installations.
 */

import type { Contract } from '../../market/contract.ts'
import type { LineFeed } from '../../market/tick.ts'

/** What of a line decides where its data comes from. */
export interface ServedLine {
  contract: Pick<Contract, 'kind' | 'currency'>
  /** Absent: market data. */
  feed?: LineFeed | undefined
}

interface Farm {
  /** Absent: of every kind. */
  kinds?: readonly Contract['kind'][]
  /** Absent: of every currency. */
  currencies?: readonly string[]
  /** Serves tick-by-tick lines, and no others. */
  history?: true
}

const US = ['USD']
const EUROPE = ['EUR', 'GBP', 'CHF', 'SEK', 'NOK', 'DKK', 'PLN', 'HUF', 'CZK']
const JAPAN = ['JPY']
const STOCKS = ['stock', 'index'] as const
const NOTHING: Farm = { kinds: [] }

/** How the names of history farms end. */
const HISTORY = 'hmds'

/** By the part of the name in front of a dot: `usfarm.nj` is another `usfarm`. */
const FARMS: Readonly<Record<string, Farm>> = {
  usfarm: { kinds: STOCKS, currencies: US },
  usopt: { kinds: ['option'], currencies: US },
  usfuture: { kinds: ['future'], currencies: US },
  cashfarm: NOTHING,
  eufarm: { currencies: EUROPE },
  eufarmnj: { currencies: EUROPE },
  jfarm: { currencies: JAPAN },
  ushmds: { currencies: US, history: true },
  euhmds: { currencies: EUROPE, history: true },
  cashhmds: NOTHING,
}

/** True of a farm that serves tick-by-tick lines and no market data. */
export function servesTickByTickOnly(farm: string): boolean {
  const name = nameOf(farm)
  return FARMS[name]?.history ?? (!(name in FARMS) && name.endsWith(HISTORY))
}

/** The same for lines whose data comes from the same farms, as far as is known. */
export function farmsOf({ contract: { kind, currency }, feed }: ServedLine): string {
  if (feed) return `tick-by-tick ${currency}`
  return `${kind === 'index' ? 'stock' : kind} ${currency}`
}

/** Whether the data of a line comes from the farm of that name, as far as is known. */
export function servesLine(farm: string, { contract, feed }: ServedLine): boolean {
  const name = nameOf(farm)
  if (name.startsWith('secdef')) return false
  const { kinds, currencies, history } = FARMS[name] ?? (name.endsWith(HISTORY) ? { history: true as const } : {})
  if (FARMS[name] || history) if ((feed !== undefined) !== (history === true)) return false
  return (kinds?.includes(contract.kind) ?? true) && (currencies?.includes(contract.currency) ?? true)
}

function nameOf(farm: string): string {
  return farm.toLowerCase().split('.')[0] ?? ''
}

/** The farm that serves a line, for a farm that no notice has named. */
export function usualFarm({ contract, feed }: ServedLine): string | undefined {
  return Object.keys(FARMS).find((name) => servesLine(name, { contract, feed }) && !FARMS[name]?.currencies?.includes('EUR'))
}

/**
 * The farm that a notice names: `Market data farm connection is broken:usopt`, `… is inactive but should be available upon demand.usopt`.
 * One that names none is of a farm `unknown`.
 */
export function farmOf(text: string): string {
  return /(?::|demand\.)\s*(\S+)\s*$/.exec(text)?.[1] ?? 'unknown'
}

/**
 * The farms that IB names when its link is back (1102): `All data farms are connected: usfarm; ushmds.`, or `The following farms are
 * connected: usfarm. The following farms are not connected: usfuture.` Undefined when it names none.
 */
export function farmsIn(text: string): { connected: string[]; broken: string[] } | undefined {
  const farms = { connected: [] as string[], broken: [] as string[] }
  for (const [, not, names = ''] of text.matchAll(/(not )?connected:\s*(.*?)(?=\.\s|\.?$)/gi))
    farms[not ? 'broken' : 'connected'].push(...names.split(/[;,\s]+/).filter((name) => name !== ''))
  return farms.connected.length + farms.broken.length > 0 ? farms : undefined
}
