/** When contracts were recorded: the time of which their ticks are there. */

import { withReader } from '../../db/read/table-streams.ts'
import { type Contract, contractKey } from '../../market/contract.ts'
import { type Span, union } from '../../market/coverage.ts'
import { recordedHistories } from '../gaps/report.ts'

/**
 * By the key of the contract, in order and apart: while a market-data line of it was open, without a gap.
 *
 * @throws FeedError when the database cannot be read
 */
export async function recordedTime(url: string, contracts: readonly Contract[], range: Span): Promise<Map<string, Span[]>> {
  const symbols = [...new Set(contracts.map(({ symbol }) => symbol))]
  const recorded = await withReader(url, (client) => recordedHistories(client, { ...range, symbols }))
  const keys = new Set(contracts.map(contractKey))
  const times = new Map<string, Span[]>()
  for (const { instrument, isChain, held, gaps } of recorded.histories) {
    const key = recorded.contracts.get(instrument)?.key
    if (key === undefined || isChain || !keys.has(key)) continue
    // A gap of one session is none of another one that held the line meanwhile.
    const ofSession = (id: number) => gaps.filter(({ sessionId }) => sessionId === id)
    const whole = held.flatMap((hold) => without([hold], union(ofSession(hold.sessionId), range)))
    times.set(key, union(whole, range))
  }
  return times
}

/** What of `spans` lies in none of `others`; both in order and apart. */
function without(spans: readonly Span[], others: readonly Span[]): Span[] {
  return spans.flatMap(({ fromUs, toUs }) => {
    const within = others.filter((other) => other.fromUs < toUs && other.toUs > fromUs)
    const starts = [fromUs, ...within.map((other) => other.toUs)]
    const ends = [...within.map((other) => other.fromUs), toUs]
    return starts.flatMap((start, i) => ((ends[i] ?? start) > start ? [{ fromUs: start, toUs: ends[i] ?? start }] : []))
  })
}
