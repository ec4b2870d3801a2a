/**
 * The plain loop behind the listeners: walks the messages of the gateway in their order, gives market data to the assembler and
 * everything else, which also ends an open group, to `onControl`.
 *
 * A silent group must not be ended ahead of messages that wait in the socket: when its time is up by the clock, the event loop reads
 * the sockets once more, and it is judged by what had come until that reading of the clock.
 */

import type { Assembler } from './assemble.ts'
import { type ControlMessage, type GatewayMessage, isLineMessage } from '../messages.ts'

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
        if (message.type === 'line-accepted') assembler.accept(message)
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

  readonly #onTimer = () => {
    this.#timer = undefined
    const nowMs = performance.now()
    if (!this.#isSilent(nowMs)) return this.#armTimer()
    // Timers run before the event loop's poll for input, immediates after it. What the poll reads is handed over by an immediate
    // that stands behind ours, hence the second round.
    setImmediate(() => {
      setImmediate(() => {
        if (this.#isSilent(nowMs)) this.#options.assembler.closeGroup()
      })
    })
  }

  #isSilent(nowMs: number): boolean {
    const silentInMs = this.#options.assembler.silentInMs(nowMs)
    return silentInMs !== undefined && silentInMs <= 0
  }

  #armTimer(): void {
    if (this.#timer) return
    const silentInMs = this.#options.assembler.silentInMs(performance.now())
    if (silentInMs === undefined || silentInMs === Number.POSITIVE_INFINITY) return
    this.#timer = setTimeout(this.#onTimer, Math.max(1, Math.ceil(silentInMs)))
  }
}
