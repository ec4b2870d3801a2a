/**
 * The ledger as one connection of several sees it. While all of them are without data it is a gap of all lines. While only some are,
 * the gap is of their lines, each by itself, as others may take them over: what is held is closed on the tape as of the begin of the
 * outage, and its gap lasts until its next data, over whichever connection. A stall closes nothing: it is named when it is over.
 */

import type { Line } from '../lines/line.ts'
import type { Gap, GapStart } from './gap.ts'
import type { Recorder } from '../record/recorder.ts'
import type { GapLedger, OutageLedger } from './ledger.ts'
import { servesLine } from './farms.ts'

/** As outages.ts has it. */
const STALL = 'stall'

interface LinesOfConnection {
  readonly all: readonly Line[]
  unproven(line: Line, cause: string, untilUs: number): void
}

export interface ConnectionGapsOptions {
  /** Of the connection, for people. */
  name: string
  lines: () => LinesOfConnection
  ledger: Pick<GapLedger, 'allLines' | 'linesLost' | 'linesBack' | 'name'>
  /** See Recorder. */
  recorder: Pick<Recorder, 'beganUs' | 'earlierParts'>
  /** All connections, this one included; complete before any of them is used. */
  siblings: readonly ConnectionGaps[]
}

export class ConnectionGaps implements OutageLedger {
  readonly #options: ConnectionGapsOptions
  readonly #farms = new Map<string, GapStart>()
  #all: GapStart | undefined

  constructor(options: ConnectionGapsOptions) {
    this.#options = options
  }

  /** Of this connection, or the one that an earlier run left. */
  get allLines(): GapStart | undefined {
    return this.#all ?? this.#options.ledger.allLines
  }

  get isOpen(): boolean {
    return this.#all !== undefined
  }

  linesLost(fromTsUs: number, cause: string): void {
    if (this.#all) return
    const { name, ledger, siblings } = this.#options
    this.#all = { fromTsUs, cause: `${cause} (${name})` }
    if (cause !== STALL) this.#close(this.#all, () => true)
    if (siblings.every(({ isOpen }) => isOpen)) ledger.linesLost(fromTsUs, this.#all.cause)
  }

  linesBack(toTsUs: number): void {
    const { ledger } = this.#options
    const gap = this.#all
    this.#all = undefined
    if (gap) this.#nameHeld({ ...gap, toTsUs })
    if (ledger.allLines) ledger.linesBack(toTsUs)
  }

  farmGap(farm: string): GapStart | undefined {
    return this.#farms.get(farm)
  }

  farmBroke(farm: string, fromTsUs: number): void {
    if (this.#farms.has(farm)) return
    const gap = { fromTsUs, cause: `farm-broken: ${farm} (${this.#options.name})` }
    this.#farms.set(farm, gap)
    this.#close(gap, (line) => servesLine(farm, line))
  }

  farmBack(farm: string): boolean {
    return this.#farms.delete(farm)
  }

  farmsForgotten(): void {
    this.#farms.clear()
  }

  /** The recording ends. */
  end(toTsUs: number): void {
    if (this.#all) this.#nameHeld({ ...this.#all, toTsUs })
    this.#all = undefined
  }

  /** The clock was set: its times lie so much ahead of those before. */
  shift(byUs: number): void {
    for (const gap of [this.#all, ...this.#farms.values()]) if (gap) gap.fromTsUs += byUs
  }

  #close({ fromTsUs, cause }: GapStart, includes: (line: Line) => boolean): void {
    const lines = this.#options.lines()
    for (const line of lines.all) if (includes(line)) lines.unproven(line, cause, fromTsUs)
  }

  /** Nothing has closed what was held all the time. */
  #nameHeld({ fromTsUs, toTsUs, cause }: Gap): void {
    const { ledger, lines, recorder } = this.#options
    if (ledger.allLines) return
    const earlier = recorder.earlierParts(fromTsUs)
    const spans = [...earlier.map(({ fromUs, toUs }) => ({ fromTsUs: fromUs, toTsUs: toUs })), { fromTsUs, toTsUs }]
    if (earlier.length > 0) spans[earlier.length] = { fromTsUs: recorder.beganUs, toTsUs }
    for (const { instrument, feed, held, heldSinceUs } of lines().all)
      if (!feed && held && heldSinceUs <= fromTsUs) for (const span of spans) ledger.name({ ...span, cause, instrument })
  }
}
