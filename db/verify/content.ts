/**
 * The checksum of a batch's content: SHA-256 over a canonical form of its records, which depends on what was recorded and on nothing else.
 * It is the same from a journal's block, from the rows of any database, and from a copy of them. docs/verify.md describes the form.
 *
 * - Instruments are named by the key of their contract, not by a number: a tape, and each database, has numbers of its own.
 * - Fields are named by their place in the lists below, and absent ones are left out: a field that is added later changes no checksum.
 * - What the database added to a tick that it could not take is left out: that depends on the database.
 * - Control records are JSON with sorted keys, for jsonb sorts them its own way.
 */

import { createHash } from 'node:crypto'

import { type Contract, contractKey } from '../../market/contract.ts'
import { type Finding, isTick, type Quote, type TapeRecord, type Tick, type Verdict } from '../../market/tick.ts'
import { storableText } from '../jsonb.ts'
import { storableRule } from '../write/rule-bits.ts'
import type { RecordCursor } from '../tape/codec/decode.ts'
import { RecordKind } from '../tape/codec/record-layout.ts'

/** A part of the canonical form; another one gets another name. */
const FORM = 'tapedeck content 1'

/** `number`: float64; `text`: UTF-8; `true`: nothing but its place. */
type Encoding = 'number' | 'text' | 'true'

/** Fields of each kind by their place. New ones are added at the end: checksums keep the places. */
const FIELDS: Readonly<Record<Tick['kind'], readonly (readonly [name: string, encoding: Encoding])[]>> = {
  quote: [
    ['eventTsUs', 'number'],
    ['delayed', 'true'],
    ['marks', 'number'],
    ['bidPrice', 'number'],
    ['askPrice', 'number'],
    ['bidSize', 'number'],
    ['askSize', 'number'],
    ['source', 'text'],
  ],
  trade: [
    ['eventTsUs', 'number'],
    ['delayed', 'true'],
    ['marks', 'number'],
    ['price', 'number'],
    ['size', 'number'],
    ['source', 'text'],
    ['venue', 'text'],
    ['conditions', 'text'],
  ],
  greeks: [
    ['eventTsUs', 'number'],
    ['delayed', 'true'],
    ['marks', 'number'],
    ['basis', 'text'],
    ['impliedVolatility', 'number'],
    ['delta', 'number'],
    ['gamma', 'number'],
    ['vega', 'number'],
    ['theta', 'number'],
    ['optionPrice', 'number'],
    ['pvDividend', 'number'],
    ['underlyingPrice', 'number'],
  ],
  statistic: [
    ['eventTsUs', 'number'],
    ['delayed', 'true'],
    ['marks', 'number'],
    ['name', 'text'],
    ['value', 'number'],
    ['text', 'text'],
  ],
}
/** The place of the verdict. */
const VERDICT_BIT = 31
/** Instead of the places of fields: what follows is the key of an instrument. */
const NAMES_INSTRUMENT = 0xffffffff
/** Rules in a verdict that are the database's and not the recording's. */
const OF_DATABASE: ReadonlySet<string> = new Set(['unknown-instrument', 'database-refused'])

/** The names of a kind's fields, each of which is in the checksum. */
export function checksumFields(kind: Tick['kind']): string[] {
  return FIELDS[kind].map(([name]) => name)
}

/** Explains the instrument of a record. */
export type ContractOf = (instrument: number) => Contract | undefined

/** Computes the checksums of batches one after the other, in a buffer that it keeps. */
export class ContentHash {
  #bytes = Buffer.from(new ArrayBuffer(1 << 16))
  #numbers = new Float64Array(this.#bytes.buffer)
  #words = new Uint32Array(this.#bytes.buffer)
  #length = 0
  /** The key of each contract, which is a text to be built. */
  readonly #keys = new WeakMap<Contract, string>()
  /** Numbers of instruments within the batch, by the order in which they come: by key, and by the tape's or the database's number. */
  readonly #byKey = new Map<string, number>()
  readonly #byInstrument = new Map<number, number>()

  constructor() {
    this.begin()
  }

  /** Forgets what was added: a batch that could not be read to its end must not go into the checksum of the next one. */
  begin(): void {
    this.#length = 0
    this.#byKey.clear()
    this.#byInstrument.clear()
    this.#text(FORM)
  }

  /** Adds the next record of the batch, in the order of `seq`. */
  add(record: TapeRecord, contractOf: ContractOf): void {
    if (isTick(record)) this.#addTick(record, contractOf)
    else {
      const { kind, seq, tsUs, ...fields } = record
      const instrument = 'instrument' in record ? record.instrument : undefined
      const named = instrument === undefined ? fields : { ...fields, instrument: this.#keyOf(instrument, contractOf) }
      this.#head(0, RecordKind[kind], 0, seq, tsUs)
      this.#text(canonicalJson(named))
    }
  }

  /** The same from a tape's bytes, for a plain quote: nearly every record is one, and making an object of it takes longer than all the rest. */
  addPlainQuote(quote: RecordCursor, contractOf: ContractOf): void {
    const instrument = this.#placeOf(quote.instrument, contractOf)
    const head = this.#length >> 2
    this.#head(0, RecordKind.quote, instrument, quote.seq, quote.tsUs)
    let places = this.#bit(0, quote.number(0))
    for (let i = 1; i <= 4; i++) places |= this.#bit(i + 2, quote.number(i))
    this.#words[head] = places
  }

  /** The checksum of what was added, and begins the next batch. */
  digest(): Buffer {
    const digest = createHash('sha256').update(this.#bytes.subarray(0, this.#length)).digest()
    this.begin()
    return digest
  }

  #addTick(tick: Tick, contractOf: ContractOf): void {
    const instrument = this.#placeOf(tick.instrument, contractOf)
    const findings = tick.verdict && recordedFindings(tick.verdict)
    const head = this.#length >> 2
    this.#head(0, RecordKind[tick.kind], instrument, tick.seq, tick.tsUs)
    const places = tick.kind === 'quote' ? this.#quote(tick) : this.#fields(tick)
    this.#words[head] = findings ? places | (1 << VERDICT_BIT) : places
    if (findings) this.#verdict(findings, contractOf)
  }

  /** Writes the fields that are there, and returns their places as bits. */
  #fields(tick: Tick): number {
    const fields = FIELDS[tick.kind]
    const values = tick as unknown as Readonly<Record<string, unknown>>
    let places = 0
    for (let i = 0; i < fields.length; i++) {
      const [name, encoding] = fields[i] as readonly [string, Encoding]
      const value = values[name]
      // NaN is how absence of a number is written.
      if (value === undefined || value !== value) continue
      places |= 1 << i
      if (encoding === 'number') this.#number(value as number)
      else if (encoding === 'text') this.#text(value as string)
    }
    return places
  }

  /** The same for what nearly every tick is, by hand: a third of the time. The room for its numbers is reserved with its head. */
  #quote({ eventTsUs, delayed, marks, bidPrice, askPrice, bidSize, askSize, source }: Quote): number {
    let places = delayed ? 1 << 1 : 0
    if (eventTsUs !== undefined) places |= this.#bit(0, eventTsUs)
    if (marks !== undefined) places |= this.#bit(2, marks)
    if (bidPrice !== undefined) places |= this.#bit(3, bidPrice)
    if (askPrice !== undefined) places |= this.#bit(4, askPrice)
    if (bidSize !== undefined) places |= this.#bit(5, bidSize)
    if (askSize !== undefined) places |= this.#bit(6, askSize)
    if (source === undefined) return places
    this.#text(source)
    return places | (1 << 7)
  }

  /** Writes the number of a field; NaN is how absence is written. */
  #bit(place: number, value: number): number {
    if (value !== value) return 0
    this.#numbers[this.#length >> 3] = value
    this.#length += 8
    return 1 << place
  }

  #verdict(findings: readonly Finding[], contractOf: ContractOf): void {
    this.#number(findings.length)
    for (const { rule, severity, disposition, reason, evidence = [] } of findings) {
      for (const text of [storableRule(rule), severity, disposition, storableText(reason)]) this.#text(text)
      this.#number(evidence.length)
      for (const instrument of evidence) this.#text(this.#keyOf(instrument, contractOf))
    }
  }

  #keyOf(instrument: number, contractOf: ContractOf): string {
    const contract = contractOf(instrument)
    if (!contract) return ''
    let key = this.#keys.get(contract)
    if (key === undefined) {
      key = contractKey(contract)
      this.#keys.set(contract, key)
    }
    return key
  }

  #placeOf(instrument: number, contractOf: ContractOf): number {
    const known = this.#byInstrument.get(instrument)
    if (known !== undefined) return known
    const key = this.#keyOf(instrument, contractOf)
    let place = this.#byKey.get(key)
    if (place === undefined) {
      place = this.#byKey.size
      this.#byKey.set(key, place)
      this.#reserve(8)
      this.#words[this.#length >> 2] = NAMES_INSTRUMENT
      this.#words[(this.#length >> 2) + 1] = place
      this.#length += 8
      this.#text(key)
    }
    this.#byInstrument.set(instrument, place)
    return place
  }

  #head(places: number, kind: number, instrument: number, seq: number, tsUs: number): void {
    this.#reserve(256)
    const at = this.#length >> 2
    this.#words[at] = places
    this.#words[at + 1] = kind
    this.#numbers[(at >> 1) + 1] = instrument
    this.#numbers[(at >> 1) + 2] = seq
    this.#numbers[(at >> 1) + 3] = tsUs
    this.#length += 32
  }

  #number(value: number): void {
    this.#reserve(8)
    this.#numbers[this.#length >> 3] = value
    this.#length += 8
  }

  /** Its length in bytes, and its bytes, with zeros up to the next multiple of 8. */
  #text(text: string): void {
    this.#reserve(16 + text.length * 3)
    const bytes = this.#bytes.write(text, this.#length + 8, 'utf8')
    this.#numbers[this.#length >> 3] = bytes
    const end = this.#length + 8 + bytes
    this.#length = (end + 7) & ~7
    for (let at = end; at < this.#length; at++) this.#bytes[at] = 0
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return
    const grown = Buffer.from(new ArrayBuffer(Math.max(this.#bytes.length * 2, (this.#length + bytes + 7) & ~7)))
    this.#bytes.copy(grown, 0, 0, this.#length)
    this.#bytes = grown
    this.#numbers = new Float64Array(grown.buffer)
    this.#words = new Uint32Array(grown.buffer)
  }
}

/** What the rules of the recording said, without what the database added; undefined when none of them spoke. */
export function recordedFindings(verdict: Verdict | undefined): readonly Finding[] | undefined {
  const findings = verdict?.findings.filter(({ rule }) => !OF_DATABASE.has(rule))
  return findings?.length === 0 ? undefined : findings
}

/** JSON with its keys in order, as it is after it was kept as jsonb. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(sorted(value))
}

function sorted(value: unknown): unknown {
  // UTF-8 has no form for half a surrogate pair.
  if (typeof value === 'string') return Buffer.from(value).toString()
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, field]) => [storableText(key), sorted(field)] as const)
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
}
