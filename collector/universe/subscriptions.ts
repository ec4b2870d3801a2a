/**
 * The lines that are to be open, and those that are. Knows request ids of the current link only; a new link opens everything again.
 *
 * A line is wanted -> requested -> open (the gateway's first message for it) -> closed. A line that the gateway refuses is no
 * longer wanted, except for the line limit: then it waits for the next link.
 */

import type { Contract } from '../../market/contract.ts'

/** What a link does for a line. */
export interface LineOpener {
  newReqId(): number
  /** `plain`: without the generic ticks. */
  open(reqId: number, contract: Contract, plain: boolean): Promise<void>
}

export interface SubscriptionsOptions {
  onRequested: (reqId: number, instrument: number) => void
  onOpened: (instrument: number) => void
  /** `untilUs` absent: closed now. */
  onClosed: (reqId: number, instrument: number, cause: string, untilUs?: number) => void
  onRefused: (contract: Contract, code: number, text: string) => void
}

interface Line {
  instrument: number
  contract: Contract
  reqId: number | undefined
  open: boolean
  plain: boolean
}

export class Subscriptions {
  readonly #options: SubscriptionsOptions
  readonly #lines = new Map<number, Line>()
  readonly #byReqId = new Map<number, Line>()
  #opener: LineOpener | undefined

  constructor(options: SubscriptionsOptions) {
    this.#options = options
  }

  /** Lines asked for that the gateway has neither accepted nor refused yet. */
  get waiting(): number {
    let waiting = 0
    for (const line of this.#lines.values()) if (line.reqId !== undefined && !line.open) waiting++
    return waiting
  }

  get wanted(): number {
    return this.#lines.size
  }

  /** Wants lines, in this order of importance. Known instruments are left as they are. */
  want(contracts: readonly { instrument: number; contract: Contract }[]): void {
    for (const { instrument, contract } of contracts) {
      if (this.#lines.has(instrument)) continue
      const line: Line = { instrument, contract, reqId: undefined, open: false, plain: false }
      this.#lines.set(instrument, line)
      if (this.#opener) this.#request(line, this.#opener)
    }
  }

  linkUp(opener: LineOpener): void {
    this.#opener = opener
    for (const line of this.#lines.values()) this.#request(line, opener)
  }

  /** All lines are closed as of `untilUs`, the last proof that data was flowing. */
  linkDown(cause: string, untilUs: number): void {
    this.#opener = undefined
    for (const line of this.#lines.values()) this.#close(line, cause, untilUs)
    this.#byReqId.clear()
  }

  /** The gateway said something on this line. */
  accepted(reqId: number): void {
    const line = this.#byReqId.get(reqId)
    if (!line || line.open) return
    line.open = true
    this.#options.onOpened(line.instrument)
  }

  /** The gateway ended or refused the line. */
  refused(reqId: number, code: number, text: string, forNow: boolean): void {
    const line = this.#byReqId.get(reqId)
    if (!line) return
    this.#byReqId.delete(reqId)
    this.#close(line, `refused: ${code}`)
    if (!forNow) this.#lines.delete(line.instrument)
    this.#options.onRefused(line.contract, code, text)
  }

  /** Asks again without generic ticks. False when that was tried already. */
  retryPlain(reqId: number): boolean {
    const line = this.#byReqId.get(reqId)
    if (!line || line.plain || !this.#opener) return false
    this.#byReqId.delete(reqId)
    line.plain = true
    this.#request(line, this.#opener)
    return true
  }

  #request(line: Line, opener: LineOpener): void {
    const reqId = opener.newReqId()
    line.reqId = reqId
    this.#byReqId.set(reqId, line)
    this.#options.onRequested(reqId, line.instrument)
    // A lost link rejects what was waiting in the pacer; the next link asks again.
    opener.open(reqId, line.contract, line.plain).catch(() => undefined)
  }

  #close(line: Line, cause: string, untilUs?: number): void {
    const { reqId, instrument, open } = line
    line.reqId = undefined
    line.open = false
    if (reqId !== undefined && open) this.#options.onClosed(reqId, instrument, cause, untilUs)
  }
}
