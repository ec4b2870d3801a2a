/**
 * Whose turn it is: what was not seen for longest. What ticked when it was watched last, or has an edge that found no room, counts as
 * unseen for longer than it was, but only as long as the rest can wait: what has waited for so long that a whole round just fits into
 * the time that is asked for goes first, in order. Where the time that is asked for cannot be kept, order is all that counts.
 */

import type { Pair } from './chains.ts'
import type { PlanState, RotationCoverage } from './state.ts'

const ACTIVE_WEIGHT = 2
const EDGE_WEIGHT = 4
/** Ranks behind everything that must not wait. */
const URGENT = 1e18

export interface Turn {
  /** Contracts to find. */
  wanted: number
  isTaken: (pair: Pair) => boolean
  coverage: Pick<RotationCoverage, 'roundMs'>
}

/** Pairs that may be taken, in order; as many as are wanted and have a leg that may be asked for. */
export function longestUnseen(state: PlanState, { wanted, isTaken, coverage }: Turn): Pair[] {
  const most = Math.min(wanted, Math.floor(state.messages))
  if (most <= 0) return []
  const urgentUs = (state.settings.seenEveryMs - coverage.roundMs - state.settings.minimumHoldMs) * 1000
  const found: { pair: Pair; score: number }[] = []
  let least = Number.NEGATIVE_INFINITY
  for (const pair of state.chains.pairs) {
    const score = scoreOf(pair, state, urgentUs)
    if ((found.length === most && score <= least) || Number.isNaN(score) || isTaken(pair)) continue
    let at = found.length
    while (at > 0 && (found[at - 1] as { score: number }).score < score) at--
    found.splice(at, 0, { pair, score })
    if (found.length > most) found.pop()
    least = found.at(-1)?.score ?? least
  }
  return found.map(({ pair }) => pair)
}

/** NaN: none of it may be asked for. */
function scoreOf({ instruments }: Pair, { seenUs, active, wishes, blocked, nowUs }: PlanState, urgentUs: number): number {
  let ageUs = Number.NaN
  let weight = 1
  for (let i = 0; i < instruments.length; i++) {
    const instrument = instruments[i] as number
    if (blocked.size > 0 && blocked.has(instrument)) continue
    const legUs = nowUs - (seenUs[instrument] ?? 0)
    if (!(legUs <= ageUs)) ageUs = legUs
    if (active[instrument] === 1) weight = Math.max(weight, ACTIVE_WEIGHT)
    if (wishes.size > 0 && wishes.has(instrument)) weight = EDGE_WEIGHT
  }
  return ageUs >= urgentUs ? URGENT + ageUs : ageUs * weight
}
