/** `tapedeck experiment`: many runs of a strategy by one plan. */

import type { Command } from 'commander'

import { examples } from '../arguments.ts'
import { addList } from './list.ts'
import { addResume } from './resume.ts'
import { addRemove } from './rm.ts'
import { addGrid, addRandom } from './search.ts'
import { addShow } from './show.ts'
import { addWork } from './work.ts'

export function addExperiment(program: Command): void {
  const experiment = program
    .command('experiment')
    .description('try parameters of a strategy: grids, random search')
    .addHelpText('after', examples('tapedeck experiment list', 'tapedeck experiment show first', 'tapedeck experiment resume first'))
  for (const add of [addGrid, addRandom, addResume, addWork, addList, addShow, addRemove]) add(experiment)
}
