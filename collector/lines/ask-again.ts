/** When a line is asked for again by itself: the intervals, and the conditions by its state and by the answers it had. */

import { isForWantOfTickByTickLine, isNeverTickByTick } from '../ib/codes.ts'
import type { Line, LineState } from './line.ts'

export const DELAYS = {
  /** Between attempts to have one line more than the gateway had, of market data or tick by tick. */
  lineMs: 300_000,
  /** Between attempts to have a line that is refused for now, and until one that got data after a refusal is asked for. */
  pausedMs: 60_000,
  /** Between attempts to have a line that was refused though it ought to be served. */
  refusedMs: 60_000,
  /**
   * IB takes the same tick-by-tick request only once in 15 s, and for that long it revives a dead stream that was cancelled. The cancel may
   * wait in the pacer for a second.
   */
  tickByTickMs: 16_500,
  /** Data that comes so much later than the first one after a refusal was not just on its way. */
  trustMs: 10_000,
  /** Silence of an open line after IB was lost and found, until it is asked for again. */
  silentMs: 10_000,
  /** A connection of several that is gone for so long has its lines moved to the others ... */
  goneMs: 5000,
  /** ... and has them back when it was there again for so long. */
  backMs: 60_000,
  /** Until a request counts as unanswered: the first, the second, and each that follows. */
  unansweredMs: [10_000, 30_000, 60_000] as readonly number[],
}

export type LineDelays = typeof DELAYS

/** IB also refuses what it serves, for a moment (its definitions are not there yet, a farm is away). A refusal that comes so often stays. */
const RETRIES = 3
/** A line that was asked for so shortly ago waits for that answer first. */
const JUST_ASKED_MS = 5000

/** Milliseconds until a line in this state is asked for again by itself; undefined when it is not. */
export function askAgainInMs(line: Line, delays: LineDelays): number | undefined {
  switch (line.state) {
    case 'asked':
      // IB acknowledges no tick-by-tick line: one without a tick may be dead or quiet, which the watchdog looks into.
      return line.feed ? undefined : delays.unansweredMs[Math.min(line.unanswered, delays.unansweredMs.length - 1)]
    case 'silent':
      // `silentMs` or `pausedMs`, by what made it doubtful (registry.ts).
      return line.doubt?.askAfterMs
    case 'paused':
      return delays.pausedMs
    case 'refused':
      if (isWithoutRoom(line)) return delays.lineMs
      return line.isFinal || line.retries >= RETRIES ? undefined : delays.refusedMs
    default:
      return undefined
  }
}

/** True for a tick-by-tick line that waits for one that another contract gives back. */
function isWithoutRoom({ feed, refusalCode }: Line): boolean {
  return feed !== undefined && refusalCode !== undefined && isForWantOfTickByTickLine(refusalCode)
}

/** True when the gateway has served it before, or serves another contract of its symbol: its refusal may be a passing one. */
export function oughtToBeServed(line: Line, lines: Iterable<Line>): boolean {
  if (line.wasServed) return true
  for (const other of lines) if (other.state === 'open' && !other.feed && other.contract.symbol === line.contract.symbol) return true
  return false
}

/** Notes a refusal. Returns true when the same one was noted before. */
export function noteRefusal(line: Line, code: number, delays: LineDelays): boolean {
  const wasOpenLong = line.state === 'open' && performance.now() - line.openedMs > RETRIES * delays.refusedMs
  if (wasOpenLong) line.forgetAnswers()
  const isRepeated = line.refusalCode === code
  line.refusalCode = code
  line.isFinal = line.feed !== undefined && isNeverTickByTick(code)
  return isRepeated
}

/** What to do about a line when IB was lost and found, and its subscriptions may be dead: `doubt` it until its next data. */
export function afterOutage(line: Line, askedMs: number): 'ask' | 'doubt' | 'wait' | undefined {
  const waiting: LineState[] = ['asked', 'paused', 'refused', 'silent']
  if (line.state === 'open') return 'doubt'
  if (!waiting.includes(line.state) || line.isFinal) return undefined
  // In doubt for the same reason: its time runs already.
  if (line.state === 'silent' && line.doubt?.trustAfterMs === 0) return undefined
  return performance.now() - askedMs < JUST_ASKED_MS ? 'wait' : 'ask'
}
