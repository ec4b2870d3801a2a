/** Lines are refused with an error: those that are open end with it, and for as long as it lasts, those that are asked for. */

import type { z } from 'zod'

import { Code } from '../../protocol/codes.ts'
import { RequestError } from '../../protocol/field-reader.ts'
import type { FaultKind, Stage } from '../fault.ts'
import { integer, oneOf, tapeSeconds, text } from '../fields.ts'
import { chooseLines, describeLines, LINE_FIELDS, type LineChoice, lineNames } from '../lines.ts'
import { HISTORY_TEXTS, REFUSAL_TEXTS } from '../refusal-texts.ts'
import { chooseRequests, requests } from './request-names.ts'

const FIELDS = {
  code: integer(1, 99_999).describe('354, 10197, 200 and so on; any code with a text of its own.'),
  text: text().optional().describe("What it says; IB's words when absent."),
  history: oneOf(['pacing', 'no-data', 'other-session', 'no-permission'])
    .optional()
    .describe("Why history is refused, with code 162: the pacing, no data, another session of the login, or no permission; in IB's words."),
  ...LINE_FIELDS,
  requests: requests
    .default(['market-data', 'tick-by-tick'])
    .describe('Which requests are refused while it lasts, by the names of their handlers; open lines end only when theirs are among them.'),
  tapeSeconds: tapeSeconds.optional().describe('How long new requests are refused, in seconds of tape time. Absent: only open lines end.'),
} as const

const ABOUT_HISTORY: ReadonlySet<string> = new Set(['historical-data', 'historical-ticks', 'head-timestamp', 'histogram'])

type Refusal = z.output<z.ZodObject<typeof FIELDS>>

export const refuse: FaultKind<Refusal> = {
  name: 'refuse',
  fields: FIELDS,
  describe: (fault) => `refusal ${fault.code} of ${describeLines(fault)}`,
  check: checkRefusal,
  of: lineNames,
  begin(fault, stage) {
    endLines(fault, chooseLines(fault), stage)
    if (fault.tapeSeconds === undefined) return undefined
    const choose = chooseRequests(fault, stage.contracts)
    return {
      end() {},
      asked(name, request) {
        const reqId = choose(name, request)
        if (reqId === undefined) return false
        throw new RequestError(fault.code, reqId, textOf(fault) ?? '')
      },
    }
  },
}

function checkRefusal(fault: Refusal): string | undefined {
  const { code, history, requests } = fault
  if ((history !== undefined || code === Code.historyRefused) && !requests.every((name) => ABOUT_HISTORY.has(name)))
    return `requests for history with code 162: ${[...ABOUT_HISTORY].join(', ')}`
  if (history !== undefined && code !== Code.historyRefused) return 'code 162 with history'
  return textOf(fault) === undefined ? `a text, as there is none for ${code}` : undefined
}

function endLines(fault: Refusal, isChosen: LineChoice, stage: Stage): void {
  const text = textOf(fault) ?? ''
  const { sampler } = stage
  for (const client of stage.clients()) {
    const { lines, tickLines } = client
    if (fault.requests.includes('market-data'))
      for (const [reqId, line] of lines) {
        if (!isChosen(line.book.listed, 'market-data')) continue
        lines.delete(reqId)
        sampler.close(line)
        client.notify(fault.code, text, reqId)
      }
    if (fault.requests.includes('tick-by-tick'))
      for (const [reqId, line] of tickLines) {
        if (!isChosen(line.book.listed, 'tick-by-tick')) continue
        tickLines.delete(reqId)
        sampler.closeTicks(line)
        client.notify(fault.code, text, reqId)
      }
  }
}

function textOf({ code, text, history }: Refusal): string | undefined {
  return text ?? (history === undefined ? REFUSAL_TEXTS[code] : HISTORY_TEXTS[history])
}
