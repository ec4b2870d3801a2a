/** The configuration of a run under scenarios that are worse than its data. */

import { z } from 'zod'

import type { ExperimentKind, ExperimentPlan } from './plan.ts'
import type { Scenario } from './scenarios.ts'
import type { Trial } from './trial.ts'

const options = z.strictObject({
  /** Of the run, defaults included. */
  params: z.record(z.string(), z.unknown()),
  scenarios: z
    .array(z.custom<Scenario>((value) => typeof value === 'object' && value !== null && 'name' in value))
    .min(1)
    .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, 'expected each name once'),
})

export interface ScenarioTrial {
  name: string
  trial: Trial
}

/** The run as it was first. */
export function scenarioTrials(plan: ExperimentPlan): ScenarioTrial[] {
  const { params, scenarios } = options.parse(plan.options)
  const { settings } = plan
  return [
    { name: 'as it was', trial: { phase: 'base', params, settings } },
    ...scenarios.map(({ name, stress, range }) => ({
      name,
      trial: {
        phase: 'stress',
        params,
        settings: { ...settings, ...(stress && { stress }), ...(range && { range: { ...settings.range, ...range } }) },
      },
    })),
  ]
}

export const stress: ExperimentKind = {
  name: 'stress',
  about: 'a run under worse conditions: dearer, wider, later, with gaps',
  options,
  isOfRun: true,
  *stages(plan) {
    yield scenarioTrials(plan).map(({ trial }) => trial)
  },
}
