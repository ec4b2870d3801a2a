/**
 * Bytes of one tape record, little-endian, always a multiple of 8 so that every number can be read through an aligned
 * Float64Array view. docs/tape-format.md describes the layout for readers in other languages.
 *
 *   byte 0      kind
 *   byte 1      flags: bit 0 a verdict follows, bit 1 it quarantines, bit 2 delayed data, bits 4..7 the variant (source, basis)
 *   bytes 2-3   length of the record in units of 8 bytes
 *   bytes 4-7   instrument (0xffffffff: none)
 *   bytes 8-    float64: seq, tsUs, then the kind's numbers; NaN stands for an absent one
 *   tail        strings, each a u32 byte length (0xffffffff: absent) and UTF-8, zero-padded to 8
 *
 * Times and seq are integers below 2^53, which float64 holds exactly.
 */

import { FeedError } from '../../../market/errors.ts'
import type {
  ConfigRecord,
  ContractRecord,
  FeedGap,
  Greeks,
  LineEvent,
  QuoteSource,
  SessionEvent,
  TapeRecord,
  TradeSource,
  Verdict,
} from '../../../market/tick.ts'
import { type ControlKind, wrongControlField } from './control-shape.ts'

export const RecordKind = {
  quote: 1,
  trade: 2,
  greeks: 3,
  statistic: 4,
  gap: 16,
  line: 17,
  contract: 18,
  config: 19,
  session: 20,
} as const

/** Kinds up to this one are ticks. */
const LAST_TICK_KIND = 15

export const NO_INSTRUMENT = 0xffffffff
const ABSENT_STRING = 0xffffffff
const FLAG_VERDICT = 1
const FLAG_QUARANTINE = 2
const FLAG_DELAYED = 4
const MAX_RECORD_BYTES = 0xffff * 8
const HEAD_BYTES = 24

const QUOTE_SOURCES: readonly (QuoteSource | undefined)[] = [undefined, 'tick-by-tick']
const TRADE_SOURCES: readonly TradeSource[] = ['last', 'rt-volume', 'tick-by-tick', 'import']
const GREEKS_BASES: readonly Greeks['basis'][] = ['bid', 'ask', 'last', 'model']

/** Count of float64 numbers after seq and tsUs, by kind; control records keep everything in one JSON string. */
const NUMBERS: Readonly<Record<number, number>> = {
  [RecordKind.quote]: 5,
  [RecordKind.trade]: 3,
  [RecordKind.greeks]: 9,
  [RecordKind.statistic]: 2,
}

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
    const numbers = this.#numbers
    const at = start >> 3
    numbers[at + 1] = record.seq
    numbers[at + 2] = record.tsUs
    let flags = 0
    let kind: number
    let instrument = NO_INSTRUMENT
    let next = at + 3
    switch (record.kind) {
      case 'quote':
        kind = RecordKind.quote
        instrument = record.instrument
        if (record.source !== undefined) flags = QUOTE_SOURCES.indexOf(record.source) << 4
        numbers[next++] = record.eventTsUs ?? Number.NaN
        numbers[next++] = record.bidPrice ?? Number.NaN
        numbers[next++] = record.askPrice ?? Number.NaN
        numbers[next++] = record.bidSize ?? Number.NaN
        numbers[next++] = record.askSize ?? Number.NaN
        break
      case 'trade':
        kind = RecordKind.trade
        instrument = record.instrument
        flags = TRADE_SOURCES.indexOf(record.source) << 4
        numbers[next++] = record.eventTsUs ?? Number.NaN
        numbers[next++] = record.price
        numbers[next++] = record.size ?? Number.NaN
        break
      case 'greeks':
        kind = RecordKind.greeks
        instrument = record.instrument
        flags = GREEKS_BASES.indexOf(record.basis) << 4
        numbers[next++] = record.eventTsUs ?? Number.NaN
        numbers[next++] = record.impliedVolatility ?? Number.NaN
        numbers[next++] = record.delta ?? Number.NaN
        numbers[next++] = record.gamma ?? Number.NaN
        numbers[next++] = record.vega ?? Number.NaN
        numbers[next++] = record.theta ?? Number.NaN
        numbers[next++] = record.optionPrice ?? Number.NaN
        numbers[next++] = record.pvDividend ?? Number.NaN
        numbers[next++] = record.underlyingPrice ?? Number.NaN
        break
      case 'statistic':
        kind = RecordKind.statistic
        instrument = record.instrument
        numbers[next++] = record.eventTsUs ?? Number.NaN
        numbers[next++] = record.value ?? Number.NaN
        break
      default:
        kind = RecordKind[record.kind]
        if ('instrument' in record && record.instrument !== undefined) instrument = record.instrument
    }
    this.#length = next << 3
    switch (record.kind) {
      case 'quote':
      case 'greeks':
        break
      case 'trade':
        this.#string(record.venue)
        this.#string(record.conditions)
        break
      case 'statistic':
        this.#string(record.name)
        this.#string(record.text)
        break
      default: {
        const { kind: _kind, seq: _seq, tsUs: _tsUs, ...rest } = record
        this.#string(JSON.stringify(rest))
      }
    }
    if ('delayed' in record && record.delayed) flags |= FLAG_DELAYED
    if ('verdict' in record && record.verdict) {
      flags |= FLAG_VERDICT | (record.verdict.severity === 'quarantine' ? FLAG_QUARANTINE : 0)
      this.#string(record.verdict.rules)
      this.#string(record.verdict.reason)
    }
    while (this.#length & 7) this.#bytes[this.#length++] = 0
    const length = this.#length - start
    if (length > MAX_RECORD_BYTES)
      throw new RangeError(`A ${record.kind} record of ${length} bytes does not fit on a tape (at most ${MAX_RECORD_BYTES}).`)
    this.#bytes[start] = kind
    this.#bytes[start + 1] = flags
    this.#bytes.writeUInt16LE(length >> 3, start + 2)
    this.#bytes.writeUInt32LE(instrument, start + 4)
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

/**
 * Walks the records of one block's payload in place. `kind`, `seq`, `tsUs`, `instrument` and `number(i)` read the bytes;
 * `record()` makes an object. Throws a FeedError (`tape-corrupt`) on bytes that are no records.
 */
export class RecordCursor {
  kind = 0
  instrument = NO_INSTRUMENT
  #bytes: Buffer = Buffer.alloc(0)
  #numbers: Float64Array = new Float64Array(0)
  #start = 0
  #end = 0
  #at = 0

  /** `payload` must start on an 8-byte boundary of its ArrayBuffer, as the tape reader's blocks do. */
  constructor(payload?: Uint8Array) {
    if (payload) this.reset(payload)
  }

  reset(payload: Uint8Array): void {
    this.#bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength)
    this.#numbers = new Float64Array(payload.buffer, payload.byteOffset, payload.byteLength >> 3)
    this.#start = 0
    this.#end = 0
    this.#at = 0
  }

  next(): boolean {
    const start = this.#end
    const bytes = this.#bytes
    if (start >= bytes.length) return false
    const length = ((bytes[start + 2] as number) | ((bytes[start + 3] as number) << 8)) << 3
    if (length < HEAD_BYTES || start + length > bytes.length) throw corrupt(`a record of ${length} bytes at byte ${start} of its block`)
    this.kind = bytes[start] as number
    if (length < HEAD_BYTES + (NUMBERS[this.kind] ?? 0) * 8) throw corrupt(`a record of kind ${this.kind} with only ${length} bytes`)
    this.instrument = bytes.readUInt32LE(start + 4)
    this.#start = start
    this.#end = start + length
    this.#at = start >> 3
    if (!Number.isSafeInteger(this.seq) || !Number.isSafeInteger(this.tsUs))
      throw corrupt(`a record at byte ${start} of its block with seq ${this.seq} and tsUs ${this.tsUs}, which are to be whole numbers`)
    return true
  }

  get seq(): number {
    return this.#numbers[this.#at + 1] as number
  }

  get tsUs(): number {
    return this.#numbers[this.#at + 2] as number
  }

  get isTick(): boolean {
    return this.kind <= LAST_TICK_KIND
  }

  get hasVerdict(): boolean {
    return ((this.#bytes[this.#start + 1] as number) & FLAG_VERDICT) !== 0
  }

  get isQuarantined(): boolean {
    return ((this.#bytes[this.#start + 1] as number) & FLAG_QUARANTINE) !== 0
  }

  get isDelayed(): boolean {
    return ((this.#bytes[this.#start + 1] as number) & FLAG_DELAYED) !== 0
  }

  /** Of a quote. */
  get quoteSource(): QuoteSource | undefined {
    const variant = this.#variant()
    if (variant >= QUOTE_SOURCES.length) throw corrupt(`an unknown source of quotes ${variant}`)
    return QUOTE_SOURCES[variant]
  }

  /** The kind's i-th number after tsUs, NaN when absent. For a quote: eventTsUs, bidPrice, askPrice, bidSize, askSize. */
  number(i: number): number {
    return this.#numbers[this.#at + 3 + i] as number
  }

  verdict(): Verdict | undefined {
    if (!this.hasVerdict) return undefined
    const texts = this.#strings()
    const [rules, reason] = this.kind === RecordKind.trade || this.kind === RecordKind.statistic ? texts.slice(2) : texts
    return { severity: this.isQuarantined ? 'quarantine' : 'flag', rules: rules ?? '', reason: reason ?? '' }
  }

  /** The record as an object. */
  record(): TapeRecord {
    const { kind, instrument, seq, tsUs } = this
    const verdict = this.hasVerdict ? this.verdict() : undefined
    const delayed = this.isDelayed || undefined
    switch (kind) {
      case RecordKind.quote:
        return {
          kind: 'quote',
          seq,
          tsUs,
          instrument,
          eventTsUs: this.#optional(0),
          bidPrice: this.#optional(1),
          askPrice: this.#optional(2),
          bidSize: this.#optional(3),
          askSize: this.#optional(4),
          source: this.quoteSource,
          delayed,
          verdict,
        }
      case RecordKind.trade: {
        const [venue, conditions] = this.#strings()
        const source = TRADE_SOURCES[this.#variant()]
        if (!source) throw corrupt(`an unknown trade source ${this.#variant()}`)
        return {
          kind: 'trade',
          seq,
          tsUs,
          instrument,
          eventTsUs: this.#optional(0),
          price: this.number(1),
          size: this.#optional(2),
          source,
          venue,
          conditions,
          delayed,
          verdict,
        }
      }
      case RecordKind.greeks: {
        const basis = GREEKS_BASES[this.#variant()]
        if (!basis) throw corrupt(`an unknown basis of greeks ${this.#variant()}`)
        return {
          kind: 'greeks',
          seq,
          tsUs,
          instrument,
          basis,
          eventTsUs: this.#optional(0),
          impliedVolatility: this.#optional(1),
          delta: this.#optional(2),
          gamma: this.#optional(3),
          vega: this.#optional(4),
          theta: this.#optional(5),
          optionPrice: this.#optional(6),
          pvDividend: this.#optional(7),
          underlyingPrice: this.#optional(8),
          delayed,
          verdict,
        }
      }
      case RecordKind.statistic: {
        const [name, text] = this.#strings()
        return {
          kind: 'statistic',
          seq,
          tsUs,
          instrument,
          eventTsUs: this.#optional(0),
          name: name ?? '',
          value: this.#optional(1),
          text,
          delayed,
          verdict,
        }
      }
      case RecordKind.gap:
        return { ...(this.#json('gap') as FeedGap), kind: 'gap', seq, tsUs }
      case RecordKind.line:
        return { ...(this.#json('line') as LineEvent), kind: 'line', seq, tsUs }
      case RecordKind.contract:
        return { ...(this.#json('contract') as ContractRecord), kind: 'contract', seq, tsUs }
      case RecordKind.config:
        return { ...(this.#json('config') as ConfigRecord), kind: 'config', seq, tsUs }
      case RecordKind.session:
        return { ...(this.#json('session') as SessionEvent), kind: 'session', seq, tsUs }
      default:
        throw corrupt(`a record of unknown kind ${kind} at byte ${this.#start} of its block`)
    }
  }

  #optional(i: number): number | undefined {
    const value = this.number(i)
    return Number.isNaN(value) ? undefined : value
  }

  #variant(): number {
    return (this.#bytes[this.#start + 1] as number) >> 4
  }

  /** Strings behind the numbers: the kind's own, then the verdict's two. */
  #strings(): (string | undefined)[] {
    const texts: (string | undefined)[] = []
    let at = this.#start + HEAD_BYTES + (NUMBERS[this.kind] ?? 0) * 8
    while (at + 4 <= this.#end && texts.length < 4) {
      const length = this.#bytes.readUInt32LE(at)
      at += 4
      if (length === ABSENT_STRING) {
        texts.push(undefined)
        continue
      }
      if (at + length > this.#end) throw corrupt(`a text of ${length} bytes that leaves its record`)
      texts.push(this.#bytes.toString('utf8', at, at + length))
      at += length
    }
    return texts
  }

  #json(kind: ControlKind): unknown {
    const text = this.#strings()[0] ?? ''
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch (cause) {
      throw corrupt(`a ${kind} record whose text is not JSON`, cause)
    }
    const wrong = wrongControlField(kind, value)
    if (wrong !== undefined) throw corrupt(`a ${kind} record of which ${wrong} is not what belongs there`)
    return value
  }
}

function corrupt(found: string, cause?: unknown): FeedError {
  return new FeedError(`The tape holds ${found}. The file is damaged or not from this program.`, { code: 'tape-corrupt', cause })
}
