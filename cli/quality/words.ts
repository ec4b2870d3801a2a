/** Grades and uses in words, the same in the terminal and on the page. */

import type { Fitness } from '../../market/quality/fitness.ts'
import type { Deduction, Grade } from '../../market/quality/grade.ts'

const FAULTS: Readonly<Record<Deduction['fault'], string>> = {
  missing: 'of the time missing',
  wrong: 'of the ticks wrong',
  doubted: 'of the ticks doubted',
  late: 'of the ticks late',
  delayed: 'of the ticks delayed',
}

/** `C 92.50 = 100 - 6.00 (6.00 % of the time missing) - 1.50 (0.30 % of the ticks wrong)`. */
export function arithmetic({ letter, score, deductions }: Grade): string {
  const terms = deductions.map(({ fault, share, points }) => ` - ${figure(points)} (${figure(share * 100)} % ${FAULTS[fault]})`)
  return `${letter} ${figure(score)} = 100${terms.join('')}`
}

/** `fit for: bar study, because of a gap of 312 s, above 60 s`. */
export function sentenceOf({ fitFor, because }: Fitness): string {
  return `fit for: ${fitFor}${because.length > 0 ? `; more is prevented by: ${because.join('; ')}` : ''}`
}

/** Enough digits that a small fault does not look like none. */
function figure(value: number): string {
  return value !== 0 && value < 0.01 ? value.toPrecision(1) : value.toFixed(2)
}
