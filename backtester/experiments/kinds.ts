/** The kinds of experiments, by their names. */

import { ConfigError } from '../../market/errors.ts'
import { grid, random } from './grid.ts'
import { perturb } from './perturb.ts'
import type { ExperimentKind } from './plan.ts'
import { stress } from './stress.ts'
import { walkForward } from './walk-forward.ts'

const KINDS: readonly ExperimentKind[] = [grid, random, walkForward, perturb, stress]

/** @throws ConfigError `experiment-kind` */
export function kindOf({ kind }: { kind: string }): ExperimentKind {
  const found = KINDS.find(({ name }) => name === kind)
  if (found) return found
  throw new ConfigError(`There is no kind of experiment ${JSON.stringify(kind)}. There are: ${KINDS.map(({ name }) => name).join(', ')}.`, {
    code: 'experiment-kind',
  })
}
