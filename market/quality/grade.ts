/**
 * The grade of a contract's day: 100 points less what each fault costs, so that the sum can be shown and checked by hand.
 *
 * A percent of time without data costs a point. A percent of ticks costs more the less the tick can be used: five points when it was kept
 * out or is an error, one when it is doubted, half a point when it is older than its time says or was delayed. Costs beside missing time
 * end at a limit, so that a single fault of a rule does not hide what else is known.
 */

import { acceptedTicks, completenessOf, type ContractDay, wrongTicks } from './contract-day.ts'

export type Letter = 'A' | 'B' | 'C' | 'D' | 'F'

export interface Deduction {
  fault: 'missing' | 'wrong' | 'doubted' | 'late' | 'delayed'
  /** The part of the time or of the ticks that it is of, from 0 to 1. */
  share: number
  points: number
}

export interface Grade {
  /** 0 to 100. */
  score: number
  letter: Letter
  /** What was taken off, in the order of the table in docs/quality.md. */
  deductions: readonly Deduction[]
}

/** Points for a whole share, and the most that is taken off. */
export const COSTS: Readonly<Record<Deduction['fault'], { points: number; most: number }>> = {
  missing: { points: 100, most: 100 },
  wrong: { points: 500, most: 50 },
  doubted: { points: 100, most: 25 },
  late: { points: 50, most: 25 },
  delayed: { points: 50, most: 50 },
}

/** The least score of each letter. */
export const LETTERS: readonly (readonly [Letter, number])[] = [
  ['A', 98],
  ['B', 95],
  ['C', 90],
  ['D', 80],
  ['F', 0],
]

/** Undefined where it is not known what was wanted. */
export function gradeOf(day: ContractDay): Grade | undefined {
  const completeness = completenessOf(day)
  if (completeness === undefined) return undefined
  const accepted = acceptedTicks(day.ticks)
  const shares: Record<Deduction['fault'], number> = {
    missing: 1 - completeness,
    wrong: share(wrongTicks(day.judged), accepted + day.judged.quarantined),
    doubted: share(day.judged.warnings, accepted),
    late: share(day.ticks.late, accepted),
    delayed: share(day.ticks.delayed, accepted),
  }
  const deductions = (Object.keys(COSTS) as Deduction['fault'][]).flatMap((fault) => {
    const { points, most } = COSTS[fault]
    return shares[fault] > 0 ? [{ fault, share: shares[fault], points: Math.min(most, points * shares[fault]) }] : []
  })
  const score = Math.max(
    0,
    deductions.reduce((left, { points }) => left - points, 100),
  )
  return { score, letter: letterOf(score), deductions }
}

export function letterOf(score: number): Letter {
  return LETTERS.find(([, least]) => score >= least)?.[0] ?? 'F'
}

const share = (part: number, whole: number): number => (whole === 0 ? 0 : Math.min(1, part / whole))
