/** `tapedeck runs`: what strategies did, as it was stored. */

import type { Command } from 'commander'

import { examples } from '../arguments.ts'
import { addCompare } from './compare.ts'
import { addList } from './list.ts'
import { addMonteCarlo } from './monte-carlo.ts'
import { addReport } from './report.ts'
import { addRemove } from './rm.ts'
import { addShow } from './show.ts'

export function addRuns(program: Command): void {
  const runs = program
    .command('runs')
    .description('stored runs of strategies: list, show, compare, report, delete')
    .addHelpText('after', examples('tapedeck runs list', 'tapedeck runs show 12', 'tapedeck runs report 12'))
  for (const add of [addList, addShow, addCompare, addMonteCarlo, addReport, addRemove]) add(runs)
}
