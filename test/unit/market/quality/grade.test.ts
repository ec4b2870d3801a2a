import { describe, expect, it } from 'vitest'
import { gradeOf, letterOf } from '../../../../market/quality/grade.ts'
import { contractDay, DAY_US, judged, ticks } from './quality-support.ts'

describe('a grade', () => {
  it('is 100 for a day without a fault, and says nothing of a day of which it is not known what was wanted', () => {
    expect(gradeOf(contractDay())).toEqual({ score: 100, letter: 'A', deductions: [] })
    expect(gradeOf(contractDay({ expectedUs: undefined }))).toBeUndefined()
    expect(gradeOf(contractDay({ expectedUs: 0, coveredUs: 0 }))).toBeUndefined()
  })

  it('takes a point off for each percent of time without data', () => {
    expect(gradeOf(contractDay({ coveredUs: 0.97 * DAY_US }))?.score).toBeCloseTo(97)
    expect(gradeOf(contractDay({ coveredUs: 0 }))).toMatchObject({ score: 0, letter: 'F' })
  })

  it('takes five points off for each percent of wrong ticks, quarantined ones and errors, and at most 50', () => {
    const one = gradeOf(contractDay({ ticks: ticks({ quotes: 992 }), judged: judged({ quarantined: 8, errors: 2 }) }))
    expect(one?.deductions).toEqual([{ fault: 'wrong', share: 0.01, points: 5 }])
    expect(one).toMatchObject({ score: 95, letter: 'B' })
    expect(gradeOf(contractDay({ judged: judged({ errors: 500 }) }))?.score).toBe(50)
    expect(gradeOf(contractDay({ ticks: ticks({ quotes: 0 }), judged: judged({ quarantined: 3 }) }))?.score).toBe(50)
  })

  it('takes less off for what is doubted, late or delayed, and shows each', () => {
    const day = contractDay({ ticks: ticks({ late: 100, delayed: 200 }), judged: judged({ warnings: 50 }) })
    expect(gradeOf(day)).toEqual({
      score: 80,
      letter: 'D',
      deductions: [
        { fault: 'doubted', share: 0.05, points: 5 },
        { fault: 'late', share: 0.1, points: 5 },
        { fault: 'delayed', share: 0.2, points: 10 },
      ],
    })
    expect(gradeOf(contractDay({ judged: judged({ warnings: 1000 }) }))?.score).toBe(75)
    expect(gradeOf(contractDay({ ticks: ticks({ late: 1000 }) }))?.score).toBe(75)
    expect(gradeOf(contractDay({ ticks: ticks({ delayed: 1000 }) }))?.score).toBe(50)
  })

  it('is never below 0, and is the sum that its deductions show', () => {
    const day = contractDay({ coveredUs: DAY_US / 10, ticks: ticks({ delayed: 1000 }), judged: judged({ errors: 1000, warnings: 0 }) })
    expect(gradeOf(day)?.score).toBe(0)
    const { score, deductions } =
      gradeOf(contractDay({ coveredUs: 0.9 * DAY_US, judged: judged({ errors: 7, warnings: 31 }) })) ?? expect.unreachable()
    expect(deductions.reduce((left, { points }) => left - points, 100)).toBeCloseTo(score, 10)
  })

  it.each([
    [100, 'A'],
    [98, 'A'],
    [97.999, 'B'],
    [95, 'B'],
    [94.999, 'C'],
    [90, 'C'],
    [89.999, 'D'],
    [80, 'D'],
    [79.999, 'F'],
    [0, 'F'],
  ])('of %d is the letter %s', (score, letter) => {
    expect(letterOf(score)).toBe(letter)
  })
})
