/**
 * Indices of the United States that options are written on, for data that names a ticker and nothing else. An index may have several
 * trading classes: SPX is settled at the opening and last trades the day before, SPXW is settled at the close.
 */

import type { IndexContract } from './contract.ts'

interface KnownIndex {
  /** Where it is made, in IB's words. */
  venue: string
  /** The only venue of its options. Absent: not known. */
  optionVenue?: string
  /** Trading classes that are settled at the opening of their expiry. */
  opening: readonly string[]
  closing: readonly string[]
}

const INDICES: Readonly<Record<string, KnownIndex>> = {
  DJX: { venue: 'CBOE', optionVenue: 'CBOE', opening: ['DJX'], closing: [] },
  MRUT: { venue: 'CBOE', optionVenue: 'CBOE', opening: [], closing: ['MRUT'] },
  NDX: { venue: 'NASDAQ', opening: ['NDX'], closing: ['NDXP'] },
  OEX: { venue: 'CBOE', optionVenue: 'CBOE', opening: [], closing: ['OEX'] },
  RUT: { venue: 'RUSSELL', optionVenue: 'CBOE', opening: ['RUT'], closing: ['RUTW'] },
  SPX: { venue: 'CBOE', optionVenue: 'CBOE', opening: ['SPX'], closing: ['SPXW'] },
  VIX: { venue: 'CBOE', optionVenue: 'CBOE', opening: ['VIX', 'VIXW'], closing: [] },
  XEO: { venue: 'CBOE', optionVenue: 'CBOE', opening: [], closing: ['XEO'] },
  XND: { venue: 'NASDAQ', opening: [], closing: ['XND'] },
  XSP: { venue: 'CBOE', optionVenue: 'CBOE', opening: [], closing: ['XSP'] },
}

/** A trading class of options on an index. */
export interface IndexClass {
  /** Of the index. */
  symbol: string
  /** Settled at the opening of its expiry; it last trades the day before. */
  settlesAtOpening: boolean
}

const CLASSES: ReadonlyMap<string, IndexClass> = new Map(
  Object.entries(INDICES).flatMap(([symbol, { opening, closing }]) =>
    [...opening, ...closing].map((name) => [name, { symbol, settlesAtOpening: opening.includes(name) }] as const),
  ),
)

/** The index of this ticker. Undefined when none is known, as of any ticker in another currency. */
export function indexNamed(symbol: string, currency: string): IndexContract | undefined {
  const known = currency === 'USD' && Object.hasOwn(INDICES, symbol) ? INDICES[symbol] : undefined
  return known && { kind: 'index', symbol, currency, venue: known.venue }
}

/** The only venue at which options on the index trade. Undefined where that is not known. */
export function optionVenueOf({ symbol, currency, venue }: IndexContract): string | undefined {
  const isKnown = indexNamed(symbol, currency)?.venue === venue
  return isKnown ? INDICES[symbol]?.optionVenue : undefined
}

/** Undefined for the root of options that are on no index which is known. */
export function indexClassOf(root: string): IndexClass | undefined {
  return CLASSES.get(root)
}
