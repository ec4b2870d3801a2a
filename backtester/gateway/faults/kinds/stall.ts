/**
 * The network to IB stalls: for a while nothing comes on any line, then all of it in one burst. Requests are answered meanwhile, as TWS
 * itself is there. With published time the burst has the time of its end, as data is stamped when it arrives.
 */

import type { z } from 'zod'

import type { FaultKind } from '../fault.ts'
import { clientId, duration } from '../fields.ts'

/** What a stall holds back is in memory. */
const MAX_SECONDS = 600

const FIELDS = {
  tapeSeconds: duration(MAX_SECONDS).describe('How long nothing comes, in seconds of tape time.'),
  clientId,
} as const

export const stall: FaultKind<z.output<z.ZodObject<typeof FIELDS>>> = {
  name: 'stall',
  fields: FIELDS,
  describe: () => 'stall of all data, then the burst',
  begin(fault, stage) {
    const releases = stage.clients(fault.clientId).map((client) => client.stall())
    return {
      end() {
        for (const release of releases) release()
      },
    }
  },
}
