/**
 * Which of the gateway's notices are logged. The first of a kind is, and those that repeat it are counted; when none has come for a
 * minute, one line says how many there were. A kind is a code with its text but for the numbers in it, so that a notice that changes is
 * logged at once. What repeats for hours fills no log: that it lasts is what the connection's state says (link/connection.ts).
 *
 * States of a kind: unknown -> logged -> repeating (each repetition begins a quiet minute anew) -> (at its end) logged with the count,
 * unknown. So that a gateway that never says the same thing twice fills no log either, only so many kinds are known at a time; what
 * comes beyond them is counted as one.
 */

export interface NoticeLogOptions {
  /** `repeated`: how often it came since it was logged last, not counting this one. */
  log: (code: number, text: string, repeated: number) => void
  /** It is counted only; for those who debug. */
  onRepeated: (code: number, text: string) => void
  quietMs?: number
}

interface Kind {
  code: number
  /** The last one. */
  text: string
  repeated: number
  timer: NodeJS.Timeout
}

const QUIET_MS = 60_000
const MAX_KINDS = 100
const OTHERS = 'others'

export class NoticeLog {
  readonly #log: NoticeLogOptions['log']
  readonly #onRepeated: NoticeLogOptions['onRepeated']
  readonly #quietMs: number
  readonly #kinds = new Map<string, Kind>()

  constructor({ log, onRepeated, quietMs = QUIET_MS }: NoticeLogOptions) {
    this.#log = log
    this.#onRepeated = onRepeated
    this.#quietMs = quietMs
  }

  take(code: number, text: string): void {
    const own = `${code} ${text.replaceAll(/\d+/g, '#')}`
    const key = this.#kinds.has(own) || this.#kinds.size < MAX_KINDS ? own : OTHERS
    const known = this.#kinds.get(key)
    if (known) {
      known.repeated++
      known.timer.refresh()
      Object.assign(known, { code, text })
      this.#onRepeated(code, text)
      return
    }
    this.#log(code, text, 0)
    this.#kinds.set(key, { code, text, repeated: 0, timer: setTimeout(() => this.#isOver(key), this.#quietMs).unref() })
  }

  /** Logs what was counted since. */
  stop(): void {
    for (const { code, text, repeated, timer } of this.#kinds.values()) {
      clearTimeout(timer)
      if (repeated > 0) this.#log(code, text, repeated)
    }
    this.#kinds.clear()
  }

  #isOver(key: string): void {
    const kind = this.#kinds.get(key)
    this.#kinds.delete(key)
    if (kind && kind.repeated > 0) this.#log(kind.code, kind.text, kind.repeated)
  }
}
