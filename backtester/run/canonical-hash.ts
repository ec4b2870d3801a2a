/** SHA-256 over values as text that is the same on every machine: JSON with sorted keys and rounded numbers, a line for each value. */

import { createHash } from 'node:crypto'

const SIGNIFICANT_DIGITS = 12
/** A number that is written with so few characters, its point included, has no more digits than those: rounding it changes nothing. */
const SHORT = SIGNIFICANT_DIGITS + 1
/** Lines are hashed together: each call costs more than the few bytes of a line. */
const PENDING_CHARS = 32_768

/** The names of an object's fields in their own order, and sorted: rows of one kind share them. */
interface Shape {
  names: readonly string[]
  sorted: readonly { name: string; key: string }[]
}

/** Rows have few shapes; what a strategy adds to its orders may have any number. */
const SHAPES = 16

export class CanonicalHash {
  readonly #hash = createHash('sha256')
  readonly #shapes: Shape[] = []
  #pending = ''

  line(text: string): void {
    this.#pending += `${text}\n`
    if (this.#pending.length > PENDING_CHARS) this.#flush()
  }

  /** What is undefined in it is absent. */
  value(value: unknown): void {
    this.line(this.#text(value))
  }

  digest(): string {
    this.#flush()
    return this.#hash.digest('hex')
  }

  #flush(): void {
    this.#hash.update(this.#pending)
    this.#pending = ''
  }

  #text(value: unknown): string {
    if (typeof value === 'number') return rounded(value)
    if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
    if (Array.isArray(value)) return `[${value.map((entry) => this.#text(entry)).join()}]`
    let text = ''
    for (const { name, key } of this.#sorted(Object.keys(value))) {
      const entry: unknown = (value as Record<string, unknown>)[name]
      if (entry !== undefined) text += `${text === '' ? '' : ','}${key}:${this.#text(entry)}`
    }
    return `{${text}}`
  }

  #sorted(names: readonly string[]): Shape['sorted'] {
    for (const shape of this.#shapes) if (areSame(shape.names, names)) return shape.sorted
    const sorted = names.toSorted((one, other) => (one < other ? -1 : 1)).map((name) => ({ name, key: JSON.stringify(name) }))
    if (this.#shapes.length < SHAPES) this.#shapes.push({ names, sorted })
    return sorted
  }
}

function areSame(names: readonly string[], others: readonly string[]): boolean {
  if (names.length !== others.length) return false
  for (let i = 0; i < names.length; i++) if (names[i] !== others[i]) return false
  return true
}

/** A time in microseconds has more digits than an amount can be trusted for, and is exact. */
function rounded(value: number): string {
  if (Number.isSafeInteger(value)) return String(value === 0 ? 0 : value)
  const text = String(value)
  return text.length <= SHORT ? text : String(Number(value.toPrecision(SIGNIFICANT_DIGITS)))
}
