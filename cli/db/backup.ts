/** `tapedeck db backup` and `tapedeck db restore`. */

import { resolve } from 'node:path'

import { type Command, InvalidArgumentError } from 'commander'

import { type CommonOptions, configFile, dataDir, examples, json } from '../arguments.ts'
import { createLogger } from '../logger.ts'
import { print, printJson } from '../output.ts'
import { counted } from '../report-words.ts'
import { load } from '../settings.ts'
import { statusLine } from '../terminal.ts'
import { fileSize } from './sizes.ts'

const OF_BACKUP = `

Writes FILE, for pg_restore, and FILE.json, which says what is in it: keep both.
They appear when they are whole and checked. A collector may record meanwhile.
Needs pg_dump of the server's version or newer.`

const OF_RESTORE = `

The database must not be there yet. It appears under its name when its rows have
been counted and its sessions proved; until then it is NAME_restoring.
A backup of TimescaleDB needs the same version of it, and a superuser.`

export function addBackup(db: Command): void {
  db.command('backup')
    .description('back up the whole database into a file, and check it')
    .argument('<file>', 'file to write, which must not be there yet')
    .addOption(configFile())
    .addOption(dataDir())
    .addOption(json())
    .addHelpText('after', examples('tapedeck db backup /backups/2026-11-02.dump') + OF_BACKUP)
    .action(async (file: string, options: CommonOptions) => {
      const { backup } = await import('../../db/operate/backup.ts')
      await onServer(options, async (at) => {
        const manifest = await backup({ ...at, file: resolve(file) })
        at.onProgress(undefined)
        const rows = Object.values(manifest.rows).reduce((sum, count) => sum + count, 0)
        if (options.json) printJson({ file: resolve(file), ...manifest })
        else print(`Backed up ${counted(rows, 'row')} into ${resolve(file)} (${fileSize(manifest.bytes)}), checked.`)
      })
    })
}

export function addRestore(db: Command): void {
  db.command('restore')
    .description('restore a backup into a new database of the same server, and compare')
    .argument('<file>', 'as backup wrote it, with its .json beside it')
    .requiredOption('--into <name>', 'the new database', nameArgument)
    .addOption(configFile())
    .addOption(dataDir())
    .addOption(json())
    .addHelpText('after', examples('tapedeck db restore /backups/2026-11-02.dump --into tapedeck_old') + OF_RESTORE)
    .action(async (file: string, { into, ...options }: CommonOptions & { into: string }) => {
      const { restore } = await import('../../db/operate/restore.ts')
      await onServer(options, async (at) => {
        const { rows, sessions } = await restore({ ...at, file: resolve(file), name: into })
        at.onProgress(undefined)
        if (options.json) printJson({ database: into, rows, sessions })
        else print(`Restored ${counted(rows, 'row')} into ${into}; ${counted(sessions, 'session')} proved.`)
      })
    })
}

function nameArgument(text: string): string {
  if (!/^[a-z_][a-z0-9_]{0,50}$/.test(text))
    throw new InvalidArgumentError('expected small letters, digits and underscores, such as tapedeck_old.')
  return text
}

interface AtServer {
  url: string
  address: { address: string; password: string | undefined }
  onProgress: (what: string | undefined) => void
}

async function onServer(options: CommonOptions, use: (at: AtServer) => Promise<void>): Promise<void> {
  const { withoutPassword, withServer } = await import('./reach.ts')
  const { config } = await load(options)
  const onProgress = statusLine()
  await withServer(config, await createLogger('warn'), async (url) => {
    try {
      await use({ url, address: await withoutPassword(url), onProgress })
    } finally {
      onProgress(undefined)
    }
  })
}
