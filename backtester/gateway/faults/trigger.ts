/** When a fault begins: the fields that say it, and what they come to. */

import { z } from 'zod'

import { usFromIso } from '../../../market/time.ts'
import { duration, integer } from './fields.ts'

const US_PER_SECOND = 1_000_000

export const TRIGGER_FIELDS = {
  at: z
    .string({ error: 'a UTC time such as 2014-06-05T14:00:00Z' })
    .refine(isTime, { error: 'a UTC time such as 2014-06-05T14:00:00Z' })
    .optional()
    .describe('Begins at this time of the tape, ahead of what the tape has there.'),
  afterTapeSeconds: z
    .number({ error: 'seconds, 0 or more' })
    .min(0, { error: 'seconds, 0 or more' })
    .optional()
    .describe('Begins so many seconds of tape time behind the first tick.'),
  everyTapeSeconds: duration()
    .optional()
    .describe('Comes again after so many seconds of tape time, counted from begin to begin; with `at` or `afterTapeSeconds`.'),
  times: integer(2, 10_000).optional().describe('How often it comes; with `everyTapeSeconds`.'),
  afterMessages: integer(1, Number.MAX_SAFE_INTEGER)
    .optional()
    .describe('Begins when so many messages of market data were sent, over all clients.'),
  secondsAfterConnect: z
    .number({ error: 'seconds, 0 or more' })
    .min(0, { error: 'seconds, 0 or more' })
    .optional()
    .describe('Begins so many seconds of the wall after a client was let in.'),
  connection: integer(1, 1_000_000)
    .optional()
    .describe('Which client that is, counted from 1; with `secondsAfterConnect`. The first one when absent.'),
} as const

type TriggerFields = z.output<z.ZodObject<typeof TRIGGER_FIELDS>>

/** One of these, or none: a fault without begins with the gateway. */
export interface Trigger {
  atUs?: number
  afterTapeUs?: number
  afterMessages?: number
  afterConnect?: { seconds: number; connection: number }
}

/** Returns what is wrong with the fields as a whole, as the end of a sentence that begins with "expected". */
export function checkTrigger(fields: TriggerFields): string | undefined {
  const { at, afterTapeSeconds, afterMessages, secondsAfterConnect, everyTapeSeconds, times, connection } = fields
  const given = [at, afterTapeSeconds, afterMessages, secondsAfterConnect].filter((field) => field !== undefined)
  if (given.length > 1) return 'one of at, afterTapeSeconds, afterMessages and secondsAfterConnect'
  if ((everyTapeSeconds === undefined) !== (times === undefined)) return 'everyTapeSeconds and times together'
  if (times !== undefined && at === undefined && afterTapeSeconds === undefined)
    return 'at or afterTapeSeconds beside everyTapeSeconds and times'
  if (connection !== undefined && secondsAfterConnect === undefined) return 'secondsAfterConnect beside connection'
  return undefined
}

/** Every time at which the fault is to begin. */
export function triggersOf(fields: TriggerFields): Trigger[] {
  const { at, afterTapeSeconds, afterMessages, secondsAfterConnect, everyTapeSeconds = 0, times = 1, connection = 1 } = fields
  if (afterMessages !== undefined) return [{ afterMessages }]
  if (secondsAfterConnect !== undefined) return [{ afterConnect: { seconds: secondsAfterConnect, connection } }]
  if (at === undefined && afterTapeSeconds === undefined) return [{}]
  return Array.from({ length: times }, (_, i) => {
    const laterUs = Math.round(i * everyTapeSeconds * US_PER_SECOND)
    if (at !== undefined) return { atUs: usFromIso(at) + laterUs }
    return { afterTapeUs: Math.round((afterTapeSeconds ?? 0) * US_PER_SECOND) + laterUs }
  })
}

function isTime(text: string): boolean {
  try {
    return Number.isFinite(usFromIso(text))
  } catch {
    return false
  }
}
