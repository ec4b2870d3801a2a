/**
 * Outages: time in which all lines, or those of a farm, have no data. Nothing is proof of data but data: an outage is no more over
 * because IB says so than because the gateway answers. What it says only tells when to look for data again.
 *
 * States of an outage: none -> away (the link is lost, IB is away, a farm is broken, or data stopped) -> returning (the link, IB or the
 * farm is back, as it says; or data came 10 s after it was said to be away, which was not just on its way) -> none.
 *
 * The gap of an outage begins with the last data of its lines. It is over
 *   - when every one of its lines that the gateway may still serve has had data since the return;
 *   - or 10 s after the first of them had. The lines that are silent then have gaps of their own, which their holds tell (registry.ts).
 * It ends with the latest first data of those that are back; for a line that was back first, that says at most 10 s too much.
 * Lines of a farm that is broken itself are not waited for. A stall is over with the first data of any line: nothing was closed.
 *
 * What stands (the first values of a request) may be what the gateway kept from before it lost IB. It proves nothing while IB or the farm is
 * said to be away, and while data is expected it ends no outage by itself: one of the lines must have news since the return. Then a
 * line that has only what stands counts as back, as an option that nobody trades has nothing else for hours.
 */

import type { Line, LineState } from '../lines/line.ts'
import type { Recorder } from '../record/recorder.ts'
import { farmsOf, servesLine } from './farms.ts'
import type { LastData } from './last-data.ts'
import type { OutageLedger } from './ledger.ts'

export interface OutagesOptions {
  recorder: Recorder
  ledger: OutageLedger
  lastData: LastData
  /** Every line that is wanted. */
  lines: () => readonly Line[]
  /** False while lines are still to be wanted. */
  linesAreKnown: () => boolean
  /** Since when data is missing, when the last came then. */
  missingSinceUs: (lastDataUs: number) => number
  /** Nothing proves that a line had data between then and an outage of all lines. */
  onUnproven?: ((line: Line, cause: string, untilUs: number) => void) | undefined
  /** Whether lines that live would have news now. */
  dataIsExpected: () => boolean
  /** Data has proved an outage over, of a farm or, absent, of all lines; whether a notice said so or not. */
  onDataBack?: ((farm?: string) => void) | undefined
}

/** The last data of two farms that lie so close together came while both lived. */
const AT_ONCE_US = 1_000_000
/** Farms that are silent for longer have been looked at by the watchdog. */
const LONGEST_UNPROVEN_US = 3_600_000_000
/** Data that comes so long after a notice of an outage was not just on its way. */
const TRUST_MS = 10_000
/** Behind the first data of a line that is back. */
const RETURN_MS = 10_000
/** In these states the gateway has refused the line, or has none for it: it is not waited for. */
export const HOPELESS: readonly LineState[] = ['paused', 'no-line', 'refused']

interface Outage {
  /** Undefined: all lines. */
  farm?: string | undefined
  awayMs: number
  /** IB itself is away, as this notice said. */
  ibCode?: number | undefined
  /** Over with the first data of any line. */
  isStall: boolean
  /** The stamp of the first data that is no straggler any more. */
  trustedUs?: number | undefined
  /** The stamp that the first data behind the return would have; undefined while away. */
  returnedUs?: number | undefined
  back: Set<Line>
  firstBackMs: number
  /** The latest first data of those that are back. */
  backUs: number
  /** The first news since the return, and 0 until then. */
  newsUs: number
}

export class Outages {
  readonly #options: OutagesOptions
  #all: Outage | undefined
  readonly #farms = new Map<string, Outage>()

  constructor(options: OutagesOptions) {
    this.#options = options
  }

  /** The gateway has lost IB, and no data says otherwise. */
  get ibIsAway(): boolean {
    return this.ibCode !== undefined
  }

  /** The notice that said so. */
  get ibCode(): number | undefined {
    return this.#all?.returnedUs === undefined ? this.#all?.ibCode : undefined
  }

  /** No line has data. Returns since when, in the tape's time. */
  lost(cause: string, { ibCode, isStall = false }: { ibCode?: number; isStall?: boolean } = {}): number {
    const { ledger, lastData, missingSinceUs } = this.#options
    // Some lines were back already: what they had is not missing.
    if (this.#all && this.#isProven(this.#all)) this.#end(this.#all)
    const sinceUs = missingSinceUs(lastData.latestUs)
    if (!isStall) this.#nameUnproven(cause, sinceUs)
    ledger.linesLost(sinceUs, cause)
    // IB repeats itself.
    if (ibCode === undefined || !this.ibIsAway) this.#all = newOutage()
    if (this.#all) Object.assign(this.#all, { ibCode, isStall }, isStall && { returnedUs: lastData.latestUs + 1 })
    return ledger.allLines?.fromTsUs ?? sinceUs
  }

  /** A farm may have been gone for a while before all were: its lines are missing since their own last data. */
  #nameUnproven(cause: string, sinceUs: number): void {
    const { lastData, missingSinceUs, onUnproven } = this.#options
    const farms = new Map<string, Line[]>()
    for (const line of this.#options.lines()) farms.set(farmsOf(line), [...(farms.get(farmsOf(line)) ?? []), line])
    for (const lines of farms.values()) {
      const lastUs = lastData.latestOf(lines)
      const silentUs = sinceUs - missingSinceUs(lastUs)
      if (lastUs === 0 || silentUs < AT_ONCE_US || silentUs > LONGEST_UNPROVEN_US) continue
      for (const line of lines) onUnproven?.(line, cause, sinceUs - silentUs)
    }
  }

  /** No line has data, and none is looked for before the link, or IB, is back. */
  get isAway(): boolean {
    return this.#all !== undefined && this.#all.returnedUs === undefined
  }

  /** Data has stopped on all lines at once. */
  stalled(): void {
    if (!this.#options.ledger.allLines) this.lost('stall', { isStall: true })
  }

  /** Data has stopped for so long that every line is asked for again: each is waited for. Returns since when. */
  silent(): number {
    const sinceUs = this.#options.ledger.allLines ? undefined : this.lost('silent')
    return this.returned() ?? sinceUs ?? this.#options.recorder.nowUs
  }

  /**
   * The link is up, or IB is back as it says: lines are asked for, and their data is waited for. Returns since when there was none;
   * undefined when none was missing.
   */
  returned(): number | undefined {
    const { ledger, recorder } = this.#options
    if (!ledger.allLines) return undefined
    // One that an earlier run left.
    this.#all ??= newOutage()
    if (this.#all.returnedUs === undefined || this.#all.isStall) this.#all.returnedUs = recorder.stampFor(recorder.nowUs)
    this.#all.isStall = false
    this.#all.ibCode = undefined
    return ledger.allLines.fromTsUs
  }

  /** Returns false for a farm that serves none of the lines: nothing is missing. */
  farmBroke(farm: string): boolean {
    const { ledger, lastData, missingSinceUs } = this.#options
    const lines = this.#linesOf(farm)
    if (lines.length === 0) return false
    const open = this.#farms.get(farm)
    if (open && this.#isProven(open)) this.#end(open)
    ledger.farmBroke(farm, missingSinceUs(lastData.latestOf(lines)))
    if (!this.#farms.has(farm) || open?.returnedUs !== undefined) this.#farms.set(farm, { ...newOutage(), farm })
    return true
  }

  /** The farm works, as IB says. Returns since when its lines have no data; undefined when it was not known to be broken. */
  farmReturned(farm: string): number | undefined {
    const outage = this.#farms.get(farm)
    if (!outage) return undefined
    const { recorder } = this.#options
    outage.returnedUs ??= recorder.stampFor(recorder.nowUs)
    return this.#options.ledger.farmGap(farm)?.fromTsUs
  }

  /** Nothing is asked of the farm, as IB says: it is not broken, and wakes when a line is asked for. Undefined when it was not broken. */
  farmDormant(farm: string): number | undefined {
    const fromUs = this.farmReturned(farm)
    if (fromUs === undefined) return undefined
    this.#farms.delete(farm)
    this.#options.ledger.farmBack(farm, this.#options.recorder.nowUs)
    return fromUs
  }

  /** The gap of all lines has begun with the link's end: the next link names its broken farms anew. */
  linkLost(cause: string): number {
    this.#farms.clear()
    const fromUs = this.lost(cause)
    this.#options.ledger.farmsForgotten(this.#options.recorder.nowUs)
    return fromUs
  }

  /** Whether a broken farm is known to serve the line. */
  farmIsBroken(line: Line): boolean {
    for (const farm of this.#farms.keys()) if (servesLine(farm, line)) return true
    return false
  }

  /** True while no data of the line is looked for, because of all lines or of its farm. */
  hit(line: Line): boolean {
    return this.isAway || this.farmIsAway(line)
  }

  /** Whether a farm that is known to serve the line is broken, and did not return yet, as IB says. */
  farmIsAway(line: Line): boolean {
    for (const { farm, returnedUs } of this.#farms.values())
      if (farm !== undefined && returnedUs === undefined && servesLine(farm, line)) return true
    return false
  }

  /** To be called several times a second: looks for data that proves an outage over. */
  check(): void {
    const { ledger, recorder } = this.#options
    if (!ledger.allLines) this.#all = undefined
    // One that an earlier run left.
    else this.#all ??= { ...newOutage(), returnedUs: recorder.stampFor(recorder.nowUs) }
    if (this.#all) this.#look(this.#all)
    for (const outage of this.#farms.values()) this.#look(outage)
  }

  /** The clock was set: its times lie so much ahead of those before. */
  shift(byUs: number): void {
    for (const outage of [this.#all, ...this.#farms.values()]) {
      if (!outage) continue
      if (outage.trustedUs !== undefined) outage.trustedUs += byUs
      if (outage.returnedUs !== undefined) outage.returnedUs += byUs
      outage.backUs += byUs
      if (outage.newsUs > 0) outage.newsUs += byUs
    }
  }

  /** The recording ends: where lines are back already, a gap is over with their data. */
  stop(): void {
    this.check()
    for (const outage of [this.#all, ...this.#farms.values()]) if (outage && this.#isProven(outage)) this.#end(outage)
  }

  #look(outage: Outage): void {
    const { lastData, recorder } = this.#options
    const nowMs = performance.now()
    const lines = outage.farm === undefined ? this.#awaited() : this.#linesOf(outage.farm)
    if (outage.returnedUs === undefined) {
      if (nowMs - outage.awayMs < TRUST_MS) return
      outage.trustedUs ??= recorder.stampFor(recorder.nowUs)
      if (lastData.latestNewsOf(lines) < outage.trustedUs) return
      outage.returnedUs = outage.trustedUs
    }
    for (const line of lines) {
      const dataUs = lastData.of(line)
      if (dataUs < outage.returnedUs || outage.back.has(line)) continue
      if (outage.back.size === 0) outage.firstBackMs = nowMs
      outage.back.add(line)
      outage.backUs = Math.max(outage.backUs, dataUs)
    }
    const newsUs = outage.newsUs === 0 ? lastData.latestNewsOf(lines) : 0
    if (newsUs >= outage.returnedUs) outage.newsUs = newsUs
    if (!this.#isOver(outage, lines, nowMs)) return
    this.#end(outage)
    if (outage.back.size > 0) this.#options.onDataBack?.(outage.farm)
  }

  /** Lines are back, and data flows as far as that can be known now. */
  #isProven({ back, newsUs }: Outage): boolean {
    return back.size > 0 && (newsUs > 0 || !this.#options.dataIsExpected())
  }

  #isOver(outage: Outage, lines: readonly Line[], nowMs: number): boolean {
    const { farm, isStall, back, firstBackMs } = outage
    if (isStall) return back.size > 0
    if (farm === undefined && !this.#options.linesAreKnown()) return false
    if (back.size > 0 && !this.#isProven(outage)) return false
    if (back.size > 0 && nowMs - firstBackMs >= RETURN_MS) return true
    return lines.every((line) => back.has(line) || HOPELESS.includes(line.state))
  }

  #end(outage: Outage): void {
    const { ledger, recorder } = this.#options
    // Without a line that is back, each of them has a gap of its own, whose cause is its refusal.
    const toUs = outage.back.size > 0 ? Math.max(outage.backUs, outage.newsUs) : recorder.nowUs
    if (outage.farm === undefined) {
      this.#all = undefined
      ledger.linesBack(toUs)
    } else {
      this.#farms.delete(outage.farm)
      ledger.farmBack(outage.farm, toUs)
    }
  }

  /** Market-data lines that the gap of all lines is over with. IB acknowledges no tick-by-tick line: one without a tick may be quiet. */
  #awaited(): Line[] {
    return this.#options.lines().filter((line) => !line.feed && !this.farmIsBroken(line))
  }

  #linesOf(farm: string): Line[] {
    return this.#options.lines().filter((line) => servesLine(farm, line))
  }
}

function newOutage(): Outage {
  return { awayMs: performance.now(), isStall: false, back: new Set(), firstBackMs: 0, backUs: 0, newsUs: 0 }
}
