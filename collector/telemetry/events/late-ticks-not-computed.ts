import { messageOf } from '../../../market/errors.ts'
import { isoFromUs } from '../../../market/time.ts'
import type { EventContext } from './event.ts'

export interface LateTicksNotComputed {
  fromUs: number
  toUs: number
  windows: number
  error: unknown
  isTriedAgain: boolean
  /** Some are older than what the policies of the server come to. */
  isBehindPolicies: boolean
}

/** Logs that bars of ticks which came late are not computed, when that begins and when the reason changes. */
export function lateTicksNotComputed({ log, faults }: EventContext, what: LateTicksNotComputed): void {
  const { fromUs, toUs, windows, error, isTriedAgain, isBehindPolicies } = what
  const reason = messageOf(error)
  if (!faults.begin('late ticks', reason)) return
  const details = { from: isoFromUs(fromUs), to: isoFromUs(toUs), windows, reason }
  if (isTriedAgain) log.warn(details, 'bars of ticks that came late are not computed yet; tried again in a minute')
  else if (isBehindPolicies)
    log.warn(details, 'bars of ticks that came late are not computed; run `tapedeck db maintain` as the owner of the tables')
  else log.info(details, 'bars of ticks that came late are left to the policies of the server, within hours')
}
