/** The parameters of a run, and those around them. */

import { z } from 'zod'

import { perturbations } from './perturbation.ts'
import type { ExperimentKind } from './plan.ts'

const options = z.strictObject({
  /** Of the run, defaults included. */
  params: z.record(z.string(), z.unknown()),
  by: z.number().positive().max(1),
  joint: z.int().min(0).default(0),
  seed: z.int().min(0).default(1),
})

export const perturb: ExperimentKind = {
  name: 'perturb',
  about: 'the parameters of a run, each a little lower and higher',
  options,
  isOfRun: true,
  *stages(plan, search) {
    const { params, ...how } = options.parse(plan.options)
    const { settings } = plan
    yield [
      { phase: 'base', params, settings },
      ...perturbations(params, { ...how, allows: (changed) => search.allows(changed) }).map((changed) => ({
        phase: 'perturbed',
        params: changed,
        settings,
      })),
    ]
  },
}
