/** Seeded random numbers, so that a test that failed can be run again as it was. */

/** Numbers from 0 up to 1, without 1. Algorithm: mulberry32 (Tommy Ettinger, public domain), written anew. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
