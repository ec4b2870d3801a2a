/**
 * The recording session: numbers and stamps every record, has the rules judge every tick, and appends to the journal.
 *
 * States: idle -> recording (`begin`) -> idle (`end`). `rotate` ends a session and begins the next with the same contracts and
 * open lines; it is used when time has jumped, so that within one session `tsUs` and `seq` always rise.
 */

import { randomInt } from 'node:crypto'

import { type Contract, contractKey } from '../market/contract.ts'
import type { LineEvent, TapeRecord, Tick, Verdict } from '../market/tick.ts'
import type { CollectorClock } from './clock.ts'
import type { Journal } from './journal/journal.ts'
import type { Counts } from './telemetry/counts.ts'

export interface RecorderOptions {
  clock: CollectorClock
  counts: Counts
  judge: (tick: Tick) => Verdict | undefined
  openJournal: (sessionId: number) => Journal
  /** Goes into the session's start record: version, host, clock. */
  detail: Record<string, unknown>
  /** Settings that verdicts depend on. */
  config: Record<string, unknown>
}

/** A record without what the recorder gives it. */
type Unstamped<T extends TapeRecord> = T extends TapeRecord ? Omit<T, 'seq' | 'tsUs'> : never

interface OpenLine {
  openedSeq: number
  openedTsUs: number
}

export class Recorder {
  readonly #options: RecorderOptions
  readonly #instruments = new Map<string, number>()
  readonly #contracts: Contract[] = []
  readonly #openLines = new Map<number, OpenLine>()
  #journal: Journal | undefined
  #sessionId = 0
  #seq = 0
  #lastTsUs = 0
  #lastProofUs = 0
  #ending: Promise<unknown> = Promise.resolve()

  constructor(options: RecorderOptions) {
    this.#options = options
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
    for (const instrument of this.#openLines.keys()) this.lineOpened(instrument)
  }

  /** Ends the session and waits until all of it, and of the sessions before it, is durable. */
  async end(cause: string): Promise<void> {
    const journal = this.#journal
    if (journal) {
      // Whether the link still lives cannot be known now; it did at the last proof.
      for (const instrument of this.#openLines.keys()) this.lineClosed(instrument, cause, this.#lastProofUs)
      this.#append({ kind: 'session', event: 'ended', cause })
      this.#journal = undefined
      this.#ending = Promise.all([this.#ending, journal.close()])
    }
    await this.#ending
  }

  /** Ends the session and begins the next at once; lines that are open stay open. Returns when the old one is durable. */
  async rotate(cause: string): Promise<void> {
    const open = [...this.#openLines.keys()]
    const ended = this.end(cause)
    for (const instrument of open) this.#openLines.set(instrument, { openedSeq: 0, openedTsUs: 0 })
    this.begin()
    await ended
  }

  /** The session's number for a contract; the first call puts the contract on the tape. */
  instrumentOf(contract: Contract): number {
    const key = contractKey(contract)
    let instrument = this.#instruments.get(key)
    if (instrument === undefined) {
      instrument = this.#contracts.push(contract) - 1
      this.#instruments.set(key, instrument)
      this.#append({ kind: 'contract', instrument, contract })
    }
    return instrument
  }

  /** Records a tick. `arrivalUs` is when its first message came; its seq and tsUs are set here. */
  tick(tick: Tick, arrivalUs: number): void {
    const { counts, judge } = this.#options
    counts.received++
    if (!this.#journal) return this.#drop('no-session')
    this.#stamp(tick, arrivalUs)
    tick.verdict ??= judge(tick)
    counts.inFlight++
    this.#lastProofUs = tick.tsUs
    this.#journal.append(tick)
  }

  /** Counts a tick that cannot be recorded. */
  drop(reason: string): void {
    this.#options.counts.received++
    this.#drop(reason)
  }

  /** Ticks that were recorded and that the journal could not keep. */
  lost(ticks: number): void {
    this.#options.counts.inFlight -= ticks
    this.#drop('journal-failed', ticks)
  }

  #drop(reason: string, ticks = 1): void {
    const { dropped } = this.#options.counts
    dropped.set(reason, (dropped.get(reason) ?? 0) + ticks)
  }

  /** The gateway answered: everything up to now was covered. Written, so that a crash knows it too. */
  alive(): void {
    this.#lastProofUs = this.#append({ kind: 'session', event: 'alive' })
  }

  /** The gateway told the time: as good as an answer, and too frequent to be written. */
  timeTold(): void {
    this.#lastProofUs = this.nowUs
  }

  /** A hole has begun. Written, so that it is named also when this process does not live to see its end. */
  interrupted(hole: { fromTsUs: number; cause: string }): void {
    this.#append({ kind: 'session', event: 'interrupted', ...hole })
  }

  lineOpened(instrument: number): void {
    const event: Unstamped<LineEvent> = { kind: 'line', instrument, event: 'opened', openedSeq: this.#seq + 1, openedTsUs: 0 }
    const openedTsUs = this.#append(event)
    this.#openLines.set(instrument, { openedSeq: event.openedSeq, openedTsUs })
    this.#options.counts.lines = this.#openLines.size
  }

  /** `untilUs`: the last moment at which the line was known to be alive; now, when it is closed on purpose. */
  lineClosed(instrument: number, cause: string, untilUs = this.#options.clock.nowUs()): void {
    const line = this.#openLines.get(instrument)
    if (!line) return
    this.#openLines.delete(instrument)
    this.#options.counts.lines = this.#openLines.size
    // Its opening was a sign of life too.
    this.#append({ kind: 'line', instrument, event: 'closed', ...line, untilTsUs: Math.max(untilUs, line.openedTsUs), cause })
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
    this.#journal?.append(record)
    return record.tsUs
  }

  #stamp(record: TapeRecord, tsUs: number): void {
    // Two records of one microsecond keep their order: the later one moves on by one.
    this.#lastTsUs = tsUs > this.#lastTsUs ? tsUs : this.#lastTsUs + 1
    record.seq = ++this.#seq
    record.tsUs = this.#lastTsUs
  }
}
