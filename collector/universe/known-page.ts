/**
 * The universe while no collector runs: the filters of the settings on the options that were recorded and have not expired, by their last
 * recorded values. What is listed at IB since then, it does not know.
 */

import { contractKey, type IndexContract, type OptionContract, type StockContract } from '../../market/contract.ts'
import { type KnownActivity, RecordedActivity } from './activity.ts'
import { chooseOptions } from './filters.ts'
import { type Found, type UniversePage, universePage } from './page.ts'
import type { UnderlyingSettings } from './universe.ts'

export interface KnownUniverse {
  underlyings: readonly { contract: StockContract | IndexContract; price?: number; priceDay?: string }[]
  options: readonly (KnownActivity & { contract: OptionContract })[]
}

export interface KnownPageOptions {
  underlyings: readonly UnderlyingSettings[]
  lines: number
  /** `YYYY-MM-DD` in New York. */
  today: string
}

/** Undefined when nothing was recorded of any of the underlyings. */
export function knownPage(known: KnownUniverse, options: KnownPageOptions, withContracts: boolean): UniversePage | undefined {
  const { underlyings, lines, today } = options
  const activity = new RecordedActivity()
  for (const { contract, ...figures } of known.options) activity.take(contractKey(contract), figures)
  const foundOf = (settings: UnderlyingSettings): Found => {
    const root = known.underlyings.find(({ contract }) => isOf(contract, settings) && contract.kind === (settings.kind ?? 'stock'))
    if (!root) return { state: 'not-recorded', center: undefined, choice: undefined, unasked: [] }
    const chain = known.options.map(({ contract }) => contract).filter((option) => isOf(option, settings))
    const circumstances = { root: root.contract, today, referencePrice: root.price }
    const choice = chooseOptions(chain, settings, { ...circumstances, activityOf: (option) => activity.of(option, today) })
    return { state: 'recorded', center: root.price, choice, unasked: [] }
  }
  const page = universePage({ underlyings, foundOf, lines, lined: new Set() }, withContracts)
  if (page.underlyings.every(({ state }) => state === 'not-recorded')) return undefined
  return { ...page, from: 'database', recordedUntil: newestDay(known) }
}

function isOf({ symbol, currency }: StockContract | IndexContract | OptionContract, settings: UnderlyingSettings): boolean {
  return symbol === settings.symbol && currency === settings.currency
}

function newestDay({ underlyings, options }: KnownUniverse): string | null {
  const days = [...underlyings.map(({ priceDay }) => priceDay), ...options.flatMap((one) => [one.openInterestDay, one.volumeDay])]
  return days.reduce<string | null>((newest, day) => (day !== undefined && day > (newest ?? '') ? day : newest), null)
}
