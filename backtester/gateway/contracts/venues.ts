/**
 * Where a contract can be asked for. A tape has one market for a contract, whatever the venue: quotes and trades of it are the same for
 * each. The lists are those of IB for the United States.
 */

import type { Contract } from '../../../market/contract.ts'
import { optionVenueOf } from '../../../market/indices.ts'
import type { SmartComponent } from '../protocol/reference-messages.ts'

/** Smart routing: where IB lists stocks and options. */
export const SMART = 'SMART'

const STOCK_VENUES = ['AMEX', 'NYSE', 'CBOE', 'CHX', 'ARCA', 'NASDAQ', 'ISLAND', 'DRCTEDGE', 'BEX', 'BATS', 'EDGEA', 'BYX', 'IEX', 'PSX']
const OPTION_VENUES = ['AMEX', 'BATS', 'BOX', 'CBOE', 'CBOE2', 'EDGX', 'GEMINI', 'ISE', 'MERCURY', 'MIAX', 'NASDAQBX', 'NASDAQOM']
const MORE_OPTION_VENUES = ['PEARL', 'PHLX', 'PSE']

/** The letters of the consolidated tape. IB's bits change from key to key; these are the places in this list. */
export const SMART_COMPONENTS: readonly SmartComponent[] = (
  [
    ['AMEX', 'A'],
    ['BEX', 'B'],
    ['NYSENAT', 'C'],
    ['PEARL', 'H'],
    ['EDGEA', 'J'],
    ['DRCTEDGE', 'K'],
    ['LTSE', 'L'],
    ['CHX', 'M'],
    ['NYSE', 'N'],
    ['ARCA', 'P'],
    ['NASDAQ', 'Q'],
    ['MEMX', 'U'],
    ['IEX', 'V'],
    ['PSX', 'X'],
    ['BYX', 'Y'],
    ['BATS', 'Z'],
  ] as const
).map(([exchange, letter], bit) => ({ bit, exchange, letter }))

/** The venues of a contract, the one that it is listed at first. `underlying`: what an option is written on. */
export function venuesOf(contract: Contract, primaryExchange: string, underlying: Contract | undefined): readonly string[] {
  if (contract.kind === 'index' || contract.kind === 'future') return [contract.venue]
  const isAmerican = contract.currency === 'USD'
  if (contract.kind === 'stock') return distinct([SMART, ...(isAmerican ? STOCK_VENUES : []), primaryExchange])
  const all = isAmerican ? [SMART, ...OPTION_VENUES, ...MORE_OPTION_VENUES] : [SMART]
  if (underlying?.kind !== 'index') return all
  const only = optionVenueOf(underlying)
  // Where it is not known, better found at a venue too many than refused.
  return only ? [SMART, only] : distinct([...all, underlying.venue])
}

function distinct(venues: readonly string[]): readonly string[] {
  return [...new Set(venues)].filter((venue) => venue !== '')
}
