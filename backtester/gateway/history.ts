/**
 * Answers requests for history out of the tape, up to the tape's own present: what is still to come is no history.
 * Requests wait in one queue, as each reads the tape once; an answer whose client has cancelled or left is not written.
 */

import { RecordCursor, RecordKind } from '../../db/tape/codec.ts'
import { FeedError } from '../../market/errors.ts'
import type { Quote, Trade, TradeSource } from '../../market/tick.ts'
import { Code } from './codes.ts'
import type { ListedContract } from './contracts.ts'
import { RequestError } from './field-reader.ts'
import type { FrameWriter } from './wire.ts'
import { writeError } from './messages.ts'
import type { RecordSource } from './source.ts'
import { bestSource } from './trade-sources.ts'

/** Who asked: one client's connection. */
export interface Asker {
  readonly writer: FrameWriter
  /** Open requests by id. */
  readonly histories: Map<number, HistoryQuery>
  flush(): void
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
  /** Writes the answer; called behind the last tick. Throws a RequestError when there is none. */
  answer: (writer: FrameWriter) => void
}

export interface HistoryLog {
  error(details: object, message: string): void
}

export class History {
  readonly #source: RecordSource
  readonly #instruments = new Map<ListedContract, Set<number>>()
  readonly #tradeSources: ReadonlyMap<number, ReadonlySet<TradeSource>>
  readonly #log: HistoryLog
  #queue: Promise<void> = Promise.resolve()

  constructor(
    source: RecordSource,
    instruments: Iterable<readonly [number, ListedContract]>,
    tradeSources: ReadonlyMap<number, ReadonlySet<TradeSource>>,
    log: HistoryLog,
  ) {
    this.#source = source
    this.#tradeSources = tradeSources
    this.#log = log
    for (const [instrument, listed] of instruments) {
      const known = this.#instruments.get(listed)
      if (known) known.add(instrument)
      else this.#instruments.set(listed, new Set([instrument]))
    }
  }

  /** Answers later. */
  ask(query: HistoryQuery, asker: Asker): void {
    const { reqId } = query
    asker.histories.set(reqId, query)
    this.#queue = this.#queue.then(async () => {
      const isWanted = () => asker.histories.get(reqId) === query
      try {
        await this.#read(query, isWanted)
        if (isWanted()) query.answer(asker.writer)
      } catch (error) {
        if (error instanceof RequestError) writeError(asker.writer, reqId, error.code, error.message)
        else {
          const isDamage = error instanceof FeedError
          this.#log.error({ err: error }, isDamage ? 'The tape cannot be read for its history' : 'History could not be answered')
          writeError(asker.writer, reqId, Code.historyRefused, historyText('the tape cannot be read'))
        }
      }
      if (isWanted()) asker.histories.delete(reqId)
      asker.flush()
    })
  }

  async #read({ listed, fromUs, toUs, quote, trade }: HistoryQuery, isWanted: () => boolean): Promise<void> {
    const instruments = this.#instruments.get(listed)
    if (!instruments) return
    const cursor = new RecordCursor()
    for await (const block of this.#source.blocks()) {
      if (!isWanted()) return
      if (block.lastTsUs < fromUs || block.firstTsUs > toUs) continue
      cursor.reset(block.payload)
      while (cursor.next()) {
        const wanted = cursor.kind === RecordKind.quote ? quote : cursor.kind === RecordKind.trade ? trade : undefined
        if (!wanted || cursor.tsUs < fromUs || cursor.tsUs > toUs || !instruments.has(cursor.instrument)) continue
        const record = cursor.record()
        if (record.kind === 'quote') quote?.(record)
        else if (record.kind === 'trade' && record.source === bestSource(this.#tradeSources.get(record.instrument))) trade?.(record)
      }
    }
  }
}

/** IB's words around what its history service says. */
export function historyText(message: string): string {
  return `Historical Market Data Service error message:${message}`
}
