/**
 * The way between a session and its socket, which faults narrow.
 *
 * States of the way out: open (bytes go to the socket at once), slow (so many bytes a second), shut (bytes are thrown away, as the peer
 * will never see them). While it is stalled, what can wait is held back beside that. States of the way in: open, slow (after each message
 * it rests), shut (nothing is read). Shut is for good.
 */

import type { Socket } from 'node:net'

/** Undefined: as fast as it goes. */
export interface Pace {
  bytesPerSecond?: number | undefined
  requestsPerSecond?: number | undefined
}

const MS_PER_SECOND = 1000
/** How long a peer has to read the last words. */
const LAST_WORD_MS = 2000
/** How often a slow way out takes some bytes. */
const STEP_MS = 50

export class SocketValve {
  readonly #socket: Socket
  readonly #onRested: () => void
  readonly #onWritten: () => void
  #stalls = 0
  #held: Buffer[] = []
  #pace: Pace = {}
  /** What a slow way out has still to write. */
  #queue: Buffer = Buffer.alloc(0)
  #writer: NodeJS.Timeout | undefined
  #rest: NodeJS.Timeout | undefined
  #isShut = false

  /** `onRested`: reading may go on. `onWritten`: what a slow way out had to write is written. */
  constructor(socket: Socket, onRested: () => void, onWritten: () => void) {
    this.#socket = socket
    this.#onRested = onRested
    this.#onWritten = onWritten
    socket.on('close', () => this.#stopTimers())
  }

  get isStalled(): boolean {
    return this.#stalls > 0
  }

  /** Reading has to wait. */
  get isResting(): boolean {
    return this.#rest !== undefined || this.#isShut
  }

  /** Bytes that were written and have not left; what is held back is not counted, nor what a shut way out will never take. */
  get length(): number {
    return this.#isShut ? 0 : this.#socket.writableLength + this.#queue.length
  }

  write(bytes: Buffer): void {
    if (this.#isShut) return
    if (this.#pace.bytesPerSecond === undefined && this.#queue.length === 0) this.#socket.write(bytes)
    else this.#queue = Buffer.concat([this.#queue, bytes])
  }

  /** Keeps bytes until the last stall is over. */
  hold(bytes: Buffer): void {
    if (!this.#isShut) this.#held.push(bytes)
  }

  stall(): void {
    this.#stalls++
  }

  /** Ends one stall. Returns what was held back, part by part, when it was the last one. */
  release(): readonly Buffer[] | undefined {
    this.#stalls--
    if (this.#stalls > 0) return undefined
    const held = this.#held
    this.#held = []
    return held
  }

  setPace(pace: Pace): void {
    this.#pace = pace
    clearInterval(this.#writer)
    this.#writer = undefined
    if (this.#isShut) return
    if (pace.bytesPerSecond === undefined) this.#writeSome(this.#queue.length)
    else {
      const { bytesPerSecond } = pace
      // Parts of a byte add up.
      let allowed = 0
      this.#writer = setInterval(() => {
        allowed = Math.min(allowed + (bytesPerSecond * STEP_MS) / MS_PER_SECOND, bytesPerSecond)
        allowed -= this.#writeSome(Math.floor(allowed))
      }, STEP_MS)
      this.#writer.unref()
    }
    if (pace.requestsPerSecond === undefined && this.#rest) this.#wake()
  }

  /** To be called behind each message that was read. */
  messageRead(): void {
    const { requestsPerSecond } = this.#pace
    if (requestsPerSecond === undefined || this.isResting) return
    this.#socket.pause()
    this.#rest = setTimeout(() => this.#wake(), MS_PER_SECOND / requestsPerSecond)
    this.#rest.unref()
  }

  /**
   * Ends the connection once its peer has read what was written. What still comes is read and thrown away meanwhile: a connection that
   * closes with something unread takes the last words with it.
   */
  leave(): void {
    const socket = this.#socket
    socket.end()
    socket.resume()
    const timer = setTimeout(() => socket.destroy(), LAST_WORD_MS)
    timer.unref()
    socket.on('close', () => clearTimeout(timer))
  }

  /** Nothing more is read or written; the connection stays. */
  shut(): void {
    this.#isShut = true
    this.#stopTimers()
    this.#queue = Buffer.alloc(0)
    this.#held = []
    this.#socket.pause()
  }

  #wake(): void {
    clearTimeout(this.#rest)
    this.#rest = undefined
    this.#onRested()
  }

  #writeSome(bytes: number): number {
    const part = this.#queue.subarray(0, bytes)
    if (part.length === 0) return 0
    this.#queue = this.#queue.subarray(part.length)
    this.#socket.write(part)
    if (this.#queue.length === 0) this.#onWritten()
    return part.length
  }

  #stopTimers(): void {
    clearInterval(this.#writer)
    clearTimeout(this.#rest)
    this.#writer = undefined
    this.#rest = undefined
  }
}
