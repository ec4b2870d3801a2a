/** What the detectors looked at and refused, as plain data. */

import { type Funnel, REFUSALS } from '../market/arbitrage/funnel.ts'

/** Candidates that were refused, by reason and detector; without what refused none. */
export interface PlainFunnel {
  quotes: number
  candidates: number
  opened: number
  refused: Partial<Record<string, Partial<Record<string, number>>>>
}

export function plainFunnel(funnel: Funnel): PlainFunnel {
  const refused = REFUSALS.map((reason) => [reason, Object.fromEntries(byDetector(funnel, reason))] as const)
  return {
    quotes: funnel.quotes,
    candidates: funnel.candidates,
    opened: funnel.opened,
    refused: Object.fromEntries(refused.filter(([, detectors]) => Object.keys(detectors).length > 0)),
  }
}

/** Refused candidates by detector, most first. */
export function byDetector(funnel: Funnel, reason: (typeof REFUSALS)[number]): [string, number][] {
  const counts = [...funnel.detectors].map((name): [string, number] => [name, funnel.refused(reason, name)])
  return counts.filter(([, count]) => count > 0).sort(([a, one], [b, other]) => other - one || (a < b ? -1 : 1))
}
