import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { isMarked, Mark, MARK_NAMES, marksOf, marksText, withMarks } from '../../../market/marks.ts'
import { packageRoot } from '../../../system/package-root.ts'

describe('marks', () => {
  it('are written as the names of their bits, and read back', () => {
    expect(marksText(Mark.initial | Mark.bidPastLimit)).toBe('initial,bid-past-limit')
    expect(marksText(undefined)).toBeUndefined()
    expect(marksText(0)).toBeUndefined()
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 0xffffffff }), (marks) => {
        expect(marksOf(marksText(marks))).toBe(marks)
      }),
    )
  })

  it('pass over what is no name', () => {
    expect(marksOf('late,,what,bit-40')).toBe(Mark.late)
    expect(marksOf('')).toBeUndefined()
  })

  it('are added to others', () => {
    expect(withMarks(undefined, Mark.late)).toBe(Mark.late)
    expect(withMarks(Mark.late, Mark.merged)).toBe(Mark.late | Mark.merged)
    expect(withMarks(undefined, undefined)).toBeUndefined()
    expect([isMarked({ marks: Mark.late }, Mark.late), isMarked({ marks: Mark.late }, Mark.initial), isMarked({}, Mark.late)]).toEqual([
      true,
      false,
      false,
    ])
  })

  it('have one name each, and are explained on the page about them by bit', () => {
    expect(MARK_NAMES).toHaveLength(Object.keys(Mark).length)
    const page = readFileSync(join(packageRoot(), 'docs', 'marks.md'), 'utf8')
    const listed = [...page.matchAll(/^\| (\d+) \| `([^`]+)` \|/gm)].map(([, bit, name]) => [Number(bit), name])
    expect(listed).toEqual(MARK_NAMES.map((name, bit) => [bit, name]))
    const bits = Object.entries(Mark).map(([name, bit]) => [name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`), Math.log2(bit)])
    expect(bits).toEqual(MARK_NAMES.map((name, bit) => [name, bit]))
  })
})
