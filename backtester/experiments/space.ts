/** What an experiment tries: the parameters of a space as a grid, or drawn at random. */

import { ConfigError } from '../../market/errors.ts'
import type { Strategy } from '../engine/strategy.ts'
import { seededRandom } from '../metrics/random.ts'
import { checkParams } from '../run/load-strategy.ts'
import { sortedJson } from '../store/run-key.ts'
import type { ExperimentKind, ExperimentPlan, ParamSpace, Scalar, Search } from './plan.ts'
import type { TrialParams } from './trial.ts'

const MOST_TRIALS = 100_000
/** So many draws for each that is wanted: in a small space most have been drawn already. */
const TRIES = 100

/**
 * Reads `10..60:10`, `0.5..3`, `log:0.001..1`, `1,1.5,2`, `true,false`, `fast`.
 *
 * @throws ConfigError `experiment-space`
 */
export function readSpace(name: string, text: string): ParamSpace {
  const [, log, from, to, step] = /^(log:)?([^,:]+?)\.\.([^,:]+?)(?::([^,:]+))?$/.exec(text) ?? []
  if (from === undefined || to === undefined) return { kind: 'values', values: text.split(',').map(scalarIn) }
  const range = { kind: 'range' as const, from: Number(from), to: Number(to), ...(step !== undefined && { step: Number(step) }) }
  const isWhole = Number.isFinite(range.from) && Number.isFinite(range.to) && range.from < range.to
  const steps = step === undefined || (Number(step) > 0 && log === undefined)
  if (!isWhole || !steps || (log !== undefined && range.from <= 0))
    throw spaceError(`--param ${name}: expected a range such as 10..60:10, 0.5..3 or log:0.001..1, found ${text}.`)
  return { ...range, ...(log !== undefined && { isLog: true }) }
}

/** JSON where it is a scalar: numbers, true and false; else text. */
function scalarIn(text: string): Scalar {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null) return value as Scalar
  } catch {
    // Text.
  }
  return text
}

/**
 * What a plan tries. A combination that only a rule over several parameters refuses, such as fast < slow, is left out.
 *
 * @throws ConfigError `experiment-size` for too many, `strategy-params` for a value that the strategy does not accept
 */
export function searchOf(
  { space, draws }: Pick<ExperimentPlan, 'space' | 'draws'>,
  strategy: Strategy,
  { isOfRun }: Pick<ExperimentKind, 'isOfRun'> = {},
): Search {
  const allows = (params: TrialParams) => accepts(strategy, params)
  const isAllowed = (params: TrialParams) => strategy.params.safeParse(params).success
  if (isOfRun) return { candidates: [], allows: isAllowed }
  const candidates = draws ? drawn(space, draws, allows) : gridOf(space).filter(allows)
  if (candidates.length === 0) throw spaceError(`${strategy.name} accepts none of the combinations. Give --param other values.`)
  return { candidates, allows: isAllowed }
}

function accepts(strategy: Strategy, params: TrialParams): boolean {
  const read = strategy.params.safeParse(params)
  if (read.success) return true
  const isOfSeveral = read.error.issues.every(({ code, path }) => code === 'custom' && path.length === 0)
  if (!isOfSeveral) checkParams(strategy, params)
  return false
}

/** By name: a stored plan has lost the order in which they were given. */
function axesOf(space: ExperimentPlan['space']): [name: string, one: ParamSpace][] {
  return Object.entries(space).sort(([one], [other]) => (one < other ? -1 : 1))
}

function gridOf(space: ExperimentPlan['space']): TrialParams[] {
  const axes = axesOf(space).map(([name, one]) => ({ name, size: sizeOf(name, one), one }))
  const size = axes.reduce((product, axis) => product * axis.size, 1)
  refuseTooMany(size)
  let rows: TrialParams[] = [{}]
  for (const { name, one } of axes) {
    const values = valuesOf(one)
    rows = rows.flatMap((row) => values.map((value) => ({ ...row, [name]: value })))
  }
  return rows
}

/** @throws ConfigError `experiment-size` */
export function refuseTooMany(trials: number, instead = 'draw some with `tapedeck experiment random`'): void {
  if (trials > MOST_TRIALS)
    throw new ConfigError(
      `The experiment has ${trials.toLocaleString('en-US')} trials: expected at most ${MOST_TRIALS.toLocaleString('en-US')}. ` +
        `Give --param fewer values, or ${instead}.`,
      { code: 'experiment-size' },
    )
}

function sizeOf(name: string, one: ParamSpace): number {
  if (one.kind === 'values') return valuesOf(one).length
  const { from, to, step } = one
  if (step === undefined)
    throw spaceError(`--param ${name}: expected a range with a step in a grid, such as ${from}..${to}:${(to - from) / 5}, or values.`)
  return stepsOf(from, to, step) + 1
}

const stepsOf = (from: number, to: number, step: number) => Math.floor((to - from) / step + 1e-9)

function valuesOf(one: ParamSpace): readonly Scalar[] {
  if (one.kind === 'values') return [...new Set(one.values)]
  const { from, to, step = 1 } = one
  return Array.from({ length: stepsOf(from, to, step) + 1 }, (_, i) => stepped(from, step, i))
}

/** 0.1 + 2 * 0.1 is to be 0.3. */
const stepped = (from: number, step: number, i: number) => Number((from + i * step).toPrecision(12))

/** Fewer than wanted where the space has no more. */
function drawn(
  space: ExperimentPlan['space'],
  { count, seed }: NonNullable<ExperimentPlan['draws']>,
  allows: (params: TrialParams) => boolean,
): TrialParams[] {
  refuseTooMany(count)
  const axes = axesOf(space)
  const random = seededRandom(seed)
  const found = new Map<string, TrialParams>()
  for (let left = count * TRIES; left > 0 && found.size < count; left--) {
    const params = Object.fromEntries(axes.map(([name, one]) => [name, drawOf(one, random)]))
    const key = sortedJson(params)
    if (!found.has(key) && allows(params)) found.set(key, params)
  }
  return [...found.values()]
}

function drawOf(one: ParamSpace, random: () => number): Scalar {
  if (one.kind === 'values') return one.values[Math.floor(random() * one.values.length)] ?? null
  const { from, to, step, isLog = false } = one
  if (step !== undefined) return stepped(from, step, Math.floor(random() * (stepsOf(from, to, step) + 1)))
  const isInteger = Number.isInteger(from) && Number.isInteger(to)
  // Both ends are as likely as what is between.
  const [low, high] = isInteger ? [from - 0.5, to + 0.5] : [from, to]
  if (isLog) return logDraw({ low: Math.max(low, from / 2), high, isInteger }, random)
  const value = low + random() * (high - low)
  return isInteger ? Math.min(to, Math.round(value)) : shortened(value)
}

function logDraw({ low, high, isInteger }: { low: number; high: number; isInteger: boolean }, random: () => number): number {
  const value = Math.exp(Math.log(low) + random() * (Math.log(high) - Math.log(low)))
  return isInteger ? Math.round(value) : shortened(value)
}

/** To six digits, which a person can type again. */
const shortened = (value: number) => Number(value.toPrecision(6))

function spaceError(message: string): ConfigError {
  return new ConfigError(message, { code: 'experiment-space' })
}
