/** What settings are made of. Every `error` completes the sentence "expected …, found …" that config/load.ts writes. */

import { z } from 'zod'

export const text = (expected = 'a text') => z.string({ error: expected }).min(1, { error: expected })

export function integer(from: number, to: number, why = '') {
  const error = `an integer from ${from} to ${to}${why}`
  return z.int({ error }).min(from, { error }).max(to, { error })
}

export function positive(what: string) {
  const error = `a number above 0 (${what})`
  return z.number({ error }).positive({ error })
}

export const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, { error: `${values.slice(0, -1).join(', ')} or ${values.at(-1)}` })

export const section = <T extends z.core.$ZodLooseShape>(shape: T) => z.strictObject(shape, { error: 'a section of settings' })

export const list = <T extends z.core.SomeType>(element: T, of: string) => z.array(element, { error: `a list of ${of}` })

/** As IB writes it: capitals, digits, and a space or a dot within (`BRK B`). */
export const ticker = z
  .string({ error: 'a ticker like AAPL' })
  .regex(/^[A-Z0-9]+(?:[ ./-][A-Z0-9]+)*$/, { error: 'a ticker in capitals, as IB writes it (AAPL, BRK B)' })
