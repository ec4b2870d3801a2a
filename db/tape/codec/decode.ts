/** Reads the records of a tape out of their bytes. */

import { FeedError } from '../../../market/errors.ts'
import type {
  CarryRecord,
  ConfigRecord,
  ContractRecord,
  FeedGap,
  Finding,
  Greeks,
  LineEvent,
  Quote,
  QuoteSource,
  SessionEvent,
  Statistic,
  TapeRecord,
  Trade,
  Verdict,
} from '../../../market/tick.ts'
import { type ControlKind, wrongControlField } from './control-shape.ts'
import {
  ABSENT_STRING,
  DISPOSITIONS,
  FINDING_BYTES,
  FLAG_DELAYED,
  FLAG_MARKS,
  FLAG_QUARANTINE,
  FLAG_VERDICT,
  GREEKS_BASES,
  HEAD_BYTES,
  LAST_TICK_KIND,
  MARKS_BYTES,
  NO_INSTRUMENT,
  NUMBERS,
  OWN_TEXTS,
  QUOTE_SOURCES,
  RecordKind,
  SEVERITIES,
  TRADE_SOURCES,
} from './record-layout.ts'

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
  /** Position of the next text that is read. */
  #text = 0

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

  /** Where the record ends, and the next one begins: bytes from the start of the payload. */
  get end(): number {
    return this.#end
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

  /** A quote with nothing but its numbers: no verdict, source or mark, and not delayed. */
  get isPlainQuote(): boolean {
    return this.kind === RecordKind.quote && this.#bytes[this.#start + 1] === 0
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

  /** Bits of `Mark`; 0 without any. */
  get marks(): number {
    if (((this.#bytes[this.#start + 1] as number) & FLAG_MARKS) === 0) return 0
    const at = this.#end - MARKS_BYTES
    if (at < this.#tail) throw corrupt(`a record of kind ${this.kind} with marks and no room for them`)
    return this.#bytes.readUInt32LE(at)
  }

  /** Only for a quote. */
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
    return { disposition: this.isQuarantined ? 'quarantine' : 'flag', findings: this.#findings() }
  }

  /** The record as an object. */
  record(): TapeRecord {
    const { kind, seq, tsUs } = this
    switch (kind) {
      case RecordKind.quote:
        return this.#quote()
      case RecordKind.trade:
        return this.#trade()
      case RecordKind.greeks:
        return this.#greeks()
      case RecordKind.statistic:
        return this.#statistic()
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
      case RecordKind.carry:
        return { ...(this.#json('carry') as CarryRecord), kind: 'carry', seq, tsUs }
      default:
        throw corrupt(`a record of unknown kind ${kind} at byte ${this.#start} of its block`)
    }
  }

  #quote(): Quote {
    // Most quotes have no flag, and so nothing of what flags announce.
    const isPlain = this.isPlainQuote
    return {
      kind: 'quote',
      seq: this.seq,
      tsUs: this.tsUs,
      instrument: this.instrument,
      eventTsUs: this.#optional(0),
      bidPrice: this.#optional(1),
      askPrice: this.#optional(2),
      bidSize: this.#optional(3),
      askSize: this.#optional(4),
      source: isPlain ? undefined : this.quoteSource,
      delayed: (!isPlain && this.isDelayed) || undefined,
      marks: isPlain ? undefined : this.marks || undefined,
      verdict: isPlain ? undefined : this.verdict(),
    }
  }

  #trade(): Trade {
    this.#text = this.#tail
    const end = this.#tailEnd
    const venue = this.#nextText(end)
    const conditions = this.#nextText(end)
    const source = TRADE_SOURCES[this.#variant()]
    if (!source) throw corrupt(`an unknown trade source ${this.#variant()}`)
    return {
      kind: 'trade',
      seq: this.seq,
      tsUs: this.tsUs,
      instrument: this.instrument,
      eventTsUs: this.#optional(0),
      price: this.number(1),
      size: this.#optional(2),
      source,
      venue,
      conditions,
      delayed: this.isDelayed || undefined,
      marks: this.marks || undefined,
      verdict: this.verdict(),
    }
  }

  #greeks(): Greeks {
    const basis = GREEKS_BASES[this.#variant()]
    if (!basis) throw corrupt(`an unknown basis of greeks ${this.#variant()}`)
    return {
      kind: 'greeks',
      seq: this.seq,
      tsUs: this.tsUs,
      instrument: this.instrument,
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
      delayed: this.isDelayed || undefined,
      marks: this.marks || undefined,
      verdict: this.verdict(),
    }
  }

  #statistic(): Statistic {
    this.#text = this.#tail
    const end = this.#tailEnd
    const name = this.#nextText(end)
    const text = this.#nextText(end)
    return {
      kind: 'statistic',
      seq: this.seq,
      tsUs: this.tsUs,
      instrument: this.instrument,
      eventTsUs: this.#optional(0),
      name: name ?? '',
      value: this.#optional(1),
      text,
      delayed: this.isDelayed || undefined,
      marks: this.marks || undefined,
      verdict: this.verdict(),
    }
  }

  #optional(i: number): number | undefined {
    const value = this.number(i)
    return Number.isNaN(value) ? undefined : value
  }

  /** Where the record's texts begin. */
  get #tail(): number {
    return this.#start + HEAD_BYTES + (NUMBERS[this.kind] ?? 0) * 8
  }

  #variant(): number {
    return (this.#bytes[this.#start + 1] as number) >> 4
  }

  /** Where the record's texts, findings included, must end. */
  get #tailEnd(): number {
    return this.marks === 0 ? this.#end : this.#end - MARKS_BYTES
  }

  /** Returns the text at `#text` and moves behind it. */
  #nextText(end: number): string | undefined {
    const length = this.#textLength(end)
    if (length < 0) return undefined
    const start = this.#text
    this.#text += length
    return this.#bytes.toString('utf8', start, this.#text)
  }

  /** Moves `#text` behind the length of a text and returns the length, -1 for an absent one. */
  #textLength(end: number): number {
    const at = this.#text
    if (at + 4 > end) throw corrupt(`a record of kind ${this.kind} that ends within its texts`)
    const length = this.#bytes.readUInt32LE(at)
    this.#text = at + 4
    if (length === ABSENT_STRING) return -1
    if (at + 4 + length > end) throw corrupt(`a text of ${length} bytes that leaves its record`)
    return length
  }

  #findings(): Finding[] {
    const end = this.#tailEnd
    this.#text = this.#tail
    for (let i = 0; i < (OWN_TEXTS[this.kind] ?? 0); i++) {
      const length = this.#textLength(end)
      if (length > 0) this.#text += length
    }
    if (this.#text + 2 > end) throw corrupt(`a record of kind ${this.kind} with a verdict and no room for it`)
    const count = this.#bytes.readUInt16LE(this.#text)
    this.#text += 2
    if (count === 0) throw corrupt('a verdict without a finding')
    const findings: Finding[] = []
    for (let i = 0; i < count; i++) findings.push(this.#finding(end))
    return findings
  }

  #finding(end: number): Finding {
    const at = this.#text
    if (at + FINDING_BYTES > end) throw corrupt(`a record of kind ${this.kind} that ends within its findings`)
    const severity = SEVERITIES[this.#bytes[at] as number]
    const disposition = DISPOSITIONS[this.#bytes[at + 1] as number]
    if (!severity || !disposition)
      throw corrupt(`a finding of severity ${this.#bytes[at]} and disposition ${this.#bytes[at + 1]}, of which one is unknown`)
    const legs = this.#bytes.readUInt16LE(at + 2)
    this.#text = at + FINDING_BYTES
    const rule = this.#nextText(end) ?? ''
    const reason = this.#nextText(end) ?? ''
    if (this.#text + 4 * legs > end) throw corrupt(`a finding with ${legs} instruments that leave its record`)
    if (legs === 0) return { rule, severity, disposition, reason }
    const evidence: number[] = []
    for (let i = 0; i < legs; i++) evidence.push(this.#bytes.readUInt32LE(this.#text + 4 * i))
    this.#text += 4 * legs
    return { rule, severity, disposition, reason, evidence }
  }

  #json(kind: ControlKind): unknown {
    this.#text = this.#tail
    const text = this.#nextText(this.#tailEnd) ?? ''
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
