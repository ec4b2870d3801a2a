/** What a registry of lines is given, and told. */

import type { LineDelays } from './ask-again.ts'
import type { Line, WantedLine } from './line.ts'

export interface LineRegistryOptions {
  /** The line is asked for: messages with this id are its. */
  onRequested: (reqId: number, line: WantedLine) => void
  /** The next data with this id is to be reported (`dataCame`), although it is not the first. */
  onWatched: (reqId: number, line: WantedLine) => void
  /** Messages with this id belong to no line any more. */
  onReleased: (reqId: number) => void
  onOpened: (line: WantedLine) => void
  /** `untilUs`: the last moment at which the line was known to live; absent: now. */
  onClosed: (line: WantedLine, cause: string, untilUs?: number) => void
  /** The line is wanted and not served, for this reason from now on. */
  onMissing?: (line: Line, cause: string) => void
  /** Not served. Without an error it was cancelled by us, because its data is delayed. `isRepeated`: it was asked for again, with the same answer. */
  onRefused: (line: WantedLine, error: { code: number; text: string } | undefined, isRepeated: boolean) => void
  /** The line is wanted, and not open yet. */
  onWanted?: (line: Line) => void
  /** The line is not wanted any more. */
  onUnwanted: (line: WantedLine) => void
  /** The line is given up for now, and wanted again later. */
  onPutOff?: (line: WantedLine) => void
  /** The gateway serves so many market-data lines at once; `waiting` contracts are without. Called when that has changed. */
  onLimit: (lines: number, waiting: number) => void
  /** The first line was refused for now; none is any more. */
  onPaused: (code: number, text: string) => void
  onResumed: () => void
  /** Every market-data line that was asked for has its answer. */
  onSettled: () => void
  /** The market's time. */
  nowUs: () => number
  /** A line was to go where no line can go: a mistake of this program. Thrown when absent. */
  onImpossible?: (error: Error) => void
  /** Other intervals than the usual ones between attempts to have a line. */
  delays?: Partial<LineDelays> | undefined
}

/** Instruments, of their market data. */
export interface LineExchange {
  release: readonly number[]
  want: readonly WantedLine[]
  order: readonly number[]
  cause: string
}

export interface LinesInDoubt {
  includes: (line: Line) => boolean
  /** Until when they were known to live, in the market's time. */
  provenUs: number
}
