import { readFile, rm, writeFile } from 'node:fs/promises'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { unaccounted } from '../../../../collector/telemetry/counts.ts'
import { RecordCursor } from '../../../../db/tape/codec/decode.ts'
import type { TapeRecord } from '../../../../market/tick.ts'
import { unexpected } from '../../../support/unexpected.ts'
import { BASE_US, gap, journalIn, quote, temporaryFolder } from '../journal/journal-support.ts'
import { contractOf, stored, writerWith } from './writer-support.ts'

function readAll(blocks: Uint8Array[]): TapeRecord[] {
  const records: TapeRecord[] = []
  for (const block of blocks) for (const cursor = new RecordCursor(block); cursor.next(); ) records.push(cursor.record())
  return records
}

describe('a batch whose blocks the disk has damaged', () => {
  /** Three blocks of two ticks each, on disk only; the second is another one than was written. */
  async function damagedBatch() {
    const { journal, sync, batches } = await journalIn(await temporaryFolder(), { batchRows: 6 })
    for (const seq of [1, 3, 5]) await sync(quote(seq), quote(seq + 1))
    await journal.close()
    const batch = batches[0] ?? unexpected()
    for (const block of batch.blocks) delete block.payload
    const { segment, offset } = batch.blocks[1] ?? unexpected()
    const bytes = await readFile(segment.path)
    bytes.writeUInt8(bytes.readUInt8(offset + 80) ^ 1, offset + 80)
    await writeFile(segment.path, bytes)
    return { batch, segment }
  }

  const seqsOf = (blocks: Uint8Array[]) => {
    const seqs: (number | string)[] = []
    for (const block of blocks)
      for (const cursor = new RecordCursor(block); cursor.next(); ) seqs.push(cursor.isTick ? cursor.seq : cursor.record().kind)
    return seqs
  }

  it('is written without them, once, with a gap in their place; their ticks are counted as dropped', async () => {
    const { batch, segment } = await damagedBatch()
    const written: (number | string)[][] = []
    const damaged: unknown[] = []
    const { writer, counts, vanished, retries } = writerWith(
      async ({ blocks }) => {
        written.push(seqsOf(blocks))
        return stored({ acceptedTicks: 4 })
      },
      { onDamaged: ({ ticks }, { batchNo }) => damaged.push([ticks, batchNo]) },
    )
    counts.received = 6
    counts.journaled = 6
    writer.add(batch, { contractOf })
    await writer.drained()

    expect(written).toEqual([[1, 2, 'gap', 5, 6]])
    expect(damaged).toEqual([[2, 1]])
    expect([retries, vanished]).toEqual([[], []])
    expect(segment.damage).toBe('blocks fail their checksum')
    expect(counts).toMatchObject({ written: 4, inFlight: 0 })
    expect([...counts.dropped]).toEqual([['journal-damaged', 2]])
    expect(unaccounted(counts)).toBe(0)
  })

  it('is whole when an attempt of unknown outcome had written it before', async () => {
    const { batch } = await damagedBatch()
    const { writer, counts } = writerWith(async () => stored({ alreadyCommitted: true, acceptedTicks: 6 }))
    counts.received = 6
    counts.journaled = 6
    writer.add(batch, { contractOf })
    await writer.drained()

    expect(counts).toMatchObject({ written: 6, inFlight: 0 })
    expect(unaccounted(counts)).toBe(0)
  })

  it('waits some attempts for a file that is gone, and no longer', async () => {
    const { batch, segment } = await damagedBatch()
    await rm(segment.path)
    const damaged: number[] = []
    const { writer, counts, retries } = writerWith(async () => stored({ acceptedTicks: 0 }), {
      onDamaged: ({ ticks }) => damaged.push(ticks),
    })
    counts.received = 6
    counts.journaled = 6
    // The shortest pauses.
    const random = vi.spyOn(Math, 'random').mockReturnValue(0)
    onTestFinished(() => random.mockRestore())
    writer.add(batch, { contractOf })
    await writer.drained()

    expect(retries.length).toBeGreaterThan(1)
    expect(damaged.reduce((sum, ticks) => sum + ticks, 0)).toBe(6)
    expect(unaccounted(counts)).toBe(0)
  })
})

it('leaves out a record that no attempt can read, with a gap in its place, and writes all others of its batch', async () => {
  const { journal, sync, batches } = await journalIn(await temporaryFolder(), { batchRows: 5 })
  await sync(quote(1), quote(2), { ...gap(3, 2), toTsUs: Number.NaN }, quote(4), quote(5))
  await journal.close()
  const batch = batches[0] ?? unexpected()
  let written: TapeRecord[] = []
  const damaged: unknown[] = []
  const { writer, counts, retries } = writerWith(
    async ({ blocks }) => {
      written = readAll(blocks)
      return stored({ acceptedTicks: 4 })
    },
    { onDamaged: ({ records, ticks, firstSeq }) => damaged.push({ records, ticks, firstSeq }) },
  )
  counts.received = 4
  counts.journaled = 4
  writer.add(batch, { contractOf })
  await writer.drained()

  expect(written.map(({ seq, kind }) => [seq, kind])).toEqual([1, 2, 3, 4, 5].map((seq) => [seq, seq === 3 ? 'gap' : 'quote']))
  expect(written[2]).toMatchObject({ cause: 'journal-damaged', tsUs: BASE_US + 3, fromTsUs: BASE_US + 2, toTsUs: BASE_US + 3 })
  expect(damaged).toEqual([{ records: 1, ticks: 0, firstSeq: 3 }])
  expect(retries).toMatchObject([{ error: { code: 'tape-corrupt' } }])
  expect(batch.blocks[0]?.segment.damage).toMatch(/a gap record of which toTsUs/)
  expect(unaccounted(counts)).toBe(0)
})
