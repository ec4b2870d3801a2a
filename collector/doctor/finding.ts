/** What a check of `tapedeck doctor` found. */

export interface Finding {
  check: string
  state: 'ok' | 'warning' | 'failed' | 'not checked'
  found: string
  /** What to do about it. */
  todo?: string
}

export const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
