import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RecordCursor } from '../../../../../db/tape/codec/decode.ts'
import { RecordEncoder } from '../../../../../db/tape/codec/encode.ts'
import type { Contract } from '../../../../../market/contract.ts'
import type { TapeRecord } from '../../../../../market/tick.ts'
import { verdictOf } from '../../../../support/tape/verdicts.ts'

const integer = fc.maxSafeInteger().filter((value) => !Object.is(value, -0))
const instrument = fc.nat(0xfffffffe)
const text = fc.string({ unit: 'binary', maxLength: 40 })
/** A number of a tick: any but NaN, which is how absence is written; -0 and the infinities included. */
const number = fc.option(fc.double({ noNaN: true }), { nil: undefined })
const finding = fc.record(
  {
    rule: text,
    severity: fc.constantFrom('info' as const, 'warning' as const, 'error' as const),
    disposition: fc.constantFrom('flag' as const, 'quarantine' as const),
    reason: text,
    evidence: fc.array(instrument, { minLength: 1, maxLength: 5 }),
  },
  { requiredKeys: ['rule', 'severity', 'disposition', 'reason'] },
)
const verdict = fc.option(
  fc.array(finding, { minLength: 1, maxLength: 4 }).map((findings) => verdictOf(...findings)),
  { nil: undefined },
)
const base = { seq: integer, tsUs: integer }
/** JSON has no other numbers, and one zero. */
const finite = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0)
const carry = { ...base, asOf: text, source: text }
const delayed = fc.constantFrom(true as const, undefined)
/** Any bits, those included that have no name yet. */
const marks = fc.option(fc.integer({ min: 1, max: 0xffffffff }), { nil: undefined })
const tick = { ...base, instrument, delayed, marks, eventTsUs: fc.option(integer, { nil: undefined }), verdict }
const optionalText = fc.option(text, { nil: undefined })
const jsonObject = fc.dictionary(text, fc.jsonValue()).map((value): Record<string, unknown> => JSON.parse(JSON.stringify(value)))

const contractBase = { symbol: text, currency: text }
const contract: fc.Arbitrary<Contract> = fc.oneof(
  fc.record(
    { kind: fc.constant('stock' as const), ...contractBase, primaryVenue: text, conId: integer },
    { requiredKeys: ['kind', 'symbol', 'currency'] },
  ),
  fc.record({ kind: fc.constant('index' as const), ...contractBase, venue: text }),
  fc.record({ kind: fc.constant('future' as const), ...contractBase, venue: text, expiry: text, multiplier: integer, tradingClass: text }),
  fc.record(
    {
      kind: fc.constant('option' as const),
      ...contractBase,
      expiry: text,
      strike: integer,
      right: fc.constantFrom('C' as const, 'P' as const),
      multiplier: integer,
      tradingClass: text,
      lastTradeDate: text,
    },
    { requiredKeys: ['kind', 'symbol', 'currency', 'expiry', 'strike', 'right', 'multiplier', 'tradingClass'] },
  ),
)

const record: fc.Arbitrary<TapeRecord> = fc.oneof(
  fc.record({
    kind: fc.constant('quote' as const),
    ...tick,
    bidPrice: number,
    askPrice: number,
    bidSize: number,
    askSize: number,
    source: fc.constantFrom('tick-by-tick' as const, undefined),
  }),
  fc.record({
    kind: fc.constant('trade' as const),
    ...tick,
    price: fc.double({ noNaN: true }),
    size: number,
    source: fc.constantFrom('last' as const, 'rt-volume' as const, 'tick-by-tick' as const, 'import' as const),
    venue: optionalText,
    conditions: optionalText,
  }),
  fc.record({
    kind: fc.constant('greeks' as const),
    ...tick,
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
  fc.record({ kind: fc.constant('statistic' as const), ...tick, name: text, value: number, text: optionalText }),
  fc.record(
    { kind: fc.constant('gap' as const), ...base, fromTsUs: integer, toTsUs: integer, cause: text, instrument, droppedTicks: integer },
    { requiredKeys: ['kind', 'seq', 'tsUs', 'fromTsUs', 'toTsUs', 'cause'] },
  ),
  fc.record(
    {
      kind: fc.constant('line' as const),
      ...base,
      instrument,
      event: fc.constantFrom('opened' as const, 'closed' as const, 'missing' as const),
      feed: fc.constantFrom('tick-by-tick-trades' as const, 'tick-by-tick-quotes' as const),
      openedSeq: integer,
      openedTsUs: integer,
      untilTsUs: integer,
      cause: text,
    },
    { requiredKeys: ['kind', 'seq', 'tsUs', 'instrument', 'event', 'openedSeq', 'openedTsUs'] },
  ),
  fc.record({ kind: fc.constant('contract' as const), ...base, instrument, contract }),
  fc.record({ kind: fc.constant('config' as const), ...base, config: jsonObject }),
  fc.record(
    {
      kind: fc.constant('session' as const),
      ...base,
      event: fc.constantFrom('started' as const, 'alive' as const, 'ended' as const),
      cause: text,
      detail: jsonObject,
    },
    { requiredKeys: ['kind', 'seq', 'tsUs', 'event'] },
  ),
  fc.record({
    kind: fc.constant('carry' as const),
    ...carry,
    input: fc.constant('rates' as const),
    currency: text,
    points: fc.array(fc.record({ days: fc.nat(), rate: finite })),
  }),
  fc.record(
    {
      kind: fc.constant('carry' as const),
      ...carry,
      input: fc.constant('dividends' as const),
      instrument,
      payments: fc.array(fc.record({ exDate: text, amount: finite })),
      yield: finite,
    },
    { requiredKeys: ['kind', 'seq', 'tsUs', 'asOf', 'source', 'input', 'instrument', 'payments'] },
  ),
  fc.record({ kind: fc.constant('carry' as const), ...carry, input: fc.constant('borrow' as const), instrument, rate: finite }),
)

function encoded(records: TapeRecord[]): Buffer {
  const encoder = new RecordEncoder()
  for (const one of records) encoder.append(one)
  return encoder.bytes()
}

function decoded(payload: Uint8Array): TapeRecord[] {
  const cursor = new RecordCursor(payload)
  const records: TapeRecord[] = []
  while (cursor.next()) records.push(cursor.record())
  return records
}

describe('the codec', () => {
  it('gives back every record as it was, of every kind', () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 20 }), (records) => {
        expect(decoded(encoded(records))).toEqual(records)
      }),
      { numRuns: 500 },
    )
  })

  it('keeps every record on a multiple of 8 bytes, so that many encode to the bytes of each', () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 10 }), (records) => {
        const singly = records.map((one) => Buffer.from(encoded([one])))
        expect(singly.every(({ length }) => length % 8 === 0)).toBe(true)
        expect(encoded(records)).toEqual(Buffer.concat(singly))
      }),
    )
  })

  it('gives the verdict and the numbers of a record without making an object of it', () => {
    fc.assert(
      fc.property(record, (one) => {
        const cursor = new RecordCursor(encoded([one]))
        expect(cursor.next()).toBe(true)
        expect([cursor.seq, cursor.tsUs]).toEqual([one.seq, one.tsUs])
        expect(cursor.verdict()).toEqual('verdict' in one ? one.verdict : undefined)
        expect(cursor.isDelayed).toBe('delayed' in one && one.delayed === true)
        expect(cursor.marks).toBe('marks' in one ? (one.marks ?? 0) : 0)
        if (one.kind === 'quote') expect([cursor.number(1), cursor.quoteSource]).toEqual([one.bidPrice ?? Number.NaN, one.source])
      }),
    )
  })

  it('takes NaN for absent, where a field may be absent', () => {
    fc.assert(
      fc.property(instrument, integer, (id, seq) => {
        const absent = { kind: 'quote', seq, tsUs: seq, instrument: id, bidPrice: Number.NaN, askPrice: undefined } as const
        expect(decoded(encoded([absent]))).toEqual([{ kind: 'quote', seq, tsUs: seq, instrument: id }])
      }),
    )
  })

  it('ends in a FeedError or in records, never in another error, on bytes that are none', () => {
    fc.assert(
      fc.property(
        fc.array(record, { minLength: 1, maxLength: 5 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (records, position, change) => {
          const bytes = Buffer.from(new Uint8Array(encoded(records)).buffer)
          const at = position % bytes.length
          bytes.writeUInt8(bytes.readUInt8(at) ^ change, at)
          try {
            decoded(bytes)
          } catch (error) {
            expect(error).toMatchObject({ name: 'FeedError', code: 'tape-corrupt' })
          }
        },
      ),
      { numRuns: 500 },
    )
  })
})
