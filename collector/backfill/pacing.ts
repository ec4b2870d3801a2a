/**
 * How often IB is asked for history: as often as its rules for bars of 30 seconds and less let, on monotonic time. A request that is on its way
 * may reach IB at any moment until its answer is here, so that it counts from when it is sent until a whole window after its answer:
 * however long either took, IB never sees more in a window than it allows. Pure but for the time that is passed in.
 */

/** IB's figures. */
export interface HistoryWindows {
  /** The same request is not answered again within this time. */
  identicalMs: number
  /** Requests of one contract, exchange and kind of data within `burstMs`. */
  burstRequests: number
  burstMs: number
  /** Requests within `periodMs`; one for bid and ask together counts twice. */
  periodRequests: number
  periodMs: number
}

/** `scale`: of the times; other than 1 only beside a gateway of ours that measures as fast. */
export function historyWindows(scale = 1): HistoryWindows {
  return { identicalMs: 15_000 * scale, burstRequests: 5, burstMs: 2000 * scale, periodRequests: 60, periodMs: 600_000 * scale }
}

/** What the rules need to know of a request. */
export interface PacedRequest {
  /** All that is asked for. */
  whole: string
  /** Contract and kind of data. */
  series: string
  /** 2 for bid and ask together, 0 for what IB does not pace, else 1. */
  weight: number
}

interface Counted extends PacedRequest {
  /** When its answer came; undefined: not yet. */
  endedMs: number | undefined
}

/** IB says "pacing violation" when other clients of the login ask too: so long is waited, longer each time. */
const HOLD = { firstOfPeriod: 1 / 20, most: 1 }

export class HistoryPacing {
  readonly #windows: HistoryWindows
  #counted: Counted[] = []
  #heldUntilMs = Number.NEGATIVE_INFINITY
  #violations = 0

  constructor(windows: HistoryWindows) {
    this.#windows = windows
  }

  /** How long to wait before the request is sent; 0: not at all. Something of the wait may become known only later: ask again then. */
  waitMs(request: PacedRequest, nowMs: number): number {
    const held = Math.max(0, this.#heldUntilMs - nowMs)
    if (request.weight === 0) return held
    const { identicalMs, burstMs, burstRequests, periodMs, periodRequests } = this.#windows
    this.#counted = this.#counted.filter(({ endedMs }) => endedMs === undefined || nowMs - endedMs < Math.max(periodMs, identicalMs))
    const identical = this.#counted.filter(({ whole }) => whole === request.whole)
    const burst = this.#counted.filter(({ series }) => series === request.series)
    return Math.max(
      held,
      this.#untilRoom(identical, identicalMs, identical.length > 0 ? 0 : 1, nowMs),
      this.#untilRoom(burst, burstMs, burstRequests - request.weight, nowMs),
      this.#untilRoom(this.#counted, periodMs, periodRequests - request.weight, nowMs),
    )
  }

  /** It is about to be sent. Returns what is to be called when its answer came, or when it is known that none will. */
  sent(request: PacedRequest): (nowMs: number) => void {
    const counted: Counted = { ...request, endedMs: undefined }
    if (request.weight > 0) this.#counted.push(counted)
    return (nowMs) => {
      counted.endedMs ??= nowMs
    }
  }

  /** A request of before this process began, whose answer came `agoMs` ago. */
  seen(request: PacedRequest, agoMs: number, nowMs: number): void {
    if (request.weight > 0) this.#counted.push({ ...request, endedMs: nowMs - agoMs })
  }

  /** IB refused a request for its pacing. Returns for how long nothing is sent. */
  violated(nowMs: number): number {
    const { periodMs } = this.#windows
    const holdMs = Math.min(periodMs * HOLD.firstOfPeriod * 2 ** this.#violations++, periodMs * HOLD.most)
    this.#heldUntilMs = Math.max(this.#heldUntilMs, nowMs + holdMs)
    return holdMs
  }

  /** IB answers again. */
  answered(): void {
    this.#violations = 0
  }

  /** The least time that requests of so much weight take, by the limit on the period. */
  leastMs(weight: number, nowMs: number): number {
    const { periodMs, periodRequests } = this.#windows
    const ended = this.#counted.flatMap(({ endedMs, weight: own }) => ({ weight: own, leftMs: periodMs - (nowMs - (endedMs ?? nowMs)) }))
    let room = periodRequests - ended.reduce((sum, one) => sum + one.weight, 0)
    let waitMs = 0
    for (const one of ended.filter(({ leftMs }) => leftMs > 0).sort((a, b) => a.leftMs - b.leftMs)) {
      if (room >= weight) return waitMs
      room += one.weight
      waitMs = one.leftMs
    }
    if (room >= weight) return waitMs
    // Every further period lets as many through as the first.
    return waitMs + (Math.ceil((weight - Math.max(0, room)) / periodRequests) - (room > 0 ? 0 : 1)) * periodMs
  }

  /** Until those that count within `windowMs` weigh no more than `room`. A request that is open still counts for a whole window. */
  #untilRoom(counted: readonly Counted[], windowMs: number, room: number, nowMs: number): number {
    const left = counted
      .map(({ endedMs, weight }) => ({ weight, leftMs: endedMs === undefined ? windowMs : windowMs - (nowMs - endedMs) }))
      .filter(({ leftMs }) => leftMs > 0)
      .sort((a, b) => a.leftMs - b.leftMs)
    let weight = left.reduce((sum, one) => sum + one.weight, 0)
    let waitMs = 0
    for (const one of left) {
      if (weight <= room) break
      weight -= one.weight
      waitMs = one.leftMs
    }
    return waitMs
  }
}
