/** Ticks of every kind with every value that a tape can hold, and blocks of records as the journal keeps them. */

import fc from 'fast-check'

import { RecordEncoder } from '../../../db/tape/codec/encode.ts'
import type { Contract } from '../../../market/contract.ts'
import type { TapeRecord, Tick } from '../../../market/tick.ts'
import { verdictOf } from './verdicts.ts'

/** The payload of one block. */
export function block(records: readonly TapeRecord[]): Uint8Array {
  const encoder = new RecordEncoder()
  for (const record of records) encoder.append(record)
  return encoder.bytes()
}

export const FIRST_TS_US = Date.UTC(2014, 5, 5, 13, 30) * 1000

/** The contracts behind the instruments 0, 1, 2 of the ticks made here. */
export const CONTRACTS: readonly Contract[] = [
  { kind: 'stock', symbol: 'TWX', currency: 'USD', primaryVenue: 'NYSE', conId: 12 },
  {
    kind: 'option',
    symbol: 'TWX',
    currency: 'USD',
    expiry: '2014-06-21',
    lastTradeDate: '2014-06-20',
    strike: 67.5,
    right: 'C',
    multiplier: 100,
    tradingClass: 'TWX',
  },
  { kind: 'option', symbol: 'FOXA', currency: 'USD', expiry: '2014-06-21', strike: 35, right: 'P', multiplier: 100, tradingClass: 'FOXA' },
]

export const contractOf = (instrument: number): Contract | undefined => CONTRACTS[instrument]

/** A plain quote of the instrument `seq % 3`, its time rising with seq. */
export function quote(seq: number, fields: Partial<Extract<Tick, { kind: 'quote' }>> = {}): Extract<Tick, { kind: 'quote' }> {
  return {
    kind: 'quote',
    seq,
    tsUs: FIRST_TS_US + seq * 1000,
    instrument: seq % 3,
    bidPrice: 1 + seq / 100,
    askPrice: 1.05 + seq / 100,
    ...fields,
  }
}

export function quotes(from: number, count: number): Extract<Tick, { kind: 'quote' }>[] {
  return Array.from({ length: count }, (_, i) => quote(from + i))
}

/** Any float but NaN, which is how absence is written; -0 and the infinities included. */
const number = fc.option(fc.double({ noNaN: true }), { nil: undefined })
const text = fc.string({ unit: 'binary', maxLength: 20 }).filter((value) => !value.includes('\0'))
const optionalText = fc.option(text, { nil: undefined })
const oneFinding = fc.record(
  {
    rule: fc.constantFrom('crossed-quote', 'spike', 'put-call-parity', 'é, a rule; of mine'),
    severity: fc.constantFrom('info' as const, 'warning' as const, 'error' as const),
    disposition: fc.constantFrom('flag' as const, 'quarantine' as const),
    reason: text,
    evidence: fc.array(fc.nat(CONTRACTS.length - 1), { minLength: 1, maxLength: 3 }),
  },
  { requiredKeys: ['rule', 'severity', 'disposition', 'reason'] },
)
const verdict = fc.array(oneFinding, { minLength: 1, maxLength: 3 }).map((findings) => verdictOf(...findings))
const common = {
  instrument: fc.nat(CONTRACTS.length - 1),
  eventTsUs: fc.option(fc.maxSafeInteger(), { nil: undefined }).map((us) => (us === 0 ? 0 : us)),
  delayed: fc.constantFrom(true as const, undefined),
  /** Any bits, those included that have no name yet. */
  marks: fc.option(fc.integer({ min: 1, max: 0xffffffff }), { nil: undefined, freq: 2 }),
  verdict: fc.option(verdict, { nil: undefined, freq: 2 }),
}

type Unstamped = Tick extends infer T ? (T extends Tick ? Omit<T, 'seq' | 'tsUs'> : never) : never

const unstamped: fc.Arbitrary<Unstamped> = fc.oneof(
  fc.record({
    kind: fc.constant('quote' as const),
    ...common,
    bidPrice: number,
    askPrice: number,
    bidSize: number,
    askSize: number,
    source: fc.constantFrom('tick-by-tick' as const, undefined),
  }),
  fc.record({
    kind: fc.constant('trade' as const),
    ...common,
    price: fc.double({ noNaN: true }),
    size: number,
    source: fc.constantFrom('last' as const, 'rt-volume' as const, 'tick-by-tick' as const, 'import' as const),
    venue: optionalText,
    conditions: optionalText,
  }),
  fc.record({
    kind: fc.constant('greeks' as const),
    ...common,
    basis: fc.constantFrom('bid' as const, 'ask' as const, 'last' as const, 'model' as const),
    impliedVolatility: number,
    delta: number,
    gamma: number,
    vega: number,
    theta: number,
    optionPrice: number,
    pvDividend: number,
    underlyingPrice: number,
  }),
  fc.record({ kind: fc.constant('statistic' as const), ...common, name: text, value: number, text: optionalText }),
)

/** Ticks of one session: seq and tsUs rise, as far apart as they may be. */
export const ticks: fc.Arbitrary<Tick[]> = fc
  .array(fc.tuple(unstamped, fc.integer({ min: 1, max: 1 << 20 }), fc.integer({ min: 1, max: 6 * 3_600_000_000 })), { maxLength: 60 })
  .map((steps) => {
    let seq = 0
    let tsUs = FIRST_TS_US
    return steps.map(([tick, seqStep, tsStep]) => {
      seq += seqStep * 2 ** 20
      tsUs += tsStep
      return { ...tick, seq, tsUs }
    })
  })
