/** `tapedeck verify`: proves that what was recorded is in the database, whole and unchanged. */

import { join } from 'node:path'

import { type Command, InvalidArgumentError } from 'commander'

import type { SessionProof } from '../db/verify/problems.ts'
import { ConfigError } from '../market/errors.ts'
import { type CommonOptions, configFile, dataDir, examples, json, queryOf, sessionArgument, timeArgument } from './arguments.ts'
import { EXIT } from './exit-codes.ts'
import { print, printJson } from './output.ts'
import { load, withDatabase } from './settings.ts'
import { statusLine } from './terminal.ts'

interface VerifyArguments extends CommonOptions {
  session?: number | 'latest' | 'all'
  from?: number
  to?: number
  all?: boolean
  hash?: string
}

const MORE = `

Without an option the latest session is proved. Reads every row: some 200,000
a second. A collector may record meanwhile. docs/verify.md says what is proved.`

export function addVerify(program: Command): void {
  program
    .command('verify')
    .description('prove that the recording is whole and unchanged')
    .option('--session <id>', 'session to prove, latest, or all', sessionArgument)
    .option('--from <time>', 'sessions with records from then on, UTC', timeArgument)
    .option('--to <time>', 'sessions with records before then, UTC', timeArgument)
    .option('--all', 'every session')
    .option('--hash <hash>', 'hash of the session as it was noted down', hashArgument)
    .addOption(configFile())
    .addOption(dataDir())
    .addOption(json())
    .addHelpText('after', examples('tapedeck verify', 'tapedeck verify --from 2026-11-02 --json', 'tapedeck verify --all') + MORE)
    .action(verify)
}

function hashArgument(text: string): string {
  if (!/^\d{1,15}-[0-9a-f]{64}$/i.test(text)) throw new InvalidArgumentError('expected a hash as verify prints it, such as 120-3f5a…')
  return text
}

async function verify(options: VerifyArguments): Promise<void> {
  const { onlyInJournal, verifySessions } = await import('../db/verify/verify.ts')
  const { journalOnDisk } = await import('../collector/journal/on-disk.ts')
  const { formatProgress, formatProof, formatTotals } = await import('./verify-report.ts')
  const isRange = options.all === true || options.from !== undefined || options.to !== undefined
  const { sessionId, fromUs, toUs } = queryOf({ ...options, session: options.session ?? (isRange ? 'all' : 'latest') })
  if (options.hash !== undefined && sessionId === 'all')
    throw new ConfigError('--hash: expected it with --session, as it is the hash of one session.', { code: 'hash-of-many' })
  const { dataDir } = (await load(options)).config
  const proofs: SessionProof[] = []
  const status = statusLine()
  let elsewhere: number[] = []
  let isWhole = true
  await withDatabase(options, async (url) => {
    const journal = await journalOnDisk(join(dataDir, 'journal'))
    const proving = verifySessions({
      url,
      query: { sessionId, fromUs, toUs },
      journal,
      expectedHash: options.hash,
      onProgress: (progress) => status(formatProgress(progress)),
    })
    try {
      for await (const proof of proving) {
        status(undefined)
        isWhole &&= proof.problemCount === 0
        proofs.push(proof)
        if (!options.json) print(formatProof(proof))
      }
    } finally {
      status(undefined)
    }
    if (sessionId === 'all') elsewhere = await onlyInJournal(url, journal)
  })
  if (options.json) printJson({ ok: isWhole, sessions: proofs, onlyInJournal: elsewhere })
  else if (proofs.length !== 1 || elsewhere.length > 0) print(formatTotals(proofs, elsewhere))
  process.exitCode = isWhole ? EXIT.done : EXIT.failed
}
