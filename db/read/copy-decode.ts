/**
 * Decodes what COPY … TO STDOUT BINARY sends, row by row out of the bytes as they come, into ticks.
 * The counterpart of copy-encode.ts; the format is described in copy-buffer.ts.
 */

import { marksOf } from '../../market/marks.ts'
import { DELAYED, EVENT_TIME, type FieldType, MARKS, TICK_FIELDS } from '../../market/tick-fields.ts'
import type { Disposition, Finding, Quote, QuoteSource, Severity, Tick, Verdict } from '../../market/tick.ts'
import { integerOf, timeOf } from '../copy-buffer.ts'
import { parseJsonb } from '../jsonb.ts'
import { fieldColumns } from '../schema/tick-tables.ts'

const SIGNATURE_BYTES = 19

/** Walks the fields of rows. Rows may be split over chunks anywhere. */
export class RowCursor {
  #bytes: Buffer = Buffer.alloc(0)
  #view = new DataView(this.#bytes.buffer)
  /** Position of the next field. */
  #at = 0
  /** Position of the next row. */
  #next = SIGNATURE_BYTES
  #ended = false

  /** Adds the bytes that follow; `next` must have returned false. */
  push(chunk: Buffer): void {
    const rest = this.#bytes.length - this.#next
    this.#bytes = rest > 0 ? Buffer.concat([this.#bytes.subarray(this.#next), chunk]) : chunk
    // Bytes of the signature that are still to come.
    this.#next = Math.max(0, -rest)
    this.#view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.length)
  }

  /** True when the data was complete. */
  get ended(): boolean {
    return this.#ended
  }

  /** Goes to the next row; false when it is not there as a whole. */
  next(): boolean {
    const view = this.#view
    const length = view.byteLength
    let at = this.#next
    if (at + 2 > length) return false
    const fields = view.getInt16(at)
    if (fields < 0) {
      this.#ended = true
      return false
    }
    at += 2
    for (let i = 0; i < fields; i++) {
      if (at + 4 > length) return false
      const bytes = view.getInt32(at)
      at += bytes > 0 ? 4 + bytes : 4
    }
    if (at > length) return false
    this.#at = this.#next + 2
    this.#next = at
    return true
  }

  /** Of the field that is read next. */
  get position(): number {
    return this.#at
  }

  /** Goes to a field of the bytes that were pushed last. */
  goTo(position: number): void {
    this.#at = position
  }

  /** An int8 that is a safe integer. Null, as of a rejected tick whose instrument has no number, is 0, which no instrument has. */
  integer(): number {
    const view = this.#view
    const at = this.#at
    if (view.getInt32(at) < 0) {
      this.#at = at + 4
      return 0
    }
    this.#at = at + 12
    return integerOf(view.getInt32(at + 4), view.getUint32(at + 8))
  }

  /** The bits of an int8, from bit 0 on; undefined when it is null. */
  bits(): number[] | undefined {
    const view = this.#view
    const at = this.#at
    if (view.getInt32(at) < 0) {
      this.#at = at + 4
      return undefined
    }
    this.#at = at + 12
    const set: number[] = []
    for (let bit = 0; bit < 64; bit++) if ((view.getInt32(bit < 32 ? at + 8 : at + 4) >>> (bit & 31)) & 1) set.push(bit)
    return set
  }

  /** A bigint[] of safe integers without nulls; undefined when it is null. */
  integers(): number[] | undefined {
    const view = this.#view
    const at = this.#at
    const bytes = view.getInt32(at)
    this.#at = at + 4 + Math.max(0, bytes)
    if (bytes < 0) return undefined
    const values: number[] = []
    // Behind the count of dimensions, the flag of nulls, the type, and length and first index of the one dimension.
    for (let next = at + 24; next < at + 4 + bytes; next += 12) values.push(integerOf(view.getInt32(next + 4), view.getUint32(next + 8)))
    return values
  }

  /** A timestamptz as microseconds since 1970 UTC. */
  time(): number | undefined {
    const view = this.#view
    const at = this.#at
    if (view.getInt32(at) < 0) {
      this.#at = at + 4
      return undefined
    }
    this.#at = at + 12
    return timeOf(view.getInt32(at + 4), view.getUint32(at + 8))
  }

  float(): number | undefined {
    const at = this.#at
    if (this.#view.getInt32(at) < 0) {
      this.#at = at + 4
      return undefined
    }
    this.#at = at + 12
    return this.#view.getFloat64(at + 4)
  }

  /** A boolean that is true; null and false are absent. */
  flag(): true | undefined {
    const view = this.#view
    const at = this.#at
    if (view.getInt32(at) < 0) {
      this.#at = at + 4
      return undefined
    }
    this.#at = at + 5
    return view.getUint8(at + 4) === 1 || undefined
  }

  text(): string | undefined {
    const bytes = this.#view.getInt32(this.#at)
    const start = this.#at + 4
    if (bytes < 0) {
      this.#at = start
      return undefined
    }
    this.#at = start + bytes
    return this.#bytes.toString('utf8', start, this.#at)
  }
}

/** How the rows of one table are read: what to select, and what the row that the cursor stands on is. */
export interface RowDecoder<R = Tick> {
  select: string
  decode(row: RowCursor): R
}

/** Columns in front of every table's own. */
const IDENTITY = ['ts', 'seq', 'instrument_id']

/** By hand: nearly all rows are quotes. */
export const quoteDecoder: RowDecoder = {
  select: selectOf('quote'),
  decode(row): Quote {
    const tsUs = row.time() ?? Number.NaN
    const seq = row.integer()
    const instrument = row.integer()
    const eventTsUs = row.time()
    const bidPrice = row.float()
    const bidSize = row.float()
    const askPrice = row.float()
    const askSize = row.float()
    const source = row.text() as QuoteSource | undefined
    const delayed = row.flag()
    const marks = marksOf(row.text())
    const verdict = flaggedBy(row.bits())
    return { kind: 'quote', seq, tsUs, instrument, eventTsUs, bidPrice, askPrice, bidSize, askSize, source, delayed, marks, verdict }
  },
}

export const tradeDecoder = decoderOf('trade')
export const greeksDecoder = decoderOf('greeks')
export const statisticDecoder = decoderOf('statistic')

function selectOf(kind: Tick['kind']): string {
  return [...IDENTITY, ...fieldColumns(kind)].join(', ')
}

function decoderOf(kind: Tick['kind']): RowDecoder {
  const fields = TICK_FIELDS[kind]
  return {
    select: selectOf(kind),
    decode(row) {
      const tsUs = row.time() ?? Number.NaN
      const seq = row.integer()
      const instrument = row.integer()
      const tick: Record<string, unknown> = { kind, seq, tsUs, instrument, eventTsUs: row.time() }
      for (const { name, type } of fields) tick[name] = READ[type](row)
      tick['delayed'] = row.flag()
      tick['marks'] = marksOf(row.text())
      tick['verdict'] = flaggedBy(row.bits())
      // The columns are those of the kind's fields.
      return tick as unknown as Tick
    },
  }
}

const READ: Readonly<Record<FieldType, (row: RowCursor) => unknown>> = {
  float: (row) => row.float(),
  text: (row) => row.text(),
  time: (row) => row.time(),
  true: (row) => row.flag(),
  marks: (row) => marksOf(row.text()),
}

/** Ticks that a rule quarantined or the database refused; not the other records that it refused. */
export const rejectedDecoder: RowDecoder = {
  select: 'ts, seq, instrument_id, kind, rules, reason, tick::text',
  decode(row): Tick {
    const tsUs = row.time() ?? Number.NaN
    const seq = row.integer()
    const instrument = row.integer()
    const kind = row.text() as Tick['kind']
    const verdict = rejectedBy(row.text() ?? '', row.text() ?? '')
    const stored = parseJsonb(row.text() ?? '{}') as Record<string, unknown>
    const tick: Record<string, unknown> = { kind, seq, tsUs, instrument }
    for (const { name, type } of [EVENT_TIME, ...TICK_FIELDS[kind], DELAYED, MARKS]) tick[name] = unstored(stored[name], type)
    tick['verdict'] = verdict
    // The jsonb was written from a tick of this kind, by appendRejected.
    return tick as unknown as Tick
  },
}

/** Numbers that jsonb cannot hold are text there, and marks always. */
function unstored(value: unknown, type: FieldType): unknown {
  if (type === 'marks') return typeof value === 'string' ? marksOf(value) : undefined
  return type !== 'text' && typeof value === 'string' ? Number(value) : value
}

/** A finding, and the tick that it is about. */
export interface StoredFinding {
  tsUs: number
  seq: number
  finding: Finding
}

export const findingDecoder: RowDecoder<StoredFinding> = {
  select: 'ts, seq, rule, severity, disposition, reason, evidence',
  decode(row) {
    const tsUs = row.time() ?? Number.NaN
    const seq = row.integer()
    const rule = row.text() ?? ''
    // These were written from a verdict, by appendFindings.
    const severity = row.text() as Severity
    const disposition = row.text() as Disposition
    const reason = row.text() ?? ''
    const evidence = row.integers()
    return { tsUs, seq, finding: { rule, severity, disposition, reason, ...(evidence && { evidence }) } }
  },
}

/** What a row says of a verdict by itself: findings take its place (verdicts.ts). */
function flaggedBy(bits: number[] | undefined): Verdict | undefined {
  return (
    bits && { disposition: 'flag', findings: bits.map((bit) => ({ ...UNEXPLAINED, rule: bitName(bit), disposition: 'flag' as const })) }
  )
}

function rejectedBy(rules: string, reason: string): Verdict {
  return { disposition: 'quarantine', findings: [{ ...UNEXPLAINED, rule: rules, disposition: 'quarantine', reason }] }
}

/** Of a row whose findings are gone. */
const UNEXPLAINED = { severity: 'error', reason: 'its findings are not in the database any more' } as const

export function bitName(bit: number): string {
  return `bit-${bit}`
}
