import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { plotValues } from '../../../system/text-plot.ts'

const plot = (values: readonly number[], height = 5) => plotValues(values, { height, label: String })

describe('a picture of values', () => {
  it('has a column for each value, and a line at 0', () => {
    expect(plot([-2, -1, 0, 1, 2])).toEqual([
      ' 2 |    *', //
      '   |   *',
      ' 0 +--*--',
      '   | *',
      '-2 |*',
    ])
  })

  it('joins values that lie far apart', () => {
    expect(plot([0, 0, 4, 4])).toEqual([
      '4 |  **', //
      '  |  :',
      '  |  :',
      '  |  :',
      '0 +**--',
    ])
  })

  it('shows 0 although all values lie above or below it', () => {
    expect(plot([8, 8], 3)).toEqual(['8 |**', '  |', '0 +--'])
    expect(plot([-8, -8], 3)).toEqual([' 0 +--', '   |', '-8 |**'])
    expect(plot([0, 0])).toEqual(['0 +**'])
  })

  it('is no higher for values as small as numbers get', () => {
    expect(plot([-15e-324], 6)).toHaveLength(6)
  })

  it('is as wide as there are values, and as high as it should be', () => {
    const value = fc.double({ noNaN: true, min: -1e9, max: 1e9 })
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 70 }), fc.integer({ min: 2, max: 12 }), (values, height) => {
        const lines = plotValues(values, { height, label: () => '' })
        expect(lines.length).toBeLessThanOrEqual(height)
        expect(lines.filter((line) => line.startsWith(' +'))).toHaveLength(1)
        for (let column = 2; column < values.length + 2; column++) expect(lines.filter((line) => line[column] === '*')).toHaveLength(1)
      }),
    )
  })
})
