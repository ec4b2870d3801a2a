/**
 * Stands between the socket and @stoqey/ib 1.6.10, which trusts what it is sent: a length of 2^31 makes it turn in a circle for ever,
 * a message of a million fields holds the process up for minutes, a long one that comes in many reads is copied anew at each, and a
 * field that cannot be decoded ends it.
 *
 * States: sound -> broken. While sound, short frames go on as they come; a long one is gathered first, and left out when the library
 * could not take it. The first frame that cannot be one of TWS breaks it: what came before is handed on, nothing behind it is, and
 * `onBroken` gets the reason. A message that the library fails on is left out alone.
 */

import type { IBApi } from '@stoqey/ib'

/** What TWS sends at most (2^24 - 1, as its own clients have it), less the length in front: the library counts both. */
const MAX_FRAME_BYTES = 0xff_ff_ff - 4
/** The library's time for a message grows with the square of its fields; this many take a fifth of a second. */
const MAX_FIELDS = 50_000
/** Longer frames are gathered; a shorter one cannot have too many fields. */
const LONG_BYTES = MAX_FIELDS
const LENGTH_BYTES = 4
/**
 * Messages whose texts may go onto the tape, where a record has a limit: contract details, texts of lines, their parameters, tick-by-tick.
 * None of TWS comes near it.
 */
const TAPED_KINDS: ReadonlySet<string> = new Set(['10', '46', '81', '99'])
const MAX_TAPED_BYTES = 1 << 17

export interface FrameGuardOptions {
  /** These bytes are no messages of TWS: the connection is of no use any more. Called once. */
  onBroken: (reason: string) => void
  /** A message is left out: the library failed on it, or would have. */
  onUnreadable: (error: unknown) => void
}

/** What is used of the library's inside; a test feeds it what it cannot stand, and so fails when a new version moves this. */
interface Inside {
  controller: { socket: { onData: (data: Buffer) => void }; decoder: { dataQueue: unknown[] } }
}

/** To be called before `api.connect()`. */
export function guardFrames(api: IBApi, { onBroken, onUnreadable }: FrameGuardOptions): void {
  const { socket, decoder } = (api as unknown as Inside).controller
  const pass = socket.onData.bind(socket)
  const frames = new FrameReader()
  let broken = false
  const handOn = (bytes: Buffer) => {
    for (let rest = bytes; ; rest = bytes.subarray(0, 0)) {
      try {
        pass(rest)
        return
      } catch (error) {
        // What is left of the message would be taken for the next one's beginning.
        decoder.dataQueue = []
        onUnreadable(error)
      }
    }
  }
  socket.onData = (data) => {
    if (broken) return
    const { parts, fault } = frames.take(data)
    for (const part of parts) {
      if ('bytes' in part) handOn(part.bytes)
      else onUnreadable(new Error(part.leftOut))
    }
    if (fault === undefined) return
    broken = true
    onBroken(`${fault}. Check that TWS or IB Gateway listens there`)
  }
}

/** Bytes that may be handed on, or why a message is not. */
type Part = { bytes: Buffer } | { leftOut: string }

/** Follows the frames through the reads of a socket. */
class FrameReader {
  /** The beginning of a length whose end is to come. */
  #head: Buffer = Buffer.alloc(0)
  /** Bytes of the current short frame that are still to come. */
  #ahead = 0
  /** A long frame, its length included. */
  #long: { reads: Buffer[]; ahead: number } | undefined

  /** What may be done with the bytes so far, in order; a fault is of what lies behind that. */
  take(read: Buffer): { parts: Part[]; fault?: string } {
    const data = this.#head.length > 0 ? Buffer.concat([this.#head, read]) : read
    this.#head = Buffer.alloc(0)
    const parts: Part[] = []
    let at = 0
    /** From here on nothing was handed on. */
    let from = 0
    const handOn = (to: number) => {
      if (to > from) parts.push({ bytes: data.subarray(from, to) })
      from = to
    }
    while (at < data.length) {
      if (this.#long) {
        at = from = this.#gather(this.#long, data, at)
        if (this.#long.ahead > 0) return { parts }
        const frame = Buffer.concat(this.#long.reads)
        this.#long = undefined
        if (frame.at(-1) !== 0) return { parts, fault: UNENDED }
        parts.push(judge(frame))
      } else if (this.#ahead > 0) {
        const end = Math.min(at + this.#ahead, data.length)
        this.#ahead -= end - at
        // The library would put what follows the last NUL in front of the next message.
        if (this.#ahead === 0 && data[end - 1] !== 0) {
          handOn(at)
          return { parts, fault: UNENDED }
        }
        at = end
      } else if (data.length - at < LENGTH_BYTES) {
        this.#head = data.subarray(at)
        break
      } else {
        const length = data.readUInt32BE(at)
        if (length > MAX_FRAME_BYTES) {
          handOn(at)
          return { parts, fault: `it announced a message of ${length} bytes, longer than any of TWS` }
        }
        if (length > LONG_BYTES) {
          handOn(at)
          this.#long = { reads: [], ahead: LENGTH_BYTES + length }
        } else {
          this.#ahead = length
          at += LENGTH_BYTES
        }
      }
    }
    handOn(at)
    return { parts }
  }

  /** Takes what belongs to the long frame; returns where the rest begins. */
  #gather(long: { reads: Buffer[]; ahead: number }, data: Buffer, at: number): number {
    const end = Math.min(at + long.ahead, data.length)
    long.reads.push(data.subarray(at, end))
    long.ahead -= end - at
    return end
  }
}

const UNENDED = 'it sent a message whose last field has no end'

/** @param frame with its length in front */
function judge(frame: Buffer): Part {
  let fields = 0
  for (let at = frame.indexOf(0, LENGTH_BYTES); at >= 0 && fields <= MAX_FIELDS; at = frame.indexOf(0, at + 1)) fields++
  const kind = frame.toString('latin1', LENGTH_BYTES, frame.indexOf(0, LENGTH_BYTES))
  if (fields > MAX_FIELDS) return { leftOut: `message ${kind.slice(0, 10)} has more than ${MAX_FIELDS} fields` }
  if (frame.length > MAX_TAPED_BYTES && TAPED_KINDS.has(kind))
    return { leftOut: `message ${kind} is longer than ${MAX_TAPED_BYTES} bytes, and no other of its kind is` }
  return { bytes: frame }
}
