/**
 * Frames of the TWS protocol: u32 big-endian length, then fields that each end in NUL.
 *
 * FrameReader holds the bytes of one socket that have not made a whole frame yet, whatever the reads split or join.
 * FrameWriter holds encoded frames until the socket takes them; numbers are written digit by digit, as they are most of the traffic.
 */

/** The longest frame IB's own clients take. */
export const MAX_FRAME_BYTES = 0xffffff

/** No request has more; a frame of nothing but NULs must not become millions of strings. */
const MAX_FIELDS = 2048
const LENGTH_BYTES = 4
/** Longer than any number in decimal notation: 1.8e308 has 309 digits, 5e-324 has 326 characters. */
const MAX_NUMBER_BYTES = 352
const INITIAL_BYTES = 1 << 14
/** A buffer that one huge frame has grown beyond this is given back. */
const KEPT_BYTES = 1 << 18

const DOT = 46
const MINUS = 45
const ZERO = 48
/** Prices and sizes have at most so many digits behind the point, nearly all of them. */
const SCALE_DIGITS = 4
const SCALE = 10_000
const INT32_MAX = 0x7fffffff

/** The bytes are no TWS protocol, so nothing behind them can be trusted. */
export class WireError extends Error {}

/** A message that no client would take. */
export class FrameTooLong extends Error {}

export class FrameReader {
  #bytes: Buffer = Buffer.allocUnsafeSlow(INITIAL_BYTES)
  #start = 0
  #end = 0

  push(chunk: Buffer): void {
    const unread = this.#end - this.#start
    if (this.#end + chunk.length > this.#bytes.length) {
      const fits = unread + chunk.length <= this.#bytes.length
      const room = fits ? this.#bytes : Buffer.allocUnsafeSlow(Math.max(unread + chunk.length, this.#bytes.length * 2))
      this.#bytes.copy(room, 0, this.#start, this.#end)
      this.#bytes = room
      this.#start = 0
      this.#end = unread
    }
    chunk.copy(this.#bytes, this.#end)
    this.#end += chunk.length
  }

  /** The next `count` bytes, or undefined until they have come. They stay unread; valid until the next push. */
  peek(count: number): Buffer | undefined {
    return this.#end - this.#start < count ? undefined : this.#bytes.subarray(this.#start, this.#start + count)
  }

  /** Takes `count` bytes that `peek` has shown. */
  skip(count: number): void {
    this.#start += count
    if (this.#start < this.#end) return
    this.#start = 0
    this.#end = 0
    if (this.#bytes.length > KEPT_BYTES) this.#bytes = Buffer.allocUnsafeSlow(INITIAL_BYTES)
  }

  /**
   * The content of the next whole frame, or undefined until it has come. Valid until the next push.
   *
   * @throws WireError for a length that no client sends.
   */
  next(maxBytes = MAX_FRAME_BYTES): Buffer | undefined {
    const length = this.peek(LENGTH_BYTES)?.readInt32BE()
    if (length === undefined) return undefined
    if (length <= 0 || length > maxBytes) throw new WireError(`expected a frame of 1 to ${maxBytes} bytes, found a length of ${length}`)
    const frame = this.peek(LENGTH_BYTES + length)
    if (!frame) return undefined
    this.skip(frame.length)
    return frame.subarray(LENGTH_BYTES)
  }
}

/**
 * The fields of a frame.
 *
 * @throws WireError when it does not end in NUL or has more fields than any request.
 */
export function splitFields(frame: Buffer): string[] {
  if (frame.at(-1) !== 0) throw new WireError('expected a message that ends in NUL')
  const fields = frame.toString('utf8', 0, frame.length - 1).split('\0', MAX_FIELDS)
  if (fields.length === MAX_FIELDS) throw new WireError(`expected less than ${MAX_FIELDS} fields`)
  return fields
}

/** Fields with which many messages begin, to be written by `FrameWriter.fields`. */
export function encodeFields(fields: readonly number[]): Uint8Array {
  return Buffer.from(fields.map((field) => `${field}\0`).join(''), 'latin1')
}

export class FrameWriter {
  #bytes: Buffer = Buffer.allocUnsafeSlow(INITIAL_BYTES)
  #length = 0
  #frameAt = 0

  /** Bytes waiting to be taken. */
  get length(): number {
    return this.#length
  }

  /** Copies out what was written and starts anew. */
  take(): Buffer {
    const taken = Buffer.from(this.#bytes.subarray(0, this.#length))
    this.#length = 0
    return taken
  }

  begin(): void {
    this.#reserve(LENGTH_BYTES)
    this.#frameAt = this.#length
    this.#length += LENGTH_BYTES
  }

  end(): void {
    const at = this.#frameAt
    const length = this.#length - at - LENGTH_BYTES
    if (length > MAX_FRAME_BYTES) throw this.#tooLong()
    const bytes = this.#bytes
    // By hand, as `writeUInt32BE` checks what is known here. The first byte is 0: the longest frame has three bytes of length.
    bytes[at] = 0
    bytes[at + 1] = length >> 16
    bytes[at + 2] = length >> 8
    bytes[at + 3] = length
  }

  /**
   * A whole message in one go; for everything that is not sent by the thousand.
   *
   * @throws FrameTooLong when it is longer than clients take; nothing is written then.
   */
  message(fields: readonly (string | number)[]): void {
    this.begin()
    for (const field of fields) {
      if (typeof field === 'number') this.number(field)
      else this.text(field)
    }
    this.end()
  }

  /** Fields that were encoded before, by `encodeFields`. */
  fields(encoded: Uint8Array): void {
    this.#reserve(encoded.length)
    const bytes = this.#bytes
    const at = this.#length
    // They are few bytes: `set` would take longer.
    for (let i = 0; i < encoded.length; i++) bytes[at + i] = encoded[i] as number
    this.#length = at + encoded.length
  }

  /** A text field, in UTF-8. A NUL inside would end the field and is left out. */
  text(text: string): void {
    if (this.#length - this.#frameAt + text.length > MAX_FRAME_BYTES) throw this.#tooLong()
    this.#reserve(text.length * 3 + 1)
    this.#length += this.#bytes.write(text.includes('\0') ? text.replaceAll('\0', '') : text, this.#length, 'utf8')
    this.#bytes[this.#length++] = 0
  }

  /** A number as the shortest decimal that reads back as the same double, without an exponent. */
  number(value: number): void {
    this.#reserve(MAX_NUMBER_BYTES)
    // Most are ids and sizes, then prices: in 32 bits dividing by ten takes a fraction of the time.
    const small = value | 0
    if (small === value && small >= 0) this.#smallWhole(small)
    else {
      // A decimal of up to 15 digits that gives the double back is the shortest one.
      const scaled = Math.round(value * SCALE)
      if (scaled / SCALE !== value || scaled >= 1e15 || scaled <= -1e15) this.#other(value)
      else if (scaled > 0 && scaled <= INT32_MAX) this.#smallScaled(scaled | 0)
      else this.#scaled(scaled)
    }
    this.#bytes[this.#length++] = 0
  }

  /** A number as `number` writes it; NaN as an empty field, which is how the protocol says that a value is unset. */
  numberOrUnset(value: number): void {
    if (value === value) this.number(value)
    else {
      this.#reserve(1)
      this.#bytes[this.#length++] = 0
    }
  }

  /** Takes the frame back, which no client would take. */
  #tooLong(): FrameTooLong {
    this.#length = this.#frameAt
    return new FrameTooLong(`a message of more than the ${MAX_FRAME_BYTES} bytes that clients take`)
  }

  #other(value: number): void {
    if (Number.isSafeInteger(value) && value > 0) this.#digits(value, digitsOf(value))
    else this.#length += this.#bytes.write(plainDecimal(value), this.#length, 'latin1')
  }

  /** `#scaled` for what fits into 32 bits. */
  #smallScaled(scaled: number): void {
    const whole = (scaled / SCALE) | 0
    this.#smallWhole(whole)
    let fraction = (scaled - whole * SCALE) | 0
    if (fraction === 0) return
    let width = SCALE_DIGITS
    // Most prices are whole cents.
    const cents = (fraction / 100) | 0
    if (cents * 100 === fraction) {
      fraction = cents
      width = 2
    }
    for (let tenth = (fraction / 10) | 0; tenth * 10 === fraction; tenth = (fraction / 10) | 0) {
      fraction = tenth
      width--
    }
    this.#bytes[this.#length++] = DOT
    this.#smallDigits(fraction, width)
  }

  #smallWhole(value: number): void {
    if (value < 10) this.#bytes[this.#length++] = ZERO + value
    else this.#smallDigits(value, smallDigitsOf(value))
  }

  /** `#digits` for what fits into 32 bits. */
  #smallDigits(value: number, width: number): void {
    const bytes = this.#bytes
    const start = this.#length
    let rest = value | 0
    for (let at = start + width - 1; at >= start; at--) {
      const tenth = (rest / 10) | 0
      bytes[at] = rest - tenth * 10 + ZERO
      rest = tenth
    }
    this.#length = start + width
  }

  /** A number in units of 1 / SCALE. */
  #scaled(scaled: number): void {
    const bytes = this.#bytes
    let rest = scaled
    if (rest < 0) {
      rest = -rest
      bytes[this.#length++] = MINUS
    }
    const whole = Math.floor(rest / SCALE)
    let fraction = rest - whole * SCALE
    this.#digits(whole, digitsOf(whole))
    if (fraction === 0) return
    let width = SCALE_DIGITS
    for (; fraction % 10 === 0; width--) fraction /= 10
    bytes[this.#length++] = DOT
    this.#digits(fraction, width)
  }

  #digits(value: number, width: number): void {
    const bytes = this.#bytes
    let rest = value
    for (let at = this.#length + width - 1; at >= this.#length; at--) {
      const tenth = Math.floor(rest / 10)
      bytes[at] = rest - tenth * 10 + ZERO
      rest = tenth
    }
    this.#length += width
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#length + bytes))
    this.#bytes.copy(grown, 0, 0, this.#length)
    this.#bytes = grown
  }
}

function smallDigitsOf(value: number): number {
  if (value < 100) return 2
  if (value < 1000) return 3
  if (value < 10_000) return 4
  return 4 + digitsOf((value / 10_000) | 0)
}

function digitsOf(value: number): number {
  let digits = 1
  for (let limit = 10; value >= limit; limit *= 10) digits++
  return digits
}

/** `String(value)` without an exponent. */
function plainDecimal(value: number): string {
  const text = String(value)
  const [mantissa = '', exponent] = text.split('e')
  if (exponent === undefined) return text
  const sign = mantissa.startsWith('-') ? '-' : ''
  const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.')
  const point = whole.length + Number(exponent)
  const digits = whole + fraction
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`
  return sign + digits.padEnd(point, '0')
}
