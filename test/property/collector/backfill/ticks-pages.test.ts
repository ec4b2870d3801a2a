/** Pages of ticks against a source that knows every one of them. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { type TicksPage, ticksPages } from '../../../../collector/backfill/ticks.ts'
import type { Span } from '../../../../market/coverage.ts'
import type { HistoryTick } from '../../../../market/tick.ts'

const SECOND_US = 1_000_000
const START_US = Date.UTC(2014, 5, 5, 13, 30) * 1000
const at = (second: number) => START_US + second * SECOND_US

/** So many ticks in each second. No two have one price. */
function source(counts: readonly number[]): HistoryTick[] {
  let price = 0
  return counts.flatMap((count, second) =>
    Array.from({ length: count }, (): HistoryTick => ({ kind: 'trade', eventTsUs: at(second), price: ++price, source: 'tick-by-tick' })),
  )
}

/** What IB does: so many, and where it `completes` it the rest of the second; a second by itself always whole. */
function answering(ticks: readonly HistoryTick[], completes: boolean) {
  const asked: number[] = []
  const ask = async (fromUs: number, count: number) => {
    asked.push(fromUs)
    const left = ticks.filter(({ eventTsUs }) => eventTsUs >= fromUs)
    const last = left[count - 1]?.eventTsUs
    const isWhole = completes || left[0]?.eventTsUs === last
    return { ticks: last !== undefined && isWhole ? left.filter(({ eventTsUs }) => eventTsUs <= last) : left.slice(0, count) }
  }
  return { asked, ask }
}

async function all<T>(pages: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const page of pages) list.push(page)
  return list
}

/** One behind the other, up to the end. */
function joined(pages: readonly TicksPage<unknown>[], skip: readonly Span[]): boolean {
  const behind = (us: number) => skip.find((span) => span.fromUs === us)?.toUs ?? us
  return pages.every(({ toUs, isLast }, i) => {
    const next = pages[i + 1]
    const following = skip.find(({ fromUs, toUs: end }) => fromUs <= toUs && toUs < end)?.toUs ?? behind(toUs)
    return next === undefined ? isLast : !isLast && next.fromUs === following
  })
}

const seconds = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 40 })), { maxLength: 40 })

describe('pages of ticks', () => {
  it('are the ticks of the source, whatever the size of a page and the number of ticks in a second', async () => {
    await fc.assert(
      fc.asyncProperty(
        seconds,
        fc.integer({ min: 1, max: 30 }),
        fc.boolean(),
        fc.integer({ min: 0, max: 20 }),
        fc.integer({ min: 0, max: 25 }),
        async (counts, size, completes, first, length) => {
          const ticks = source(counts)
          const { ask } = answering(ticks, completes)
          const span = { fromUs: at(first), toUs: at(first + length) }
          const pages = await all(ticksPages(span, ask, size))
          const wanted = ticks.filter(({ eventTsUs }) => eventTsUs >= span.fromUs && eventTsUs < span.toUs)
          expect(pages.flatMap((page) => page.ticks)).toEqual(wanted)
          expect(joined(pages, [])).toBe(true)
          expect(pages.length > 0).toBe(length > 0)
        },
      ),
      { numRuns: 300 },
    )
  })

  it('leave out seconds that are not of interest, and ask for none of them', async () => {
    const spans = fc.uniqueArray(fc.integer({ min: 0, max: 40 }), { minLength: 2, maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(seconds, fc.integer({ min: 1, max: 30 }), fc.boolean(), spans, async (counts, size, completes, edges) => {
        const sorted = edges.sort((a, b) => a - b)
        const skip = sorted.flatMap((edge, i): Span[] =>
          i % 2 === 0 && i + 1 < sorted.length ? [{ fromUs: at(edge), toUs: at(sorted[i + 1] as number) }] : [],
        )
        const ticks = source(counts)
        const { ask, asked } = answering(ticks, completes)
        const isSkipped = (us: number) => skip.some(({ fromUs, toUs }) => fromUs <= us && us < toUs)
        const pages = await all(ticksPages({ fromUs: at(0), toUs: at(40), skip }, ask, size))
        expect(pages.flatMap((page) => page.ticks)).toEqual(ticks.filter(({ eventTsUs }) => !isSkipped(eventTsUs)))
        expect(asked.filter(isSkipped)).toEqual([])
        expect(joined(pages, skip)).toBe(true)
      }),
      { numRuns: 200 },
    )
  })
})

describe('a page of ticks', () => {
  const pagesOf = async (counts: readonly number[], completes: boolean, size: number) => {
    const { ask, asked } = answering(source(counts), completes)
    const pages = await all(ticksPages({ fromUs: at(0), toUs: at(counts.length) }, ask, size))
    return { asked: asked.map((us) => (us - START_US) / SECOND_US), ticks: pages.map((page) => page.ticks.length) }
  }

  it('that is cut in a second ends in front of it, and the next one begins with it', async () => {
    expect(await pagesOf([3, 4, 2], false, 5)).toEqual({ asked: [0, 1, 2], ticks: [3, 4, 2] })
  })

  it('of which the last second was completed ends behind it', async () => {
    expect(await pagesOf([3, 4, 2], true, 5)).toEqual({ asked: [0, 2], ticks: [7, 2] })
  })

  it('may have more ticks of one second than were asked for', async () => {
    expect(await pagesOf([12, 1], true, 5)).toEqual({ asked: [0, 1], ticks: [12, 1] })
  })

  it('with fewer ticks than were asked for is the last one', async () => {
    expect(await pagesOf([2, 0, 0, 2, 0], true, 5)).toEqual({ asked: [0], ticks: [4] })
  })
})
