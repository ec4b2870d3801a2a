import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { PIECE_ROWS, PieceRanges } from '../../../../db/read/piece-ranges.ts'

const MINUTE_US = 60_000_000
/** What comes out, when each range is found to have so many rows. */
function rangesOf(ranges: PieceRanges, rows: number): { fromUs: number; toUs: number }[] {
  const found = []
  for (let range = ranges.next(); range; range = ranges.next()) {
    found.push(range)
    ranges.found(rows)
  }
  return found
}

describe('the pieces of a table', () => {
  it('are the whole time, one behind the other, whatever was recorded when', () => {
    const minute = fc.record({
      fromUs: fc.integer({ min: -20, max: 120 }).map((n) => n * MINUTE_US),
      ticks: fc.integer({ min: 0, max: 400_000 }),
    })
    fc.assert(
      fc.property(
        fc.uniqueArray(minute, { selector: ({ fromUs }) => fromUs, maxLength: 60 }),
        fc.nat(99),
        fc.integer({ min: 1, max: 6000 }),
        fc.nat(200_000),
        (minutes, from, seconds, rows) => {
          const selection = { fromUs: from * MINUTE_US, toUs: from * MINUTE_US + seconds * 1_000_000 }
          const found = rangesOf(
            new PieceRanges(
              selection,
              minutes.sort((a, b) => a.fromUs - b.fromUs),
            ),
            rows,
          )
          expect(found[0]?.fromUs).toBe(selection.fromUs)
          expect(found.at(-1)?.toUs).toBe(selection.toUs)
          for (const [i, { fromUs, toUs }] of found.entries()) {
            expect(toUs).toBeGreaterThan(fromUs)
            expect(fromUs).toBe(found[i - 1]?.toUs ?? selection.fromUs)
          }
        },
      ),
    )
  })

  it('have as many rows as are held, and end with a minute', () => {
    const minutes = Array.from({ length: 100 }, (_, i) => ({ fromUs: i * MINUTE_US, ticks: PIECE_ROWS / 10 }))
    const found = rangesOf(new PieceRanges({ fromUs: 0, toUs: 100 * MINUTE_US }, minutes), PIECE_ROWS)
    expect(found.map(({ toUs }) => toUs / MINUTE_US)).toEqual([10, 20, 30, 40, 50, 60, 70, 80, 90, 100])
  })

  it('are longer of a table that has few of the ticks', () => {
    const minutes = Array.from({ length: 100 }, (_, i) => ({ fromUs: i * MINUTE_US, ticks: PIECE_ROWS / 10 }))
    const found = rangesOf(new PieceRanges({ fromUs: 0, toUs: 100 * MINUTE_US }, minutes), PIECE_ROWS / 4)
    expect(found.map(({ toUs }) => toUs / MINUTE_US).slice(0, 2)).toEqual([10, 50])
  })
})
