/**
 * Names what is wanted and not known yet, so that a slow search, or a gateway that knows nothing for hours, leaves a gap as soon as it
 * begins: an underlying that the gateway has not named, and, of one that it has, its chain (`option-chain`) while options of it may be
 * missing. What is found later has a line of its own, missing from the same moment on.
 */

import { NO_DEFINITION } from '../ib/codes.ts'
import type { Contract, IndexContract, StockContract } from '../../market/contract.ts'
import type { Recorder } from '../record/recorder.ts'
import type { ChainSearch } from '../ib/lookup/chain-search.ts'
import type { UnderlyingQuery } from '../ib/lookup/find-contracts.ts'
import type { Refusals } from '../ib/lookup/refusals.ts'

export type Names = Pick<Recorder, 'instrumentOf' | 'lineMissing' | 'lineUnwanted'>

/** What is known of an underlying that is wanted (universe.ts). */
interface Wanted {
  settings: UnderlyingQuery
  wantedUs: number | undefined
  root: Contract | undefined
  refusals: Pick<Refusals, 'areFinal'>
  chain: Pick<ChainSearch, 'isRefused' | 'isComplete'> | undefined
}

const NOT_FOUND = 'not-found-yet'
const REFUSED = `refused: ${NO_DEFINITION}`

/** Puts on the tape what has changed. `sinceUs`: since when those are wanted that do not say it. */
export function nameUnknown(wanted: readonly Wanted[], names: Names, sinceUs: number): void {
  for (const { settings, root, chain, refusals, wantedUs = sinceUs } of wanted) {
    const instrument = names.instrumentOf(root ?? placeholder(settings))
    if (!root) names.lineMissing(instrument, refusals.areFinal ? REFUSED : NOT_FOUND, wantedUs)
    else if (chain?.isRefused) names.lineMissing(instrument, REFUSED, wantedUs, 'option-chain')
    else if (chain?.isComplete) names.lineUnwanted(instrument, 'option-chain')
    else names.lineMissing(instrument, NOT_FOUND, wantedUs, 'option-chain')
  }
}

/** Other settings have taken the place of these. */
export function forgetUnknown({ settings, root }: Pick<Wanted, 'settings' | 'root'>, names: Names): void {
  const instrument = names.instrumentOf(root ?? placeholder(settings))
  if (!root) names.lineUnwanted(instrument)
  names.lineUnwanted(instrument, 'option-chain')
}

/** As much as the settings say of a contract that the gateway has not named. */
function placeholder({ symbol, kind, currency, exchange }: UnderlyingQuery): Contract {
  const stock: StockContract = { kind: 'stock', symbol, currency }
  const index: IndexContract = { kind: 'index', symbol, currency, venue: exchange }
  return kind === 'index' ? index : stock
}
