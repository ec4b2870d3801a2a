/** Requests get no answer at all, as from a definition or history server that does not answer the gateway. */

import type { z } from 'zod'

import type { FaultKind } from '../fault.ts'
import { tapeSeconds } from '../fields.ts'
import { describeLines, LINE_FIELDS, lineNames } from '../lines.ts'
import { chooseRequests, requests } from './request-names.ts'

const FIELDS = {
  requests: requests.describe(
    'Which requests, by the names of their handlers; what was asked while it lasts is not answered later either.',
  ),
  ...LINE_FIELDS,
  tapeSeconds: tapeSeconds.optional().describe('How long, in seconds of tape time; for good when absent.'),
} as const

type Unanswered = z.output<z.ZodObject<typeof FIELDS>>

export const unanswered: FaultKind<Unanswered> = {
  name: 'unanswered',
  fields: FIELDS,
  describe: (fault) => `no answer to ${fault.requests.join(', ')} of ${describeLines(fault)}`,
  of: lineNames,
  begin(fault, stage) {
    const choose = chooseRequests(fault, stage.contracts)
    return { end() {}, asked: (name, request) => choose(name, request) !== undefined }
  },
}
