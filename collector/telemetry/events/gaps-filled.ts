import type { RepairReport } from '../../backfill/repair-gaps.ts'
import { messageOf } from '../../../market/errors.ts'
import type { EventContext } from './event.ts'

export type GapsFilled = Pick<RepairReport, 'gaps' | 'states' | 'ticks' | 'sent' | 'interrupted' | 'refreshFailure'> | { error: unknown }

/** Logs what became of gaps that were filled from IB's history; that it failed, when that begins and when the reason changes. */
export function gapsFilled({ log, faults }: EventContext, what: GapsFilled): void {
  if ('error' in what) {
    const reason = messageOf(what.error)
    if (faults.begin('filling of gaps', reason)) log.warn({ reason }, "gaps are not filled from IB's history; tried again later")
    return
  }
  faults.end('filling of gaps')
  const { gaps, states, ticks, sent: requests, interrupted, refreshFailure } = what
  log.info({ gaps, ...states, ticks, requests, ...(interrupted && { interrupted }) }, "gaps were filled from IB's history")
  if (refreshFailure !== undefined)
    log.warn({ reason: refreshFailure }, 'bars of filled gaps are not computed; run `tapedeck db maintain` as the owner of the tables')
}
