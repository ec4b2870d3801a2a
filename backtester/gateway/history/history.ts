/**
 * Answers requests for history out of the tape, up to the tape's own present: what is still to come is no history.
 * Requests wait in one queue, as each reads the tape once; an answer whose client has cancelled or left is not written.
 */

import { isMarked, Mark } from '../../../market/marks.ts'
import { FeedError } from '../../../market/errors.ts'
import type { Quote, Statistic, TapeRecord, Trade } from '../../../market/tick.ts'
import { Code } from '../protocol/codes.ts'
import type { ListedContract } from '../contracts/contracts.ts'
import { RequestError } from '../protocol/field-reader.ts'
import { FrameTooLong, type FrameWriter } from '../protocol/wire.ts'
import { writeError } from '../protocol/messages.ts'
import type { SourceContents } from '../source/contents.ts'
import type { GatewaySource } from '../source/source.ts'
import { bestSource } from '../../../market/trade-sources.ts'
import { isUnserved } from '../book/unserved.ts'

/** Who asked: one client's connection. */
export interface Asker {
  readonly writer: FrameWriter
  /** Open requests by id. */
  readonly histories: Map<number, HistoryQuery>
  /** Sends what `write` writes, also while the data of lines is held back. */
  respond(write: () => void): void
}

/** One request that can be answered from the ticks of one contract. */
export interface HistoryQuery {
  reqId: number
  listed: ListedContract
  fromUs: number
  /** The last moment that counts. */
  toUs: number
  /** Absent: quotes do not count. */
  quote?: (quote: Quote) => void
  trade?: (trade: Trade) => void
  statistic?: (statistic: Statistic) => void
  /** True when the rest of the tape does not matter; absent: all of it does. */
  isComplete?: () => boolean
  /** What was asked for, where another message than that of bars cancels it. */
  kind?: 'head timestamp' | 'histogram'
  /** Stays open behind its answer, until it is cancelled. */
  isKept?: boolean
  /** Called once when it was answered, refused, or is not wanted any more. */
  done?: () => void
  /** Writes the answer; called behind the last tick. Throws a RequestError when there is none. */
  answer: (writer: FrameWriter) => void
}

type Contents = Pick<SourceContents, 'tradeSources' | 'doublyQuoted'>

export interface HistoryLog {
  error(details: object, message: string): void
}

export class History {
  readonly #source: GatewaySource
  readonly #instruments = new Map<ListedContract, Set<number>>()
  readonly #contents: Contents
  readonly #log: HistoryLog
  #queue: Promise<void> = Promise.resolve()

  constructor(source: GatewaySource, instruments: Iterable<readonly [number, ListedContract]>, contents: Contents, log: HistoryLog) {
    this.#source = source
    this.#contents = contents
    this.#log = log
    for (const [instrument, listed] of instruments) {
      const known = this.#instruments.get(listed)
      if (known) known.add(instrument)
      else this.#instruments.set(listed, new Set([instrument]))
    }
  }

  /** Answers later. */
  ask(query: HistoryQuery, asker: Asker): void {
    asker.histories.set(query.reqId, query)
    this.#queue = this.#queue.then(() => this.#answer(query, asker)).finally(() => query.done?.())
  }

  async #answer(query: HistoryQuery, asker: Asker): Promise<void> {
    const { reqId } = query
    const isWanted = () => asker.histories.get(reqId) === query
    let isKept = false
    try {
      await this.#read(query, isWanted)
      if (!isWanted()) return
      asker.respond(() => query.answer(asker.writer))
      isKept = query.isKept === true
    } catch (error) {
      const { code, message } = this.#refusal(error)
      asker.respond(() => writeError(asker.writer, reqId, code, message))
    }
    if (isWanted() && !isKept) asker.histories.delete(reqId)
  }

  #refusal(error: unknown): { code: number; message: string } {
    if (error instanceof RequestError) return error
    const code = Code.historyRefused
    if (error instanceof FrameTooLong) return { code, message: historyText(`The answer is ${error.message}: ask for less`) }
    const isDamage = error instanceof FeedError
    this.#log.error({ err: error }, isDamage ? 'The tape cannot be read for its history' : 'History could not be answered')
    return { code, message: historyText('the tape cannot be read') }
  }

  async #read(query: HistoryQuery, isWanted: () => boolean): Promise<void> {
    const { fromUs, toUs, listed } = query
    const instruments = this.#instruments.get(listed)
    if (!instruments) return
    for await (const { records } of this.#source.records({ fromTsUs: fromUs, toTsUs: toUs })) {
      if (!isWanted() || query.isComplete?.()) return
      for (const record of records) if (record.tsUs >= fromUs && record.tsUs <= toUs) this.#take(query, instruments, record)
    }
  }

  #take({ quote, trade, statistic }: HistoryQuery, instruments: ReadonlySet<number>, record: TapeRecord): void {
    if (record.kind === 'quote') {
      if (!quote || !instruments.has(record.instrument) || isUnserved(record.verdict)) return
      if (record.source !== undefined || !this.#contents.doublyQuoted.has(record.instrument)) quote(record)
    } else if (record.kind === 'trade') {
      if (!trade || !instruments.has(record.instrument) || isUnserved(record.verdict) || !Number.isFinite(record.price)) return
      // What stood when it was asked for was traded at another time, if not before the tape.
      if (isMarked(record, Mark.initial)) return
      if (record.source === bestSource(this.#contents.tradeSources.get(record.instrument))) trade(record)
    } else if (record.kind === 'statistic') {
      if (statistic && instruments.has(record.instrument) && !isUnserved(record.verdict)) statistic(record)
    }
  }
}

/** IB's words around what its history service says. */
export function historyText(message: string): string {
  return `Historical Market Data Service error message:${message}`
}
