/** The ticks of a dataset out of the database: which sessions cover it, and the records of each that are taken from it. */

import { type GapRepair, readRepairs } from '../../db/backfill/gap-repairs.ts'
import { actionsBetween } from '../../db/read/queries/actions-between.ts'
import { type RecordedCoverage, type RecordedGap, recordedCoverage } from '../../db/read/queries/coverage.ts'
import { withoutSession } from '../../db/read/record-source.ts'
import { findSession, findSessions } from '../../db/read/sessions.ts'
import { withReader } from '../../db/read/table-streams.ts'
import { openTapeReader } from '../../db/read/tape-reader.ts'
import { nyse } from '../../market/calendar/calendar.ts'
import { inside, type Span } from '../../market/coverage.ts'
import { FeedError } from '../../market/errors.ts'
import { isTick, type TapeRecord } from '../../market/tick.ts'
import { addDays } from '../../market/time.ts'
import type { CorporateAction } from '../engine/actions.ts'
import type { DatasetGap } from '../run/result.ts'
import { actionOf } from './database-bars.ts'
import type { Dataset } from './dataset.ts'
import { Owners, type SessionCover } from './owners.ts'

/** Whatever is known by now. */
const LAST_DATE = '9999-12-31'

export interface TicksWanted {
  symbols: readonly string[]
  fromUs: number
  toUs: number
  /** Without ticks that were not recorded but asked for later. */
  liveOnly?: boolean | undefined
}

export interface SessionsFound {
  sessionIds: readonly number[]
  /** Those of them whose ticks were not recorded but asked for later. */
  history: ReadonlySet<number>
  owners: Owners
  gaps: DatasetGap[]
  warnings: string[]
}

/**
 * The sessions that cover the range, and what they miss.
 *
 * @param only those of a dataset that was frozen before: what was recorded since is none of it
 * @throws FeedError when there are none, or the database cannot be read
 */
export async function findParts(
  url: string,
  { symbols, fromUs, toUs, liveOnly }: TicksWanted,
  only?: readonly number[],
): Promise<SessionsFound> {
  return withReader(url, async (client) => {
    const all = await findSessions(client, { fromUs, toUs, symbols, liveOnly })
    const found = all.filter(({ sessionId }) => only?.includes(sessionId) ?? true)
    if (found.length === 0)
      throw new FeedError(`The database holds no session of that time with ${symbols.join(', ')}. Ask for another time or other symbols.`, {
        code: 'dataset-empty',
      })
    const coverage = await recordedCoverage(client, { fromUs, toUs, symbols })
    const { holds, gaps: recorded } = coverage
    // What was recorded was not asked for: ticks of history stand beside it, and each is taken.
    const history = new Set(found.filter(({ kind }) => kind === 'history').map(({ sessionId }) => sessionId))
    const live = found.filter(({ sessionId }) => !history.has(sessionId))
    const covers = live.map(({ sessionId, firstTsUs, lastTsUs }): SessionCover => {
      const gaps = recorded.filter((gap) => gap.sessionId === sessionId && gap.feed === undefined)
      const lines = holds.filter((hold) => hold.sessionId === sessionId)
      return { sessionId, fromUs: firstTsUs, toUs: lastTsUs + 1, held: byInstrument(lines), lost: byInstrument(gaps) }
    })
    const sessionIds = found.map(({ sessionId }) => sessionId)
    const owners = new Owners(covers)
    // Those whose ticks are here; one that needed none has no session.
    const repairs = liveOnly
      ? []
      : (await readRepairs(client, { fromUs, toUs })).filter(({ repairedBy }) => repairedBy === undefined || history.has(repairedBy))
    const gaps = recorded
      .filter((gap) => sessionIds.includes(gap.sessionId))
      .flatMap((gap) => leftOf(gap, { fromUs, toUs }, owners, { ...coverage, repairs }))
    const running: number[] = []
    for (const id of sessionIds) if ((await findSession(client, id)).endedTsUs === undefined) running.push(id)
    const times = found.map(({ firstTsUs, lastTsUs }) => ({ fromUs: firstTsUs, toUs: lastTsUs + 1 }))
    return { sessionIds, history, owners, gaps, warnings: [...unended(running), ...uncovered({ fromUs, toUs }, times)] }
  })
}

/**
 * Splits of stocks on later days of the range than its first, whose prices are as they are behind it. Dividends are in the records.
 *
 * @throws FeedError when the database cannot be read
 */
export async function splitsBetween(
  url: string,
  { instruments, fromUs, toUs }: Span & Pick<Dataset, 'instruments'>,
): Promise<CorporateAction[]> {
  const stocks = instruments.flatMap(({ instrument, contract }) => (contract.kind === 'stock' ? [instrument] : []))
  const [fromDate, toDate] = [addDays(nyse.zone.dateOf(fromUs), 1), nyse.zone.dateOf(toUs - 1)]
  const actions = await withReader(url, (client) => actionsBetween(client, { instruments: stocks, fromDate, toDate, asOf: LAST_DATE }))
  return actions.filter(({ kind }) => kind === 'split').flatMap(actionOf)
}

/** A gap as far as it lies in the range and no other session held the line. That of a feed is left as it is: sessions hold lines. */
function leftOf(
  gap: RecordedGap,
  range: Span,
  owners: Owners,
  { contracts, firsts, repairs }: RecordedCoverage & { repairs: readonly GapRepair[] },
): DatasetGap[] {
  const { instrument, cause, feed, sessionId } = gap
  const [within] = inside([{ fromUs: gap.fromUs, toUs: gap.toUs }], range)
  if (!within) return []
  const asked = new Set(contracts.map((contract) => contract.instrument))
  const wanted = firsts.filter((first) => first.sessionId === sessionId && asked.has(first.instrument))
  const instruments = instrument === undefined ? wanted.map((first) => first.instrument) : [instrument]
  const left = owners.overlap && feed === undefined ? owners.unfilled(within, instruments) : [within]
  const repaired = repairedShare(gap, instruments, repairs)
  return left.map((span) => ({
    fromTsUs: span.fromUs,
    toTsUs: span.toUs,
    cause,
    ...(instrument !== undefined && { instrument }),
    ...(repaired > 0 && { repaired }),
  }))
}

/** Of how many of the contracts of a gap the trades were filled. */
function repairedShare({ sessionId, seq, fromUs }: RecordedGap, instruments: readonly number[], repairs: readonly GapRepair[]): number {
  const filled = repairs.filter(
    (repair) =>
      repair.sessionId === sessionId &&
      repair.seq === seq &&
      repair.fromUs === fromUs &&
      repair.series === 'trades' &&
      repair.state === 'repaired' &&
      instruments.includes(repair.instrument),
  )
  return instruments.length === 0 ? 0 : filled.length / instruments.length
}

function byInstrument<Key extends number | undefined>(spans: readonly (Span & { instrument?: Key })[]): Map<Key, Span[]> {
  const by = new Map<Key, Span[]>()
  for (const { instrument, fromUs, toUs } of spans) {
    const known = by.get(instrument as Key)
    if (known) known.push({ fromUs, toUs })
    else by.set(instrument as Key, [{ fromUs, toUs }])
  }
  return by
}

function unended(sessionIds: readonly number[]): string[] {
  return sessionIds.map((id) => `Session ${id} has not ended: what it recorded behind the last record in the dataset is not in it.`)
}

/** Market days of the range on which no session ran at all. */
function uncovered({ fromUs, toUs }: Span, covers: readonly Span[]): string[] {
  const { first, last } = nyse.years
  const dateOf = (tsUs: number) => {
    const date = nyse.zone.dateOf(tsUs)
    return date < `${first}-01-01` ? `${first}-01-01` : date > `${last}-12-31` ? `${last}-12-31` : date
  }
  const days = nyse.sessions(dateOf(fromUs), dateOf(toUs - 1)).filter(({ openUs, closeUs }) => {
    const [from, to] = [Math.max(openUs, fromUs), Math.min(closeUs, toUs)]
    return from < to && !covers.some((cover) => cover.fromUs < to && cover.toUs > from)
  })
  if (days.length === 0) return []
  return [`No session was recorded on ${days.length} market days from ${days[0]?.date} to ${days.at(-1)?.date}.`]
}

/**
 * The records of one session that the dataset takes from it.
 *
 * @throws FeedError when the database cannot be read
 */
export async function* recordsOfSession(
  url: string,
  sessionId: number,
  { symbols, fromUs, toUs }: TicksWanted,
  { owners, history }: Pick<SessionsFound, 'owners' | 'history'>,
) {
  const reader = await openTapeReader({ url }, { sessionId, fromUs, toUs, symbols, skipUnknownSymbols: true, includeQuarantined: true })
  if (history.has(sessionId)) {
    yield* withoutSession(reader.records())
    return
  }
  if (!owners.overlap) {
    yield* reader.records()
    return
  }
  // The line of a session is of no interest while another one is the source.
  const isTaken = (record: TapeRecord) =>
    (!isTick(record) && record.kind !== 'line') || owners.ownerOf(record.instrument, record.tsUs) === sessionId
  for await (const records of reader.records()) {
    const taken = records.filter(isTaken)
    if (taken.length > 0) yield taken
  }
}
