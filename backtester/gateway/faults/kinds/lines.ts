/**
 * There are fewer market-data lines than before: the account's limit shrinks, or others of the same login (TWS, a phone, another
 * client) take some. A limit that shrinks ends the lines beyond it with error 101, the newest first; others take only lines that are free,
 * and those that become free. Requests for more are refused with 101.
 */

import type { z } from 'zod'

import { Code } from '../../protocol/codes.ts'
import type { FaultKind, Stage } from '../fault.ts'
import { integer, tapeSeconds } from '../fields.ts'
import { REFUSAL_TEXTS } from '../refusal-texts.ts'

const MAX_LINES = 10_000

const FIELDS = {
  limit: integer(0, MAX_LINES)
    .optional()
    .describe('So many lines there are now, over all clients; open ones beyond it end with error 101.'),
  others: integer(1, MAX_LINES).optional().describe('So many lines others take, as far and as soon as they are free.'),
  tapeSeconds: tapeSeconds.optional().describe('How long, in seconds of tape time; for good when absent.'),
} as const

type Lines = z.output<z.ZodObject<typeof FIELDS>>

export const lines: FaultKind<Lines> = {
  name: 'lines',
  fields: FIELDS,
  describe: ({ limit, others }) => (limit === undefined ? `others take ${others} lines` : `a limit of ${limit} lines`),
  check: ({ limit, others }) => ((limit === undefined) === (others === undefined) ? 'limit or others, one of them' : undefined),
  begin({ limit, others = 0 }, stage) {
    const { allowance } = stage
    if (limit === undefined) return { end: allowance.take(others) }
    const end = allowance.limit(limit)
    endLinesBeyond(stage)
    return { end }
  },
}

function endLinesBeyond(stage: Stage): void {
  const { allowance, sampler } = stage
  const open = stage.clients().flatMap((client) => [...client.lines].map(([reqId, line]) => ({ client, reqId, line })))
  for (const { client, reqId, line } of open.slice(allowance.lines).toReversed()) {
    client.lines.delete(reqId)
    sampler.close(line)
    client.notify(Code.tooManyLines, REFUSAL_TEXTS[Code.tooManyLines] ?? '', reqId)
  }
}
