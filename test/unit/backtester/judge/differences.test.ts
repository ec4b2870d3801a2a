import { describe, expect, it } from 'vitest'

import { causeOf, differencesOf } from '../../../../backtester/judge/differences.ts'
import type { Finding } from '../../../../market/tick.ts'
import { finding, verdictOf } from '../../../support/tape/verdicts.ts'

const wide = finding('flag', 'wide-spread', 'spread 80 %')
const crossed = finding('quarantine', 'crossed-quote', 'bid 2 is above ask 1')
const error = (reason: string) => finding('flag', 'rule-error', reason)

describe('the differences of two verdicts', () => {
  it('are none when both are the same, or when there is none', () => {
    expect(differencesOf(undefined, undefined)).toEqual([])
    expect(differencesOf(verdictOf(wide, crossed), verdictOf({ ...wide }, { ...crossed }))).toEqual([])
    expect(differencesOf(verdictOf({ ...wide, evidence: undefined }), verdictOf(wide))).toEqual([])
  })

  it.each<[string, Partial<Finding>]>([
    ['reason', { reason: 'spread 81 %' }],
    ['severity', { severity: 'info' }],
    ['disposition', { disposition: 'quarantine' }],
    ['evidence', { evidence: [3] }],
  ])('name a rule whose %s is another', (_, change) => {
    const now = { ...wide, ...change }
    expect(differencesOf(verdictOf(wide, crossed), verdictOf(now, crossed))).toEqual([
      { rule: 'wide-spread', change: 'changed', recorded: wide, now },
    ])
  })

  it('name each rule that speaks once only', () => {
    expect(differencesOf(verdictOf(wide), verdictOf(crossed))).toEqual([
      { rule: 'wide-spread', change: 'vanished', recorded: wide },
      { rule: 'crossed-quote', change: 'appeared', now: crossed },
    ])
    expect(differencesOf(undefined, verdictOf(wide))).toEqual([{ rule: 'wide-spread', change: 'appeared', now: wide }])
  })

  it('tell two findings of one rule apart', () => {
    expect(differencesOf(verdictOf(error('a'), error('b')), verdictOf(error('a')))).toEqual([
      { rule: 'rule-error', change: 'vanished', recorded: error('b') },
    ])
  })

  it('are the order alone when that is all', () => {
    expect(differencesOf(verdictOf(wide, crossed), verdictOf(crossed, wide))).toEqual([{ rule: 'wide-spread', change: 'reordered' }])
  })
})

describe('why a rule differs', () => {
  const on = { severity: 'info', disposition: 'flag', maxPercent: 10 } as const
  it.each([
    ['not-judged', undefined, { r: on }],
    ['rule-new', {}, { r: on }],
    ['rule-gone', { r: on }, {}],
    ['was-off', { r: 'off' }, { r: on }],
    ['is-off', { r: on }, { r: 'off' as const }],
    ['settings-changed', { r: { ...on, maxPercent: 11 } }, { r: on }],
    ['same-settings', { r: { ...on } }, { r: { ...on, more: undefined } }],
    // A finding of no rule that has settings, such as rule-error.
    ['same-settings', {}, {}],
  ])('is %s', (cause, then, now) => {
    expect(causeOf('r', then, now)).toBe(cause)
  })
})
