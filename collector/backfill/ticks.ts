/**
 * Pages through ticks of IB's history. An answer begins with a second, has as many ticks as were asked for, and the rest of the last one's
 * second; stamps are whole seconds without numbers, so that only whole seconds can be told apart. Pure but for what it asks.
 *
 *   asked from a second -> fewer ticks than were asked for: the session has no more, the last page
 *                       -> more: its last second is whole, the next page begins behind it
 *                       -> as many, in several seconds: the last one may be cut. It is left out, and asked for again from its begin
 *                       -> as many, in one second: IB completes it, so that it is whole
 */

import type { Contract } from '../../market/contract.ts'
import type { Span } from '../../market/coverage.ts'
import { FeedError } from '../../market/errors.ts'
import type { HistoryTick } from '../../market/tick.ts'
import type { HistoryRequests } from '../ib/history/over-link.ts'
import type { TicksOf } from '../ib/history/ticks.ts'
import type { HistoryDesk, RequestNotes } from './desk.ts'
import type { PacedRequest } from './pacing.ts'

/** IB gives no more at once, but for the rest of a second. */
const MOST_TICKS = 1000

/** Code of the error of ticks that IB refuses for good. */
export const HISTORY_REFUSED = 'history-refused'
const US_PER_SECOND = 1_000_000

export interface TicksWanted extends Span {
  /** Whole seconds that are not of interest, in order and apart. Their ticks are left out, and no request begins with one. */
  skip?: readonly Span[] | undefined
}

/** What one answer says of whole seconds: all of their ticks, in IB's order, but for those that are left out. */
export interface TicksPage<Answer> extends Span {
  ticks: HistoryTick[]
  answer: Answer
  isLast: boolean
}

/** What a request brought. IB's answer that there is no data is one without ticks. */
interface TicksAnswer {
  ticks: readonly HistoryTick[]
}

/**
 * The pages of a time, one after the other; each is asked for when the one before it was taken. Together they are all of it, but for
 * what is left out.
 *
 * @param wanted whole seconds
 * @param ask for `count` ticks that begin with `fromUs`
 */
export async function* ticksPages<Answer extends TicksAnswer>(
  { fromUs, toUs, skip = [] }: TicksWanted,
  ask: (fromUs: number, count: number) => Promise<Answer>,
  count = MOST_TICKS,
): AsyncGenerator<TicksPage<Answer>> {
  const skipped = (us: number) => skip.find((span) => span.fromUs <= us && us < span.toUs)
  for (let nextUs = skipped(fromUs)?.toUs ?? fromUs; nextUs < toUs; ) {
    const answer = await ask(nextUs, count)
    const reachedUs = wholeUntil(nextUs, answer.ticks, count)
    const behindUs = Math.min(reachedUs ?? toUs, toUs)
    const ticks = answer.ticks.filter(({ eventTsUs: us }) => us >= nextUs && us < behindUs && !skipped(us))
    const followingUs = skipped(behindUs)?.toUs ?? behindUs
    yield { fromUs: nextUs, toUs: behindUs, ticks: inOrder(ticks), answer, isLast: followingUs >= toUs }
    nextUs = followingUs
  }
}

/** The first second of which it is not known that all its ticks are there; undefined: of none, as the session has no more. */
function wholeUntil(fromUs: number, ticks: readonly HistoryTick[], count: number): number | undefined {
  if (ticks.length < count) return undefined
  const lastUs = ticks.reduce((latest, { eventTsUs }) => Math.max(latest, eventTsUs), fromUs)
  const isCut = ticks.length === count && lastUs > fromUs && ticks.some(({ eventTsUs }) => eventTsUs < lastUs)
  return isCut ? lastUs : lastUs + US_PER_SECOND
}

/** IB's order, seconds rising. */
function inOrder(ticks: HistoryTick[]): HistoryTick[] {
  return ticks.sort((a, b) => a.eventTsUs - b.eventTsUs)
}

/** What one request for ticks brought. */
export interface HistoryTicks extends TicksAnswer {
  /** Of the request, as it was noted; what came of it is to be noted with what is stored of it. */
  requestId: number
  /** IB's words, where it has none. */
  noData?: string
}

export interface FetchOptions {
  history: Pick<HistoryRequests, 'ticks'>
  desk: HistoryDesk
  /** As the gateway knows it. */
  contract: Contract
  /** Of the database. */
  instrumentId: number
  what: TicksOf
  /** Of the request that begins with a second and asks for all that is wanted from there on. */
  notesOf: (fromUs: number) => RequestNotes
}

/**
 * The ticks of a time out of IB's history, as `ticksPages` cuts it, with as many requests as it takes.
 *
 * @param wanted within one session of the market, whole seconds
 * @throws FeedError `history-refused` when IB refuses for good; what `HistoryDesk.ask` throws
 */
export function fetchTicks(wanted: TicksWanted, options: FetchOptions): AsyncGenerator<TicksPage<HistoryTicks>> {
  const { history, desk, contract, instrumentId, what, notesOf } = options
  return ticksPages(wanted, async (fromUs, count) => {
    const request = pacedTicks(instrumentId, what, fromUs)
    const asked = await desk.ask(request, notesOf(fromUs), () => history.ticks(contract, what, fromUs, count))
    if (asked.outcome === 'refused') throw new FeedError(asked.reason, { code: HISTORY_REFUSED })
    const { requestId } = asked
    return asked.outcome === 'no-data' ? { requestId, ticks: [], noData: asked.reason } : { requestId, ticks: asked.answer }
  })
}

/** IB counts requests for ticks as those for short bars of the same. */
export function pacedTicks(instrumentId: number, what: TicksOf, fromUs: number): PacedRequest {
  const series = what === 'trades' ? 'trades' : 'bid-ask'
  return { whole: `${instrumentId} ${series} ticks ${fromUs}`, series: `${instrumentId} ${series}`, weight: what === 'trades' ? 1 : 2 }
}
