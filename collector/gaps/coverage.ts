/**
 * Whether the wanted lines have data: joins the parts that know when a line last had some (last-data.ts), what the gateway and IB say
 * (outages.ts, ib-outages.ts), and what has stopped though nobody said so (watchdog.ts).
 *
 * The watchdog works on the wall clock only. A replay gateway publishes the time up to which it has played the tape, which is as good as
 * data: what did not come until then is not on the tape.
 */

import { nyse } from '../../market/calendar/calendar.ts'
import type { MarketState } from '../../market/state/market-state.ts'
import type { Tick } from '../../market/tick.ts'
import type { Link } from '../ib/link/link.ts'
import { newestTickUs } from '../ib/lookup/newest-tick.ts'
import type { LineRegistry } from '../lines/registry.ts'
import type { CollectorClock } from '../record/clock.ts'
import type { Recorder } from '../record/recorder.ts'
import type { Counts } from '../telemetry/counts.ts'
import type { Events } from '../telemetry/events/index.ts'
import { dataIsExpected } from '../telemetry/data-flow.ts'
import { missingSinceUs, neverSinceUs } from './expected.ts'
import { Halts } from './halts.ts'
import { IbOutages } from './ib-outages.ts'
import { LastData, type LineOf } from './last-data.ts'
import type { OutageLedger } from './ledger.ts'
import { Outages } from './outages.ts'
import { Probe } from './probe.ts'
import { Watchdog } from './watchdog.ts'
import { Witness } from './witness.ts'

export interface CoverageOptions {
  clock: CollectorClock
  recorder: Recorder
  state: MarketState
  ledger: OutageLedger
  /** Ticks received so far, of these lines. */
  counts: Pick<Counts, 'received'>
  events: Events
  /** `performance.now()` when recording was asked for. */
  startedMs: number
  /** Others have lines too: what they say proves nothing of these. */
  isOneOfSeveral?: boolean
  /** See OutagesOptions. */
  onDataBack: (farm?: string) => void
  /** Asked when they exist: the lines are served with the help of what is known here. */
  supply: () => { lines: LineRegistry; link: Pick<Link, 'newestTicks'> | undefined; universeIsKnown: boolean }
}

const CHECK_MS = 250
const CHECKS_A_SECOND = 1000 / CHECK_MS

export class Coverage {
  readonly outages: Outages
  readonly notices: IbOutages
  readonly #options: CoverageOptions
  readonly #lastData = new LastData()
  readonly #halts = new Halts()
  #watchdog: Watchdog | undefined
  #timer: NodeJS.Timeout | undefined
  #checks = 0
  #startedUs = 0
  /** The last sign of life of this connection, where there are several. */
  #provedUs = 0

  constructor(options: CoverageOptions) {
    this.#options = options
    const { recorder, ledger, supply } = options
    const lines = () => supply().lines.all
    this.outages = new Outages({
      recorder,
      ledger,
      lastData: this.#lastData,
      lines,
      linesAreKnown: () => supply().universeIsKnown,
      missingSinceUs: (lastDataUs) => this.#missingSinceUs(lastDataUs),
      dataIsExpected: () => this.#dataIsExpected(),
      onUnproven: (line, cause, untilUs) => supply().lines.unproven(line, cause, untilUs),
      onDataBack: options.onDataBack,
    })
    this.notices = new IbOutages(recorder, this.outages, lines)
  }

  /** When recording was asked for, on the clock of now: from then on data is missing. */
  get startedUs(): number {
    return this.#startedUs
  }

  /** All that has lines is halted: that nothing comes is no fault. */
  get isHalted(): boolean {
    return this.#watchdog?.isHalted ?? false
  }

  /**
   * For how long no line has had data although that is unusual, undefined while all is well; `unwatched` on a published time, where
   * silence says nothing.
   */
  get silentMs(): number | undefined | 'unwatched' {
    return this.#watchdog ? this.#watchdog.silentMs : 'unwatched'
  }

  /** The first session has begun. */
  begun(): void {
    const { clock, recorder, supply, startedMs } = this.#options
    this.#startedUs = Math.min(clock.usAt(startedMs), recorder.lastProofUs)
    this.#provedUs = recorder.lastProofUs
    if (!('publish' in clock))
      this.#watchdog = new Watchdog({
        ...this.#options,
        calendar: nyse,
        lines: supply().lines,
        lastData: this.#lastData,
        halts: this.#halts,
        probe: this.#createProbe(),
        outages: this.outages,
        isLinked: () => supply().link !== undefined,
        linesAreKnown: () => supply().universeIsKnown,
      })
    this.#timer = setInterval(() => this.#check(), CHECK_MS)
  }

  /** Behind every tick, whether it was recorded or dropped. */
  took(tick: Tick): void {
    const { recorder } = this.#options
    this.#lastData.took(tick, recorder.lastProofUs)
    this.#provedUs = recorder.lastProofUs
    this.#halts.take(tick)
  }

  /** The gateway answered a request for its time. */
  alive(): void {
    this.#provedUs = this.#options.recorder.nowUs
  }

  /** When a line had data last that is not the state at its request; 0: never. */
  newsUs(line: LineOf): number {
    return this.#lastData.newsOf(line)
  }

  /** The link is lost, or could not be had. Returns the last moment at which lines had data. */
  linkLost(reason: string): number {
    const { recorder } = this.#options
    this.#watchdog?.linkLost()
    this.notices.linkLost()
    this.#halts.forget()
    return recorder.recording ? this.outages.linkLost(reason) : this.#lastProofUs
  }

  /** The market's clock was set, and shows a time that lies by so much ahead of the one it would have shown. */
  shifted(byUs: number): void {
    this.#lastData.shift(byUs)
    this.outages.shift(byUs)
    this.#watchdog?.shifted(byUs)
    this.#options.supply().lines.shift(byUs)
    this.#startedUs += byUs
    this.#provedUs += byUs
  }

  /** No more data comes: the recording ends. */
  stop(): void {
    clearInterval(this.#timer)
    this.outages.stop()
  }

  #createProbe(): Probe {
    const { recorder, state, supply } = this.#options
    return new Probe({
      lastData: this.#lastData,
      witness: new Witness(state, () => recorder.nowUs),
      newestTickUs: (line) => {
        const { link } = supply()
        return link && newestTickUs(link, line, recorder.nowUs)
      },
    })
  }

  #check(): void {
    this.outages.check()
    if (++this.#checks % CHECKS_A_SECOND === 0) this.#watchdog?.check()
  }

  /** Beyond the first values of lines. On a published time they are as good as all else: the gateway says what is on the tape. */
  #dataIsExpected(): boolean {
    const { clock, recorder } = this.#options
    return !('publish' in clock) && !this.isHalted && dataIsExpected(nyse, this.#lastData.latestNewsUs || undefined, recorder.nowUs)
  }

  get #lastProofUs(): number {
    const { recorder, isOneOfSeveral } = this.#options
    return isOneOfSeveral ? this.#provedUs : recorder.lastProofUs
  }

  #missingSinceUs(lastDataUs: number): number {
    const { clock, recorder } = this.#options
    const { nowUs } = recorder
    const lastProofUs = this.#lastProofUs
    if ('publish' in clock) return lastProofUs
    if (lastDataUs === 0) return neverSinceUs(nyse, this.#startedUs, nowUs)
    return missingSinceUs(nyse, lastDataUs, lastProofUs, nowUs)
  }
}
