import { createHash } from 'node:crypto'

import fc from 'fast-check'
import { expect, it } from 'vitest'

import { chained, chainStart, parseSessionHash, sessionHash } from '../../../../db/verify/chain.ts'
import { RecordCursor } from '../../../../db/tape/codec/decode.ts'
import { checksumFields, ContentHash } from '../../../../db/verify/content.ts'
import { DELAYED, EVENT_TIME, MARKS, TICK_FIELDS } from '../../../../market/tick-fields.ts'
import type { ControlRecord, TapeRecord, Tick } from '../../../../market/tick.ts'
import { block, CONTRACTS, contractOf, FIRST_TS_US, quote, quotes, ticks } from '../../../support/tape/ticks.ts'

function hashOf(records: readonly TapeRecord[], contracts = contractOf): string {
  const hash = new ContentHash()
  for (const record of records) hash.add(record, contracts)
  return hash.digest().toString('hex')
}

const TEXTS = ['source', 'venue', 'conditions', 'basis', 'name', 'text']

function otherThan(name: string, value: unknown): unknown {
  if (name === 'seq' || name === 'tsUs') return Number(value) + 1
  if (name === 'instrument') return (Number(value) + 1) % 3
  if (TEXTS.includes(name)) return `${typeof value === 'string' ? value : ''}x`
  return value === undefined ? 7.5 : undefined
}

it('has every field of every kind of tick in the checksum, so that none can change unseen', () => {
  for (const kind of ['quote', 'trade', 'greeks', 'statistic'] as const)
    expect(checksumFields(kind).sort()).toEqual([EVENT_TIME, DELAYED, MARKS, ...TICK_FIELDS[kind]].map(({ name }) => name).sort())
})

it('changes with every field of every tick', () => {
  fc.assert(
    fc.property(ticks, fc.nat(), fc.nat(), (all, which, field) => {
      const tick = all[which % all.length]
      if (!tick) return
      const before = hashOf(all)
      const names = ['seq', 'tsUs', 'instrument', ...checksumFields(tick.kind)]
      const name = names[field % names.length] ?? ''
      const value = (tick as unknown as Record<string, unknown>)[name]
      const changed: Tick = { ...tick, [name]: otherThan(name, value) }
      expect(hashOf(all.map((each) => (each === tick ? changed : each)))).not.toBe(before)
    }),
  )
})

it('is the same from the bytes of plain quotes as from objects', () => {
  const price = fc.oneof(fc.double(), fc.constant(undefined))
  const own = fc.record({ eventTsUs: price, bidPrice: price, askPrice: price, bidSize: price, askSize: price })
  fc.assert(
    fc.property(fc.array(own), ticks, (fields, others) => {
      const all = [...fields.map((one, i) => quote(i + 1, one)), ...others]
      const hash = new ContentHash()
      let plain = 0
      for (const cursor = new RecordCursor(block(all)); cursor.next(); ) {
        if (!cursor.isPlainQuote) hash.add(cursor.record(), contractOf)
        else {
          plain++
          hash.addPlainQuote(cursor, contractOf)
        }
      }
      expect(plain).toBeGreaterThanOrEqual(fields.length)
      expect(hash.digest().toString('hex')).toBe(hashOf(all))
    }),
  )
})

it('tells a negative zero from zero, and nothing from zero', () => {
  const of = (bidPrice: number | undefined) => hashOf([quote(1, { bidPrice })])
  expect(new Set([of(0), of(-0), of(undefined)]).size).toBe(3)
  expect(of(Number.NaN)).toBe(of(undefined))
})

it('is the same whatever numbers the instruments have', () => {
  const renumbered = quotes(1, 30).map((tick) => ({ ...tick, instrument: tick.instrument * 100 + 17 }))
  expect(hashOf(renumbered, (instrument) => CONTRACTS[(instrument - 17) / 100])).toBe(hashOf(quotes(1, 30)))
  expect(hashOf(quotes(1, 30), () => CONTRACTS[0])).not.toBe(hashOf(quotes(1, 30)))
})

it('is the same of control records whose fields come in another order, as jsonb gives them', () => {
  const config = (settings: Record<string, unknown>): ControlRecord => ({ kind: 'config', seq: 1, tsUs: FIRST_TS_US, config: settings })
  const [one, other] = [config({ a: { b: 1, c: [2, 'x'] }, z: null }), config({ z: null, a: { c: [2, 'x'], b: 1 } })]
  expect(hashOf([one])).toBe(hashOf([other]))
  expect(hashOf([one])).not.toBe(hashOf([config({ a: { b: 1, c: [2, 'y'] }, z: null })]))
})

it('begins anew with each batch', () => {
  const hash = new ContentHash()
  const digest = () => {
    for (const record of quotes(1, 5)) hash.add(record, contractOf)
    return hash.digest().toString('hex')
  }
  expect(digest()).toBe(digest())
})

it('is SHA-256 over the bytes that docs/verify.md describes', () => {
  const number = (value: number) => {
    const bytes = Buffer.alloc(8)
    bytes.writeDoubleLE(value)
    return bytes
  }
  const text = (value: string) => Buffer.concat([number(value.length), Buffer.from(value), Buffer.alloc((8 - (value.length % 8)) % 8)])
  const words = (places: number, second: number) => {
    const bytes = Buffer.alloc(8)
    bytes.writeUInt32LE(places)
    bytes.writeUInt32LE(second, 4)
    return bytes
  }
  const head = (places: number, kind: number, seq: number) =>
    Buffer.concat([words(places, kind), number(0), number(seq), number(FIRST_TS_US + seq)])
  const bytes = Buffer.concat([
    text('tapedeck content 1'),
    words(0xffffffff, 0),
    text('stock:TWX:USD'),
    // Bid and ask price and the bid's size: places 3, 4, 5. Kind 1 is a quote.
    head(0b111000, 1, 5),
    number(70.25),
    number(70.5),
    number(300),
    // The next one of the same instrument; delayed, tick by tick.
    head(0b10000010, 1, 6),
    text('tick-by-tick'),
    // A rule has flagged this one, and has looked at another instrument.
    head((1 << 31) >>> 0, 1, 7),
    number(1),
    ...['spike', 'info', 'flag', 'far'].map(text),
    number(1),
    text('option:FOXA:USD:FOXA:2014-06-21:P:35:100'),
    head(0, 19, 8),
    text('{"config":{"a":1,"b":[true]}}'),
  ])
  const content = createHash('sha256').update(bytes).digest()
  const spike = { rule: 'spike', severity: 'info', disposition: 'flag', reason: 'far', evidence: [2] } as const
  const at = (seq: number) => ({ seq, tsUs: FIRST_TS_US + seq })
  const records: TapeRecord[] = [
    { kind: 'quote', ...at(5), instrument: 0, bidPrice: 70.25, askPrice: 70.5, bidSize: 300 },
    { kind: 'quote', ...at(6), instrument: 0, delayed: true, source: 'tick-by-tick' },
    { kind: 'quote', ...at(7), instrument: 0, verdict: { disposition: 'flag', findings: [spike] } },
    { kind: 'config', ...at(8), config: { b: [true], a: 1 } },
  ]
  expect(hashOf(records)).toBe(content.toString('hex'))
  const start = createHash('sha256').update('tapedeck session 7').digest()
  const chain = createHash('sha256').update(start).update('batch 3 ').update(content).digest()
  expect(chained(chainStart(7), 3, content)).toEqual(chain)
})

it('writes the hash of a session so that it can be read again, and takes nothing else for one', () => {
  const chain = chainStart(7)
  expect(parseSessionHash(sessionHash(12, chain))).toEqual({ batchNo: 12, chain: chain.toString('hex') })
  expect(parseSessionHash('12')).toBeUndefined()
  expect(parseSessionHash(`12-${'g'.repeat(64)}`)).toBeUndefined()
})
