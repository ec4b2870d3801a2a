/** Any record that the types allow, for properties: texts of any characters, numbers of any size, fields that may be absent. */

import fc from 'fast-check'
import type { Contract } from '../../../market/contract.ts'
import type { TapeRecord } from '../../../market/tick.ts'
import { verdictOf } from './verdicts.ts'

export const integer = fc.maxSafeInteger().filter((value) => !Object.is(value, -0))
export const instrument = fc.nat(0xfffffffe)
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

const sizeUnit = fc.record(
  {
    unit: fc.constantFrom('shares' as const, 'lots' as const),
    how: fc.constantFrom('stated' as const, 'inferred' as const),
    evidence: text,
    doubted: fc.constant(true as const),
  },
  { requiredKeys: ['unit', 'how'] },
)
const sizes = fc.record({
  groups: fc.record({ quotes: sizeUnit, 'rt-volume': sizeUnit, 'tick-by-tick': sizeUnit, volume: sizeUnit }, { requiredKeys: [] }),
  lots: fc.dictionary(text, fc.constantFrom(100, 40, 10)),
})

export const anyRecord: fc.Arbitrary<TapeRecord> = fc.oneof(
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
      event: fc.constantFrom('started' as const, 'alive' as const, 'sizes' as const, 'ended' as const),
      cause: text,
      detail: jsonObject,
      sizes,
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
