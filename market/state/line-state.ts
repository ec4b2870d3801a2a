/** Whether a line of one instrument is open, as its line events say. */

import type { LineEvent } from '../tick.ts'

export interface LineState {
  readonly isOpen: boolean
  /** The latest opening. */
  readonly openedSeq: number
  readonly openedTsUs: number
  /** Only on a closed line: when the closing was recorded, until when the line was known to be alive, and why it was closed. */
  readonly closedTsUs: number | undefined
  readonly untilTsUs: number | undefined
  readonly cause: string | undefined
}

/** How many lines an event opened: 1, 0, or -1 for one that it closed. */
export type OpenedLines = 1 | 0 | -1

/**
 * closed -> opened -> open, open -> closed -> closed. A line that is opened again while it is open has a new opening (a preamble repeats
 * the open lines); the closing of an earlier opening changes nothing.
 */
export class TrackedLine implements LineState {
  isOpen = false
  openedSeq: number
  openedTsUs: number
  closedTsUs: number | undefined = undefined
  untilTsUs: number | undefined = undefined
  cause: string | undefined = undefined

  constructor({ openedSeq, openedTsUs }: LineEvent) {
    this.openedSeq = openedSeq
    this.openedTsUs = openedTsUs
  }

  apply(event: LineEvent): OpenedLines {
    if (event.event === 'missing') return 0
    return event.event === 'opened' ? this.#open(event) : this.#close(event)
  }

  #open({ openedSeq, openedTsUs }: LineEvent): OpenedLines {
    const wasOpen = this.isOpen
    this.isOpen = true
    this.openedSeq = openedSeq
    this.openedTsUs = openedTsUs
    this.closedTsUs = undefined
    this.untilTsUs = undefined
    this.cause = undefined
    return wasOpen ? 0 : 1
  }

  #close({ tsUs, openedSeq, openedTsUs, untilTsUs, cause }: LineEvent): OpenedLines {
    const wasOpen = this.isOpen
    if (wasOpen && openedSeq !== this.openedSeq) return 0
    this.isOpen = false
    this.openedSeq = openedSeq
    this.openedTsUs = openedTsUs
    this.closedTsUs = tsUs
    this.untilTsUs = untilTsUs
    this.cause = cause
    return wasOpen ? -1 : 0
  }
}
