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

/** Runs `work` for the seeds from 0 up, a few side by side, and returns the results in their order. A failure names its seed. */
export async function inTurn<T>(seeds: number, sideBySide: number, work: (seed: number) => Promise<T>): Promise<T[]> {
  const results: T[] = []
  let next = 0
  const worker = async () => {
    while (next < seeds) {
      const seed = next++
      try {
        results[seed] = await work(seed)
      } catch (error) {
        next = seeds
        if (error instanceof Error) error.message = `seed ${seed}: ${error.message}`
        throw error
      }
    }
  }
  await Promise.all(Array.from({ length: sideBySide }, worker))
  return results
}
