/** The part of its input that a run reads. What lies behind it is not handed out, so that nothing can depend on it. */

import type { TradingCalendar } from '../../market/calendar/calendar.ts'
import { ConfigError } from '../../market/errors.ts'
import { isoFromUs } from '../../market/time.ts'
import { explains } from '../dataset/tape-part.ts'
import type { RunChunk, RunInput } from './input.ts'
import type { RunRange } from './result.ts'

/**
 * A record belongs to the range by its time, a bar where all of it lies within. What explains ticks is handed out from before the range too:
 * contracts, inputs of option values, the unit of sizes.
 *
 * @throws ConfigError `empty-range` where nothing can lie in it
 */
export function withinRange(input: RunInput, range: RunRange = {}): RunInput {
  const { fromUs = Number.NEGATIVE_INFINITY, toUs = Number.POSITIVE_INFINITY, warmUpUs = 0 } = range
  const { dataset, total } = input
  if (fromUs >= toUs)
    throw new ConfigError(`--to: expected a time after --from (${isoFromUs(fromUs)}), found ${isoFromUs(toUs)}.`, { code: 'empty-range' })
  if (fromUs >= dataset.toUs || toUs <= dataset.fromUs)
    throw new ConfigError(
      `The range lies outside of the data, which reaches from ${isoFromUs(dataset.fromUs)} to ${isoFromUs(dataset.toUs)}. Name a part of that.`,
      { code: 'empty-range' },
    )
  const sinceUs = fromUs - warmUpUs
  const firstDate = isoFromUs(Math.max(sinceUs, dataset.fromUs)).slice(0, 10)
  const part = (Math.min(toUs, dataset.toUs) - Math.max(sinceUs, dataset.fromUs)) / (dataset.toUs - dataset.fromUs)
  const actions = input.actions?.filter((action) => action.kind === 'delisting' || action.exDate >= firstDate)
  return { ...input, actions, total: Math.max(1, Math.round(total * part)), chunks: () => chunksWithin(input.chunks(), sinceUs, toUs) }
}

async function* chunksWithin(chunks: AsyncIterable<RunChunk>, sinceUs: number, toUs: number): AsyncGenerator<RunChunk> {
  for await (const { sessionId, records, bars } of chunks) {
    const part = {
      sessionId,
      records: records.filter((record) => record.tsUs < toUs && (record.tsUs >= sinceUs || record.kind === 'contract' || explains(record))),
      bars: bars.where((i) => bars.startUs(i) >= sinceUs && bars.endUs(i) <= toUs),
    }
    if (part.records.length > 0 || part.bars.length > 0) yield part
    if ((records.at(-1)?.tsUs ?? 0) >= toUs || bars.endUs(bars.length - 1) > toUs) return
  }
}

/** How long before a moment so many trading days begin: with the day of that moment counted as none of them. */
export function warmUpOf(fromUs: number, days: number, calendar: TradingCalendar): number {
  let date = calendar.zone.dateOf(fromUs)
  for (let day = 0; day < days; day++) date = calendar.previousSession(date).date
  return days === 0 ? 0 : fromUs - calendar.zone.toUs(date, 0)
}
