/**
 * A gateway that is slow to read requests, to write, or both. With 256 KB waiting to be written the tape stands still, as it does for a
 * client that does not read.
 */

import type { z } from 'zod'

import type { FaultKind } from '../fault.ts'
import { clientId, integer, seconds } from '../fields.ts'

const FIELDS = {
  requestsPerSecond: integer(1, 1000).optional().describe('So many requests of a client are read per second of the wall.'),
  bytesPerSecond: integer(10, 1_000_000_000).optional().describe('So many bytes are written to a client per second of the wall.'),
  seconds: seconds.optional().describe('How long, in seconds of the wall; from then on for good when absent.'),
  clientId,
} as const

type Slow = z.output<z.ZodObject<typeof FIELDS>>

export const slow: FaultKind<Slow> = {
  name: 'slow',
  fields: FIELDS,
  describe: ({ requestsPerSecond, bytesPerSecond }) =>
    [
      requestsPerSecond !== undefined && `${requestsPerSecond} requests read per second`,
      bytesPerSecond !== undefined && `${bytesPerSecond} bytes written per second`,
    ]
      .filter((part) => part !== false)
      .join(', '),
  check: ({ requestsPerSecond, bytesPerSecond }) =>
    (requestsPerSecond ?? bytesPerSecond) === undefined ? 'requestsPerSecond, bytesPerSecond or both' : undefined,
  begin(fault, stage) {
    const clients = stage.clients(fault.clientId)
    for (const client of clients) client.slowDown(fault)
    return {
      end() {
        for (const client of clients) client.slowDown({})
      },
    }
  },
}
