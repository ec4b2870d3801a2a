/** Every combination of the parameters, or a number of them drawn at random: one stage. */

import { z } from 'zod'

import type { ExperimentKind } from './plan.ts'

const search: Pick<ExperimentKind, 'options' | 'stages'> = {
  options: z.strictObject({}),
  *stages({ settings }, { candidates }) {
    yield candidates.map((params) => ({ phase: 'search', params, settings }))
  },
}

export const grid: ExperimentKind = { name: 'grid', about: 'every combination of the parameters', ...search }

export const random: ExperimentKind = { name: 'random', about: 'combinations drawn at random', ...search }
