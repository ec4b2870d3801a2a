/** Compares what a market has said with what was recorded of it, and with the time that is named as a gap. */

export interface Received {
  price: number
  tsUs: number
  isInitial: boolean
  isLate: boolean
}

export interface NamedGap {
  fromUs: number
  toUs: number
  cause: string
}

export interface LineCoverage {
  /** Ticks of the market that were not recorded, in microseconds. */
  lostUs: number[]
  /** Of these, those that no gap names. */
  unnamedUs: number[]
  /** Recorded more than once. */
  double: number
  /** Recorded though the market never said it, or as an event although it was state. */
  invented: number
  /** For how long a gap names time between two ticks that were both recorded as they came, by gap. */
  overUs: { gap: NamedGap; us: number }[]
}

/** A tick is on the tape this soon after it was sent: its group is over after 5 ms, and what was recorded meanwhile stands before it. */
const AT_ONCE_US = 10_000

/**
 * @param ticksMs when the market ticked; the price of the k-th is `k + 1`
 * @param gaps of this line, those of all lines and of its farm included
 * @param isAlive whether the line was served from one moment to another
 */
export function compare(
  ticksMs: readonly number[],
  received: readonly Received[],
  gaps: readonly NamedGap[],
  isAlive: (fromUs: number, toUs: number) => boolean,
): LineCoverage {
  const times = new Map<number, number>()
  let [double, invented] = [0, 0]
  const lateUs = new Set<number>()
  for (const { price, tsUs, isInitial, isLate } of received) {
    const sentUs = (ticksMs[price - 1] ?? Number.NaN) * 1000
    const isEvent = isLate || Math.abs(tsUs - sentUs) < AT_ONCE_US
    if (isEvent && times.has(price)) double++
    else if (isEvent) times.set(price, tsUs)
    else if (!isInitial || sentUs > tsUs) invented++
    if (isLate) lateUs.add(sentUs)
  }
  const lostUs: number[] = []
  const unnamedUs: number[] = []
  const over = new Map<NamedGap, number>()
  for (const [k, ms] of ticksMs.entries()) {
    const us = ms * 1000
    if (!times.has(k + 1)) {
      lostUs.push(us)
      if (!gaps.some(({ fromUs, toUs }) => fromUs < us && us < toUs)) unnamedUs.push(us)
      continue
    }
    const nextUs = (ticksMs[k + 1] ?? Number.NaN) * 1000
    if (!times.has(k + 2) || lateUs.has(nextUs) || !isAlive(us, nextUs)) continue
    for (const gap of gaps) {
      const overlapUs = Math.min(gap.toUs, nextUs) - Math.max(gap.fromUs, us)
      if (overlapUs > AT_ONCE_US) over.set(gap, (over.get(gap) ?? 0) + overlapUs)
    }
  }
  return { lostUs, unnamedUs, double, invented, overUs: [...over].map(([gap, us]) => ({ gap, us })) }
}
