/**
 * Which requests a backfill of bars takes, before the first of them is sent. Pure. Market days are cut into pieces of the longest duration that
 * IB documents for the length of bar ("Historical Bar Data", step sizes), of regular trading hours. What earlier requests have brought is left
 * out, so that the plan of a backfill that was interrupted is what is left of it.
 */

import { SECONDS_PER_DAY } from '../../market/bar.ts'
import type { TradingCalendar, TradingSession } from '../../market/calendar/trading-calendar.ts'
import { type Contract, describeContract } from '../../market/contract.ts'
import type { Span } from '../../market/coverage.ts'
import { ConfigError } from '../../market/errors.ts'
import { addDays, isoFromUs } from '../../market/time.ts'
import { DAY_PARTS, type Series, SESSION_PARTS } from './series.ts'

/** One request for bars: of the market days `days` up to that of `toUs`, or of the time from `fromUs` to `toUs` within a session. */
export interface BarsRequest {
  contract: Contract
  series: Series
  seconds: number
  fromUs: number
  toUs: number
  /** Absent: a part of one session. */
  days?: number
}

interface PlannedContract {
  contract: Contract
  /** What finished requests have brought of these bars. */
  done: readonly Span[]
  /** Ex-dates of its splits. */
  splits: readonly string[]
}

export interface BackfillRange {
  /** First market day, `YYYY-MM-DD` at the exchange. */
  from: string
  /** The day before which to end. */
  to: string
  series: Series
  seconds: number
}

/** What is not asked for, and why. */
export interface LeftOut {
  what: string
  reason: string
}

export interface BackfillPlan {
  requests: BarsRequest[]
  /** Refused before a request was spent. */
  refused: LeftOut[]
  /** Parts of the range that are not asked for yet, or any more. */
  leftOut: LeftOut[]
  /** Requests of this plan that earlier ones have made needless. */
  doneBefore: number
}

const US_PER_SECOND = 1_000_000
/** Bars up to this length reach back for six months, as IB says. */
const SHORT_SECONDS = 30
const SHORT: Reach = {
  days: 180,
  text: `IB keeps bars of ${SHORT_SECONDS} seconds and less for six months`,
  advice: 'Ask for bars of a minute or more',
}
/** A range may end at any time to come; a session of it that is not over lies within so many days. */
const AHEAD_DAYS = 14
/** A session's last bars are final so long after its close. */
const SETTLED_US = 15 * 60 * US_PER_SECOND

/** IB paces requests for bars up to this length. */
export function isPaced(seconds: number): boolean {
  return seconds <= SHORT_SECONDS
}

/** @throws ConfigError `backfill-range` when nothing of the range can be asked for, `empty-range` when it has no day. */
export function planBars(
  contracts: readonly PlannedContract[],
  range: BackfillRange,
  { nowUs, calendar }: { nowUs: number; calendar: TradingCalendar },
): BackfillPlan {
  const { sessions, leftOut } = askedSessions(range, nowUs, calendar, isPaced(range.seconds) ? SHORT : undefined)
  const plan: BackfillPlan = { requests: [], refused: [], leftOut, doneBefore: 0 }
  const today = calendar.zone.dateOf(nowUs)
  for (const { contract, done, splits } of contracts) {
    const name = describeContract(contract)
    const reason = expiredRefusal(contract, today) ?? refusalOf(contract, range.series)
    if (reason !== undefined) {
      plan.refused.push({ what: name, reason })
      continue
    }
    const split = range.series === 'trades' && contract.kind === 'stock' ? [...splits].sort().findLast((date) => date <= today) : undefined
    const kept = split === undefined ? sessions : sessions.filter(({ date }) => date >= split)
    if (split !== undefined && kept.length < sessions.length)
      plan.leftOut.push({
        what: `${name} before ${split}`,
        reason:
          'its shares were split then, and IB gives bars before that adjusted for it, while the table bars has them as they were traded',
      })
    const all = requestsOf(contract, range, kept, [], calendar)
    const left = requestsOf(contract, range, kept, done, calendar)
    plan.requests.push(...left)
    plan.doneBefore += all.length - left.length
  }
  return plan
}

/** Why nothing of a contract is asked for; undefined: it has not expired. */
export function expiredRefusal(contract: Contract, today: string): string | undefined {
  const isOver = contract.kind === 'option' && (contract.lastTradeDate ?? contract.expiry) < today
  return isOver ? 'it has expired, and IB has no history of expired options' : undefined
}

function refusalOf(contract: Contract, series: Series): string | undefined {
  if (series.endsWith('volatility') && contract.kind !== 'stock' && contract.kind !== 'index')
    return `IB has bars of ${series} of stocks and indices only`
  return undefined
}

/** How far back IB has something. */
export interface Reach {
  days: number
  /** `IB keeps … for six months`. */
  text: string
  /** What to do instead. */
  advice: string
}

/**
 * The sessions of a range that are over, as far back as IB has them, and what is left out.
 *
 * @throws ConfigError `backfill-range` when nothing of the range can be asked for, `empty-range` when it has no day
 */
export function askedSessions(
  { from, to }: Pick<BackfillRange, 'from' | 'to'>,
  nowUs: number,
  calendar: TradingCalendar,
  reach?: Reach,
): { sessions: TradingSession[]; leftOut: LeftOut[] } {
  if (from >= to) throw new ConfigError(`--to: expected a day after --from (${from}), found ${to}.`, { code: 'empty-range' })
  const refuse = (expected: string) => new ConfigError(`The range from ${from} to ${to}: expected ${expected}.`, { code: 'backfill-range' })
  const today = calendar.zone.dateOf(nowUs)
  if (from > today) throw refuse(`days of the past, and today is ${today}`)
  const [last, ahead] = [addDays(to, -1), addDays(today, AHEAD_DAYS)]
  const all = calendar.sessions(from, last < ahead ? last : ahead)
  if (all.length === 0) throw refuse('days on which the market opens, found weekends and holidays alone')
  const leftOut: LeftOut[] = []
  const over = all.filter(({ closeUs }) => closeUs + SETTLED_US <= nowUs)
  const open = all.find(({ closeUs }) => closeUs + SETTLED_US > nowUs)
  if (open) leftOut.push({ what: `from ${open.date} on`, reason: 'a session is asked for when it has been over for 15 minutes' })
  if (over.length === 0) throw refuse(`a session that has been over for 15 minutes, and it is ${isoFromUs(nowUs).slice(0, 16)}Z`)
  if (!reach) return { sessions: over, leftOut }
  const oldest = addDays(today, -reach.days)
  const sessions = over.filter(({ date }) => date >= oldest)
  const tooOld = `${reach.text}, here since ${oldest}`
  if (sessions.length === 0) throw refuse(`days that IB has: ${tooOld}. ${reach.advice}`)
  if (sessions.length < over.length) leftOut.push({ what: `before ${oldest}`, reason: tooOld })
  return { sessions, leftOut }
}

function requestsOf(
  contract: Contract,
  { series, seconds }: BackfillRange,
  sessions: readonly TradingSession[],
  done: readonly Span[],
  calendar: TradingCalendar,
): BarsRequest[] {
  const isDone = ({ fromUs, toUs }: Span) => done.some((span) => span.fromUs <= fromUs && toUs <= span.toUs)
  const part = SESSION_PARTS.get(seconds)
  if (part !== undefined)
    return sessions
      .flatMap((session) => partsOf(session, part * US_PER_SECOND))
      .filter((span) => !isDone(span))
      .map((span) => ({ contract, series, seconds, ...span }))
  const most = DAY_PARTS.get(seconds)
  if (most === undefined) throw new RangeError(`expected a length of bar that IB has, found ${seconds} s`)
  const { zone } = calendar
  const dayOf = ({ date }: TradingSession) => ({ date, fromUs: zone.toUs(date, 0), toUs: zone.toUs(date, SECONDS_PER_DAY * 1000) })
  const requests: BarsRequest[] = []
  let run: ReturnType<typeof dayOf>[] = []
  const close = () => {
    const [first, last] = [run[0], run.at(-1)]
    if (first && last) requests.push({ contract, series, seconds, fromUs: first.fromUs, toUs: last.toUs, days: run.length })
    run = []
  }
  for (const session of sessions) {
    const day = dayOf(session)
    const before = run.at(-1)
    // IB counts market days back from the last: those of one request follow each other.
    if (before && (run.length === most || calendar.nextSession(before.date).date !== day.date)) close()
    if (isDone(day)) close()
    else run.push(day)
  }
  close()
  return requests
}

function partsOf({ openUs, closeUs }: TradingSession, partUs: number): Span[] {
  return Array.from({ length: Math.ceil((closeUs - openUs) / partUs) }, (_, i) => ({
    fromUs: openUs + i * partUs,
    toUs: Math.min(openUs + (i + 1) * partUs, closeUs),
  }))
}
