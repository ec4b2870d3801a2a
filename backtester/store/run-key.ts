/** What makes a run this run: stored again, it is found by it. */

import { createHash } from 'node:crypto'

import type { RunResult } from '../run/result.ts'

/** Where a run stands in an experiment. */
export interface RunPlace {
  experiment?: string | undefined
  /** Default: `single`. */
  phase?: string | undefined
  fold?: number | undefined
  /** Of a trial: known before it ran. */
  trialKey?: string | undefined
}

/** SHA-256 of strategy, dataset, settings, parameters, place and result, or of the error that it failed with. */
export function runKey(result: RunResult, { experiment, phase, fold, trialKey }: RunPlace): string {
  const { mode, strategy, dataset, settings, params, benchmark, hash, error } = result
  const { name, version } = strategy
  const parts = {
    mode,
    name,
    version,
    dataset: dataset && [dataset.hash, dataset.name],
    settings,
    params,
    benchmark,
    experiment,
    phase,
    fold,
    trialKey,
    hash,
    error,
  }
  return createHash('sha256').update(sortedJson(parts)).digest('hex')
}

/** JSON with sorted keys; what is undefined is absent. */
export function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_key, one: unknown) => {
    if (typeof one !== 'object' || one === null || Array.isArray(one)) return one
    return Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
  })
}
