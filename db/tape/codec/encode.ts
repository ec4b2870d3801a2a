/** Writes records as the bytes of a tape. */

import type { Finding, Greeks, Quote, Statistic, TapeRecord, Trade } from '../../../market/tick.ts'
import {
  ABSENT_STRING,
  DISPOSITIONS,
  FINDING_BYTES,
  FLAG_DELAYED,
  FLAG_MARKS,
  FLAG_QUARANTINE,
  FLAG_VERDICT,
  GREEKS_BASES,
  MARKS_BYTES,
  MAX_RECORD_BYTES,
  NO_INSTRUMENT,
  QUOTE_SOURCES,
  RecordKind,
  SEVERITIES,
  TRADE_SOURCES,
} from './record-layout.ts'

/** Appends records to a growing buffer whose first `headroom` bytes (a multiple of 8, as is `capacity`) are left for a block head. */
export class RecordEncoder {
  records = 0
  firstTsUs = Number.NaN
  lastTsUs = Number.NaN
  #bytes: Buffer
  #numbers: Float64Array
  #length: number
  readonly #headroom: number

  constructor(headroom = 0, capacity = 1 << 16) {
    this.#headroom = headroom
    this.#bytes = Buffer.from(new ArrayBuffer(capacity))
    this.#numbers = new Float64Array(this.#bytes.buffer)
    this.#length = headroom
  }

  /** Bytes of all records so far, without the headroom. */
  get payloadBytes(): number {
    return this.#length - this.#headroom
  }

  /** Headroom and payload; a view, not a copy. */
  bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  /**
   * Appends one record. Throws a RangeError when it is too long for a tape; the encoder then holds what it held before.
   * Half a surrogate pair in a string of a tick is written as U+FFFD, as UTF-8 has no form for it.
   */
  append(record: TapeRecord): void {
    const start = this.#length
    try {
      this.#append(record, start)
    } catch (error) {
      this.#length = start
      throw error
    }
    if (this.records++ === 0) this.firstTsUs = record.tsUs
    this.lastTsUs = record.tsUs
  }

  #append(record: TapeRecord, start: number): void {
    this.#reserve(256)
    const at = start >> 3
    this.#numbers[at + 1] = record.seq
    this.#numbers[at + 2] = record.tsUs
    let flags = this.#body(record, at + 3)
    if ('delayed' in record && record.delayed) flags |= FLAG_DELAYED
    if ('verdict' in record && record.verdict) {
      flags |= FLAG_VERDICT | (record.verdict.disposition === 'quarantine' ? FLAG_QUARANTINE : 0)
      this.#findings(record.verdict.findings)
    }
    if ('marks' in record && record.marks) {
      flags |= FLAG_MARKS
      this.#marks(record.marks)
    }
    while (this.#length & 7) this.#bytes[this.#length++] = 0
    const length = this.#length - start
    if (length > MAX_RECORD_BYTES)
      throw new RangeError(`A ${record.kind} record of ${length} bytes does not fit on a tape (at most ${MAX_RECORD_BYTES}).`)
    const instrument = 'instrument' in record && record.instrument !== undefined ? record.instrument : NO_INSTRUMENT
    this.#bytes[start] = RecordKind[record.kind]
    this.#bytes[start + 1] = flags
    this.#bytes.writeUInt16LE(length >> 3, start + 2)
    this.#bytes.writeUInt32LE(instrument, start + 4)
  }

  /** The kind's own numbers, from `next` on, and texts. Returns the variant where flags keep it. */
  #body(record: TapeRecord, next: number): number {
    switch (record.kind) {
      case 'quote':
        return this.#quote(record, next)
      case 'trade':
        return this.#trade(record, next)
      case 'greeks':
        return this.#greeks(record, next)
      case 'statistic':
        return this.#statistic(record, next)
      default: {
        const { kind: _kind, seq: _seq, tsUs: _tsUs, ...rest } = record
        this.#length = next << 3
        this.#string(JSON.stringify(rest))
        return 0
      }
    }
  }

  #quote(quote: Quote, next: number): number {
    const numbers = this.#numbers
    numbers[next] = quote.eventTsUs ?? Number.NaN
    numbers[next + 1] = quote.bidPrice ?? Number.NaN
    numbers[next + 2] = quote.askPrice ?? Number.NaN
    numbers[next + 3] = quote.bidSize ?? Number.NaN
    numbers[next + 4] = quote.askSize ?? Number.NaN
    this.#length = (next + 5) << 3
    return quote.source === undefined ? 0 : QUOTE_SOURCES.indexOf(quote.source) << 4
  }

  #trade(trade: Trade, next: number): number {
    const numbers = this.#numbers
    numbers[next] = trade.eventTsUs ?? Number.NaN
    numbers[next + 1] = trade.price
    numbers[next + 2] = trade.size ?? Number.NaN
    this.#length = (next + 3) << 3
    this.#string(trade.venue)
    this.#string(trade.conditions)
    return TRADE_SOURCES.indexOf(trade.source) << 4
  }

  #greeks(greeks: Greeks, next: number): number {
    const numbers = this.#numbers
    numbers[next] = greeks.eventTsUs ?? Number.NaN
    numbers[next + 1] = greeks.impliedVolatility ?? Number.NaN
    numbers[next + 2] = greeks.delta ?? Number.NaN
    numbers[next + 3] = greeks.gamma ?? Number.NaN
    numbers[next + 4] = greeks.vega ?? Number.NaN
    numbers[next + 5] = greeks.theta ?? Number.NaN
    numbers[next + 6] = greeks.optionPrice ?? Number.NaN
    numbers[next + 7] = greeks.pvDividend ?? Number.NaN
    numbers[next + 8] = greeks.underlyingPrice ?? Number.NaN
    this.#length = (next + 9) << 3
    return GREEKS_BASES.indexOf(greeks.basis) << 4
  }

  #statistic(statistic: Statistic, next: number): number {
    const numbers = this.#numbers
    numbers[next] = statistic.eventTsUs ?? Number.NaN
    numbers[next + 1] = statistic.value ?? Number.NaN
    this.#length = (next + 2) << 3
    this.#string(statistic.name)
    this.#string(statistic.text)
    return 0
  }

  #findings(findings: readonly Finding[]): void {
    this.#reserve(8)
    this.#length = this.#bytes.writeUInt16LE(findings.length, this.#length)
    for (const { rule, severity, disposition, reason, evidence = [] } of findings) {
      this.#reserve(FINDING_BYTES)
      this.#bytes[this.#length] = SEVERITIES.indexOf(severity)
      this.#bytes[this.#length + 1] = DISPOSITIONS.indexOf(disposition)
      this.#length = this.#bytes.writeUInt16LE(evidence.length, this.#length + 2)
      this.#string(rule)
      this.#string(reason)
      this.#reserve(4 * evidence.length)
      for (const instrument of evidence) this.#length = this.#bytes.writeUInt32LE(instrument, this.#length)
    }
  }

  /** At the end of the record, behind what a reader that knows no marks reads. */
  #marks(marks: number): void {
    this.#reserve(8 + MARKS_BYTES)
    while ((this.#length + MARKS_BYTES) & 7) this.#bytes[this.#length++] = 0
    this.#length = this.#bytes.writeUInt32LE(marks, this.#length)
  }

  #string(text: string | undefined): void {
    if (text === undefined) {
      this.#reserve(8)
      this.#length = this.#bytes.writeUInt32LE(ABSENT_STRING, this.#length)
      return
    }
    // Before the buffer grows for it: every character takes at least one byte.
    if (text.length > MAX_RECORD_BYTES)
      throw new RangeError(`A text of ${text.length} characters does not fit into a record of a tape (at most ${MAX_RECORD_BYTES} bytes).`)
    this.#reserve(8 + text.length * 3)
    const bytes = this.#bytes.write(text, this.#length + 4, 'utf8')
    this.#bytes.writeUInt32LE(bytes, this.#length)
    this.#length += 4 + bytes
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes + 8 <= this.#bytes.length) return
    const grown = Buffer.from(new ArrayBuffer(Math.max(this.#bytes.length * 2, (this.#length + bytes + 15) & ~7)))
    this.#bytes.copy(grown, 0, 0, this.#length)
    this.#bytes = grown
    this.#numbers = new Float64Array(grown.buffer)
  }
}
