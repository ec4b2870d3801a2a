/** `tapedeck db`: looks after the database, and reaches it. One file for each subcommand, one line here. */

import type { Command } from 'commander'

import { examples } from '../arguments.ts'
import { addApply } from './apply.ts'
import { addBackup, addRestore } from './backup.ts'
import { addDropBefore } from './drop-before.ts'
import { addMaintain } from './maintain.ts'
import { addMigrate } from './migrate.ts'
import { addPlan } from './plan.ts'
import { addPsql } from './psql.ts'
import { addRoles } from './roles.ts'
import { addStatus } from './status.ts'
import { addUrl } from './url.ts'

/** In the order of `tapedeck db --help`. */
const SUBCOMMANDS: readonly ((db: Command) => void)[] = [
  addStatus,
  addMigrate,
  addPlan,
  addApply,
  addMaintain,
  addBackup,
  addRestore,
  addDropBefore,
  addRoles,
  addUrl,
  addPsql,
]

export function addDb(program: Command): void {
  const db = program
    .command('db')
    .description('look after the database, and reach it')
    .addHelpText('after', examples('tapedeck db migrate', 'tapedeck db psql'))
  for (const add of SUBCOMMANDS) add(db)
}
