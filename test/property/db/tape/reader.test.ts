import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { blockOf, quoteRecord, readBack, tapeBytes, temporaryFolder } from '../../../unit/db/tape/tape-support.ts'

const folder = await temporaryFolder()
const path = join(folder, 'a.tape')

/** A tape of syncs with a few blocks each, and where each of its blocks begins. */
const tape = fc
  .array(fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 5 })
  .map((syncs) => {
    let seq = 0
    const blocks = syncs.flatMap((sizes, s) =>
      sizes.map((size, i) => ({ syncNo: s + 1, seqs: Array.from({ length: size }, () => ++seq), index: i, offset: 0, end: 0 })),
    )
    const buffers = blocks.map(({ seqs, syncNo, index }) =>
      blockOf(
        seqs.map((n) => quoteRecord(n)),
        syncNo,
        index,
      ),
    )
    let offset = tapeBytes().length
    for (const [i, block] of blocks.entries()) {
      block.offset = offset
      offset += buffers[i]?.length ?? 0
      block.end = offset
    }
    return { bytes: tapeBytes(...buffers), blocks, lastSync: syncs.length }
  })

describe('a tape of random syncs', () => {
  it('with bad bytes anywhere gives what lies before them, and then is torn in its last sync and damaged before it', async () => {
    await fc.assert(
      fc.asyncProperty(
        tape,
        fc.nat(),
        fc.integer({ min: 1, max: 200 }),
        fc.boolean(),
        async ({ bytes, blocks, lastSync }, position, length, zero) => {
          const first = blocks[0]?.offset ?? 0
          const from = first + (position % (bytes.length - first))
          const to = Math.min(bytes.length, from + length)
          const bad = Buffer.from(bytes)
          for (let at = from; at < to; at++) bad.writeUInt8(zero ? 0 : bad.readUInt8(at) ^ 0xff, at)
          const hit = blocks.filter(
            ({ offset, end }) => offset < to && end > from && !bad.subarray(offset, end).equals(bytes.subarray(offset, end)),
          )
          const [bad1] = hit
          const found = await readBack(path, bad)

          const before = blocks.filter(({ offset }) => offset < (bad1?.offset ?? bytes.length))
          expect(found.seqs).toEqual(before.flatMap(({ seqs }) => seqs))
          if (!bad1) {
            expect([found.torn, found.error]).toEqual([undefined, undefined])
            return
          }
          const isSurelyDamage =
            bad1.syncNo < lastSync && blocks.some((block) => block.syncNo > bad1.syncNo && block.index === 0 && !hit.includes(block))
          if (bad1.syncNo === lastSync) expect(found.torn).toEqual({ offset: bad1.offset, bytes: bytes.length - bad1.offset })
          if (isSurelyDamage) expect(found.error).toContain(`is damaged at byte ${bad1.offset}:`)
          expect([found.torn, found.error].filter((outcome) => outcome !== undefined)).toHaveLength(1)
        },
      ),
      { numRuns: 300 },
    )
  })

  it('cut anywhere gives what lies before the cut, and names what is torn', async () => {
    await fc.assert(
      fc.asyncProperty(tape, fc.nat(), async ({ bytes, blocks }, position) => {
        const first = blocks[0]?.offset ?? 0
        const length = first + (position % (bytes.length - first + 1))
        const whole = blocks.filter(({ end }) => end <= length)
        const offset = whole.at(-1)?.end ?? first
        expect(await readBack(path, bytes.subarray(0, length))).toEqual({
          seqs: whole.flatMap(({ seqs }) => seqs),
          torn: offset === length ? undefined : { offset, bytes: length - offset },
          error: undefined,
        })
      }),
      { numRuns: 200 },
    )
  })
})
