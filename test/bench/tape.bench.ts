/**
 * Reading a tape file in order on one core: every checksum, every record, all fields of every quote. The limit is the same file read
 * and its bytes summed up by the same CRC, without a look at what they mean.
 */

import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'

import { RecordCursor } from '../../db/tape/codec/decode.ts'
import { RecordKind } from '../../db/tape/codec/record-layout.ts'
import { readBlocks, readRecords } from '../../db/tape/reader.ts'
import { writeTape } from '../../db/tape/writer.ts'
import { temporaryDirectory } from '../support/process/recording.ts'
import { measure, timed } from './harness.ts'
import { INSTRUMENTS, contractOf, quotes } from './quotes.ts'

const TICKS = 2_000_000
const BLOCK = 4096
const SPACING_US = 1000
const READ_BYTES = 1 << 20

const WAYS = [
  { title: 'in place', read: readInPlace },
  { title: 'as objects', read: readObjects },
]

for (const { title, read } of WAYS) {
  let folder: string | undefined
  let tape = ''
  measure({
    title: `tape read in order, ${title}`,
    unit: 'ticks/s',
    limit: 'its bytes read and summed up',
    round: async () => {
      if (!folder) {
        folder = await temporaryDirectory()
        tape = join(folder, 'quotes.tape')
        await writeTape(tape, { source: 'import' }, records())
      }
      const limit = await timed(() => sumUp(tape))
      const ours = await timed(() => read(tape))
      return { ours: ours.result / ours.seconds, limit: TICKS / limit.seconds }
    },
    cleanUp: async () => {
      if (folder) await rm(folder, { recursive: true, force: true })
    },
  })
}

function* records() {
  for (let instrument = 0; instrument < INSTRUMENTS; instrument++)
    yield [{ kind: 'contract' as const, seq: instrument + 1, tsUs: 0, instrument, contract: contractOf(instrument) }]
  let block = []
  for (const quote of quotes(TICKS, SPACING_US)) {
    block.push({ ...quote, seq: quote.seq + INSTRUMENTS })
    if (block.length < BLOCK) continue
    yield block
    block = []
  }
  yield block
}

/** Returns the number of ticks; what it reads goes into a sum, so that nothing can be left out. */
async function readInPlace(path: string): Promise<number> {
  const cursor = new RecordCursor()
  let ticks = 0
  let lastSeq = 0
  let sum = 0
  for await (const block of readBlocks(path))
    for (cursor.reset(block.payload); cursor.next(); ) {
      if (cursor.seq <= lastSeq) throw new Error(`${cursor.seq} follows ${lastSeq}`)
      lastSeq = cursor.seq
      if (cursor.kind !== RecordKind.quote) continue
      ticks++
      sum += cursor.tsUs + cursor.instrument + cursor.number(1) + cursor.number(2) + cursor.number(3) + cursor.number(4)
    }
  if (!(sum > 0)) throw new Error('nothing was read')
  return ticks
}

async function readObjects(path: string): Promise<number> {
  let ticks = 0
  for await (const block of readRecords(path)) for (const { kind } of block) if (kind === 'quote') ticks++
  return ticks
}

async function sumUp(path: string): Promise<number> {
  const file = await open(path)
  const buffer = Buffer.alloc(READ_BYTES)
  let crc = 0
  for (let read = await file.read(buffer); read.bytesRead > 0; read = await file.read(buffer))
    crc = crc32(buffer.subarray(0, read.bytesRead), crc)
  await file.close()
  return crc
}
