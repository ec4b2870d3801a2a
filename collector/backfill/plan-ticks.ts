/**
 * Which parts of the market's time a backfill of ticks asks for: a session of the market of one contract and kind each, less what was recorded
 * then and what earlier requests have brought. How many requests a part takes is known when it is done: one at the least. Pure.
 */

import type { TradingCalendar } from '../../market/calendar/trading-calendar.ts'
import { type Contract, describeContract } from '../../market/contract.ts'
import { type Span, union } from '../../market/coverage.ts'
import type { TicksOf } from '../ib/history/ticks.ts'
import { askedSessions, type BackfillRange, expiredRefusal, type LeftOut, type Reach } from './plan.ts'
import type { TicksWanted } from './ticks.ts'

export interface TicksPart extends TicksWanted {
  contract: Contract
  what: TicksOf
  skip: readonly Span[]
}

export interface PlannedTicks {
  contract: Contract
  what: TicksOf
  /** Of what finished requests have told all. */
  done: readonly Span[]
  /** Of what was recorded. */
  covered: readonly Span[]
}

export interface TicksPlan {
  parts: TicksPart[]
  refused: LeftOut[]
  leftOut: LeftOut[]
  /** Parts that earlier requests have made needless. */
  doneBefore: number
}

const US_PER_SECOND = 1_000_000
const US_PER_HOUR = 3600 * US_PER_SECOND
/** By the calendar. */
const REACH: Reach = { days: 3 * 365, text: 'IB keeps ticks for three years', advice: 'Ask for bars' }

/** @throws ConfigError as `planBars` */
export function planTicks(
  wanted: readonly PlannedTicks[],
  range: Pick<BackfillRange, 'from' | 'to'>,
  { nowUs, calendar }: { nowUs: number; calendar: TradingCalendar },
): TicksPlan {
  const { sessions, leftOut } = askedSessions(range, nowUs, calendar, REACH)
  const plan: TicksPlan = { parts: [], refused: [], leftOut: [...leftOut], doneBefore: 0 }
  const today = calendar.zone.dateOf(nowUs)
  for (const { contract, what, done, covered } of wanted) {
    const reason = expiredRefusal(contract, today)
    if (reason !== undefined) {
      plan.refused.push({ what: `${what} of ${describeContract(contract)}`, reason })
      continue
    }
    const recorded = covered.map(touchedSeconds)
    let recordedUs = 0
    for (const { openUs: fromUs, closeUs: toUs } of sessions) {
      const session = { fromUs, toUs }
      const skip = union([...recorded, ...done], session)
      if (isWhole(union(done, session), session)) plan.doneBefore++
      else {
        recordedUs += lengthOf(union(recorded, session))
        if (!isWhole(skip, session)) plan.parts.push({ contract, what, ...session, skip })
      }
    }
    if (recordedUs > 0)
      plan.leftOut.push({
        what: `${what} of ${describeContract(contract)}`,
        reason: `${hours(recordedUs)} of ${hours(lengthOf(sessions.map(({ openUs, closeUs }) => ({ fromUs: openUs, toUs: closeUs }))))} were recorded, and their ticks would be there twice`,
      })
  }
  return plan
}

/** Ticks of history have whole seconds: of one that was recorded in part, none can be told from those that are there. */
function touchedSeconds({ fromUs, toUs }: Span): Span {
  return { fromUs: Math.floor(fromUs / US_PER_SECOND) * US_PER_SECOND, toUs: Math.ceil(toUs / US_PER_SECOND) * US_PER_SECOND }
}

function isWhole([first]: readonly Span[], { fromUs, toUs }: Span): boolean {
  return first !== undefined && first.fromUs <= fromUs && first.toUs >= toUs
}

const lengthOf = (spans: readonly Span[]) => spans.reduce((sum, { fromUs, toUs }) => sum + toUs - fromUs, 0)
const hours = (us: number) => `${(us / US_PER_HOUR).toFixed(2)} h`
