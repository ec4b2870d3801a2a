/**
 * The recording session: numbers, stamps and judges every record, appends it to the journal, and hands what the journal took to
 * MarketState and to the subscribers. Nobody sees a tick that was not appended.
 *
 * States: idle -> recording (`begin`) -> idle (`end`). Within one session `tsUs` and `seq` always rise. A session that follows another
 * one begins with the same contracts and, when time has jumped (sessions.ts), with the same open lines.
 *
 * Here is the one place where ticks are dropped, by reason: before the rules see them. The ledger of gaps (gaps/ledger.ts) names them.
 */

import { randomInt } from 'node:crypto'

import { nyse } from '../../market/calendar/calendar.ts'
import { type Contract, contractKey } from '../../market/contract.ts'
import type { Span } from '../../market/coverage.ts'
import type { RecordListener } from '../../market/record-source.ts'
import type { LineFeed, MissingFeed, StockSizes, TapeRecord, Tick, Verdict } from '../../market/tick.ts'
import type { Gap, GapStart } from '../gaps/gap.ts'
import type { Journal } from '../journal/journal.ts'
import type { Counts } from '../telemetry/counts.ts'
import { type CarryInput, CarryInputs } from './carry-inputs.ts'
import type { CollectorClock } from './clock.ts'
import { EarlierSessions } from './earlier-sessions.ts'
import { lineKey, type MissingLine, type OpenLine } from './lines.ts'

/** Judges ticks by all records of the session that came before: it is given each one that the journal took, in order. */
export interface Judge {
  judge(tick: Tick): Verdict | undefined
  take(record: TapeRecord): void
}

export interface RecorderOptions {
  clock: CollectorClock
  counts: Counts
  judge: Judge
  openJournal: (sessionId: number) => Journal
  /** Ids of this run's sessions are greater than that. */
  lastSessionId?: number
  /** Goes into the session's start record: version, host, clock. */
  detail: Record<string, unknown>
  /** Settings that verdicts depend on. */
  config: Record<string, unknown>
  onSubscriberError: (error: unknown) => void
}

/** Why a tick was not recorded. */
export type DropReason = 'no-session' | 'journal-full' | 'journal-failed' | 'too-long' | 'unknown-line'

/** Cause of a line event behind which nothing is missing: the line is not wanted any more. */
const NOT_WANTED = 'config'
/** The same of a contract that is seen from time to time: its turn is over, and comes again. */
export const ROTATION = 'rotation'

/** A record without what the recorder gives it. */
type Unstamped<T extends TapeRecord> = T extends TapeRecord ? Omit<T, 'seq' | 'tsUs'> : never

export class Recorder {
  readonly #clock: CollectorClock
  readonly #counts: Counts
  readonly #openJournal: RecorderOptions['openJournal']
  readonly #detail: Record<string, unknown>
  readonly #onSubscriberError: (error: unknown) => void
  #config: Record<string, unknown>
  readonly #judge: Judge
  #listeners: readonly RecordListener[] = []
  readonly #instruments = new Map<string, number>()
  readonly #contracts: Contract[] = []
  /** By instrument and feed. */
  readonly #openLines = new Map<string, OpenLine>()
  /** Those of them that were open in the session before. */
  readonly #carriedLines = new Set<string>()
  readonly #earlier = new EarlierSessions()
  readonly #carry = new CarryInputs()
  #beganUs = Number.NaN
  /** The same of lines that are wanted and not open. */
  readonly #missingLines = new Map<string, MissingLine>()
  #journal: Journal | undefined
  /** The journal refuses ticks because it is full. */
  #isFull = false
  #sessionId: number
  #seq = 0
  #lastTsUs = 0
  #lastProofUs = 0
  #ending: Promise<unknown> = Promise.resolve()

  constructor({ clock, counts, judge, openJournal, lastSessionId = 0, detail, config, onSubscriberError }: RecorderOptions) {
    this.#sessionId = lastSessionId
    this.#clock = clock
    this.#counts = counts
    this.#judge = judge
    this.#openJournal = openJournal
    this.#detail = detail
    this.#config = config
    this.#onSubscriberError = onSubscriberError
  }

  get recording(): boolean {
    return this.#journal !== undefined
  }

  get sessionId(): number {
    return this.#sessionId
  }

  /** When the session began, in its own time. */
  get beganUs(): number {
    return this.#beganUs
  }

  /** The last moment at which the gateway gave a sign of life. */
  get lastProofUs(): number {
    return this.#lastProofUs
  }

  /** The session's time: the clock's, but never before the last record. */
  get nowUs(): number {
    return Math.max(this.#clock.nowUs(), this.#lastTsUs)
  }

  /** Why a tick would be dropped now; undefined while ticks are taken. */
  get refusal(): DropReason | undefined {
    return this.#journal ? this.#journal.refusal : 'no-session'
  }

  /** The contract behind a session's instrument number. */
  contractOf(instrument: number): Contract | undefined {
    return this.#contracts[instrument]
  }

  /**
   * Hands every record that is appended from now on to `listener`, in order. One that throws is detached. Returns what unsubscribes it.
   * Called within the recording: it must be quick, and keep a queue of its own for what is not.
   */
  subscribe(listener: RecordListener): () => void {
    const unsubscribe = () => {
      this.#listeners = this.#listeners.filter((other) => other !== guarded)
    }
    const guarded: RecordListener = (record, sessionId) => {
      try {
        listener(record, sessionId)
      } catch (error) {
        unsubscribe()
        this.#onSubscriberError(error)
      }
    }
    this.#listeners = [...this.#listeners, guarded]
    return unsubscribe
  }

  /** Returns by how much the times of the session lie ahead of those of the one before it, which has just ended; NaN for the first. */
  begin(): number {
    const beforeUs = Math.max(this.nowUs, this.#lastProofUs)
    this.#clock.anchor()
    const nowUs = this.#clock.nowUs()
    const byUs = nowUs - beforeUs
    const isFirst = Number.isNaN(this.#beganUs)
    if (!isFirst) this.#earlier.add({ fromUs: this.#beganUs, toUs: beforeUs, byUs })
    this.#beganUs = nowUs
    // Starts of one millisecond apart give rising ids; the random part keeps two collectors of one database apart.
    // Sessions of one run rise also when the system's clock was set back.
    this.#sessionId = Math.max(Date.now() * 4096 + randomInt(4096), this.#sessionId + 1)
    this.#journal = this.#openJournal(this.#sessionId)
    this.#isFull = false
    this.#seq = 0
    this.#lastTsUs = 0
    this.#lastProofUs = nowUs
    this.#append({ kind: 'session', event: 'started', detail: this.#detail })
    this.#append({ kind: 'config', config: this.#config })
    for (const [instrument, contract] of this.#contracts.entries()) this.#append({ kind: 'contract', instrument, contract })
    for (const input of this.#carry.all) this.#appendCarry(input)
    const open = [...this.#openLines]
    this.#openLines.clear()
    this.#counts.lines = 0
    for (const [key, { instrument, feed }] of open) {
      this.lineOpened(instrument, feed)
      this.#carriedLines.add(key)
    }
    const missing = [...this.#missingLines]
    this.#missingLines.clear()
    for (const [key, { instrument, cause, feed, sinceUs }] of missing) {
      this.lineMissing(instrument, cause, this.nowUs, feed)
      this.#missingLines.set(key, { instrument, cause, feed, sinceUs: sinceUs + byUs })
    }
    return isFirst ? Number.NaN : byUs
  }

  /**
   * Ends the session and waits until all of it, and of the sessions before it, is durable.
   *
   * @param keepLines lines that are open are open again in the session that begins next
   */
  async end(cause: string, { keepLines = false } = {}): Promise<void> {
    const journal = this.#journal
    if (journal) {
      const open = [...this.#openLines]
      // Whether the link still lives cannot be known now; it did at the last proof.
      for (const [, { instrument, feed }] of open) this.lineClosed(instrument, cause, this.#lastProofUs, feed)
      this.#append({ kind: 'session', event: 'ended', cause })
      if (keepLines) for (const [key, line] of open) this.#openLines.set(key, line)
      this.#journal = undefined
      this.#ending = Promise.all([this.#ending, journal.close()])
    }
    await this.#ending
  }

  /** Resolves when everything so far is on disk. */
  async durable(): Promise<void> {
    await this.#journal?.durable()
  }

  /** Other settings are in force from here on. */
  configure(config: Record<string, unknown>): void {
    this.#config = config
    if (this.recording) this.#append({ kind: 'config', config })
  }

  /** Puts what option values rest on onto the tape, now and at the start of each session to come. What is no news is passed over. */
  carry(inputs: readonly CarryInput[]): void {
    for (const input of this.#carry.take(inputs)) this.#appendCarry(input)
  }

  /**
   * The session's number for a contract. The first call puts the contract on the tape, and so does one with hours of another day, or with
   * another number of the broker's. Throws a RangeError when it is too long for one.
   */
  instrumentOf(contract: Contract): number {
    const key = contractKey(contract)
    let instrument = this.#instruments.get(key)
    if (instrument === undefined) {
      instrument = this.#contracts.length
      // First: one that is not on the tape must have no number.
      this.#append({ kind: 'contract', instrument, contract })
      this.#contracts.push(contract)
      this.#instruments.set(key, instrument)
    } else if (isNews(contract, this.#contracts[instrument])) {
      this.#append({ kind: 'contract', instrument, contract })
      this.#contracts[instrument] = contract
    }
    return instrument
  }

  /**
   * Records a tick; its seq and tsUs are set here. Returns why it was dropped, if it was.
   *
   * @param arrivalUs when its first message came
   */
  tick(tick: Tick, arrivalUs: number): DropReason | undefined {
    this.#counts.received++
    const { refusal } = this
    if (refusal) return this.#refuse(refusal)
    this.#isFull = false
    this.#stamp(tick, arrivalUs)
    tick.verdict ??= this.#judge.judge(tick)
    try {
      this.#write(tick)
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      // One of its texts is longer than a record of a tape may be.
      return this.#refuse('too-long')
    }
    this.#counts.journaled++
    if (tick.marks !== undefined) this.#countMarked(tick.marks)
    this.#lastProofUs = tick.tsUs
    this.#publish(tick)
    return undefined
  }

  /** A tick came that cannot be recorded. */
  drop(reason: DropReason): void {
    this.#counts.received++
    this.#countDropped(reason, 1)
  }

  /** Ticks that were recorded and that the journal could not keep: the next start finds a session without an end, and names the gap. */
  lost(ticks: number): void {
    this.#counts.journaled -= ticks
    this.#countDropped('journal-failed', ticks)
  }

  /** The stamp that a record of that moment would get. */
  stampFor(tsUs: number): number {
    return Math.max(tsUs, this.#lastTsUs + 1)
  }

  /** The gateway gave a sign of life at `tsUs`: a tick that came and was dropped is one too. */
  proved(tsUs: number): void {
    if (this.#journal) this.#lastProofUs = Math.max(this.#lastProofUs, tsUs)
  }

  /** The gateway answered: everything up to now was covered. Written, so that a crash knows it too. */
  alive(): void {
    this.#lastProofUs = this.#append({ kind: 'session', event: 'alive' })
  }

  /** A gap has begun. Written, so that it is named also when this process does not live to see its end. */
  interrupted({ fromTsUs, cause }: GapStart): void {
    this.#append({ kind: 'session', event: 'interrupted', fromTsUs, cause })
  }

  /** The unit of the sizes of US stocks is known, or another one than before. */
  sizes(sizes: StockSizes): void {
    this.#append({ kind: 'session', event: 'sizes', sizes })
  }

  /** The parts of what has lasted since then that lie in sessions before this one, in their time, when it lasts for so long. */
  earlierParts(sinceUs: number): Span[] {
    return sinceUs < this.#beganUs ? this.#earlier.partsSince(sinceUs) : []
  }

  /** Puts a gap on the tape. Nothing is written for one that is empty: false. */
  gap({ fromTsUs, toTsUs, cause, instrument, droppedTicks }: Gap): boolean {
    if (!this.#journal || !(toTsUs > fromTsUs)) return false
    this.#append({
      kind: 'gap',
      fromTsUs,
      toTsUs,
      cause,
      ...(instrument !== undefined && { instrument }),
      ...(droppedTicks !== undefined && { droppedTicks }),
    })
    return true
  }

  /** `feed` absent: the instrument's market-data line. */
  lineOpened(instrument: number, feed?: LineFeed): void {
    const line: OpenLine = { instrument, ...(feed && { feed }), openedSeq: this.#seq + 1, openedTsUs: 0 }
    line.openedTsUs = this.#append({ kind: 'line', event: 'opened', ...line })
    const key = lineKey(instrument, feed)
    if (!feed && !this.#openLines.has(key)) this.#counts.lines++
    this.#openLines.set(key, line)
    this.#missingLines.delete(key)
  }

  /** Lines that are wanted and have no data, as far as the reason is known. */
  get missing(): Iterable<MissingLine> {
    return this.#missingLines.values()
  }

  /** The line is wanted and not open, for this reason from now on; `wantedUs`: since when it is wanted, where no reason is known yet. */
  lineMissing(instrument: number, cause: string, wantedUs: number, feed?: MissingFeed): void {
    const key = lineKey(instrument, feed)
    const known = this.#missingLines.get(key)
    if (this.#openLines.has(key) || known?.cause === cause) return
    const sinceUs = known ? this.nowUs : wantedUs
    const what = { instrument, ...(feed && { feed }), cause }
    this.#missingLines.set(key, { ...what, sinceUs: known?.sinceUs ?? sinceUs })
    this.#appendMissing({ ...what, sinceUs })
  }

  /** Since when the market-data line of a wanted contract is missing for a known reason; undefined while it is not. */
  missingSinceUs(instrument: number): number | undefined {
    return this.#missingLines.get(lineKey(instrument, undefined))?.sinceUs
  }

  /** A line that was missing is not wanted any more; or a chain is known. */
  lineUnwanted(instrument: number, feed?: MissingFeed): void {
    if (this.#missingLines.has(lineKey(instrument, feed))) this.lineMissing(instrument, NOT_WANTED, this.nowUs, feed)
    this.#missingLines.delete(lineKey(instrument, feed))
  }

  /** `untilUs`: the last moment at which the line was known to be alive; now, when it is closed on purpose. */
  lineClosed(instrument: number, cause: string, untilUs = this.#clock.nowUs(), feed?: LineFeed): void {
    const key = lineKey(instrument, feed)
    const line = this.#openLines.get(key)
    if (!line) return
    this.#openLines.delete(key)
    if (!feed) this.#counts.lines--
    if (this.#carriedLines.delete(key))
      for (const { fromUs, toUs } of this.earlierParts(untilUs)) {
        this.#appendMissing({ instrument, feed, cause, sinceUs: fromUs })
        this.#appendMissing({ instrument, feed, cause: NOT_WANTED, sinceUs: toUs })
      }
    // Its opening was a sign of life too.
    const untilTsUs = Math.max(untilUs, line.openedTsUs)
    this.#append({ kind: 'line', event: 'closed', ...line, untilTsUs, cause })
    if (cause !== ROTATION) this.#missingLines.set(key, { instrument, feed, cause, sinceUs: untilTsUs })
  }

  #appendMissing({ sinceUs, ...what }: MissingLine): void {
    this.#append({ kind: 'line', event: 'missing', ...what, openedSeq: this.#seq + 1, openedTsUs: sinceUs, untilTsUs: sinceUs })
  }

  #appendCarry(input: CarryInput): void {
    if (this.recording) this.#append({ kind: 'carry', asOf: nyse.zone.dateOf(this.nowUs), ...input })
  }

  #refuse(reason: DropReason): DropReason {
    this.#countDropped(reason, 1)
    // The segment that is being written would otherwise wait for records that are refused because of it.
    if (reason === 'journal-full' && !this.#isFull) this.#journal?.beginSegment()
    this.#isFull = reason === 'journal-full'
    return reason
  }

  #countMarked(marks: number): void {
    const { marked } = this.#counts
    marked.set(marks, (marked.get(marks) ?? 0) + 1)
  }

  #countDropped(reason: string, ticks: number): void {
    const { dropped } = this.#counts
    dropped.set(reason, (dropped.get(reason) ?? 0) + ticks)
  }

  /** Returns the stamp. */
  #append(unstamped: Unstamped<TapeRecord>): number {
    const record: TapeRecord = { ...unstamped, seq: 0, tsUs: 0 }
    this.#stamp(record, this.#clock.nowUs())
    if (record.kind === 'line' && record.event === 'opened') record.openedTsUs = record.tsUs
    if (this.#journal) {
      this.#write(record)
      this.#publish(record)
    }
    return record.tsUs
  }

  /** Throws a RangeError when the record is too long for a tape; its number is free again then, so that numbers follow each other. */
  #write(record: TapeRecord): void {
    try {
      this.#journal?.append(record)
    } catch (error) {
      this.#seq--
      throw error
    }
  }

  #publish(record: TapeRecord): void {
    this.#judge.take(record)
    const listeners = this.#listeners
    for (let i = 0; i < listeners.length; i++) (listeners[i] as RecordListener)(record, this.#sessionId)
  }

  #stamp(record: TapeRecord, tsUs: number): void {
    // Two records of one microsecond keep their order: the later one moves on by one.
    this.#lastTsUs = tsUs > this.#lastTsUs ? tsUs : this.#lastTsUs + 1
    record.seq = ++this.#seq
    record.tsUs = this.#lastTsUs
  }
}

/** Whether the broker has said more of a contract than is known, or has listed its hours anew. */
function isNews({ conId, hours }: Contract, known: Contract | undefined): boolean {
  return (conId !== undefined && known?.conId !== conId) || (hours !== undefined && hours.readOn !== known?.hours?.readOn)
}
