/** The kinds of settings that rules bring. */

import { z } from 'zod'

/** A number above 0 with its default; `unit` as in "a number above 0 (milliseconds)". */
export function positive(value: number, unit: string, about: string) {
  const error = `a number above 0 (${unit})`
  return z.number({ error }).positive({ error }).default(value).describe(about)
}
