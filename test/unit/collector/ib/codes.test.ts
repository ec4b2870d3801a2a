import { describe, expect, it } from 'vitest'
import { refusalOf } from '../../../../collector/ib/codes.ts'

describe('an error on a line', () => {
  it.each([102, 200, 321, 322, 354, 10089, 10168, 10186, 10189, 10190])('%i refuses it until the next link', (code) => {
    expect(refusalOf(code)).toBe('until-next-link')
  })

  it.each([
    [100, 'too many messages were sent'],
    [504, 'the gateway is not connected'],
    [10182, 'live updates failed'],
    [10197, 'another session has the data'],
  ])('%i refuses it for now: %s', (code) => {
    expect(refusalOf(code)).toBe('for-now')
  })

  it.each([
    [101, 'no-line', 'all lines are taken'],
    [10225, 'ask-again', 'it was ended and is to be asked for again'],
    [10090, 'part', 'a part is not subscribed'],
    [10091, 'part', 'a part is not subscribed'],
    [10167, 'part', 'delayed data is shown instead'],
  ])('%i is %s: %s', (code, refusal) => {
    expect(refusalOf(code)).toBe(refusal)
  })

  it.each([
    [300, 'a cancel that came late'],
    [2104, 'a farm is well'],
    [2103, 'a farm is not well'],
    [1100, 'the connection to IB is lost'],
    [2174, 'a time zone was assumed'],
  ])('%i says nothing of it: %s', (code) => {
    expect(refusalOf(code)).toBeUndefined()
  })
})
