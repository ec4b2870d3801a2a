/** The gateway restarts: every connection ends, new ones are refused for a while, then it is back. The market goes on meanwhile. */

import type { z } from 'zod'

import type { FaultKind } from '../fault.ts'
import { seconds } from '../fields.ts'

const FIELDS = { seconds: seconds.describe('How long connections are refused, in seconds of the wall.') } as const

export const restart: FaultKind<z.output<z.ZodObject<typeof FIELDS>>> = {
  name: 'restart',
  fields: FIELDS,
  describe: () => 'restart of the gateway',
  begin: (_fault, stage) => ({ end: stage.shutDoor(), stop() {} }),
}
