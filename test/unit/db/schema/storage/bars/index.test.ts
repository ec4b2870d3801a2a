import { describe, expect, it } from 'vitest'

import { BAR_AGGREGATES, BAR_REFRESH_POLICIES } from '../../../../../../db/schema/storage/bars/index.ts'

const SECONDS: Readonly<Record<string, number>> = { minute: 60, hour: 3600, day: 86_400 }

function secondsOf(interval: string): number {
  const [count = '', unit = ''] = interval.split(' ')
  return Number(count) * (SECONDS[unit.replace(/s$/, '')] ?? Number.NaN)
}

describe('aggregates of ticks', () => {
  it('come behind what they are made of, in buckets that are whole numbers of its buckets', () => {
    for (const [index, { from, bucket }] of BAR_AGGREGATES.entries()) {
      const parent = BAR_AGGREGATES.findIndex(({ name }) => name === from)
      expect(parent).toBeLessThan(index)
      const width = BAR_AGGREGATES[parent]?.bucket
      if (width !== undefined) expect(secondsOf(bucket) % secondsOf(width)).toBe(0)
    }
  })

  it('explain only columns that they have', () => {
    for (const { query, comments } of BAR_AGGREGATES)
      for (const column of Object.keys(comments)) expect(query).toMatch(new RegExp(`\\b${column}\\b`))
  })

  it('are each computed anew by a policy that the server takes: over two buckets at least, and the unfinished one left out', () => {
    expect(BAR_REFRESH_POLICIES.map(({ on }) => on)).toEqual(BAR_AGGREGATES.map(({ name }) => name))
    for (const [index, { startOffset, endOffset }] of BAR_REFRESH_POLICIES.entries()) {
      const bucket = secondsOf(BAR_AGGREGATES[index]?.bucket ?? '')
      expect(secondsOf(startOffset ?? '') - secondsOf(endOffset)).toBeGreaterThanOrEqual(2 * bucket)
      expect(secondsOf(endOffset)).toBeGreaterThanOrEqual(bucket)
    }
  })
})
