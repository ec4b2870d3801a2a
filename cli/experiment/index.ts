/** `tapedeck experiment`: many runs of a strategy by one plan. */

import type { Command } from 'commander'

import { examples } from '../arguments.ts'
import { addPerturb, addStress } from './around-run.ts'
import { addList } from './list.ts'
import { addResume } from './resume.ts'
import { addRemove } from './rm.ts'
import { addGrid, addRandom } from './search.ts'
import { addShow } from './show.ts'
import { addWalkForward } from './walk-forward.ts'
import { addWork } from './work.ts'

export function addExperiment(program: Command): void {
  const experiment = program
    .command('experiment')
    .description('many runs of a strategy: grids, walk-forward, stress')
    .addHelpText('after', examples('tapedeck experiment list', 'tapedeck experiment show first', 'tapedeck experiment resume first'))
  const adds = [addGrid, addRandom, addWalkForward, addPerturb, addStress, addResume, addWork, addList, addShow, addRemove]
  for (const add of adds) add(experiment)
}
