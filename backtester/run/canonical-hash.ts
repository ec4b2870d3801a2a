/** SHA-256 over values as text that is the same on every machine: JSON with sorted keys and rounded numbers, a line for each value. */

import { createHash } from 'node:crypto'

const SIGNIFICANT_DIGITS = 12
/** A number that is written with so few characters, its point included, has no more digits than those: rounding it changes nothing. */
const SHORT = SIGNIFICANT_DIGITS + 1
/** Text is hashed in parts: each call costs more than a few bytes. */
const PART_BYTES = 32_768
/** Amounts have up to four decimals; with them and seven digits in front they are written without a look at more digits. */
const DECIMALS = 4
const SCALE = 10 ** DECIMALS
const MOST_SCALED = 10 ** (SIGNIFICANT_DIGITS - 1)
/** Numbers up to here fit into 32 bits. */
const HALF = 1e9

const [ZERO, POINT, MINUS, COMMA, OPEN, CLOSE, NEW_LINE] = [...Buffer.from('0.-,{}\n')] as [
  number,
  number,
  number,
  number,
  number,
  number,
  number,
]

/** The names of an object's fields in their own order, and sorted: rows of one kind share them. */
interface Shape {
  names: readonly string[]
  sorted: readonly { name: string; key: string }[]
}

/** Rows have few shapes; what a strategy adds to its orders may have any number. */
const SHAPES = 16
/** Texts have more: of names that are all different only the first are kept. */
const WORDS = 64

export class CanonicalHash {
  readonly #hash = createHash('sha256')
  readonly #shapes: Shape[] = []
  /** JSON of texts. */
  readonly #words = new Map<unknown, string>()
  readonly #bytes = Buffer.alloc(PART_BYTES)
  #at = 0

  line(text: string): void {
    this.#text(text)
    this.#byte(NEW_LINE)
  }

  /** What is undefined in it is absent. */
  value(value: unknown): void {
    this.#value(value)
    this.#byte(NEW_LINE)
  }

  digest(): string {
    this.#flush()
    return this.#hash.digest('hex')
  }

  #flush(): void {
    this.#hash.update(this.#bytes.subarray(0, this.#at))
    this.#at = 0
  }

  #byte(byte: number): void {
    if (this.#at === PART_BYTES) this.#flush()
    this.#bytes[this.#at++] = byte
  }

  #text(text: string): void {
    const bytes = this.#bytes
    // Of a character come three bytes at most.
    if (this.#at + 3 * text.length > PART_BYTES) {
      this.#flush()
      if (3 * text.length > PART_BYTES) {
        this.#hash.update(text)
        return
      }
    }
    const start = this.#at
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      if (code > 0x7f) {
        this.#at = start + bytes.write(text, start)
        return
      }
      bytes[start + i] = code
    }
    this.#at = start + text.length
  }

  #value(value: unknown): void {
    if (typeof value === 'number') this.#number(value)
    else if (typeof value === 'boolean') this.#text(value ? 'true' : 'false')
    else if (typeof value !== 'object' || value === null) this.#text(this.#jsonOf(value))
    else if (Array.isArray(value)) {
      this.#text('[')
      for (let i = 0; i < value.length; i++) {
        if (i > 0) this.#byte(COMMA)
        this.#value(value[i])
      }
      this.#text(']')
    } else this.#object(value as Record<string, unknown>)
  }

  #object(value: Record<string, unknown>): void {
    let before = OPEN
    for (const { name, key } of this.#sorted(Object.keys(value))) {
      const entry = value[name]
      if (entry === undefined) continue
      this.#byte(before)
      this.#text(key)
      this.#value(entry)
      before = COMMA
    }
    if (before === OPEN) this.#byte(OPEN)
    this.#byte(CLOSE)
  }

  /** Words such as `buy` come again and again. */
  #jsonOf(value: unknown): string {
    const known = this.#words.get(value)
    if (known !== undefined) return known
    const json = JSON.stringify(value) ?? 'null'
    if (this.#words.size < WORDS) this.#words.set(value, json)
    return json
  }

  #sorted(names: readonly string[]): Shape['sorted'] {
    for (const shape of this.#shapes) if (areSame(shape.names, names)) return shape.sorted
    const sorted = names.toSorted((one, other) => (one < other ? -1 : 1)).map((name) => ({ name, key: `${JSON.stringify(name)}:` }))
    if (this.#shapes.length < SHAPES) this.#shapes.push({ names, sorted })
    return sorted
  }

  /** As it is written everywhere, at 12 significant digits; a time in microseconds has more, and is exact. */
  #number(value: number): void {
    const size = Math.abs(value)
    const scaled = Math.round(size * SCALE)
    const isWhole = Number.isSafeInteger(size)
    if (!isWhole && !(scaled < MOST_SCALED && scaled / SCALE === size)) return this.#text(rounded(value))
    if (value < 0) this.#byte(MINUS)
    if (isWhole) return this.#digits(size, 1)
    const whole = Math.floor(scaled / SCALE)
    let part = scaled - whole * SCALE
    let places = DECIMALS
    for (; part % 10 === 0; part /= 10) places--
    this.#digits(whole, 1)
    this.#byte(POINT)
    this.#digits(part, places)
  }

  /** With zeros in front of a number that has fewer. */
  #digits(whole: number, places: number): void {
    if (whole >= HALF) {
      const high = Math.floor(whole / HALF)
      this.#digits(high, places - 9)
      this.#digits(whole - high * HALF, 9)
      return
    }
    let count = 1
    for (let power = 10; power <= whole; power *= 10) count++
    if (count < places) count = places
    if (this.#at + count > PART_BYTES) this.#flush()
    const bytes = this.#bytes
    let at = this.#at + count
    this.#at = at
    // From the last one on: a division by a constant is the cheapest.
    for (let left = whole; count > 0; count--) {
      const rest = (left / 10) | 0
      bytes[--at] = ZERO + left - 10 * rest
      left = rest
    }
  }
}

function areSame(names: readonly string[], others: readonly string[]): boolean {
  if (names.length !== others.length) return false
  for (let i = 0; i < names.length; i++) if (names[i] !== others[i]) return false
  return true
}

function rounded(value: number): string {
  const text = String(value)
  return text.length <= SHORT ? text : String(Number(value.toPrecision(SIGNIFICANT_DIGITS)))
}
