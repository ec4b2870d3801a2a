/** Requests are answered late, as by a gateway whose definition or history server takes its time. */

import type { z } from 'zod'

import type { FaultKind } from '../fault.ts'
import { duration, tapeSeconds } from '../fields.ts'
import { describeLines, LINE_FIELDS, lineNames } from '../lines.ts'
import { chooseRequests, requests } from './request-names.ts'

const MAX_SECONDS = 3600

const FIELDS = {
  requests: requests.describe('Which requests, by the names of their handlers.'),
  bySeconds: duration(MAX_SECONDS).describe('How long each waits for its answer, in seconds of the wall.'),
  ...LINE_FIELDS,
  tapeSeconds: tapeSeconds.optional().describe('How long requests are answered late, in seconds of tape time; for good when absent.'),
} as const

type Late = z.output<z.ZodObject<typeof FIELDS>>

export const late: FaultKind<Late> = {
  name: 'late',
  fields: FIELDS,
  describe: (fault) => `answers to ${fault.requests.join(', ')} of ${describeLines(fault)} ${fault.bySeconds} s late`,
  of: lineNames,
  begin(fault, stage) {
    const choose = chooseRequests(fault, stage.contracts)
    const timers = new Set<NodeJS.Timeout>()
    return {
      // What was asked meanwhile is answered in its time.
      end() {},
      stop() {
        for (const timer of timers) clearTimeout(timer)
      },
      asked(name, request, answer) {
        if (choose(name, request) === undefined) return false
        const timer = setTimeout(() => {
          timers.delete(timer)
          answer()
        }, fault.bySeconds * 1000)
        timer.unref()
        timers.add(timer)
        return true
      },
    }
  },
}
