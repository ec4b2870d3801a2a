/**
 * SHA-256 over values as bytes that are the same on every machine: fields by rising name, numbers as doubles of 12 significant digits. JSON of
 * the same takes more than twice as long to write, which over a million bars was half of a run.
 */

import { createHash } from 'node:crypto'

const SIGNIFICANT_DIGITS = 12
/** Amounts have up to four decimals; with them and seven digits in front they are taken as they are, without a look at more digits. */
const SCALE = 10_000
const MOST_SCALED = 10 ** (SIGNIFICANT_DIGITS - 1)
/** What waits to be hashed: each call costs more than a few bytes. */
const PART_BYTES = 32_768
const COUNT_BYTES = 4
const DOUBLE_BYTES = 8
/** Of a character in UTF-8; those outside the first plane are two. */
const MOST_CHARACTER_BYTES = 3

/** In front of a value, what it is. */
const NULL = 0
const FALSE = 1
const TRUE = 2
/** Followed by a double. */
const NUMBER = 3
/** Without its bits, which may differ. */
const NOT_A_NUMBER = 4
/** Followed by the count of its bytes, and UTF-8. */
const TEXT = 5
/** Followed by its count, and its values. */
const LIST = 6
/** Followed by a name and a value for each field, and END. */
const OBJECT = 7

/** In place of a name. */
const END = 0
/** A name that comes for the first time, as text. The first 254 of them are known by their number, from 1 on, when they come again. */
const NEW_NAME = 255

interface Name {
  text: string
  /** 0: it has none. */
  number: number
}

/** The names of an object's fields in their own order, and sorted: rows of one kind share them. */
interface Shape {
  names: readonly string[]
  sorted: readonly Name[]
}

/** How each field of a row is read: of an object whose fields are known, that is many times as fast as by their names. */
export type FieldsOf<Row> = { readonly [Name in keyof Row]-?: (row: Row) => Row[Name] }

/** Rows have few shapes; what a strategy adds to its orders may have any number. */
const SHAPES = 16

export class CanonicalHash {
  readonly #hash = createHash('sha256')
  readonly #bytes = Buffer.alloc(PART_BYTES)
  readonly #view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset, PART_BYTES)
  readonly #shapes: Shape[] = []
  readonly #names = new Map<string, Name>()
  #numbered = 0
  #at = 0

  /** A field that is undefined is absent; anything else that JSON cannot hold is null. */
  value(value: unknown): void {
    if (typeof value === 'number') this.number(value)
    else if (typeof value === 'string') {
      this.#byte(TEXT)
      this.#text(value)
    } else if (typeof value === 'boolean') this.#byte(value ? TRUE : FALSE)
    else if (typeof value !== 'object' || value === null) this.#byte(NULL)
    else if (Array.isArray(value)) {
      this.#byte(LIST)
      this.#count(value.length)
      for (const entry of value) this.value(entry)
    } else this.#object(value as Record<string, unknown>)
  }

  /** As `value` does of each row, which has these fields and no others. */
  rows<Row extends object>(rows: Iterable<Row>, fields: FieldsOf<Row>): void {
    const sorted = this.#sorted(Object.keys(fields)).map((name) => ({ name, read: fields[name.text as keyof Row] }))
    for (const row of rows) {
      this.#byte(OBJECT)
      for (const { name, read } of sorted) this.#field(name, read(row))
      this.#byte(END)
    }
  }

  /** As `number` does of each. */
  numbers(values: Float64Array): void {
    for (let i = 0; i < values.length; i++) this.number(values[i] as number)
  }

  /** As `value` does, without a look at what it is. A time in microseconds has more digits than 12, and is exact as all whole numbers are. */
  number(value: number): void {
    const rounded = toDigits(value)
    if (Number.isNaN(rounded)) return this.#byte(NOT_A_NUMBER)
    this.#byte(NUMBER)
    this.#reserve(DOUBLE_BYTES)
    // -0 becomes 0.
    this.#view.setFloat64(this.#at, rounded + 0, true)
    this.#at += DOUBLE_BYTES
  }

  digest(): string {
    this.#flush()
    return this.#hash.digest('hex')
  }

  #object(value: Record<string, unknown>): void {
    this.#byte(OBJECT)
    for (const name of this.#sorted(Object.keys(value))) this.#field(name, value[name.text])
    this.#byte(END)
  }

  #field(name: Name, value: unknown): void {
    if (value === undefined) return
    if (name.number > 0) this.#byte(name.number)
    else this.#newName(name)
    this.value(value)
  }

  #newName(name: Name): void {
    this.#byte(NEW_NAME)
    this.#text(name.text)
    if (this.#numbered + 1 < NEW_NAME) name.number = ++this.#numbered
  }

  #sorted(names: readonly string[]): readonly Name[] {
    for (const shape of this.#shapes) if (areSame(shape.names, names)) return shape.sorted
    const sorted = names.toSorted((one, other) => (one < other ? -1 : 1)).map((text) => this.#named(text))
    if (this.#shapes.length < SHAPES) this.#shapes.push({ names, sorted })
    return sorted
  }

  #named(text: string): Name {
    let name = this.#names.get(text)
    if (!name) {
      name = { text, number: 0 }
      this.#names.set(text, name)
    }
    return name
  }

  /** Its count of bytes, and UTF-8. */
  #text(text: string): void {
    if (COUNT_BYTES + MOST_CHARACTER_BYTES * text.length > PART_BYTES) {
      this.#count(Buffer.byteLength(text))
      this.#flush()
      this.#hash.update(text)
      return
    }
    this.#reserve(COUNT_BYTES + MOST_CHARACTER_BYTES * text.length)
    const bytes = this.#bytes
    const start = this.#at + COUNT_BYTES
    let length = text.length
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      if (code > 0x7f) {
        length = bytes.write(text, start)
        break
      }
      bytes[start + i] = code
    }
    this.#view.setUint32(this.#at, length, true)
    this.#at = start + length
  }

  #count(count: number): void {
    this.#reserve(COUNT_BYTES)
    this.#view.setUint32(this.#at, count, true)
    this.#at += COUNT_BYTES
  }

  #byte(byte: number): void {
    this.#reserve(1)
    this.#bytes[this.#at++] = byte
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes > PART_BYTES) this.#flush()
  }

  #flush(): void {
    this.#hash.update(this.#bytes.subarray(0, this.#at))
    this.#at = 0
  }
}

function toDigits(value: number): number {
  if (Number.isSafeInteger(value)) return value
  const size = Math.abs(value)
  const scaled = Math.round(size * SCALE)
  return scaled < MOST_SCALED && scaled / SCALE === size ? value : Number(value.toPrecision(SIGNIFICANT_DIGITS))
}

function areSame(names: readonly string[], others: readonly string[]): boolean {
  if (names.length !== others.length) return false
  for (let i = 0; i < names.length; i++) if (names[i] !== others[i]) return false
  return true
}
