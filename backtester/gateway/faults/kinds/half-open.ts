/**
 * A half-open connection: nothing more is sent or read, and no FIN says so. The gateway notices when the fault is over; until then it
 * keeps the client's id, so that a client that comes back with the same one is refused with 326, as by TWS.
 */

import type { z } from 'zod'

import type { FaultKind } from '../fault.ts'
import { clientId, seconds } from '../fields.ts'

const FIELDS = {
  seconds: seconds.default(60).describe('Until the gateway notices and drops the connection, in seconds of the wall.'),
  clientId,
} as const

export const halfOpen: FaultKind<z.output<z.ZodObject<typeof FIELDS>>> = {
  name: 'half-open',
  fields: FIELDS,
  describe: () => 'connections half open',
  begin(fault, stage) {
    const clients = stage.clients(fault.clientId)
    for (const client of clients) client.freeze()
    return {
      end() {
        for (const client of clients) client.destroy()
      },
    }
  },
}
