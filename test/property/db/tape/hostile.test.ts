/** Tapes that were cut, damaged or forged, given to everything that reads tapes: an answer or a refusal, and the place of it. */

import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { segmentName } from '../../../../collector/journal/directory.ts'
import { recoverJournal } from '../../../../collector/journal/recovery.ts'
import { RecordKind } from '../../../../db/tape/codec/record-layout.ts'
import { importTape } from '../../../../db/tape/importers/import-tape.ts'
import { formatTapeInfo, formatTapeVerdict } from '../../../../cli/tape-report.ts'
import { catTape, tapeInfo, verifyTape } from '../../../../db/tape/inspect.ts'
import { BLOCK_HEAD_BYTES, encodeFileHead, stampSync } from '../../../../db/tape/file-layout.ts'
import { FeedError } from '../../../../market/errors.ts'
import { BASE_US, blockOf, contractRecord, quoteRecord, temporaryFolder } from '../../../unit/db/tape/tape-support.ts'

const SESSION_ID = 1401975060000 * 4096 + 7
const LONG_MS = 120_000

const folder = await temporaryFolder()
const path = join(folder, segmentName(SESSION_ID, 1))

const drain = async (lines: AsyncIterable<object>) => {
  for await (const line of lines) JSON.stringify(line)
}

/** Everything that opens a tape which it has not written. */
const READERS: Record<string, () => Promise<unknown>> = {
  verify: async () => formatTapeVerdict(path, await verifyTape(path)),
  info: async () => formatTapeInfo(await tapeInfo(path)),
  cat: () => drain(catTape(path)),
  'cat of some': () => drain(catTape(path, { symbols: ['TWX'], kinds: ['quote', 'contract'], limit: 3 })),
  // Last: it cuts torn tails and ends sessions.
  'the recovery of a journal': () => recoverJournal(folder),
}

/** Reads the bytes in every way; a refusal has to be one of ours, and to say where. */
async function expectAnswersOrRefusals(bytes: Buffer): Promise<void> {
  for (const [name, read] of Object.entries(READERS)) {
    await writeFile(path, bytes)
    try {
      await read()
    } catch (error) {
      expect(error, name).toBeInstanceOf(FeedError)
      expect((error as Error).message, name).toMatch(/at byte \d+|header|does not begin with|format \d+/)
    }
  }
  // Recovery sets aside what gives nothing.
  await rm(path, { recursive: true, force: true })
  await rm(join(folder, 'damaged'), { recursive: true, force: true })
}

/** A segment of a journal: the preamble, a start, a few quotes in two batches. */
const records = [
  { kind: 'session', seq: 2, tsUs: BASE_US, event: 'started', detail: { clock: 'wall' } },
  { kind: 'line', seq: 3, tsUs: BASE_US, instrument: 1, event: 'opened', openedSeq: 3, openedTsUs: BASE_US },
  quoteRecord(4),
  { kind: 'trade', seq: 5, tsUs: BASE_US + 5, instrument: 1, price: 70.5, source: 'last', venue: 'N', conditions: '@' },
] as const
const segment = Buffer.concat([
  encodeFileHead({ source: 'collector', sessionId: SESSION_ID, segment: 1 }),
  blockOf([contractRecord(1)], 1, 0),
  blockOf([...records], 2, 0, 1),
  blockOf([quoteRecord(6), quoteRecord(7)], 3, 0, 2),
])

describe('every reader of tapes', () => {
  it(
    'answers or refuses a tape that is cut at any byte',
    async () => {
      for (let length = 0; length <= segment.length; length++) await expectAnswersOrRefusals(segment.subarray(0, length))
    },
    LONG_MS,
  )

  it(
    'answers or refuses a tape of which any one byte is another',
    async () => {
      for (const [at, byte] of segment.entries()) {
        const bad = Buffer.from(segment)
        bad[at] = byte ^ (1 << (at % 8))
        await expectAnswersOrRefusals(bad)
      }
    },
    LONG_MS,
  )

  it(
    'answers or refuses a forged tape, whose checksums are right and whose records are anything',
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(block, { minLength: 1, maxLength: 4 }), async (blocks) => {
          await expectAnswersOrRefusals(Buffer.concat([encodeFileHead({ source: 'collector' }), ...blocks]))
        }),
        { numRuns: 400 },
      )
    },
    LONG_MS,
  )

  it.each([
    ['as deep as a record is long', '['.repeat(250_000) + ']'.repeat(250_000)],
    ['deep inside of a setting', `{"config":${'{"a":'.repeat(80_000)}1${'}'.repeat(80_000)}}`],
    ['that is null', 'null'],
    ['that is a text', '"instrument"'],
    ['of rates without points', '{"input":"rates","asOf":"2014-06-05","source":"settings","currency":"USD","points":[null]}'],
    ['whose contract is null', '{"instrument":1,"contract":null}'],
    ['whose instrument is below zero', '{"instrument":-1,"contract":{"kind":"stock","symbol":"A","currency":"USD"}}'],
    ['of a prototype', '{"__proto__":{"instrument":1},"constructor":1,"event":"started"}'],
  ])('answers or refuses a control record %s', async (_, json) => {
    for (const kind of [RecordKind.contract, RecordKind.config, RecordKind.session, RecordKind.line, RecordKind.gap, RecordKind.carry]) {
      const forged = forgedRecord({ kind, flags: 0, instrument: 1, seq: 1, tsUs: BASE_US, numbers: [], texts: [json], lie: 0 })
      await expectAnswersOrRefusals(Buffer.concat([encodeFileHead({ source: 'import' }), sealed(forged, 1, 1, 0, 1)]))
    }
  })

  it(
    'answers or refuses a header that describes anything',
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.oneof(fc.json(), fc.string()), async (json) => {
          const body = Buffer.from(json + ' '.repeat((8 - (Buffer.byteLength(json) % 8)) % 8))
          const head = Buffer.from(encodeFileHead({ source: 'import' }).subarray(0, 24))
          head.writeUInt32LE(body.length, 12)
          head.writeUInt32LE(crc32(body), 16)
          await expectAnswersOrRefusals(Buffer.concat([head, body, segment.subarray(-200)]))
        }),
        { numRuns: 100 },
      )
    },
    LONG_MS,
  )
})

describe('an import', () => {
  const LINES = [
    'underlying,quote_time_ms,expiration,strike,right,bid_price,bid_size,ask_price,ask_size',
    'TWX,34260000,20140621,70,C,1.25,10,1.3,20',
  ]
  it.each([
    'twx_20140605_06_quotes_1min.csv',
    'ibm_20131007_trade_tick.csv',
    'ibm_20131007_quote_tick.csv',
    'twx_20140605_quote_1min.csv.gz',
  ])(
    'refuses or takes anything that is called %s',
    async (name) => {
      const source = join(folder, name)
      const field = fc.oneof(
        fc.string(),
        fc.double().map(String),
        fc.constantFrom('', '"', ',', '\r', '9'.repeat(400), '20140605', '34260000'),
      )
      const line = fc.oneof(
        fc.constantFrom(...LINES),
        fc.array(field, { maxLength: 12 }).map((fields) => fields.join(',')),
      )
      const content = fc.oneof(
        fc.array(line, { maxLength: 6 }).map((lines) => Buffer.from(lines.join('\n'))),
        fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      )
      await fc.assert(
        fc.asyncProperty(content, async (bytes) => {
          await writeFile(source, bytes)
          const out = join(folder, 'imported.tape')
          await importTape({ sources: [source], out }).catch((error: unknown) => {
            expect(error).toBeInstanceOf(FeedError)
            expect((error as Error).message).toMatch(/_2013|_2014|expected rows, found none/)
          })
        }),
        { numRuns: 150 },
      )
    },
    LONG_MS,
  )
})

interface Forgery {
  kind: number
  flags: number
  instrument: number
  seq: number
  tsUs: number
  numbers: number[]
  texts: string[]
  /** Bytes behind the texts, where a verdict's findings are. */
  findings?: Iterable<number>
  /** Added to the record's length, in units of 8 bytes. */
  lie: number
}

function forgedRecord({ kind, flags, instrument, seq, tsUs, numbers, texts, findings = [], lie }: Forgery): Buffer {
  const tail = texts.flatMap((text) => {
    const bytes = Buffer.from(text)
    const length = Buffer.alloc(4)
    length.writeUInt32LE(bytes.length)
    return [length, bytes]
  })
  const head = Buffer.alloc(8 + 8 * (2 + numbers.length))
  for (const [i, number] of [seq, tsUs, ...numbers].entries()) head.writeDoubleLE(number, 8 + 8 * i)
  const whole = Buffer.concat([head, ...tail, Buffer.from([...findings])])
  const record = Buffer.concat([whole, Buffer.alloc((8 - (whole.length % 8)) % 8)])
  record[0] = kind
  record[1] = flags
  record.writeUInt16LE(Math.max(0, Math.min(0xffff, record.length / 8 + lie)), 2)
  record.writeUInt32LE(instrument >>> 0, 4)
  return record
}

function sealed(payload: Buffer, records: number, syncNo: number, syncIndex: number, batchNo: number): Buffer {
  const block = Buffer.concat([Buffer.alloc(BLOCK_HEAD_BYTES), payload])
  block.write('TBLK', 0, 'latin1')
  block.writeUInt32LE(payload.length, 4)
  block.writeUInt32LE(records, 8)
  block.writeUInt32LE(batchNo, 12)
  block.writeUInt32LE(crc32(payload), 40)
  stampSync(block, syncNo, syncIndex)
  return block
}

const number = fc.oneof(fc.double(), fc.constantFrom(Number.NaN, -1, 1e300, 2 ** 53, BASE_US), fc.integer())
const text = fc.oneof(fc.string(), fc.json(), fc.constantFrom('{"instrument":1,"contract":{}}', '{"event":"closed","instrument":"x"}'))
const forgery: fc.Arbitrary<Forgery> = fc.record({
  kind: fc.oneof(fc.constantFrom(...Object.values(RecordKind)), fc.nat(255)),
  flags: fc.nat(255),
  instrument: fc.oneof(fc.constant(1), fc.integer()),
  seq: number,
  tsUs: number,
  numbers: fc.array(number, { maxLength: 10 }),
  texts: fc.array(text, { maxLength: 4 }),
  findings: fc.array(fc.oneof(fc.nat(3), fc.nat(255)), { maxLength: 40 }),
  lie: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: -3, max: 70_000 }) }),
})
const contract = blockOf([contractRecord(1)], 1, 0, 0).subarray(BLOCK_HEAD_BYTES)
const block = fc
  .tuple(fc.boolean(), fc.array(forgery, { maxLength: 4 }), fc.nat(5), fc.nat(4), fc.nat(3), fc.oneof(fc.nat(3), fc.nat(0xffffffff)))
  .map(([introduced, records, count, syncNo, syncIndex, batchNo]) =>
    sealed(Buffer.concat([introduced ? contract : Buffer.alloc(0), ...records.map(forgedRecord)]), count, syncNo, syncIndex, batchNo),
  )
