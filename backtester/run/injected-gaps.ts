/** Gaps that a stress test makes in data that has none: drawn over the trading time of a run, and told to it as recorded ones are. */

import { nyse } from '../../market/calendar/calendar.ts'
import { TapedeckError } from '../../market/errors.ts'
import type { FeedGap, SessionEvent, TapeRecord } from '../../market/tick.ts'
import { isTick } from '../../market/tick.ts'
import { seededRandom } from '../metrics/random.ts'
import type { RunChunk } from './input.ts'
import type { GapStress, RunDataset, RunInstrument, RunRange } from './result.ts'

export interface InjectedGap {
  fromUs: number
  /** First moment behind it. */
  toUs: number
  /** Absent: all of them. */
  instrument?: number | undefined
}

const INJECTED = 'injected'

interface Span {
  fromUs: number
  toUs: number
}

/** In order of time. The same for the same seed, data and range; they may overlap. */
export function injectedGaps(
  { count, seconds, of }: GapStress,
  {
    seed,
    range = {},
    dataset,
    instruments,
  }: { seed: number; range: RunRange | undefined; dataset: RunDataset; instruments: readonly RunInstrument[] },
): InjectedGap[] {
  const random = seededRandom(seed)
  const fromUs = Math.max(range.fromUs ?? Number.NEGATIVE_INFINITY, dataset.fromUs)
  const toUs = Math.min(range.toUs ?? Number.POSITIVE_INFINITY, dataset.toUs)
  const spans = tradingSpans(fromUs, toUs)
  const tradingUs = spans.reduce((sum, span) => sum + span.toUs - span.fromUs, 0)
  const gaps = Array.from({ length: count }, (): InjectedGap => {
    const startUs = momentOf(spans, Math.floor(random() * tradingUs))
    const gap = { fromUs: startUs, toUs: startUs + seconds * 1_000_000 }
    return of === 'all' ? gap : { ...gap, instrument: instruments[Math.floor(random() * instruments.length)]?.instrument }
  })
  return gaps.sort((one, other) => one.fromUs - other.fromUs)
}

/** Its sessions; all of it in years that no calendar knows, or where no session lies in it. */
function tradingSpans(fromUs: number, toUs: number): Span[] {
  const all = [{ fromUs, toUs }]
  try {
    const spans = nyse
      .sessions(nyse.zone.dateOf(fromUs), nyse.zone.dateOf(toUs - 1))
      .map(({ openUs, closeUs }) => ({ fromUs: Math.max(openUs, fromUs), toUs: Math.min(closeUs, toUs) }))
      .filter((span) => span.fromUs < span.toUs)
    return spans.length > 0 ? spans : all
  } catch (error) {
    if (error instanceof TapedeckError && error.code === 'calendar-range') return all
    throw error
  }
}

function momentOf(spans: readonly Span[], offsetUs: number): number {
  let left = offsetUs
  for (const span of spans) {
    if (left < span.toUs - span.fromUs) return span.fromUs + left
    left -= span.toUs - span.fromUs
  }
  return spans.at(-1)?.fromUs ?? 0
}

/** Without the ticks that lie in a gap and the bars of which a part does; records name each gap where it begins and where it ends. */
export async function* withGaps(chunks: AsyncIterable<RunChunk>, gaps: readonly InjectedGap[]): AsyncGenerator<RunChunk> {
  const marks = gaps.flatMap(marksOf).sort((one, other) => one.tsUs - other.tsUs)
  for await (const { sessionId, records, bars } of chunks) {
    const kept: TapeRecord[] = []
    for (const record of records) {
      for (let [mark] = marks; mark && mark.tsUs <= record.tsUs; [mark] = marks) {
        kept.push({ ...mark, seq: record.seq })
        marks.shift()
      }
      if (!isTick(record) || !gaps.some((gap) => isOf(gap, record.instrument) && record.tsUs >= gap.fromUs && record.tsUs < gap.toUs))
        kept.push(record)
    }
    const heldBars = bars.where(
      (i) => !gaps.some((gap) => isOf(gap, bars.instrument(i)) && bars.startUs(i) < gap.toUs && bars.endUs(i) > gap.fromUs),
    )
    if (kept.length > 0 || heldBars.length > 0) yield { sessionId, records: kept, bars: heldBars }
  }
}

function isOf(gap: InjectedGap, instrument: number): boolean {
  return gap.instrument === undefined || gap.instrument === instrument
}

/** As a collector records them: an interruption where nothing more comes, of one instrument a gap without length, and the whole gap behind it. */
function marksOf({ fromUs, toUs, instrument }: InjectedGap): (FeedGap | SessionEvent)[] {
  const gap: FeedGap = { kind: 'gap', seq: 0, tsUs: toUs, fromTsUs: fromUs, toTsUs: toUs, cause: INJECTED }
  if (instrument === undefined)
    return [{ kind: 'session', seq: 0, tsUs: fromUs, event: 'interrupted', fromTsUs: fromUs, cause: INJECTED }, gap]
  return [
    { ...gap, instrument, tsUs: fromUs, toTsUs: fromUs },
    { ...gap, instrument },
  ]
}
