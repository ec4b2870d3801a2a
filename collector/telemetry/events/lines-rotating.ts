import type { RotationCoverage } from '../../lines/plan/state.ts'
import type { EventContext } from './event.ts'

export interface LinesRotating extends RotationCoverage {
  /** Of the settings. */
  lines: number
  seenEveryMs: number
}

/** Logs that contracts are watched in turn, when that begins and when the figures change: a warning when they cannot be seen as often as asked for. */
export function linesRotating({ log, faults }: EventContext, what: LinesRotating): void {
  const { contracts, core, rotating, rotationLines, roundMs, isKept, seenEveryMs, lines } = what
  if (!faults.begin('over-budget', `${contracts} ${lines} ${isKept}`)) return
  const roundMinutes = Number.isFinite(roundMs) ? Math.ceil(roundMs / 6000) / 10 : null
  const figures = { contracts, lines, core, rotating, rotationLines, roundMinutes, seenEveryMinutes: seenEveryMs / 60_000 }
  const turns = 'more contracts than market-data lines; those at the money keep theirs, and the others are watched in turn'
  if (isKept) log.info(figures, turns)
  else
    log.warn(
      figures,
      `${turns}. A round takes longer than the contracts may be unseen: have fewer contracts or more lines, or raise lines.seenEveryMinutes`,
    )
}
