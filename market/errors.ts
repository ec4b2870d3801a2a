/**
 * The few classes of failure a user or an operator can meet. Bad data is a verdict and a bug is a plain Error;
 * these are for everything that a person can do something about. Messages say what was expected, what was found, what to do.
 */

interface ErrorDetails {
  /** Stable, for scripts: `config-unknown-key`. */
  code: string
  /** True when the same call may succeed later without any change made. */
  retryable?: boolean
  cause?: unknown
}

export class TapedeckError extends Error {
  readonly code: string
  readonly retryable: boolean

  constructor(message: string, { code, retryable = false, cause }: ErrorDetails) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = new.target.name
    this.code = code
    this.retryable = retryable
  }
}

/** A setting, an argument or the environment is wrong. */
export class ConfigError extends TapedeckError {}

/** The gateway, a tape or another source of ticks cannot be used. */
export class FeedError extends TapedeckError {}

/** The journal or the database cannot take what was recorded. */
export class WriteError extends TapedeckError {}

/** The database's schema cannot be brought to this version. */
export class MigrationError extends TapedeckError {}

/** What an error says, whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
