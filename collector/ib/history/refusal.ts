/** What IB means when it does not answer a request for history. 162 means anything: its text decides. */

import { NO_DEFINITION, TOO_FAST } from '../codes.ts'
import { LOST, RequestError, SILENT } from '../link/requests.ts'
import { FeedError } from '../../../market/errors.ts'

/**
 * `pacing`: asked too often, wait; `no-data`: final, there is none; `competing`: another session of the user has the data, wait;
 * `lost`: the connection is gone; `silent`: no answer came; `unknown`: no such contract; `refused`: final, and why is in the text.
 */
export type HistoryRefusal = 'pacing' | 'no-data' | 'competing' | 'lost' | 'silent' | 'unknown' | 'refused'

const HISTORY_REFUSED = 162
/** The same of requests for ticks. */
const TICKS_REFUSED = 10_187

const TEXTS: readonly (readonly [RegExp, HistoryRefusal])[] = [
  [/pacing violation/i, 'pacing'],
  [/returned no data|no data of type/i, 'no-data'],
  [/different IP address/i, 'competing'],
  // Ours, of a request that was given up: it may be asked again.
  [/query cancelled/i, 'silent'],
]

/** Undefined for what is no answer of the gateway: a bug. */
export function historyRefusalOf(error: unknown): HistoryRefusal | undefined {
  if (error instanceof RequestError) {
    const { ibCode, message } = error
    if (ibCode === TOO_FAST) return 'pacing'
    if (ibCode === NO_DEFINITION) return 'unknown'
    if (ibCode !== HISTORY_REFUSED && ibCode !== TICKS_REFUSED) return 'refused'
    return TEXTS.find(([text]) => text.test(message))?.[1] ?? 'refused'
  }
  if (!(error instanceof FeedError)) return undefined
  if (error.code === SILENT) return 'silent'
  return error.code === LOST ? 'lost' : undefined
}
