/** How well the lines cover the universe, in numbers: what a round of the rotation takes, and who has waited for longest. */

import type { Pair } from './chains.ts'
import type { PlanReason, PlanState, RotationCoverage } from './state.ts'

/** A decision is made once a second, and a hold that is over waits for it. */
const DECISION_MS = 1000

export function rotationCoverage(
  {
    chains,
    lines,
    settings,
    blocked,
    messagesPerSecond,
  }: Pick<PlanState, 'chains' | 'lines' | 'settings' | 'blocked' | 'messagesPerSecond'>,
  kept: ReadonlyMap<Pair, PlanReason>,
): RotationCoverage {
  const counts = { core: 0, edge: 0 }
  const expiries = new Set<unknown>()
  for (const [{ chain, instruments }, reason] of kept) {
    if (reason === 'rotation') continue
    counts[reason] += instruments.length
    if (reason === 'core') expiries.add(chain)
  }
  const rotating = Math.max(0, chains.contracts - counts.core - counts.edge - blocked.size)
  const rotationLines = Math.max(0, lines - counts.core - counts.edge)
  const roundMs = roundOf({ rotating, rotationLines, settings, messagesPerSecond })
  return {
    contracts: chains.contracts,
    ...counts,
    rotating,
    blocked: blocked.size,
    rotationLines,
    roundMs,
    isKept: roundMs + settings.minimumHoldMs <= settings.seenEveryMs,
    coreExpiries: expiries.size,
    expiries: chains.chains.length,
  }
}

function roundOf({
  rotating,
  rotationLines,
  settings,
  messagesPerSecond,
}: Pick<RotationCoverage, 'rotating' | 'rotationLines'> & Pick<PlanState, 'settings' | 'messagesPerSecond'>): number {
  if (rotating === 0) return 0
  if (rotationLines === 0) return Number.POSITIVE_INFINITY
  // Two at a time: an odd line stays free.
  const atOnce = rotationLines > 1 ? rotationLines - (rotationLines % 2) : 1
  const byLines = Math.ceil(rotating / atOnce) * (settings.minimumHoldMs + DECISION_MS)
  // One message takes a line, one releases it.
  const byMessages = ((rotating * 2) / messagesPerSecond) * 1000
  return Math.max(byLines, byMessages)
}
