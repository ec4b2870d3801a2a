/** The options that may get a line, arranged for the planner: by chain, and in pairs of a call and a put, which are watched together. */

import type { Right } from '../../../market/contract.ts'

export interface PlannedContract {
  instrument: number
  /** Instrument of the underlying. */
  underlying: number
  /** `YYYY-MM-DD` */
  expiry: string
  tradingClass: string
  strike: number
  right: Right
}

/** Both rights of a strike, or the one that is wanted. */
export interface Pair {
  /** Its place in `Chains.pairs`. */
  index: number
  chain: Chain
  strike: number
  instruments: readonly number[]
}

/** The options on one underlying that expire together. */
export interface Chain {
  underlying: number
  expiry: string
  tradingClass: string
  /** By strike. */
  pairs: Pair[]
}

export interface Chains {
  /** Nearer expiries first, those of different underlyings in turn. */
  chains: readonly Chain[]
  pairs: readonly Pair[]
  contracts: number
  pairOf: ReadonlyMap<number, Pair>
  underlyings: readonly number[]
}

/** @param singly each option by itself, where there is no room for two */
export function arrange(contracts: readonly PlannedContract[], { singly = false } = {}): Chains {
  const byKey = new Map<string, PlannedContract[]>()
  for (const contract of contracts) {
    const key = `${contract.underlying} ${contract.expiry} ${contract.tradingClass}`
    const chain = byKey.get(key)
    if (chain) chain.push(contract)
    else byKey.set(key, [contract])
  }
  const chains = [...byKey.values()].map((its) => chainOf(its, singly))
  const ordered = inTurn(chains)
  const pairs = ordered.flatMap((chain) => chain.pairs)
  for (const [index, pair] of pairs.entries()) pair.index = index
  return {
    chains: ordered,
    pairs,
    contracts: contracts.length,
    pairOf: new Map(pairs.flatMap((pair) => pair.instruments.map((instrument) => [instrument, pair] as const))),
    underlyings: [...new Set(contracts.map(({ underlying }) => underlying))],
  }
}

function chainOf(contracts: readonly PlannedContract[], singly: boolean): Chain {
  const { underlying, expiry, tradingClass } = contracts[0] as PlannedContract
  const chain: Chain = { underlying, expiry, tradingClass, pairs: [] }
  const byStrike = new Map<number, PlannedContract[]>()
  for (const contract of contracts) byStrike.set(contract.strike, [...(byStrike.get(contract.strike) ?? []), contract])
  const strikes = [...byStrike].sort(([a], [b]) => a - b)
  for (const [strike, its] of strikes) {
    const instruments = its.sort((a, b) => (a.right < b.right ? -1 : 1)).map(({ instrument }) => instrument)
    const groups = singly ? instruments.map((instrument) => [instrument]) : [instruments]
    for (const group of groups) chain.pairs.push({ index: 0, chain, strike, instruments: group })
  }
  return chain
}

/** The first expiry of each underlying, then the second one of each. */
function inTurn(chains: readonly Chain[]): Chain[] {
  const ranks = new Map<number, number>()
  const sorted = chains.toSorted((a, b) => compare(a.expiry, b.expiry) || compare(a.tradingClass, b.tradingClass))
  return sorted
    .map((chain) => {
      const rank = ranks.get(chain.underlying) ?? 0
      ranks.set(chain.underlying, rank + 1)
      return { chain, rank }
    })
    .sort((a, b) => a.rank - b.rank)
    .map(({ chain }) => chain)
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
