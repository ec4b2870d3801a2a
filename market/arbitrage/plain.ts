/** An episode as plain data for other programs: times as text, contracts by their keys, no numbers that only one tape has. */

import { contractKey } from '../contract.ts'
import { isoFromUs } from '../time.ts'
import type { Ending, Episode } from './episode.ts'
import type { Assessment, Leg } from './opportunity.ts'

/** A leg without its number on the tape, which every source numbers its own way. */
export type NamedLeg = Omit<Leg, 'instrument'>

export type NamedAssessment = Omit<Assessment, 'legs'> & { legs: readonly NamedLeg[] }

/** An episode that can be told without its tape. */
export interface NamedEpisode
  extends Pick<Episode, 'id' | 'sessionId' | 'openedUs' | 'closedUs' | 'ending' | 'bestUs' | 'quotes' | 'course'> {
  opened: NamedAssessment
  best: NamedAssessment
}

export interface PlainAssessment
  extends Omit<NamedAssessment, 'detector' | 'underlying' | 'expiry' | 'lastExpiry' | 'multiplier' | 'legs'> {
  /** Each contract by its key. */
  legs: readonly (Omit<NamedLeg, 'contract'> & { contract: string })[]
}

/** Times in ISO 8601; those of the end are absent while it is open. */
export interface PlainEpisode extends Pick<Assessment, 'detector' | 'expiry' | 'lastExpiry' | 'multiplier'> {
  id: string
  sessionId: number
  symbol: string
  currency: string
  openedTs: string
  closedTs?: string
  ending?: Ending | undefined
  seconds?: number
  quotes: number
  opened: PlainAssessment
  bestTs: string
  best: PlainAssessment
  course: readonly { ts: string; edgePerShare: number; size: number }[]
}

export function plainEpisode(episode: NamedEpisode): PlainEpisode {
  const { id, sessionId, openedUs, closedUs, ending, opened, best, bestUs, quotes, course } = episode
  const { detector, underlying, expiry, lastExpiry, multiplier } = best
  return {
    id,
    sessionId,
    detector,
    ...underlying,
    expiry,
    lastExpiry,
    multiplier,
    openedTs: isoFromUs(openedUs),
    ...(closedUs !== undefined && { closedTs: isoFromUs(closedUs), ending, seconds: (closedUs - openedUs) / 1_000_000 }),
    quotes,
    opened: plainAssessment(opened),
    bestTs: isoFromUs(bestUs),
    best: plainAssessment(best),
    course: course.map(({ tsUs, ...point }) => ({ ts: isoFromUs(tsUs), ...point })),
  }
}

export function plainAssessment(assessed: NamedAssessment): PlainAssessment {
  const { detector: _d, underlying: _u, expiry: _e, lastExpiry: _l, multiplier: _m, legs, ...figures } = assessed
  return {
    ...figures,
    legs: legs.map(({ side, ratio, price, size, ageMs, fee, contract }) => {
      return { side, ratio, contract: contractKey(contract), price, size, ageMs, fee }
    }),
  }
}
