/** The first bytes of a client: `API` and NUL, then the versions that it speaks as a text with its length in front. */

import type { FrameReader } from '../protocol/wire.ts'
import { WireError } from '../protocol/wire.ts'

const HELLO = Buffer.from('API\0', 'latin1')
const LENGTH_BYTES = 4
const MAX_VERSIONS_BYTES = 1024
const VERSIONS = /^v(\d{1,4})(?:\.\.(\d{1,4}))?(?: .*)?$/s

/**
 * Takes the greeting; returns its text, or undefined until all of it has come.
 *
 * @throws WireError when it is none.
 */
export function takeGreeting(reader: FrameReader): string | undefined {
  const head = reader.peek(HELLO.length)
  if (!head) return undefined
  if (!head.equals(HELLO)) throw new WireError('expected "API" and NUL as its first bytes')
  const length = reader.peek(HELLO.length + LENGTH_BYTES)?.readInt32BE(HELLO.length)
  if (length === undefined) return undefined
  if (length <= 0 || length > MAX_VERSIONS_BYTES)
    throw new WireError(`expected a version range such as v100..193, found a length of ${length}`)
  const greeting = reader.peek(HELLO.length + LENGTH_BYTES + length)
  if (!greeting) return undefined
  const text = greeting.toString('latin1', HELLO.length + LENGTH_BYTES)
  reader.skip(greeting.length)
  return text
}

/**
 * The versions of a greeting's text, which connect options may follow.
 *
 * @throws WireError when it names none.
 */
export function versionsOf(text: string): { min: number; max: number } {
  const [, min, max = min] = VERSIONS.exec(text) ?? []
  if (min === undefined) throw new WireError(`expected a version range such as v100..193, found ${JSON.stringify(text.slice(0, 40))}`)
  return { min: Number(min), max: Number(max) }
}
