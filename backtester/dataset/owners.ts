/**
 * Which of several sessions an instrument is taken from at a moment. Sessions overlap when several collectors recorded the same market; each tick
 * would then come twice.
 *
 * At every moment an instrument has one source: of the sessions that held its line then, without a gap, the one that began first; where there is
 * none, the first that held it in a gap, and else the first that ran.
 */

import { type Span, union } from '../../market/coverage.ts'

export interface SessionCover extends Span {
  sessionId: number
  /** When the line of an instrument was open. */
  held: ReadonlyMap<number, readonly Span[]>
  /** Gaps of one line; those under `undefined` of all. */
  lost: ReadonlyMap<number | undefined, readonly Span[]>
}

interface Owned extends Span {
  sessionId: number
  /** The session held the line, without a gap. */
  isWhole: boolean
}

export class Owners {
  readonly #sessions: readonly SessionCover[]
  readonly #owned = new Map<number, readonly Owned[]>()

  /** @param sessions in the order in which they began */
  constructor(sessions: readonly SessionCover[]) {
    this.#sessions = sessions
  }

  /** Whether two of them run at the same time: else each tick has one source as it is. */
  get overlap(): boolean {
    let latestUs = Number.NEGATIVE_INFINITY
    for (const { fromUs, toUs } of this.#sessions) {
      if (fromUs < latestUs) return true
      latestUs = Math.max(latestUs, toUs)
    }
    return false
  }

  /** Undefined where no session ran. */
  ownerOf(instrument: number, tsUs: number): number | undefined {
    const owned = this.#owned.get(instrument) ?? this.#ownedOf(instrument)
    let low = 0
    for (let high = owned.length; low < high; ) {
      const middle = (low + high) >> 1
      if ((owned[middle] as Owned).toUs <= tsUs) low = middle + 1
      else high = middle
    }
    const found = owned[low]
    return found && found.fromUs <= tsUs ? found.sessionId : undefined
  }

  /** The parts of a gap in which one of these instruments was held by no session without a gap; all of it where none are given. */
  unfilled(gap: Span, instruments: readonly number[]): Span[] {
    if (instruments.length === 0) return [gap]
    const missing = instruments.flatMap((instrument) => {
      const owned = this.#owned.get(instrument) ?? this.#ownedOf(instrument)
      return between(
        union(
          owned.filter(({ isWhole }) => isWhole),
          gap,
        ),
        gap,
      )
    })
    return union(missing, gap)
  }

  /** When an instrument is taken from which session, in the order of time. */
  #ownedOf(instrument: number): readonly Owned[] {
    const edges = new Set<number>()
    for (const session of this.#sessions)
      for (const { fromUs, toUs } of [session, ...spansOf(session.held, instrument), ...lostOf(session, instrument)]) {
        edges.add(fromUs)
        edges.add(toUs)
      }
    const times = [...edges].sort((one, other) => one - other)
    const owned: Owned[] = []
    for (const [i, fromUs] of times.entries()) {
      const toUs = times[i + 1]
      const best = toUs === undefined ? undefined : this.#bestAt(instrument, fromUs)
      if (best === undefined || toUs === undefined) continue
      const last = owned.at(-1)
      if (last?.sessionId === best.sessionId && last.isWhole === best.isWhole && last.toUs === fromUs) last.toUs = toUs
      else owned.push({ fromUs, toUs, ...best })
    }
    this.#owned.set(instrument, owned)
    return owned
  }

  #bestAt(instrument: number, tsUs: number): Omit<Owned, keyof Span> | undefined {
    const at = (spans: readonly Span[]) => spans.some(({ fromUs, toUs }) => fromUs <= tsUs && tsUs < toUs)
    const running = this.#sessions.filter((session) => at([session]))
    const holding = running.filter(({ held }) => at(spansOf(held, instrument)))
    const whole = holding.find((session) => !at(lostOf(session, instrument)))
    const best = whole ?? holding[0] ?? running[0]
    return best && { sessionId: best.sessionId, isWhole: whole !== undefined }
  }
}

function spansOf(spans: ReadonlyMap<number, readonly Span[]>, instrument: number): readonly Span[] {
  return spans.get(instrument) ?? []
}

function lostOf({ lost }: SessionCover, instrument: number): readonly Span[] {
  return [...(lost.get(instrument) ?? []), ...(lost.get(undefined) ?? [])]
}

/** What of `within` lies between the spans, which are in order and apart. */
function between(spans: readonly Span[], within: Span): Span[] {
  const starts = [within.fromUs, ...spans.map(({ toUs }) => toUs)]
  const ends = [...spans.map(({ fromUs }) => fromUs), within.toUs]
  return starts.map((fromUs, i) => ({ fromUs, toUs: ends[i] ?? fromUs })).filter(({ fromUs, toUs }) => fromUs < toUs)
}
