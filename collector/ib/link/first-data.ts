/**
 * Names a login without data: the API answers, lines were asked for, and none has got a single message of market data. That is how TWS
 * behaves while a dialog of its own waits for an answer, as the one about sizes in lots does after a login.
 *
 * States: off (no connection) -> awaited (asked again every `waitMs` whether data ought to have come) -> off (the first data came).
 */

import { isLineMessage, type GatewayMessage } from '../messages.ts'
import type { Connection } from './connection.ts'

export interface FirstDataOptions {
  connection: Connection
  /** Lines are asked for, and the market is open. */
  isExpected: () => boolean
  waitMs?: number
}

const WAIT_MS = 30_000

/** The trouble's name. */
export const NO_DATA = 'no-data'

export const NO_DATA_ADVICE =
  'look at the window of TWS or IB Gateway: a dialog that waits for an answer, such as the one about market data in lots, keeps all data back'

export class FirstData {
  readonly #options: FirstDataOptions
  #timer: NodeJS.Timeout | undefined
  #isAwaited = false

  constructor(options: FirstDataOptions) {
    this.#options = options
  }

  linkUp(): void {
    this.#isAwaited = true
    clearInterval(this.#timer)
    const { connection, isExpected, waitMs = WAIT_MS } = this.#options
    this.#timer = setInterval(() => {
      if (isExpected()) connection.trouble(NO_DATA, `logged in, and no data on any line: ${NO_DATA_ADVICE}`)
      else connection.over(NO_DATA)
    }, waitMs).unref()
  }

  linkDown(): void {
    this.#isAwaited = false
    clearInterval(this.#timer)
  }

  /** Messages of the link. */
  take(messages: readonly GatewayMessage[]): void {
    if (!this.#isAwaited || !messages.some(isLineMessage)) return
    this.linkDown()
    this.#options.connection.over(NO_DATA)
  }
}
