/**
 * Which of the gateway's notices are logged. The first of a kind is, and those that repeat it are counted: one line a minute says how
 * many there were, as long as they go on. A kind is a code with its text but for the numbers in it.
 *
 * States of a kind: unknown -> logged, its minute running -> (at the end of the minute) unknown when it was not repeated, else
 * logged again with the count. So that a gateway that never says the same thing twice fills no log either, only so many kinds
 * are known at a time; what comes beyond them is counted as one.
 */

export interface NoticeLogOptions {
  /** `repeated`: how often it came since it was logged last, not counting this one. */
  log: (code: number, text: string, repeated: number) => void
  /** It is counted only; for those who debug. */
  onRepeated: (code: number, text: string) => void
  everyMs?: number
}

interface Kind {
  code: number
  /** The last one. */
  text: string
  repeated: number
  timer: NodeJS.Timeout
}

const EVERY_MS = 60_000
const MAX_KINDS = 100
const OTHERS = 'others'

export class NoticeLog {
  readonly #log: NoticeLogOptions['log']
  readonly #onRepeated: NoticeLogOptions['onRepeated']
  readonly #everyMs: number
  readonly #kinds = new Map<string, Kind>()

  constructor({ log, onRepeated, everyMs = EVERY_MS }: NoticeLogOptions) {
    this.#log = log
    this.#onRepeated = onRepeated
    this.#everyMs = everyMs
  }

  take(code: number, text: string): void {
    const own = `${code} ${text.replaceAll(/\d+/g, '#')}`
    const key = this.#kinds.has(own) || this.#kinds.size < MAX_KINDS ? own : OTHERS
    const known = this.#kinds.get(key)
    if (known) {
      known.repeated++
      Object.assign(known, { code, text })
      this.#onRepeated(code, text)
      return
    }
    this.#log(code, text, 0)
    this.#kinds.set(key, { code, text, repeated: 0, timer: setTimeout(() => this.#minuteOver(key), this.#everyMs).unref() })
  }

  /** Logs what was counted since. */
  stop(): void {
    for (const { code, text, repeated, timer } of this.#kinds.values()) {
      clearTimeout(timer)
      if (repeated > 0) this.#log(code, text, repeated)
    }
    this.#kinds.clear()
  }

  #minuteOver(key: string): void {
    const kind = this.#kinds.get(key)
    if (!kind) return
    if (kind.repeated === 0) return void this.#kinds.delete(key)
    this.#log(kind.code, kind.text, kind.repeated)
    kind.repeated = 0
    kind.timer = setTimeout(() => this.#minuteOver(key), this.#everyMs).unref()
  }
}
