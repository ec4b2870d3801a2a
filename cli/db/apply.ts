/** `tapedeck db apply`: brings the database's storage to the settings. */

import type { Command } from 'commander'

import { type CommonOptions, configFile, dataDir, examples, json } from '../arguments.ts'
import { createLogger } from '../logger.ts'
import { EXIT } from '../exit-codes.ts'
import { print, printJson } from '../output.ts'
import { counted } from '../report-words.ts'
import { load } from '../settings.ts'
import { stopSignals } from '../signals.ts'
import { statusLine } from '../terminal.ts'
import { planAsText } from './plan.ts'

interface ApplyArguments extends CommonOptions {
  dryRun?: boolean
  yes?: boolean
  giveUp?: boolean
}

export function addApply(db: Command): void {
  db.command('apply')
    .description('make the changes that `db plan` shows, one after the other')
    .option('--dry-run', 'only show them, as `db plan` does')
    .option('--yes', 'also those that delete something')
    .option('--give-up', 'only drop what a move that was begun has copied; its table stays plain')
    .addOption(configFile())
    .addOption(dataDir())
    .addOption(json())
    .addHelpText(
      'after',
      `${examples('tapedeck db apply --dry-run', 'tapedeck db apply', 'tapedeck db apply --yes')}\n\nInterrupted, it goes on when it is called again. Without --yes nothing is done\nwhen a change deletes something: computed rows of an aggregate, rows that\nretention ends.`,
    )
    .action(apply)
}

async function apply({ dryRun, yes = false, giveUp, ...options }: ApplyArguments): Promise<void> {
  const { openDatabase } = await import('../../db/open.ts')
  const { config } = await load(options)
  const database = openDatabase({ config, logger: await createLogger('warn') })
  const status = statusLine()
  const { stop } = stopSignals()
  try {
    if (dryRun) {
      const plan = await database.planStorage()
      if (options.json) printJson({ server: plan.server, would: plan.steps.map(({ what }) => what) })
      else print(planAsText(plan))
      return
    }
    if (giveUp) {
      const table = await database.giveUpMove()
      if (options.json) printJson({ gaveUp: table ?? null })
      else
        print(
          table === undefined
            ? 'no table is on its way to become a hypertable'
            : `gave up the move of ${table}: it is a plain table as before`,
        )
      return
    }
    const done = await database.applyStorage({ loseRows: yes, report: status, signal: stop })
    status(undefined)
    if (options.json) printJson({ done })
    else
      for (const line of [...done.map((what) => `did ${what}`), done.length === 0 ? 'nothing to change' : counted(done.length, 'change')])
        print(line)
  } catch (error) {
    if (!stop.aborted) throw error
    process.exitCode = EXIT.interrupted
    process.stderr.write('tapedeck: stopped; what was done stays, and the same command goes on from there\n')
  } finally {
    status(undefined)
    await database.close()
  }
}
