/**
 * Jumps of raw prices from the close of one bar to the open of the next, beside those of the market, and what explains them.
 *
 * A split of R and a dividend D (per share that trades on the ex-date) make of the close before C the price C / R - D.
 */

import type { BarSet } from './bar-set.ts'
import type { BarFound } from './rule.ts'
import { type ActionOfDay, type BarSeries, median, NO_ACTION } from './series.ts'

export interface Jump {
  instrument: number
  day: number
  before: number
  open: number
  /** Close before to open, without the market's move: 2 for a price that halved. */
  ratio: number
  /** Whether the raw price moved as far as a jump. */
  isJump: boolean
  /** `explained`: an action says so. `mismatch`: an action says otherwise. `split`: like at a split, or another action, that is not known. */
  kind: 'explained' | 'mismatch' | 'split' | 'none'
  /** Of what the action leaves, or of all where there is none. */
  likely: SplitRatio | undefined
  /** Money traded, in days of before. */
  turnover: number | undefined
  /** In words: `645.57 to 92.7`, `a split of 7:1`, `0.5 %`. */
  prices: string
  action: string
  left: string
}

interface SplitRatio {
  ratio: number
  name: string
}

/** Natural logarithms: 0.2 is a price that falls to 82 %. */
const JUMP = 0.2
/** An action that moves the price by less explains no jump, and a jump beside it is news. */
const ACTION = 0.1
/** What news of one day may leave beside an action. */
const LEFT = 0.15
/** How far a jump may be from the ratio of a split: a share of that, and never more than this. */
const NEAR_SHARE = 0.12
const NEAR = 0.065
/** How far the close of that day may be from it. */
const CLOSE_NEAR = 0.15
/** More calendar days between two bars, and their prices are not comparable. */
const GAP_DAYS = 10
const TURNOVER_DAYS = 20
/** Large ratios are hardly ever news; 3:2 and less are, unless it is traded as before. */
const LARGE_RATIO = 1.8
const MOST_TURNOVER = 10
const USUAL_TURNOVER = 2.5

const RATIOS: readonly SplitRatio[] = [
  [5, 4],
  [4, 3],
  [3, 2],
  [5, 2],
  ...[2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30, 40, 50, 100].map((shares): [number, number] => [shares, 1]),
].flatMap(([after = 1, before = 1]) => [
  { ratio: after / before, name: `${after}:${before}` },
  { ratio: before / after, name: `${before}:${after}` },
])

/** All that a rule may speak of, by instrument and day. */
export function jumpsOf(set: BarSet): Jump[] {
  return set.series.flatMap((series) => jumpsOfSeries(set, series))
}

/** What all findings on a jump have in common. */
export function pricesOf({ instrument, day, before, open, ratio, likely, turnover }: Jump): Omit<BarFound, 'reason'> {
  const evidence = {
    closeBefore: before,
    open,
    ratio: Number(ratio.toFixed(4)),
    likelySplit: likely?.name ?? null,
    turnover: turnover === undefined ? null : Number(turnover.toFixed(2)),
  }
  return { instrument, fromDay: day, toDay: day, bars: 1, evidence }
}

function jumpsOfSeries(set: BarSet, series: BarSeries): Jump[] {
  const own = set.ownBars(series)
  const jumps: Jump[] = []
  for (let index = 1; index < own.length; index++) {
    const [a = 0, b = 0] = [own[index - 1], own[index]]
    const day = series.day[b] ?? 0
    const before = series.close[a] ?? 0
    const open = series.open[b] ?? 0
    if (!(before > 0 && open > 0)) continue
    const action = series.actions.get(day)
    const overnight = set.dayOf.get(day)?.overnight ?? 1
    const ratio = (before * overnight) / open
    if (!action && (Math.abs(Math.log(ratio)) < JUMP || day - (series.day[a] ?? 0) > GAP_DAYS)) continue
    const jump = judge(series, own, index, { before, open, ratio, overnight })
    if (jump.kind !== 'none') jumps.push(jump)
  }
  return jumps
}

interface Prices {
  before: number
  open: number
  ratio: number
  overnight: number
}

function judge(series: BarSeries, own: Int32Array, index: number, prices: Prices): Jump {
  const { before, open, ratio, overnight } = prices
  const b = own[index] ?? 0
  const day = series.day[b] ?? 0
  const action = series.actions.get(day) ?? NO_ACTION
  // A dividend above the price is one that some other action of that day has to explain.
  const expected = Math.max(before / action.ratio - action.dividend, Number.MIN_VALUE)
  const implied = Math.abs(Math.log(expected / before))
  const isJump = Math.abs(Math.log(before / open)) >= JUMP
  const left = (expected * overnight) / open
  const turnover = turnoverOf(series, own, index)
  const likely = implied < ACTION ? likelySplit(ratio, (ratio * open) / (series.close[b] ?? open), turnover) : missingSplit(prices, action)
  const kindOf = (): Jump['kind'] => {
    const isQuietJump = Math.abs(Math.log(ratio)) >= Math.log(LARGE_RATIO) && turnover !== undefined && turnover < MOST_TURNOVER
    if (implied < ACTION) return (likely && Math.abs(Math.log(ratio)) >= JUMP) || isQuietJump ? 'split' : 'none'
    if (Math.abs(Math.log(left)) < LEFT) return 'explained'
    return isJump || implied >= JUMP ? 'mismatch' : 'none'
  }
  return {
    instrument: series.instrument,
    day,
    before,
    open,
    ratio,
    isJump,
    kind: kindOf(),
    likely,
    turnover,
    prices: `${before} to ${open}`,
    action: describe(action.dividend, action.ratio),
    left: `${((1 / left - 1) * 100).toFixed(1)} %`,
  }
}

function describe(dividend: number, ratio: number): string {
  const name = RATIOS.find((known) => Math.abs(known.ratio / ratio - 1) < 1e-4)?.name
  const parts = [
    ...(ratio === 1 ? [] : [name === undefined ? `a split of ratio ${ratio}` : `a split of ${name}`]),
    ...(dividend === 0 ? [] : [`a dividend of ${dividend}`]),
  ]
  return parts.length === 0 ? 'no action' : parts.join(' and ')
}

/** The nearest ratio of splits, where the jump is near it and the close of the day stays there. */
function likelySplit(ratio: number, closeRatio: number, turnover: number | undefined): SplitRatio | undefined {
  const off = (to: number, from: number) => Math.abs(Math.log(from / to))
  const nearest = RATIOS.reduce((best, other) => (off(other.ratio, ratio) < off(best.ratio, ratio) ? other : best))
  const size = Math.abs(Math.log(nearest.ratio))
  if (off(nearest.ratio, ratio) > Math.min(NEAR, NEAR_SHARE * size) || off(nearest.ratio, closeRatio) > CLOSE_NEAR) return undefined
  const most = size >= Math.log(LARGE_RATIO) ? MOST_TURNOVER : USUAL_TURNOVER
  return turnover === undefined || turnover < most ? nearest : undefined
}

/** The split that explains, together with the action, what the action alone does not. */
function missingSplit({ before, open, overnight }: Prices, action: ActionOfDay): SplitRatio | undefined {
  const off = ({ ratio }: SplitRatio) => {
    const expected = (before / (action.ratio * ratio) - action.dividend) * overnight
    return expected > 0 ? Math.abs(Math.log(expected / open)) : Number.POSITIVE_INFINITY
  }
  const best = RATIOS.reduce((best, other) => (off(other) < off(best) ? other : best))
  return off(best) < LEFT / 2 ? best : undefined
}

/** Money traded on the day, as a multiple of what was usual before; undefined where it is not known. */
function turnoverOf({ close, volume }: BarSeries, own: Int32Array, index: number): number | undefined {
  const moneyAt = (at: number) => (close[at] ?? 0) * (volume[at] ?? Number.NaN)
  const before = Array.from(own.subarray(Math.max(0, index - TURNOVER_DAYS), index), moneyAt).filter((money) => money > 0)
  const usual = median(before)
  const now = moneyAt(own[index] ?? 0)
  return usual === undefined || Number.isNaN(now) ? undefined : now / usual
}
