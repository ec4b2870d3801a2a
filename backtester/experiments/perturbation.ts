/** How much a result hangs on its exact parameters: each number a little lower and higher, alone and all of them together. */

import { seededRandom } from '../metrics/random.ts'
import type { TrialParams } from './trial.ts'

export interface PerturbationOptions {
  /** By which part: 0.1 is 10 %. */
  by: number
  /** So many more with all of them changed at random within that part. */
  joint: number
  seed: number
  /** Whether the strategy accepts it; what it does not is left out. */
  allows: (params: TrialParams) => boolean
}

/** What takes this much more is no integer. */
const PROBE = 1e-3

/** Each once, without the parameters themselves. Integers stay integers and change by 1 at least; what is 0 and no integer has no part to change by. */
export function perturbations(params: TrialParams, { by, joint, seed, allows }: PerturbationOptions): TrialParams[] {
  const random = seededRandom(seed)
  // By name: what was stored has lost the order in which they were given.
  const takesIntegers = (name: string, value: number) => Number.isInteger(value) && !allows({ ...params, [name]: value + PROBE })
  const byName = Object.entries(params).sort(([one], [other]) => (one < other ? -1 : 1))
  const numbers = byName.flatMap(([name, value]) =>
    typeof value === 'number' && Number.isFinite(value) ? [{ name, value, isWhole: takesIntegers(name, value) }] : [],
  )
  const alone = numbers.flatMap(({ name, value, isWhole }) =>
    [-1, 1].map((part) => ({ ...params, [name]: moved(value, part * by, isWhole) })),
  )
  const together = Array.from({ length: joint }, () => ({
    ...params,
    ...Object.fromEntries(numbers.map(({ name, value, isWhole }) => [name, moved(value, (2 * random() - 1) * by, isWhole)])),
  }))
  const found = new Map<string, TrialParams>()
  const own = JSON.stringify(params)
  for (const one of [...alone, ...together]) {
    const key = JSON.stringify(one)
    if (key !== own && allows(one)) found.set(key, one)
  }
  return [...found.values()]
}

/** @param part signed */
function moved(value: number, part: number, isWhole: boolean): number {
  const off = Math.abs(value) * part
  if (!isWhole) return Number((value + off).toPrecision(12))
  return value + Math.sign(part) * Math.max(1, Math.round(Math.abs(off)))
}
