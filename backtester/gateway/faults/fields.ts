/** Fields that several kinds of faults have. Every `error` completes the sentence "expected …, found …" that script.ts writes. */

import { z } from 'zod'

const MAX_SECONDS = 1_000_000

export function integer(from: number, to: number) {
  const error = `a whole number from ${from} to ${to}`
  return z.int({ error }).min(from, { error }).max(to, { error })
}

export function duration(to = MAX_SECONDS) {
  const error = `seconds, more than 0 and at most ${to}`
  return z.number({ error }).positive({ error }).max(to, { error })
}

export const text = (expected = 'a text') => z.string({ error: expected }).min(1, { error: expected })

export const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, { error: `${values.slice(0, -1).join(', ')} or ${values.at(-1)}` })

/** How long a fault of the data lasts. */
export const tapeSeconds = duration().describe('How long it lasts, in seconds of tape time.')
/** How long a fault of the connection lasts. */
export const seconds = duration(86_400).describe('How long it lasts, in seconds of the wall.')

export const clientId = integer(0, 0x7fffffff).optional().describe('Only the client with this id; else every client that is connected.')
