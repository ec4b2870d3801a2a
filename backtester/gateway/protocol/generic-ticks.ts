/**
 * The generic ticks that a market-data request may name, as a gateway of IB lists them when it refuses one. A list with one number that is
 * not legal is refused whole. Numbers 104, 576 and 578 are legal here, though some versions refuse them.
 */

import type { SecType } from './contract-fields.ts'

/** Numbers that mean the same stand together, as in IB's list. IB has a name behind each; a message that long is no help. */
const COMMON =
  '100 101 104 105 106 165 221/220 225 232/221 233 236 258/47 292 293 294 295 318 375 411 456/59 460 576 577 578 586 587 588 614 619 623'.split(
    ' ',
  )
const INDEX_FUTURE_PREMIUM = '162'
const SHORT_TERM_VOLUME = '595'

const LEGAL: Readonly<Record<SecType, readonly string[]>> = {
  STK: [...COMMON, SHORT_TERM_VOLUME],
  OPT: [...COMMON, SHORT_TERM_VOLUME],
  IND: [...COMMON, INDEX_FUTURE_PREMIUM],
  FUT: [...COMMON, INDEX_FUTURE_PREMIUM, SHORT_TERM_VOLUME],
}
/** Not a number: no market data beside the news. */
const NO_MARKET_DATA = 'mdoff'
const MAX_QUOTED = 60

/** Splits a list such as `100,233,292:BRFG` into its entries. */
export function genericEntries(text: string): readonly string[] {
  return text
    .split(/[,;]/)
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '' && entry !== NO_MARKET_DATA)
}

/** The number of an entry, which the name of a news provider may follow; NaN when it is none. */
export function genericNumber(entry: string): number {
  return /^\d{1,3}(?::.*)?$/s.test(entry) ? Number.parseInt(entry, 10) : Number.NaN
}

/** Why this list is refused for this type of security, in IB's words with the legal numbers; undefined when all are legal. */
export function genericsRefusal(entries: readonly string[], secType: SecType): string | undefined {
  const names = LEGAL[secType]
  const legal = new Set(names.flatMap((name) => name.split('/').map(Number)))
  if (entries.every((entry) => legal.has(genericNumber(entry)))) return undefined
  return `Incorrect generic tick list of ${entries.join(',').slice(0, MAX_QUOTED)}.  Legal ones for (${secType}) are: ${names.join(',')}`
}
