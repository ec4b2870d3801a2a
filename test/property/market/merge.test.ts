import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mergeOrdered } from '../../../market/merge.ts'

interface Row {
  tsUs: number
  seq: number
  /** Which stream, and where in it. */
  id: string
}

// Few values, so that equal stamps are common.
const stamp = fc.record({ tsUs: fc.nat(6), seq: fc.nat(3) })
const stream = fc.record({ stamps: fc.array(stamp, { maxLength: 30 }), chunkSizes: fc.array(fc.nat(4), { maxLength: 20 }) })
const streams = fc
  .array(stream, { maxLength: 6 })
  .map((all) => all.map(({ stamps, chunkSizes }, rank) => ({ rows: orderedRows(stamps, rank), chunkSizes })))

function byStamp(a: Omit<Row, 'id'>, b: Omit<Row, 'id'>): number {
  return a.tsUs - b.tsUs || a.seq - b.seq
}

function orderedRows(stamps: Omit<Row, 'id'>[], rank: number): Row[] {
  return stamps.toSorted(byStamp).map((row, i) => ({ ...row, id: `${rank}/${i}` }))
}

/** Size 0 is an empty chunk; what the sizes leave over comes as one. */
async function* inChunks(rows: Row[], sizes: number[], onClose: () => void): AsyncGenerator<Row[]> {
  try {
    let next = 0
    for (const size of sizes) yield rows.slice(next, (next += size))
    yield rows.slice(next)
  } finally {
    onClose()
  }
}

describe('mergeOrdered', () => {
  it('equals a stable sort of all streams in their order by time and seq', async () => {
    await fc.assert(
      fc.asyncProperty(streams, async (all) => {
        const merged: Row[] = []
        let closed = 0
        const sources = all.map(({ rows, chunkSizes }) => inChunks(rows, chunkSizes, () => closed++))
        for await (const chunk of mergeOrdered(sources)) {
          expect(chunk).not.toHaveLength(0)
          merged.push(...chunk)
        }
        const expected = all.flatMap(({ rows }) => rows).toSorted(byStamp)
        expect(merged).toEqual(expected)
        expect(closed).toBe(all.length)
      }),
      { numRuns: 500 },
    )
  })

  it('closes every stream wherever the consumer stops', async () => {
    await fc.assert(
      fc.asyncProperty(streams, fc.nat(10), async (all, chunksTaken) => {
        let closed = 0
        const merged = mergeOrdered(all.map(({ rows, chunkSizes }) => inChunks(rows, chunkSizes, () => closed++)))
        await merged.next()
        for (let i = 0; i < chunksTaken; i++) await merged.next()
        await merged.return(undefined)
        expect(closed).toBe(all.length)
      }),
    )
  })
})
