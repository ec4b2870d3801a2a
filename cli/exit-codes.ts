/** The exit codes of every command. */

import { ConfigError, TapedeckError } from '../market/errors.ts'

export const EXIT = {
  /** Done, or stopped in order. */
  done: 0,
  /** Failed, or something was lost. */
  failed: 1,
  /** A setting or an argument is wrong. */
  wrong: 2,
  /** Judged again, verdicts differ from the recorded ones. */
  differs: 3,
  /** Interrupted before the work was done. */
  interrupted: 130,
} as const

export const EXIT_CODES_HELP =
  '\n\nExit codes: 0 done, 1 failed or lost something, 2 wrong setting or argument,\n130 interrupted before the work was done.'

/** Of an error that a person can act on; undefined for a bug, which has to show its trace. */
export function exitCodeOf(error: unknown): number | undefined {
  // A file that may not be written, a full disk: the system's own words are enough.
  if (!(error instanceof TapedeckError)) return error instanceof Error && 'syscall' in error ? EXIT.failed : undefined
  // Something that only has to be waited for, such as a directory that another process holds, is not a wrong setting.
  if (error instanceof ConfigError && !error.retryable) return EXIT.wrong
  return error.code === 'export-stopped' ? EXIT.interrupted : EXIT.failed
}
