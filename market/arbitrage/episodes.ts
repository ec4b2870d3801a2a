/**
 * The episodes that are open: by their legs, so that a quote finds those it is part of.
 *
 * none -> opened -> open; open -> seen again -> open; open -> closed -> none. What is closed is never opened again: an edge that comes back is
 * another episode.
 */

import type { EdgePoint, Ending, Episode } from './episode.ts'
import type { Assessment, Candidate } from './opportunity.ts'

/** Where an episode begins. */
interface Opening {
  sessionId: number
  seq: number
  tsUs: number
  /** Among those that the same record opened. */
  number: number
  turn: number
}

/** The one object of an episode from its opening to its end; whoever keeps what it says now copies it. */
export class OpenEpisode implements Episode {
  readonly id: string
  readonly sessionId: number
  readonly openedSeq: number
  readonly openedUs: number
  readonly opened: Assessment
  closedUs: number | undefined = undefined
  ending: Ending | undefined = undefined
  best: Assessment
  bestUs: number
  last: Assessment
  lastUs: number
  quotes = 1
  readonly course: EdgePoint[]
  /** The latest look at it: counted by the session. */
  turn: number
  /** Of its candidate. */
  readonly key: string
  readonly #most: number
  /** Of so many changes one is kept. */
  #stride = 1
  #changes = 0

  constructor(candidate: Candidate, opened: Assessment, at: Opening, coursePoints: number) {
    this.key = keyOf(candidate)
    this.id = `${at.sessionId}-${at.seq}-${at.number}`
    this.sessionId = at.sessionId
    this.openedSeq = at.seq
    this.openedUs = at.tsUs
    this.opened = opened
    this.best = opened
    this.bestUs = at.tsUs
    this.last = opened
    this.lastUs = at.tsUs
    this.turn = at.turn
    this.#most = coursePoints
    this.course = [pointOf(opened, at.tsUs)]
  }

  is(candidate: Candidate): boolean {
    return candidate.detector === this.opened.detector && keyOf(candidate) === this.key
  }

  /** Returns true when edge or size have changed. */
  goOn(assessment: Assessment, tsUs: number): boolean {
    const { edgePerShare, size } = this.last
    const hasChanged = assessment.edgePerShare !== edgePerShare || assessment.size !== size
    this.last = assessment
    this.lastUs = tsUs
    if (assessment.profit > this.best.profit) {
      this.best = assessment
      this.bestUs = tsUs
    }
    if (hasChanged && ++this.#changes % this.#stride === 0) this.#keep(pointOf(assessment, tsUs))
    return hasChanged
  }

  #keep(point: EdgePoint): void {
    this.course.push(point)
    if (this.course.length <= this.#most) return
    const kept = this.course.filter((_, i) => i % 2 === 0)
    this.course.splice(0, this.course.length, ...kept)
    this.#stride *= 2
  }
}

function pointOf({ edgePerShare, size }: Assessment, tsUs: number): EdgePoint {
  return { tsUs, edgePerShare, size }
}

export class OpenEpisodes {
  /** In the order in which they were opened. */
  readonly #open = new Map<string, OpenEpisode>()
  readonly #byLeg = new Map<number, Set<OpenEpisode>>()

  get size(): number {
    return this.#open.size
  }

  /** In the order in which they were opened. */
  all(): OpenEpisode[] {
    return [...this.#open.values()]
  }

  /** Those that an instrument is a leg of, in the order in which they were opened. What is closed leaves it. */
  of(instrument: number): ReadonlySet<OpenEpisode> | undefined {
    return this.#byLeg.get(instrument)
  }

  /** At one step, however many are open: a stock is a leg of thousands at times, and each candidate is looked for. */
  find(candidate: Candidate): OpenEpisode | undefined {
    return this.#open.get(keyOf(candidate))
  }

  add(episode: OpenEpisode): void {
    this.#open.set(episode.key, episode)
    for (const { instrument } of episode.opened.legs) {
      const known = this.#byLeg.get(instrument)
      if (known) known.add(episode)
      else this.#byLeg.set(instrument, new Set([episode]))
    }
  }

  delete(episode: OpenEpisode): void {
    this.#open.delete(episode.key)
    for (const { instrument } of episode.opened.legs) {
      const known = this.#byLeg.get(instrument)
      known?.delete(episode)
      if (known?.size === 0) this.#byLeg.delete(instrument)
    }
  }
}

/** What makes two candidates the same one, whatever their prices: what the same legs promise with more certainty, or less, is another. */
function keyOf({ detector, certainty, trades }: Candidate): string {
  let key = `${detector} ${certainty}`
  for (const { instrument, side, ratio } of trades) key += ` ${side} ${ratio} ${instrument}`
  return key
}
