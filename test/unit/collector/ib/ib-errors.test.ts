import { describe, expect, it } from 'vitest'
import { endsLine } from '../../../../collector/ib/ib-errors.ts'

describe('an error on a line', () => {
  it.each([101, 102, 200, 322, 354, 10089, 10168, 10182, 10189, 10190, 10197])('%i ends it', (code) => {
    expect(endsLine(code)).toBe(true)
  })

  it.each([
    [300, 'a cancel that came late'],
    [10090, 'a part is not subscribed'],
    [10091, 'a part is not subscribed'],
    [10167, 'delayed data is shown instead'],
    [2104, 'a farm is well'],
    [2103, 'a farm is not well'],
    [1100, 'the connection to IB is lost'],
    [2174, 'a time zone was assumed'],
  ])('%i does not: %s', (code) => {
    expect(endsLine(code)).toBe(false)
  })
})
