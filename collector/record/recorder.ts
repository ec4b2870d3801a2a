/**
 * The recording session: numbers and stamps every record, has the rules judge every tick, and appends to the journal.
 *
 * States: idle -> recording (`begin`) -> idle (`end`). `rotate` ends a session and begins the next with the same contracts and
 * open lines; it is used when time has jumped, so that within one session `tsUs` and `seq` always rise.
 *
 * Here is the one place where ticks are dropped: ahead of the rules, by reason. The ticks that are dropped for one reason make one
 * hole, recorded when it begins and named by a gap when it is over: when none was dropped for a second of the tape's time, or, for
 * what the journal refuses, as soon as it takes ticks again; at the latest when the session ends.
 */

import { randomInt } from 'node:crypto'

import { type Contract, contractKey } from '../../market/contract.ts'
import type { LineFeed, TapeRecord, Tick, Verdict } from '../../market/tick.ts'
import type { CollectorClock } from './clock.ts'
import type { Journal } from '../journal/journal.ts'
import type { Hole } from '../gaps/outage.ts'
import type { Counts } from '../telemetry/counts.ts'

export interface RecorderOptions {
  clock: CollectorClock
  counts: Counts
  judge: (tick: Tick) => Verdict | undefined
  openJournal: (sessionId: number) => Journal
  /** Ids of this run's sessions are greater than that. */
  lastSessionId?: number
  /** Goes into the session's start record: version, host, clock. */
  detail: Record<string, unknown>
  /** Settings that verdicts depend on. */
  config: Record<string, unknown>
  /** Ticks begin to be dropped. */
  onDropping: (reason: string) => void
  /** They were dropped; `named`: a gap says so. */
  onDropped: (hole: DroppedTicks, named: boolean) => void
}

/** A hole that dropped ticks have left. */
export interface DroppedTicks extends Hole {
  toTsUs: number
  droppedTicks: number
}

/** Silence, in the tape's time, after which ticks that are dropped for the same reason make another hole. */
const QUIET_US = 1_000_000

/** A record without what the recorder gives it. */
type Unstamped<T extends TapeRecord> = T extends TapeRecord ? Omit<T, 'seq' | 'tsUs'> : never

interface OpenLine {
  instrument: number
  feed?: LineFeed | undefined
  openedSeq: number
  openedTsUs: number
}

export class Recorder {
  readonly #options: RecorderOptions
  readonly #instruments = new Map<string, number>()
  readonly #contracts: Contract[] = []
  /** By instrument and feed. */
  readonly #openLines = new Map<string, OpenLine>()
  /** Holes of dropped ticks that are not over, by reason. */
  readonly #dropping = new Map<string, DroppedTicks>()
  #journal: Journal | undefined
  #sessionId = 0
  #seq = 0
  #lastTsUs = 0
  #lastProofUs = 0
  #ending: Promise<unknown> = Promise.resolve()

  constructor(options: RecorderOptions) {
    this.#options = options
    this.#sessionId = options.lastSessionId ?? 0
  }

  get recording(): boolean {
    return this.#journal !== undefined
  }

  get sessionId(): number {
    return this.#sessionId
  }

  /** The last moment at which the gateway gave a sign of life. */
  get lastProofUs(): number {
    return this.#lastProofUs
  }

  /** The session's time: the clock's, but never before the last record. */
  get nowUs(): number {
    return Math.max(this.#options.clock.nowUs(), this.#lastTsUs)
  }

  /** The contract behind a session's instrument number. */
  contractOf(instrument: number): Contract | undefined {
    return this.#contracts[instrument]
  }

  begin(): void {
    const { clock, detail, config, openJournal } = this.#options
    clock.anchor()
    // Starts of one millisecond apart give rising ids; the random part keeps two collectors of one database apart.
    // Sessions of one run rise also when the system's clock was set back.
    this.#sessionId = Math.max(Date.now() * 4096 + randomInt(4096), this.#sessionId + 1)
    this.#journal = openJournal(this.#sessionId)
    this.#seq = 0
    this.#lastTsUs = 0
    this.#lastProofUs = clock.nowUs()
    this.#append({ kind: 'session', event: 'started', detail })
    this.#append({ kind: 'config', config })
    for (const [instrument, contract] of this.#contracts.entries()) this.#append({ kind: 'contract', instrument, contract })
    const open = [...this.#openLines.values()]
    this.#openLines.clear()
    this.#options.counts.lines = 0
    for (const { instrument, feed } of open) this.lineOpened(instrument, feed)
    this.#nameDropped(() => true)
  }

  /** Resolves when everything so far is on disk. */
  async durable(): Promise<void> {
    await this.#journal?.durable()
  }

  /** The settings that verdicts depend on have changed: from here on `config` and `judge` of the options are other ones. */
  configChanged(): void {
    if (this.recording) this.#append({ kind: 'config', config: this.#options.config })
  }

  /** Ends the session and waits until all of it, and of the sessions before it, is durable. */
  async end(cause: string): Promise<void> {
    const journal = this.#journal
    this.#nameDropped(() => true)
    if (journal) {
      // Whether the link still lives cannot be known now; it did at the last proof.
      for (const { instrument, feed } of this.#openLines.values()) this.lineClosed(instrument, cause, this.#lastProofUs, feed)
      this.#append({ kind: 'session', event: 'ended', cause })
      this.#journal = undefined
      this.#ending = Promise.all([this.#ending, journal.close()])
    }
    await this.#ending
  }

  /** Ends the session and begins the next at once; lines that are open stay open. Returns when the old one is durable. */
  async rotate(cause: string): Promise<void> {
    const open = [...this.#openLines]
    const ended = this.end(cause)
    for (const [key, line] of open) this.#openLines.set(key, line)
    this.begin()
    await ended
  }

  /** The session's number for a contract; the first call puts the contract on the tape. Throws a RangeError when it is too long for one. */
  instrumentOf(contract: Contract): number {
    const key = contractKey(contract)
    let instrument = this.#instruments.get(key)
    if (instrument === undefined) {
      instrument = this.#contracts.length
      // First: one that is not on the tape must have no number.
      this.#append({ kind: 'contract', instrument, contract })
      this.#contracts.push(contract)
      this.#instruments.set(key, instrument)
    }
    return instrument
  }

  /** Records a tick. `arrivalUs` is when its first message came; its seq and tsUs are set here. */
  tick(tick: Tick, arrivalUs: number): void {
    const { counts, judge } = this.#options
    counts.received++
    const refusal = this.#journal ? this.#journal.refusal : 'no-session'
    if (refusal) return this.#drop(refusal, arrivalUs)
    this.#settleDropped(arrivalUs)
    this.#stamp(tick, arrivalUs)
    tick.verdict ??= judge(tick)
    try {
      this.#journal?.append(tick)
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      // One of its texts is longer than a record of a tape may be. Recovery takes a seq that is not on the tape for a loss.
      this.#seq--
      return this.#drop('too-long', arrivalUs)
    }
    counts.inFlight++
    this.#lastProofUs = tick.tsUs
  }

  /** A tick came that cannot be recorded. */
  drop(reason: string): void {
    this.#options.counts.received++
    this.#drop(reason, this.#options.clock.nowUs())
  }

  /** Ticks that were recorded and that the journal could not keep: the next start finds a session without an end, and names the hole. */
  lost(ticks: number): void {
    this.#options.counts.inFlight -= ticks
    this.#countDropped('journal-failed', ticks)
  }

  #drop(reason: string, arrivalUs: number): void {
    this.#countDropped(reason, 1)
    // The stamp that it would have got.
    const tsUs = Math.max(arrivalUs, this.#lastTsUs + 1)
    let hole = this.#dropping.get(reason)
    if (!hole) {
      const fromTsUs = this.#journal ? Math.min(this.#lastProofUs, tsUs - 1) : tsUs - 1
      hole = { fromTsUs, toTsUs: tsUs, cause: `dropped: ${reason}`, droppedTicks: 0 }
      this.#dropping.set(reason, hole)
      this.#options.onDropping(reason)
      if (reason === 'journal-full') this.#journal?.beginSegment()
      if (this.#journal) this.interrupted(hole)
    }
    hole.toTsUs = Math.max(hole.toTsUs, tsUs)
    hole.droppedTicks++
    if (this.#journal) this.#lastProofUs = Math.max(this.#lastProofUs, tsUs)
  }

  #countDropped(reason: string, ticks: number): void {
    const { dropped } = this.#options.counts
    dropped.set(reason, (dropped.get(reason) ?? 0) + ticks)
  }

  #settleDropped(nowUs: number): void {
    if (this.#dropping.size === 0) return
    const refusal = this.#journal?.refusal
    this.#nameDropped((reason, { toTsUs }) => (reason.startsWith('journal-') ? !refusal : nowUs - toTsUs >= QUIET_US))
  }

  #nameDropped(isOver: (reason: string, hole: DroppedTicks) => boolean): void {
    for (const [reason, hole] of this.#dropping) {
      if (!isOver(reason, hole)) continue
      this.#dropping.delete(reason)
      this.#options.onDropped(hole, this.#journal !== undefined && this.gap(hole))
    }
  }

  /** The gateway answered: everything up to now was covered. Written, so that a crash knows it too. */
  alive(): void {
    this.#lastProofUs = this.#append({ kind: 'session', event: 'alive' })
    this.#settleDropped(this.#lastProofUs)
  }

  /** The gateway told the time: as good as an answer, and too frequent to be written. */
  timeTold(): void {
    this.#lastProofUs = this.nowUs
    this.#settleDropped(this.#lastProofUs)
  }

  /** A hole has begun. Written, so that it is named also when this process does not live to see its end. */
  interrupted({ fromTsUs, cause }: Hole): void {
    this.#append({ kind: 'session', event: 'interrupted', fromTsUs, cause })
  }

  /** `feed` absent: the instrument's market-data line. */
  lineOpened(instrument: number, feed?: LineFeed): void {
    const line: OpenLine = { instrument, ...(feed && { feed }), openedSeq: this.#seq + 1, openedTsUs: 0 }
    line.openedTsUs = this.#append({ kind: 'line', event: 'opened', ...line })
    const key = lineKey(instrument, feed)
    if (!feed && !this.#openLines.has(key)) this.#options.counts.lines++
    this.#openLines.set(key, line)
  }

  /** `untilUs`: the last moment at which the line was known to be alive; now, when it is closed on purpose. */
  lineClosed(instrument: number, cause: string, untilUs = this.#options.clock.nowUs(), feed?: LineFeed): void {
    const key = lineKey(instrument, feed)
    const line = this.#openLines.get(key)
    if (!line) return
    this.#openLines.delete(key)
    if (!feed) this.#options.counts.lines--
    // Its opening was a sign of life too.
    this.#append({ kind: 'line', event: 'closed', ...line, untilTsUs: Math.max(untilUs, line.openedTsUs), cause })
  }

  /** Names a hole. Nothing is written for one that is empty: false. */
  gap(gap: { fromTsUs: number; toTsUs: number; cause: string; instrument?: number; droppedTicks?: number }): boolean {
    if (!(gap.toTsUs > gap.fromTsUs)) return false
    this.#options.counts.gaps++
    this.#append({ kind: 'gap', ...gap })
    return true
  }

  /** Returns the stamp. */
  #append(unstamped: Unstamped<TapeRecord>): number {
    const record: TapeRecord = { ...unstamped, seq: 0, tsUs: 0 }
    this.#stamp(record, this.#options.clock.nowUs())
    if (record.kind === 'line' && record.event === 'opened') record.openedTsUs = record.tsUs
    try {
      this.#journal?.append(record)
    } catch (error) {
      this.#seq--
      throw error
    }
    return record.tsUs
  }

  #stamp(record: TapeRecord, tsUs: number): void {
    // Two records of one microsecond keep their order: the later one moves on by one.
    this.#lastTsUs = tsUs > this.#lastTsUs ? tsUs : this.#lastTsUs + 1
    record.seq = ++this.#seq
    record.tsUs = this.#lastTsUs
  }
}

function lineKey(instrument: number, feed: LineFeed | undefined): string {
  return `${instrument} ${feed ?? ''}`
}
