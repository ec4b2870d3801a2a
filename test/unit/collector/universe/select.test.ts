import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { selectOptions, shareLines } from '../../../../collector/universe/select.ts'
import { nameOf, option } from './options.ts'

describe('selectOptions', () => {
  it('takes strikes within the range, its ends included, nearest the money first', () => {
    const chain = [50, 56, 60, 65, 70, 75, 80, 84, 84.5].map((strike) => option(strike))
    expect(selectOptions(chain, { rangePercent: 20 }, 70).map(({ strike }) => strike)).toEqual([70, 65, 75, 60, 80, 56, 84])
  })

  it('takes all strikes when all are asked for, in the same order', () => {
    const chain = [10, 65, 70, 200].map((strike) => option(strike))
    expect(selectOptions(chain, 'all', 70).map(({ strike }) => strike)).toEqual([70, 65, 10, 200])
  })

  it('prefers near expiries among equals, then the lower strike, calls, and class by name', () => {
    const chain = [
      option(70, 'P', '2014-07-19'),
      option(70, 'C', '2014-07-19'),
      option(72.5, 'C'),
      option(67.5, 'P'),
      option(67.5, 'C', '2014-06-21', 'TWX1'),
      option(67.5, 'C'),
      option(70, 'C'),
    ]
    expect(selectOptions(chain, 'all', 70).map(nameOf)).toEqual([
      'TWX 06-21 70 C',
      'TWX 07-19 70 C',
      'TWX 07-19 70 P',
      'TWX 06-21 67.5 C',
      'TWX1 06-21 67.5 C',
      'TWX 06-21 67.5 P',
      'TWX 06-21 72.5 C',
    ])
  })

  it('takes the middle strike for the money when no price is known, and applies no range', () => {
    const chain = [10, 60, 60, 60, 60, 65, 70, 400].map((strike) => option(strike))
    expect(selectOptions(chain, { rangePercent: 1 }, undefined).map(({ strike }) => strike)).toEqual([65, 60, 60, 60, 60, 70, 10, 400])
    expect(selectOptions([], { rangePercent: 20 }, undefined)).toEqual([])
  })

  it('chooses the same whatever the order of the chain, and changes nothing in it', () => {
    const chain = [60, 65, 70].flatMap((strike) =>
      (['C', 'P'] as const).flatMap((right) => [option(strike, right), option(strike, right, '2014-07-19')]),
    )
    const expected = selectOptions(chain, { rangePercent: 10 }, 66)
    fc.assert(
      fc.property(fc.shuffledSubarray(chain, { minLength: chain.length }), (shuffled) => {
        const before = [...shuffled]
        expect(selectOptions(shuffled, { rangePercent: 10 }, 66)).toEqual(expected)
        expect(shuffled).toEqual(before)
      }),
    )
  })
})

describe('shareLines', () => {
  it('gives one line to each in turn until there are none left', () => {
    const choices = [['a1', 'a2', 'a3'], ['b1'], ['c1', 'c2']]
    expect(shareLines(choices, 2)).toEqual(['a1', 'b1'])
    expect(shareLines(choices, 5)).toEqual(['a1', 'b1', 'c1', 'a2', 'c2'])
    expect(shareLines(choices, 100)).toEqual(['a1', 'b1', 'c1', 'a2', 'c2', 'a3'])
  })

  it.each([0, -1])('gives none of %i', (lines) => {
    expect(shareLines([['a']], lines)).toEqual([])
  })

  it('shares nothing among none', () => {
    expect(shareLines([], 10)).toEqual([])
    expect(shareLines([[], []], 10)).toEqual([])
  })
})
