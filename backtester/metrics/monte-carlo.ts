/**
 * What luck the order of trades was, and their choice: the round trips of a run one after the other, in another order (the same trades, another way)
 * or drawn with replacement (as many trades of the same kind). Each keeps its net result in money: nothing is compounded, and trips that overlapped
 * are taken one by one.
 */

import { quantile } from './series.ts'

export interface MonteCarloOptions {
  /** Equity at the start. */
  start: number
  draws: number
  /** Uniform from 0 to below 1. The same numbers give the same result. */
  random: () => number
  /** Part of the start that is lost when it is called ruin: 0.5 is half of it. */
  ruin: number
}

export const QUANTILES = [0.05, 0.25, 0.5, 0.75, 0.95] as const

export interface Distribution {
  /** At `QUANTILES`. */
  endEquity: readonly number[]
  /** At `QUANTILES`, 0 or less: the first is among the deepest. */
  maxDrawdown: readonly number[]
  /** Part of the draws that lost that much at any time. */
  chanceOfRuin: number
  /** Part of the draws that ended below the start. */
  chanceOfLoss: number
}

export interface MonteCarlo {
  trips: number
  reshuffled: Distribution
  drawn: Distribution
}

/** @param results net money of each round trip, one or more */
export function monteCarlo(results: readonly number[], options: MonteCarloOptions): MonteCarlo {
  const { random } = options
  const order = [...results]
  const reshuffle = () => shuffle(order, random)
  const draw = () => results.map(() => results[Math.floor(random() * results.length)] ?? 0)
  return { trips: results.length, reshuffled: distribution(reshuffle, options), drawn: distribution(draw, options) }
}

function distribution(next: () => readonly number[], { start, draws, ruin }: MonteCarloOptions): Distribution {
  const ways = Array.from({ length: draws }, () => wayOf(start, next()))
  const at = (values: readonly number[]) => QUANTILES.map((part) => quantile(values, part))
  const part = (is: (way: Way) => boolean) => ways.filter(is).length / draws
  return {
    endEquity: at(ways.map(({ end }) => end)),
    maxDrawdown: at(ways.map(({ drawdown }) => drawdown)),
    chanceOfRuin: part(({ lowest }) => lowest <= start * (1 - ruin)),
    chanceOfLoss: part(({ end }) => end < start),
  }
}

interface Way {
  end: number
  lowest: number
  drawdown: number
}

function wayOf(start: number, results: readonly number[]): Way {
  let [equity, high, lowest, drawdown] = [start, start, start, 0]
  for (const result of results) {
    equity += result
    high = Math.max(high, equity)
    lowest = Math.min(lowest, equity)
    drawdown = Math.min(drawdown, (equity - high) / high)
  }
  return { end: equity, lowest, drawdown }
}

/** Fisher and Yates, in place. */
function shuffle(values: number[], random: () => number): readonly number[] {
  for (let last = values.length - 1; last > 0; last--) {
    const at = Math.floor(random() * (last + 1))
    const [one, other] = [values[last] ?? 0, values[at] ?? 0]
    values[last] = other
    values[at] = one
  }
  return values
}
