/** Gaps that have begun and not ended: a session was interrupted, and the gap record that names the whole time is still to come. */

import type { FeedGap, SessionEvent } from '../tick.ts'

export interface OpenGap {
  /** The last proof of life before the gap. */
  readonly fromTsUs: number
  readonly cause: string
}

export class OpenGaps {
  #open: readonly OpenGap[] = []

  get list(): readonly OpenGap[] {
    return this.#open
  }

  /** Takes an interruption. A preamble repeats the open ones. */
  begin({ tsUs, fromTsUs = tsUs, cause = '' }: SessionEvent): void {
    if (!this.#open.some((gap) => gap.fromTsUs === fromTsUs && gap.cause === cause)) this.#open = [...this.#open, { fromTsUs, cause }]
  }

  /** Takes a gap; one of a single instrument ends no interruption of the session. */
  end({ fromTsUs, cause, instrument }: FeedGap): void {
    if (instrument === undefined) this.#open = this.#open.filter((gap) => gap.fromTsUs !== fromTsUs || gap.cause !== cause)
  }

  clear(): void {
    this.#open = []
  }
}
