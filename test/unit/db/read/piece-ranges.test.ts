import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { LEAST_PIECE_ROWS, PIECE_ROWS, PieceRanges } from '../../../../db/read/piece-ranges.ts'

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

  it('have as many rows as are held, fewer at the begin and the end, and end with a minute', () => {
    const minutes = Array.from({ length: 200 }, (_, i) => ({ fromUs: i * MINUTE_US, ticks: PIECE_ROWS / 20 }))
    const ranges = new PieceRanges({ fromUs: 0, toUs: 200 * MINUTE_US }, minutes)
    const found: number[] = []
    for (let range = ranges.next(); range; range = ranges.next()) {
      const length = (range.toUs - range.fromUs) / MINUTE_US
      ranges.found((length * PIECE_ROWS) / 20)
      found.push(length)
    }
    const least = LEAST_PIECE_ROWS / (PIECE_ROWS / 20)
    expect(found.slice(0, 6)).toEqual([least, least, 2 * least, 4 * least, 20, 20])
    expect(found.at(-1)).toBeLessThanOrEqual(least)
    expect(Math.max(...found)).toBe(20)
  })

  it('are longer of a table that has few of the ticks', () => {
    const minutes = Array.from({ length: 100 }, (_, i) => ({ fromUs: i * MINUTE_US, ticks: PIECE_ROWS / 10 }))
    const ranges = new PieceRanges({ fromUs: 0, toUs: 100 * MINUTE_US }, minutes)
    const least = LEAST_PIECE_ROWS / (PIECE_ROWS / 10)
    expect(ranges.next()).toEqual({ fromUs: 0, toUs: least * MINUTE_US })
    ranges.found(LEAST_PIECE_ROWS / 4)
    expect(ranges.next()).toEqual({ fromUs: least * MINUTE_US, toUs: 5 * least * MINUTE_US })
  })
})
