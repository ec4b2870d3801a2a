/**
 * The sessions of this run that ended because time had jumped, each in its own time. What has lasted since before the present session is
 * named in the times in which it was recorded.
 */

import type { Span } from '../../market/coverage.ts'

interface EarlierSession extends Span {
  /** By so much the times of the session behind it lie ahead. */
  byUs: number
}

export class EarlierSessions {
  readonly #sessions: EarlierSession[] = []

  /** One has ended, and another begins in the same moment. */
  add(session: EarlierSession): void {
    this.#sessions.push(session)
  }

  /** The parts of what has lasted since `sinceUs`, in the present session's time, that lie in earlier ones: the oldest first. */
  partsSince(sinceUs: number): Span[] {
    const parts: Span[] = []
    let us = sinceUs
    for (const { fromUs, toUs, byUs } of this.#sessions.toReversed()) {
      us -= byUs
      if (us < toUs) parts.unshift({ fromUs: Math.max(us, fromUs), toUs })
      if (us >= fromUs) break
    }
    return parts
  }
}
