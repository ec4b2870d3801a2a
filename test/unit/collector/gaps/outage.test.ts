import { describe, expect, it } from 'vitest'
import { Outage } from '../../../../collector/gaps/outage.ts'

function watched() {
  const gaps: unknown[] = []
  return { outage: new Outage({ record: (gap) => gaps.push(gap) }), gaps }
}

describe('an outage', () => {
  it('is named when it ends, from its begin to its end', () => {
    const { outage, gaps } = watched()
    outage.begin(1000, 'link-lost')
    expect(gaps).toEqual([])
    outage.end(5000)

    expect(gaps).toEqual([{ fromTsUs: 1000, toTsUs: 5000, cause: 'link-lost' }])
  })

  it('of several causes is one hole, from the first on and named after it', () => {
    const { outage, gaps } = watched()
    expect(outage.open).toBeUndefined()
    expect(outage.begin(1000, 'ib-1100')).toBe(true)
    expect(outage.begin(2000, 'link-lost')).toBe(false)
    expect(outage.begin(500, 'collector-crash')).toBe(false)
    expect(outage.open).toEqual({ fromTsUs: 1000, cause: 'ib-1100' })
    outage.end(5000)
    expect(outage.open).toBeUndefined()

    expect(gaps).toEqual([{ fromTsUs: 1000, toTsUs: 5000, cause: 'ib-1100' }])
  })

  it('ends once, and may be followed by another', () => {
    const { outage, gaps } = watched()
    outage.end(1)
    outage.begin(1000, 'a')
    outage.end(2000)
    outage.end(3000)
    outage.begin(4000, 'b')
    outage.end(5000)

    expect(gaps).toEqual([
      { fromTsUs: 1000, toTsUs: 2000, cause: 'a' },
      { fromTsUs: 4000, toTsUs: 5000, cause: 'b' },
    ])
  })
})
