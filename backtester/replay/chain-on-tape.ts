/** The chain of an underlying as it was known at an instant, from a stream of records: those up to then make the state. */

import type { RecordSource } from '../../market/record-source.ts'
import { ChainState } from '../../market/state/chain-state.ts'
import { type KnownChain, knownChain } from '../../market/state/known-chain.ts'
import { MarketState } from '../../market/state/market-state.ts'

/** @throws FeedError when the source cannot be read */
export async function chainOnTape(source: RecordSource, { symbol, atUs }: { symbol: string; atUs: number }): Promise<KnownChain> {
  const state = { market: new MarketState(), chains: new ChainState(), isOver: false }
  const goesOn = await applyUntil(source, atUs, state)
  return knownChain({ ...state, isOver: state.isOver || !goesOn }, { symbol, atUs })
}

/** Returns false when the source ends before that instant. */
async function applyUntil(
  source: RecordSource,
  atUs: number,
  state: { market: MarketState; chains: ChainState; isOver: boolean },
): Promise<boolean> {
  for await (const { records } of source.records())
    for (const record of records) {
      if (record.tsUs > atUs) return true
      state.market.apply(record)
      state.chains.apply(record)
      if (record.kind === 'session') state.isOver = record.event === 'ended'
    }
  return state.market.lastRecordUs === atUs
}
