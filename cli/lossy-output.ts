/**
 * An output that never holds up a recording: nothing more is written to a reader that has gone away, and what a reader that stalls does
 * not take is dropped and counted.
 *
 *   open -> the stream fails (EPIPE, ENOSPC, …) -> gone
 */

import type { WriteStream } from 'node:tty'

type Stream = Pick<WriteStream, 'write' | 'writableLength' | 'removeAllListeners' | 'on'> & { isTTY?: boolean }

export class LossyOutput {
  readonly #stream: Stream
  #isGone = false
  #dropped = 0

  /** @param onGone called once, when the stream takes nothing any more */
  constructor(stream: Stream, onGone: (error: NodeJS.ErrnoException) => void = () => undefined) {
    this.#stream = stream
    stream.removeAllListeners('error').on('error', (error: NodeJS.ErrnoException) => {
      if (this.#isGone) return
      this.#isGone = true
      onGone(error)
    })
    neverBlock(stream)
  }

  get isGone(): boolean {
    return this.#isGone
  }

  /** Texts that were not written because the reader was behind; counted from the last one that was written. */
  get dropped(): number {
    return this.#dropped
  }

  /**
   * Writes the text unless the reader is behind.
   *
   * @param behindBytes how much may be waiting for the reader already
   * @returns whether it was handed over
   */
  offer(text: string, behindBytes = 0): boolean {
    if (this.#isGone) return false
    if (this.#stream.writableLength > behindBytes) {
      this.#dropped++
      return false
    }
    this.#dropped = 0
    this.#stream.write(text)
    return true
  }
}

/** Node makes writes to a terminal block; one that is stopped (Ctrl-S, a dead remote shell) would stop the whole process. */
function neverBlock(stream: Stream): void {
  if (!stream.isTTY) return
  const { _handle: handle } = stream as { _handle?: { setBlocking?: (blocking: boolean) => void } }
  handle?.setBlocking?.(false)
}
