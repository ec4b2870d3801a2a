/** The front door: runs the command that the command line names, and turns its errors into messages and exit codes. */

import { EXIT, exitCodeOf } from './cli/exit-codes.ts'
import { onUnread } from './cli/output.ts'
import { buildProgram } from './cli/program.ts'

onUnread((isFault) => process.exit(isFault ? EXIT.failed : EXIT.done))
// A log that nothing reads any more is no reason to end.
process.stderr.on('error', () => undefined)

try {
  await buildProgram().parseAsync()
} catch (error) {
  const exitCode = exitCodeOf(error)
  if (exitCode === undefined || !(error instanceof Error)) throw error
  process.stderr.write(`tapedeck: ${error.message}\n`)
  process.exitCode = exitCode
}
