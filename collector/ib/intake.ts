/**
 * The plain loop behind the listeners: walks the messages of the gateway in their order, gives market data to the assembler and
 * everything else, which also ends an open group, to `onControl`.
 *
 * The timer that ends a silent group must not fire ahead of messages that wait in the socket: after it fires, the event loop reads
 * the sockets once more before the group is judged.
 */

import type { Assembler } from './assemble.ts'
import { type ControlMessage, type GatewayMessage, isLineMessage } from './messages.ts'

export interface IntakeOptions {
  assembler: Assembler
  onControl: (message: ControlMessage) => void
  onMessage: (messages: number) => void
}

export class Intake {
  readonly #options: IntakeOptions
  #timer: NodeJS.Timeout | undefined

  constructor(options: IntakeOptions) {
    this.#options = options
  }

  take(messages: readonly GatewayMessage[]): void {
    const { assembler, onControl, onMessage } = this.#options
    onMessage(messages.length)
    for (const message of messages) {
      if (isLineMessage(message)) assembler.take(message)
      else {
        assembler.closeGroup()
        onControl(message)
      }
    }
    this.#armTimer()
  }

  /** No more messages will come on this link. */
  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#options.assembler.abandonGroup()
  }

  readonly #judge = () => {
    this.#timer = undefined
    if ((this.#options.assembler.silentInMs(performance.now()) ?? 1) <= 0) this.#options.assembler.closeGroup()
    this.#armTimer()
  }

  #armTimer(): void {
    if (this.#timer) return
    const silentInMs = this.#options.assembler.silentInMs(performance.now())
    if (silentInMs === undefined || silentInMs === Number.POSITIVE_INFINITY) return
    this.#timer = setTimeout(
      () => {
        // Timers run before the event loop's poll for input, immediates after it. What the poll reads is handed over by an immediate
        // that stands behind ours, hence the second round.
        setImmediate(() => setImmediate(this.#judge))
      },
      Math.max(1, Math.ceil(silentInMs)),
    )
  }
}
