/**
 * What is special about a tick: a set of marks, one bit each. On tapes they are a number, in the database and in exports the names of the
 * bits, joined by commas. No mark changes a value.
 */

/** Bits are never given a new meaning: tapes keep them. */
export const Mark = {
  /** The first value after a request: what stood, not what happened. A trade of it is no trade of now. */
  initial: 1,
  /** Updates came back to back, and it cannot be known whether these parts were one: another quote may have stood before, or instead. */
  merged: 1 << 1,
  /** Came in the burst behind a stall of the feed, and so is older than its time says. */
  late: 1 << 2,
  /** The last values before the market closed, given again (IB's market data types 2 and 4). */
  frozen: 1 << 3,
  /** A trade of the overnight session, which belongs to the next trading day. */
  overnight: 1 << 4,
  /** A quote, or a price, from before the open: sides may cross. */
  preOpen: 1 << 5,
  /** A price beyond the limits of the day. */
  pastLimit: 1 << 6,
  /** The bid of a quote is below the lowest price of the day that is allowed. */
  bidPastLimit: 1 << 7,
  /** The ask of a quote is above the highest price of the day that is allowed. */
  askPastLimit: 1 << 8,
  /** A trade that the venue reports to nobody as last sale: an odd lot, a combination, a derivative trade. */
  unreported: 1 << 9,
  /** Out of the broker's history, in a second that has live ticks too: what these lacked. */
  reconciled: 1 << 10,
} as const

/** The names of the marks by bit, from bit 0 on, as they are written. */
export const MARK_NAMES: readonly string[] = [
  'initial',
  'merged',
  'late',
  'frozen',
  'overnight',
  'pre-open',
  'past-limit',
  'bid-past-limit',
  'ask-past-limit',
  'unreported',
  'reconciled',
]
/** Bits that a tape can hold. */
const BITS = 32
const UNNAMED = /^bit-(\d{1,2})$/

/** `initial,merged`; undefined without a mark. A bit without a name, as of a later version, is written as `bit-17`. */
export function marksText(marks: number | undefined): string | undefined {
  if (!marks) return undefined
  const names: string[] = []
  for (let bit = 0; bit < BITS; bit++) if ((marks >>> bit) & 1) names.push(MARK_NAMES[bit] ?? `bit-${bit}`)
  return names.join(',')
}

/** The reverse of `marksText`. What is no name is passed over. */
export function marksOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  let marks = 0
  for (const name of text.split(',')) {
    const named = MARK_NAMES.indexOf(name)
    const bit = named >= 0 ? named : Number(UNNAMED.exec(name)?.[1] ?? Number.NaN)
    if (bit < BITS) marks |= 1 << bit
  }
  return marks === 0 ? undefined : marks >>> 0
}

/** The same marks and those of `more`. */
export function withMarks(marks: number | undefined, more: number | undefined): number | undefined {
  return marks || more ? ((marks ?? 0) | (more ?? 0)) >>> 0 : undefined
}

export function isMarked({ marks }: { marks?: number | undefined }, mark: number): boolean {
  return marks !== undefined && (marks & mark) !== 0
}
