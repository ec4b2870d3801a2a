import { copyFile, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TapeRecord } from '../../../../market/tick.ts'
import * as j from '../../../unit/collector/journal/journal-support.ts'

type Piece = 'quote' | 'contract' | 'open' | 'close'

interface Plan {
  batchRows: number
  segmentBytes: number
  /** Each list is appended at once and synced before the next. */
  syncs: Piece[][]
}

const piece = fc.constantFrom<Piece[]>('quote', 'quote', 'quote', 'quote', 'contract', 'open', 'close')
const plan: fc.Arbitrary<Plan> = fc.record({
  batchRows: fc.integer({ min: 1, max: 9 }),
  segmentBytes: fc.constantFrom(1, 700, 2000, 1 << 20),
  syncs: fc.array(fc.array(piece, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 5 }),
})

/** How the files look after a kill: how far the last write came, as a fraction, and what of it came out as zeros. */
const kill = fc.record({
  sync: fc.double({ min: 0, max: 1, noNaN: true }),
  reached: fc.double({ min: 0, max: 1, noNaN: true }),
  zeros: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }),
  releasedBefore: fc.boolean(),
})

/** A stream as the recorder makes it: the start, contracts before their lines, lines opened before they close. */
function recordsOf({ syncs }: Plan): TapeRecord[][] {
  let seq = 0
  let contracts = 0
  const open: { openedSeq: number; instrument: number }[] = []
  const make = (piece: Piece): TapeRecord => {
    seq++
    if (piece === 'contract' || contracts === 0) return j.contract(seq, contracts++)
    const instrument = seq % contracts
    if (piece === 'open') {
      open.push({ openedSeq: seq, instrument })
      return j.opened(seq, instrument)
    }
    const line = piece === 'close' ? open.shift() : undefined
    return line ? j.closed(seq, line.openedSeq, line.instrument) : j.quote(seq, instrument)
  }
  return syncs.map((pieces, i) => [...(i === 0 ? [j.started(++seq)] : []), ...pieces.map(make)])
}

/** What a reader of the whole tape knows after these records: the openings without a closing. */
function openLines(records: readonly TapeRecord[]): number[] {
  const open = new Set<number>()
  for (const record of records) {
    if (record.kind !== 'line') continue
    if (record.event === 'opened') open.add(record.openedSeq)
    else open.delete(record.openedSeq)
  }
  return [...open]
}

describe('a journal that is killed at any moment', () => {
  it('gives back exactly what was durable, in the same batches, and ends the session once', async () => {
    await fc.assert(
      fc.asyncProperty(plan, fc.array(kill, { minLength: 1, maxLength: 6 }), async (plan, kills) => {
        const live = await j.journalIn(await j.temporaryFolder(), plan)
        const syncs = recordsOf(plan)
        for (const records of syncs) await live.sync(...records)
        await live.journal.close()
        const all = syncs.flat()
        const blocks = await j.blocksIn(live.directory)
        const rows = blocks.filter(({ batchNo }) => batchNo > 0)
        const batchOf = new Map(rows.flatMap(({ batchNo, seqs }) => seqs.map((seq) => [seq, batchNo])))

        for (const { sync, reached, zeros, releasedBefore } of kills) {
          // The blocks of one sync of one segment are in doubt; what was written before is durable, what comes after never was.
          const places = [...new Set(blocks.map(({ path, syncNo }) => `${path} ${syncNo}`))]
          const place = places[Math.min(places.length - 1, Math.floor(sync * places.length))]
          const inDoubt = blocks.filter(({ path, syncNo }) => `${path} ${syncNo}` === place)
          const [first, last] = [inDoubt[0], inDoubt.at(-1)]
          if (!first || !last) throw new Error('a sync without blocks')
          const folder = await j.temporaryFolder()
          const segments = [...new Set(blocks.map(({ path }) => path))]
          for (const path of segments.slice(0, segments.indexOf(first.path) + 1)) await copyFile(path, join(folder, basename(path)))
          const damaged = join(folder, basename(first.path))
          const cutAt = first.offset + Math.floor(reached * (last.end - first.offset))
          await truncate(damaged, cutAt)
          let intactTo = cutAt
          if (zeros !== undefined && cutAt > first.offset) {
            const zeroAt = first.offset + Math.floor(zeros * (cutAt - first.offset - 1))
            const bytes = await readFile(damaged)
            const page = bytes.subarray(zeroAt, zeroAt + 64)
            const changed = page.findIndex((byte) => byte !== 0)
            if (changed >= 0) intactTo = zeroAt + changed
            page.fill(0)
            await writeFile(damaged, bytes)
          }
          const durable = rows.filter((block) => blocks.indexOf(block) < blocks.indexOf(first))
          const complete = inDoubt.filter(({ end, batchNo }) => end <= intactTo && batchNo > 0)
          const expected = [...durable, ...complete]
          // The database has everything of the older segments: they are gone, but for the newest that has rows.
          const kept = releasedBefore ? expected.filter(({ path }) => path === expected.at(-1)?.path) : expected
          if (releasedBefore)
            for (const path of segments) if (kept[0] && path < kept[0].path) await rm(join(folder, basename(path)), { force: true })

          const session = await j.recoverOne(folder)
          const contents = await j.contentsOf(session.batches)
          const seqs = kept.flatMap((block) => block.seqs)
          const lastSeq = seqs.at(-1)
          if (lastSeq === undefined) {
            expect(session).toMatchObject({ crashed: false, batches: [] })
            continue
          }
          const [ending] = contents.splice(-1)
          expect(contents.flatMap(([, batch]) => batch)).toEqual(seqs)
          for (const [batchNo, batch] of contents) expect(batch.map((seq) => batchOf.get(seq))).toEqual(batch.map(() => batchNo))
          expect(session.crashed).toBe(true)
          expect(session.lastTsUs).toBe(j.BASE_US + lastSeq)

          const known = all.filter(({ seq }) => seq <= lastSeq)
          const open = openLines(known)
          const endRecords = await j.recordsOf(session.batches.at(-1) ?? expect.unreachable())
          expect(ending).toEqual([(batchOf.get(lastSeq) ?? 0) + 1, endRecords.map((_, i) => lastSeq + 1 + i)])
          expect(endRecords.map((record) => (record.kind === 'line' ? [record.openedSeq, record.untilTsUs] : record.kind))).toEqual([
            ...open.map((openedSeq) => [openedSeq, session.lastTsUs]),
            'session',
          ])
          const contracts = known.flatMap((record) => (record.kind === 'contract' ? [[record.instrument, record.contract] as const] : []))
          expect(session.contracts).toEqual(new Map(contracts))

          const again = await j.recoverOne(folder)
          expect(again).toMatchObject({ crashed: false, tornBytes: 0, batches: session.batches })
        }
      }),
      { numRuns: 40 },
    )
  }, 60_000)
})
