/** A trial: one run of an experiment as plain data, before it runs and after. */

import { createHash } from 'node:crypto'

import type { RunSettings } from '../run/result.ts'
import { sortedJson } from '../store/run-key.ts'

export type TrialParams = Readonly<Record<string, unknown>>

export interface Trial {
  /** What it is for: `search`, `train`, `test`, `holdout` and the like. */
  phase: string
  /** Of a walk-forward: its number, the same for training and test. */
  fold?: number | undefined
  /** As they are given to the strategy, without its defaults. */
  params: TrialParams
  settings: RunSettings
}

/** What is stored of a trial that has run. */
export interface TrialOutcome {
  runId: number
  status: 'complete' | 'failed'
  error?: string | undefined
  /** By name; null is not defined. */
  figures: Readonly<Record<string, number | null>>
  resultHash: string
  durationMs: number
}

export interface DoneTrial extends TrialOutcome {
  trial: Trial
}

/** What all trials of an experiment have in common, and a result depends on. */
export interface TrialSubject {
  strategy: { name: string; version: string }
  datasetHash: string
}

/** SHA-256 of all that decides what a trial does: known before it runs, and the same on every machine. */
export function trialKey({ phase, fold, params, settings }: Trial, { strategy, datasetHash }: TrialSubject): string {
  const { name, version } = strategy
  return createHash('sha256').update(sortedJson({ name, version, datasetHash, phase, fold, params, settings })).digest('hex')
}
