/**
 * Has aggregates of ticks (bars) computed anew for ticks that come late: those of a batch that an earlier run left in the journal, and those that are
 * older than what the policies of the server come to, as on a day that is replayed. What is stored of their time would lack them until
 * somebody runs `tapedeck db maintain`.
 *
 *   idle -> a late batch is committed -> gathering -> none came for a minute, or the recording ends -> computing -> idle
 *   computing -> the database is away -> gathering
 *   computing -> the database refuses, or the recording ends -> idle, and left to `tapedeck db maintain`
 *
 * After a kill in between nothing is remembered: `tapedeck db maintain` finds out by itself.
 */

import { TapedeckError } from '../../market/errors.ts'
import { aborted } from '../../system/abort.ts'
import type { JournalBatch } from '../journal/batch.ts'
import type { Events } from '../telemetry/events/index.ts'
import { addWindow, type TimeWindow } from './time-windows.ts'

export interface LateTicksOptions {
  /** Computes what stands on ticks of these times; returns in how many pieces, 0 where nothing is stored. May be repeated. */
  refresh: (windows: readonly TimeWindow[], signal: AbortSignal) => Promise<number>
  /** The policies of the server come to ticks that are no older than this when they are committed. */
  policiesReachUs: number
  events: Pick<Events, 'lateTicksComputed' | 'lateTicksNotComputed'>
  /** Aborted: nothing is waited for any more. */
  giveUp: AbortSignal
  /** Without a late batch for so long, they are taken to be complete. */
  quietMs?: number
}

const QUIET_MS = 60_000
/** The longest bucket but a day: those of two windows that are closer would meet. */
const APART_US = 3_600_000_000

export class LateTicks {
  readonly #options: LateTicksOptions
  readonly #quietMs: number
  #windows: TimeWindow[] = []
  #quiet: NodeJS.Timeout | undefined
  #computing = Promise.resolve()

  constructor(options: LateTicksOptions) {
    this.#options = options
    this.#quietMs = options.quietMs ?? QUIET_MS
  }

  /** A batch is in the database. */
  committed({ openedMs, ticks, blocks }: JournalBatch): void {
    const fromUs = blocks[0]?.firstTsUs
    const toUs = blocks.at(-1)?.lastTsUs
    if (ticks === 0 || fromUs === undefined || toUs === undefined) return
    const isRecovered = openedMs === undefined
    if (isRecovered || this.#isBehindPolicies(fromUs)) this.#gather([{ fromUs, toUs }])
  }

  /**
   * The recording ends: resolves when everything late is computed, or given up.
   *
   * @param drained resolves when every batch is committed
   */
  async finish(drained: Promise<unknown>): Promise<void> {
    await Promise.race([drained, aborted(this.#options.giveUp)])
    await this.#compute(true)
    clearTimeout(this.#quiet)
  }

  #gather(windows: readonly TimeWindow[]): void {
    for (const window of windows) addWindow(this.#windows, window, APART_US)
    if (this.#quiet) this.#quiet.refresh()
    else this.#quiet = setTimeout(() => void this.#compute(false), this.#quietMs).unref()
  }

  /** Never rejects. */
  #compute(isLast: boolean): Promise<void> {
    this.#computing = this.#computing.then(() => this.#computeGathered(isLast))
    return this.#computing
  }

  async #computeGathered(isLast: boolean): Promise<void> {
    const { refresh, events, giveUp } = this.#options
    const windows = this.#windows
    if (windows.length === 0) return
    this.#windows = []
    const fromUs = windows[0]?.fromUs ?? 0
    const times = { fromUs, toUs: windows.at(-1)?.toUs ?? fromUs, windows: windows.length }
    try {
      events.lateTicksComputed({ ...times, pieces: await refresh(windows, giveUp) })
    } catch (error) {
      const isTriedAgain = !isLast && !giveUp.aborted && error instanceof TapedeckError && error.retryable
      events.lateTicksNotComputed({ ...times, error, isTriedAgain, isBehindPolicies: this.#isBehindPolicies(fromUs) })
      if (isTriedAgain) this.#gather(windows)
    }
  }

  /** By the clock of this machine, as that of the server shows about the same. */
  #isBehindPolicies(tsUs: number): boolean {
    return tsUs < Date.now() * 1000 - this.#options.policiesReachUs
  }
}
