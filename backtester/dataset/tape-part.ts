/** The part of a tape file that a dataset holds. */

import { tapeSource } from '../../db/tape/tape-source.ts'
import { isTick, type TapeRecord } from '../../market/tick.ts'

export interface TapePart {
  /** Microseconds since 1970 UTC. Absent: from the first record on. */
  fromUs?: number | undefined
  /** The first moment behind it. */
  toUs?: number | undefined
  /** Only these underlyings and what is written on them. */
  symbols?: readonly string[] | undefined
}

/**
 * The records of that part in order. What explains them stays where it was, also before the part: contracts, inputs of option values, the unit of sizes.
 *
 * @throws FeedError when the tape cannot be read
 */
export async function* recordsOfTape(
  path: string,
  { fromUs = Number.NEGATIVE_INFINITY, toUs = Number.POSITIVE_INFINITY, symbols }: TapePart,
) {
  const unwanted = new Set<number>()
  const isOfPart = (record: TapeRecord): boolean => {
    if (record.kind === 'contract') {
      const isWanted = symbols?.includes(record.contract.symbol) ?? true
      if (!isWanted) unwanted.add(record.instrument)
      return isWanted
    }
    if ('instrument' in record && record.instrument !== undefined && unwanted.has(record.instrument)) return false
    return record.tsUs >= fromUs || explains(record)
  }
  for await (const { sessionId, records } of tapeSource(path).records()) {
    const isLast = (records.at(-1)?.tsUs ?? 0) >= toUs
    const part = records.filter((record) => record.tsUs < toUs && isOfPart(record))
    if (part.length > 0) yield { sessionId, records: part }
    if (isLast) return
  }
}

/** Says what later ticks mean or are worth, however much earlier it stands. */
export function explains(record: TapeRecord): boolean {
  return !isTick(record) && (record.kind === 'carry' || record.kind === 'config' || (record.kind === 'session' && record.event === 'sizes'))
}
