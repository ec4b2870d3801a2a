/** Quotes of an option chain to measure with: a walk of prices over many instruments, in batches as the journal hands them out. */

import type { Batch } from '../../db/write/tick-store.ts'
import { RecordEncoder } from '../../db/tape/codec/encode.ts'
import type { OptionContract } from '../../market/contract.ts'
import type { Quote } from '../../market/tick.ts'

export const INSTRUMENTS = 185
const FIRST_TS_US = Date.UTC(2014, 5, 5, 13, 30) * 1000

export function contractOf(instrument: number): OptionContract {
  return contracts[instrument] as OptionContract
}

const contracts = Array.from(
  { length: INSTRUMENTS },
  (_, i): OptionContract => ({
    kind: 'option',
    symbol: 'TWX',
    currency: 'USD',
    expiry: '2014-06-21',
    strike: 40 + (i >> 1),
    right: i % 2 === 0 ? 'C' : 'P',
    multiplier: 100,
    tradingClass: 'TWX',
  }),
)

/** Deterministic, so that every run measures the same bytes. */
export function* quotes(count: number, spacingUs: number): Generator<Quote> {
  const mids = Array.from({ length: INSTRUMENTS }, (_, i) => 200 + i)
  let random = 12345
  const next = (below: number) => {
    random = (Math.imul(random, 1103515245) + 12345) & 0x7fffffff
    return random % below
  }
  for (let i = 0; i < count; i++) {
    const instrument = next(INSTRUMENTS)
    const mid = Math.max(10, (mids[instrument] as number) + next(3) - 1)
    mids[instrument] = mid
    const cents = { bid: mid - 1 - next(3), ask: mid + 1 + next(3) }
    yield {
      kind: 'quote',
      seq: i + 1,
      tsUs: FIRST_TS_US + i * spacingUs,
      instrument,
      bidPrice: cents.bid / 100,
      askPrice: cents.ask / 100,
      bidSize: 1 + next(200),
      askSize: 1 + next(200),
    }
  }
}

/** `count` quotes of one session, `batchRows` to a batch of one block. */
export function batches(sessionId: number, count: number, batchRows: number, spacingUs = 20_000): Batch[] {
  const made: Batch[] = []
  let encoder = new RecordEncoder()
  for (const quote of quotes(count, spacingUs)) {
    encoder.append(quote)
    if (encoder.records < batchRows) continue
    made.push({ sessionId, batchNo: made.length + 1, blocks: [encoder.bytes()] })
    encoder = new RecordEncoder()
  }
  return made
}
