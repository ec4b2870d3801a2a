/** What an experiment is to do: plain data that is stored with it, so that it can be resumed by its name, on any machine. */

import { z } from 'zod'

import type { ArbitrageSettings } from '../../market/arbitrage/settings.ts'
import { ConfigError } from '../../market/errors.ts'
import type { PreparedInput } from '../run/input.ts'
import type { RunSettings } from '../run/result.ts'
import type { DoneTrial, Trial, TrialParams } from './trial.ts'

const scalar = z.union([z.number(), z.string(), z.boolean(), z.null()])

const paramSpace = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('values'), values: z.array(scalar).min(1) }),
  z.strictObject({
    kind: z.literal('range'),
    from: z.number(),
    to: z.number(),
    /** Absent: a grid cannot walk it, a draw takes any number, or any integer where both ends are some. */
    step: z.number().positive().optional(),
    /** Small numbers are drawn as often as large ones. */
    isLog: z.boolean().optional(),
  }),
])
export type ParamSpace = z.infer<typeof paramSpace>
export type Scalar = z.infer<typeof scalar>

const plan = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, 'expected letters, digits, dots, dashes and underscores'),
  /** One of `KINDS`. */
  kind: z.string(),
  /** A name, or a path from `cwd`. */
  strategy: z.string().min(1),
  cwd: z.string(),
  /** SHA-256 of the strategy's own file and of what it imports by a path. Absent: it comes along. */
  strategyHash: z.string().optional(),
  input: z.custom<PreparedInput['from']>((value) => typeof value === 'object' && value !== null),
  /** For a strategy that is told what the detectors find. */
  arbitrage: z.custom<ArbitrageSettings>((value) => typeof value === 'object' && value !== null),
  /** Of every trial; a trial can change what its kind is about. */
  settings: z.custom<RunSettings>((value) => typeof value === 'object' && value !== null),
  /** What each parameter is tried with. One that is the same in all trials has one value. */
  space: z.record(z.string(), paramSpace),
  /** So many are drawn of the space. Absent: all of it, as a grid. */
  draws: z.strictObject({ count: z.int().min(1), seed: z.int().min(0) }).optional(),
  /** The figure by which trials are ranked. */
  objective: z.strictObject({ metric: z.string().min(1), direction: z.enum(['max', 'min']) }),
  /** Of the kind, as its own schema reads them. */
  options: z.record(z.string(), z.unknown()),
})
export type ExperimentPlan = z.infer<typeof plan>

/** @throws ConfigError `experiment-plan` naming what does not fit */
export function readPlan(value: unknown): ExperimentPlan {
  const read = plan.safeParse(value)
  if (read.success) return read.data
  const wrong = read.error.issues.map(({ path, message }) => `${path.join('.') || 'plan'}: ${message}`)
  throw new ConfigError(`The plan of the experiment is wrong: ${wrong.join('; ')}.`, { code: 'experiment-plan' })
}

/** What can be tried. */
export interface Search {
  /** Of the space of the plan, drawn or as a grid: each once, and only what the strategy accepts. */
  candidates: readonly TrialParams[]
  /** Whether the strategy accepts such parameters. */
  allows(params: TrialParams): boolean
}

/**
 * A kind of experiment. Its stages are written as a generator: it yields the trials of a stage and is given what came of them, in the same order, with
 * failed ones among them. It is started anew whenever the experiment is resumed, on several machines at once too: what it yields may depend on nothing
 * but its arguments and what it is given.
 */
export interface ExperimentKind {
  name: string
  /** For help: one line. */
  about: string
  /** Of `plan.options`. */
  options: z.ZodType
  /** It is about the parameters of a run, which its options name: its plan has no space. */
  isOfRun?: true
  stages(plan: ExperimentPlan, search: Search): Generator<readonly Trial[], void, readonly DoneTrial[]>
}

type Figures = Readonly<Record<string, number | null>>

/** Those that did not fail and have the figure; equal ones stay in their order. */
export function bestFirst<One extends { status: 'complete' | 'failed' }>(
  trials: readonly One[],
  { metric, direction }: ExperimentPlan['objective'],
  figuresOf: (trial: One) => Figures,
): One[] {
  const sign = direction === 'max' ? -1 : 1
  const valueOf = (trial: One) => sign * (figuresOf(trial)[metric] ?? Number.NaN)
  const ranked = trials.filter((trial) => trial.status === 'complete' && !Number.isNaN(valueOf(trial)))
  // Two infinite ones are equal, and their difference is no number.
  return ranked.sort((one, other) => (valueOf(one) === valueOf(other) ? 0 : valueOf(one) - valueOf(other)))
}

/** The first of equals; undefined where none has the figure. */
export function bestOf(done: readonly DoneTrial[], objective: ExperimentPlan['objective']): DoneTrial | undefined {
  return bestFirst(done, objective, ({ figures }) => figures)[0]
}
