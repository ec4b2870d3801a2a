import { describe, expect, it } from 'vitest'
import { RecordCursor } from '../../../../../db/tape/codec/decode.ts'
import { RecordEncoder } from '../../../../../db/tape/codec/encode.ts'
import { NO_INSTRUMENT } from '../../../../../db/tape/codec/record-layout.ts'
import { Mark } from '../../../../../market/marks.ts'
import type { ConfigRecord, FeedGap, Quote, TapeRecord, Trade } from '../../../../../market/tick.ts'
import { BASE_US, quoteRecord } from '../tape-support.ts'

// Typed by hand from docs/tape-format.md: float64 and u32 little-endian, 7ff8000000000000 for an absent number.
const SEQ_7 = '0000000000001c40'
const SEQ_8 = '0000000000002040'
const TS_0931 = '00b4bd055bec1343'
const TS_0931_AND_1_US = '04b4bd055bec1343'
const TS_1_MS_EARLIER = '60a4bd055bec1343'
const ABSENT = '000000000000f87f'

const goldenQuote: Quote = {
  kind: 'quote',
  seq: 7,
  tsUs: BASE_US,
  instrument: 3,
  eventTsUs: undefined,
  bidPrice: 1.5,
  askPrice: undefined,
  bidSize: 10,
  askSize: undefined,
  verdict: undefined,
}
const goldenQuoteBytes = `01000800 03000000 ${SEQ_7} ${TS_0931} ${ABSENT} 000000000000f83f ${ABSENT} 0000000000002440 ${ABSENT}`

const goldenTrade: Trade = {
  kind: 'trade',
  seq: 8,
  tsUs: BASE_US + 1,
  instrument: 3,
  eventTsUs: BASE_US - 1000,
  price: 2.25,
  size: 100,
  source: 'import',
  venue: 'Q',
  conditions: undefined,
  verdict: {
    disposition: 'quarantine',
    findings: [
      { rule: 'late', severity: 'info', disposition: 'flag', reason: '' },
      { rule: 'odd', severity: 'error', disposition: 'quarantine', reason: 'é', evidence: [258, 3] },
    ],
  },
}
const goldenTradeBytes = [
  `02330d00 03000000 ${SEQ_8} ${TS_0931_AND_1_US} ${TS_1_MS_EARLIER} 0000000000000240 0000000000005940`,
  // venue, conditions; two findings: severity, disposition and legs, rule, reason, legs; 4 bytes of padding.
  '01000000 51 ffffffff 0200',
  '00000000 04000000 6c617465 00000000',
  '02010200 03000000 6f6464 02000000 c3a9 02010000 03000000 00000000',
].join('')

const goldenTickByTick: Quote = { ...goldenQuote, source: 'tick-by-tick', delayed: true }
const goldenTickByTickBytes = `0114${goldenQuoteBytes.slice(4)}`

const goldenMarked: Quote = { ...goldenQuote, marks: Mark.initial | Mark.unreported }
const goldenMarkedBytes = `01080900${goldenQuoteBytes.slice(8)} 00000000 01020000`

const goldenMarkedTrade: Trade = { ...goldenTrade, marks: Mark.late }
const goldenMarkedTradeBytes = goldenTradeBytes.replace(/^02330d00/, '023b0d00').replace(/00000000$/, '04000000')

// seq 9; the JSON is {"fromTsUs":1,"toTsUs":2,"cause":"x"}, 37 bytes, then 7 bytes of padding.
const goldenGap: FeedGap = { kind: 'gap', seq: 9, tsUs: BASE_US, fromTsUs: 1, toTsUs: 2, cause: 'x' }
const goldenGapBytes = [
  `10000900 ffffffff 0000000000002240 ${TS_0931} 25000000`,
  '7b2266726f6d54735573223a312c22746f54735573223a322c226361757365223a2278227d 00000000000000',
].join('')

function bytesOf(hex: string): Uint8Array {
  const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex')
  const aligned = new Uint8Array(bytes.length)
  aligned.set(bytes)
  return aligned
}

function encoded(...records: TapeRecord[]): Buffer {
  const encoder = new RecordEncoder()
  for (const record of records) encoder.append(record)
  return encoder.bytes()
}

function decoded(payload: Uint8Array): TapeRecord[] {
  const cursor = new RecordCursor(payload)
  const records: TapeRecord[] = []
  while (cursor.next()) records.push(cursor.record())
  return records
}

describe('the bytes of a record', () => {
  it.each([
    ['a quote with an empty ask and no size of it', goldenQuote, goldenQuoteBytes],
    ['a delayed quote of a tick-by-tick stream', goldenTickByTick, goldenTickByTickBytes],
    ['a quote with marks', goldenMarked, goldenMarkedBytes],
    ['a quarantined trade with texts', goldenTrade, goldenTradeBytes],
    ['a quarantined trade with texts and marks', goldenMarkedTrade, goldenMarkedTradeBytes],
    ['a gap of the whole session', goldenGap, goldenGapBytes],
  ])('of %s are those of the format page', (_, record, golden) => {
    expect(encoded(record).toString('hex')).toBe(golden.replaceAll(' ', ''))
    expect(decoded(bytesOf(golden))).toEqual([record])
  })

  it('are walked in place, without making objects', () => {
    const cursor = new RecordCursor(bytesOf(goldenQuoteBytes + goldenTradeBytes + goldenGapBytes))

    expect(cursor.next()).toBe(true)
    expect([cursor.isTick, cursor.seq, cursor.tsUs, cursor.instrument]).toEqual([true, 7, BASE_US, 3])
    expect([0, 1, 2, 3, 4].map((i) => cursor.number(i))).toEqual([Number.NaN, 1.5, Number.NaN, 10, Number.NaN])
    expect([cursor.hasVerdict, cursor.isQuarantined, cursor.verdict()]).toEqual([false, false, undefined])

    expect(cursor.next()).toBe(true)
    expect([cursor.hasVerdict, cursor.isQuarantined]).toEqual([true, true])
    expect(cursor.verdict()).toEqual(goldenTrade.verdict)

    expect(cursor.next()).toBe(true)
    expect([cursor.isTick, cursor.instrument]).toEqual([false, NO_INSTRUMENT])
    expect(cursor.next()).toBe(false)
  })
})

describe('RecordEncoder', () => {
  it('leaves its headroom alone and counts what it holds', () => {
    const encoder = new RecordEncoder(48)
    expect([encoder.records, encoder.payloadBytes, encoder.firstTsUs]).toEqual([0, 0, Number.NaN])
    encoder.append(quoteRecord(1))
    encoder.append(quoteRecord(2))

    expect([encoder.records, encoder.payloadBytes]).toEqual([2, 128])
    expect([encoder.firstTsUs, encoder.lastTsUs]).toEqual([BASE_US + 1, BASE_US + 2])
    expect(encoder.bytes()).toHaveLength(48 + 128)
    expect(encoder.bytes().subarray(0, 48)).toEqual(Buffer.alloc(48))
  })

  it('keeps every record when its buffer grows', () => {
    const records = Array.from({ length: 300 }, (_, i) => ({ ...goldenTrade, seq: i, conditions: 'x'.repeat(i) }))
    const encoder = new RecordEncoder(0, 64)
    for (const record of records) encoder.append(record)
    expect(decoded(encoder.bytes())).toEqual(records)
  })

  const cyclic: ConfigRecord = { kind: 'config', seq: 2, tsUs: BASE_US, config: {} }
  cyclic.config['self'] = cyclic.config
  it.each<[string, TapeRecord, string]>([
    ['a text beyond any record', { ...goldenTrade, conditions: 'x'.repeat(100_000_000) }, 'RangeError'],
    ['texts that together are too long', { ...goldenTrade, venue: 'x'.repeat(300_000), conditions: 'x'.repeat(300_000) }, 'RangeError'],
    ['a text whose bytes are too many', { ...goldenTrade, venue: '€'.repeat(200_000) }, 'RangeError'],
    ['settings that are no JSON', cyclic, 'TypeError'],
  ])('holds what it held before after it refused %s', (_, record, name) => {
    const encoder = new RecordEncoder(0, 64)
    encoder.append(quoteRecord(1))
    expect(() => encoder.append(record)).toThrow(expect.objectContaining({ name }))

    expect([encoder.records, encoder.lastTsUs]).toEqual([1, BASE_US + 1])
    encoder.append(goldenTrade)
    expect(encoder.bytes()).toEqual(encoded(quoteRecord(1), goldenTrade))
  })

  it('takes a record of exactly the longest length', () => {
    // 24 of head, 24 of numbers, 4 + n and 4 of texts: 524,280 in all.
    const longest: Trade = { ...goldenTrade, verdict: undefined, venue: 'x'.repeat(524_280 - 56) }
    expect(decoded(encoded(longest))).toEqual([longest])
    expect(() => encoded({ ...longest, venue: `${longest.venue}x` })).toThrow(RangeError)
  })
})

describe('RecordCursor', () => {
  const quote = goldenQuoteBytes.replaceAll(' ', '')
  const trade = goldenTradeBytes.replaceAll(' ', '')
  const gap = goldenGapBytes.replaceAll(' ', '')

  it.each([
    ['a length of nothing', `01000000${quote.slice(8)}`, 'a record of 0 bytes at byte 0'],
    ['a length beyond the block', `0100ffff${quote.slice(8)}`, 'a record of 524280 bytes at byte 0'],
    ['a quote too short for its numbers', `01000300${quote.slice(8)}`, 'kind 1 with only 24 bytes'],
    ['an unknown kind', `63${quote.slice(2)}`, 'unknown kind 99 at byte 0'],
    ['marks without room for them', `0108${quote.slice(4)}`, 'marks and no room for them'],
    ['an unknown source of quotes', `0120${quote.slice(4)}`, 'unknown source of quotes 2'],
    ['an unknown source of trades', `02f3${trade.slice(4)}`, 'unknown trade source 15'],
    ['a text that leaves its record', `${trade.slice(0, 96)}ff000000${trade.slice(104)}`, 'a text of 255 bytes'],
    ['a verdict without room for it', `0101${quote.slice(4)}`, 'a verdict and no room for it'],
    ['a verdict without a finding', `${trade.slice(0, 114)}0000${trade.slice(118)}`, 'a verdict without a finding'],
    ['a finding of no severity', `${trade.slice(0, 118)}03${trade.slice(120)}`, 'severity 3 and disposition 0'],
    ['a finding of no disposition', `${trade.slice(0, 120)}02${trade.slice(122)}`, 'severity 0 and disposition 2'],
    ['evidence that leaves its record', `${trade.slice(0, 122)}ffff${trade.slice(126)}`, 'a finding with 65535 instruments'],
    ['fewer findings than it counts', `${trade.slice(0, 114)}0300${trade.slice(118)}`, 'ends within its texts'],
    ['a text that is no JSON', `${gap.slice(0, 56)}5b${gap.slice(58)}`, 'not JSON'],
  ])('refuses %s', (_, hex, message) => {
    expect(() => decoded(bytesOf(hex))).toThrow(
      expect.objectContaining({ code: 'tape-corrupt', message: expect.stringContaining(message) }),
    )
  })
})
