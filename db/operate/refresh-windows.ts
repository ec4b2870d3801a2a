/** Which parts of an aggregate's time are to be computed, and in which pieces. Pure. */

import { type AggregateState, ceilTo, floorTo, type TickRange } from './aggregate-state.ts'

/** A part of one aggregate's time that is computed in one transaction. */
export interface RefreshWindow {
  aggregate: string
  fromUs: number
  toUs: number
}

/** Ticks of this time were added or changed; microseconds, from the first of them to the last. */
export interface TouchedTime {
  fromUs: number
  toUs: number
  /** Where they are; undefined: in any table of ticks. */
  table?: string | undefined
}

/** Ticks for some seconds of work, so that an interruption loses little; compressed ones are a tenth of the bytes. */
const WINDOW_BYTES = 64 * 2 ** 20
const WINDOW_CHUNKS = 32

/** The server skips what it knows to be unchanged, so that a window too many costs milliseconds. */
export function windowsOf(
  { name, bucketUs, computedToUs, wholeFromUs }: AggregateState,
  chunks: readonly TickRange[],
  nowUs: number,
  only: TouchedTime | undefined,
): RefreshWindow[] {
  // A bucket that is still being filled is computed when it is asked for.
  const endUs = Math.min(
    floorTo(nowUs, bucketUs),
    only ? Math.max(ceilTo(only.toUs, bucketUs), floorTo(only.toUs, bucketUs) + bucketUs) : Number.POSITIVE_INFINITY,
  )
  // From where it was computed to, when that is earlier: nothing between may be left out.
  const startUs = only ? Math.min(floorTo(only.fromUs, bucketUs), computedToUs ?? Number.NEGATIVE_INFINITY) : Number.NEGATIVE_INFINITY
  const windows: (RefreshWindow & { bytes: number; chunks: number })[] = []
  for (const chunk of chunks) {
    const fromUs = Math.max(floorTo(chunk.fromUs, bucketUs), startUs, wholeFromUs)
    const toUs = Math.min(ceilTo(chunk.toUs, bucketUs), endUs)
    if (toUs - fromUs < bucketUs) continue
    const last = windows.at(-1)
    if (last && last.bytes + chunk.bytes <= WINDOW_BYTES && last.chunks < WINDOW_CHUNKS) {
      last.toUs = Math.max(toUs, last.toUs)
      last.bytes += chunk.bytes
      last.chunks++
    } else windows.push({ aggregate: name, fromUs: last ? Math.max(fromUs, last.toUs) : fromUs, toUs, bytes: chunk.bytes, chunks: 1 })
  }
  return windows.filter(({ fromUs, toUs }) => toUs - fromUs >= bucketUs).map(({ aggregate, fromUs, toUs }) => ({ aggregate, fromUs, toUs }))
}
