import { describe, expect, it } from 'vitest'
import { crossedQuote } from '../../../../market/rules/crossed-quote.ts'
import { Mark } from '../../../../market/marks.ts'
import { findingOf, quoteOf, RULES_START_US, RulesAtWork } from '../../../support/rules.ts'

const MS = 1000
/** 08:00 in New York. */
const MORNING_US = RULES_START_US - (2 * 60 + 31) * 60_000 * MS

/** 16:00 in New York, the close itself. */
const EVENING_US = MORNING_US + 8 * 60 * 60_000 * MS

describe('crossed-quote', () => {
  it('flags sides that have just crossed', () => {
    expect(findingOf(crossedQuote, quoteOf(1.01, 1))).toEqual({
      rule: 'crossed-quote',
      severity: 'warning',
      disposition: 'flag',
      reason: 'bid 1.01 is above ask 1 for less than 250 ms',
    })
  })

  it('keeps a quote out whose sides have been crossed for too long by the records', () => {
    const rules = new RulesAtWork([crossedQuote])
    const at = (ms: number, bid: number) => rules.findingsOn({ ...quoteOf(bid, 1), tsUs: RULES_START_US + ms * MS })
    expect(at(0, 1.01)).toEqual(['crossed-quote: bid 1.01 is above ask 1 for less than 250 ms'])
    expect(at(249, 1.02)).toEqual(['crossed-quote: bid 1.02 is above ask 1 for less than 250 ms'])
    expect(at(250, 1.03)).toEqual(['!crossed-quote: bid 1.03 is above ask 1 for 250 ms'])
    expect(at(900, 1.03)).toEqual(['!crossed-quote: bid 1.03 is above ask 1 for 900 ms'])
    expect(at(901, 0.99)).toEqual([])
    expect(at(1200, 1.01)).toEqual(['crossed-quote: bid 1.01 is above ask 1 for less than 250 ms'])
  })

  it('counts from the open on, and anew behind an interruption', () => {
    const rules = new RulesAtWork([crossedQuote])
    const openUs = MORNING_US + 90 * 60_000 * MS
    const crossed = (ms: number, more = {}) => rules.findingsOn({ ...quoteOf(1.01, 1), tsUs: openUs + ms * MS, ...more })
    expect(crossed(-60_000)).toEqual(['crossed-quote: bid 1.01 is above ask 1, outside of regular hours'])
    expect(crossed(10, { marks: Mark.preOpen })).toEqual(['crossed-quote: bid 1.01 is above ask 1, before the open'])
    expect(crossed(50)).toEqual([expect.stringContaining('for less than')])
    rules.take({ kind: 'session', event: 'interrupted', tsUs: openUs + 100 * MS })
    expect(crossed(400)).toEqual([expect.stringContaining('for less than')])
    expect(crossed(700)).toEqual([expect.stringContaining('!crossed-quote')])
  })

  it('counts for each book of an instrument, and for each instrument, on its own', () => {
    const rules = new RulesAtWork([crossedQuote])
    rules.verdictOn({ ...quoteOf(1.01, 1), tsUs: RULES_START_US })
    const later = RULES_START_US + 300 * MS
    expect(rules.findingsOn({ ...quoteOf(1.01, 1), source: 'tick-by-tick', tsUs: later })).toEqual([
      expect.stringContaining('for less than'),
    ])
    expect(rules.findingsOn({ ...quoteOf(1.01, 1), instrument: 1, tsUs: later + 1 })).toEqual([expect.stringContaining('for less than')])
    expect(rules.findingsOn({ ...quoteOf(1.01, 1), tsUs: later + 2 })).toEqual([expect.stringMatching(/^!.*for 300 ms$/)])
  })

  it('keeps a deep cross out at once', () => {
    expect(findingOf(crossedQuote, quoteOf(12, 10))).toMatchObject({
      severity: 'error',
      disposition: 'quarantine',
      reason: 'bid 12 is above ask 10 by 18.2 % of the middle',
    })
    expect(findingOf(crossedQuote, quoteOf(12, 10), { deepPercent: 20 })).toMatchObject({ disposition: 'flag' })
    expect(findingOf(crossedQuote, quoteOf(1, -1))).toMatchObject({ disposition: 'quarantine' })
    // One step of a cheap option.
    expect(findingOf(crossedQuote, quoteOf(0.03, 0.02))).toMatchObject({ disposition: 'flag' })
  })

  it('only notes a quote that is marked as one from before the open, however deep and long it is crossed', () => {
    const finding = { severity: 'info', disposition: 'flag', reason: 'bid 12 is above ask 10, before the open' }
    expect(findingOf(crossedQuote, { ...quoteOf(12, 10), marks: Mark.preOpen })).toMatchObject(finding)
  })

  it.each([
    ['before the open', MORNING_US, 'flag'],
    ['behind the close', EVENING_US, 'quarantine'],
  ])('%s only notes a cross, and calls a deep one an error', (_, tsUs, disposition) => {
    expect(findingOf(crossedQuote, { ...quoteOf(1.01, 1), tsUs })).toMatchObject({
      severity: 'info',
      disposition: 'flag',
      reason: 'bid 1.01 is above ask 1, outside of regular hours',
    })
    expect(findingOf(crossedQuote, { ...quoteOf(12, 10), tsUs })).toMatchObject({
      severity: 'error',
      disposition,
      reason: 'bid 12 is above ask 10 by 18.2 % of the middle',
    })
  })

  it.each([
    ['a locked quote', quoteOf(1, 1)],
    ['a quote with a spread', quoteOf(0.99, 1)],
    ['a zero bid', quoteOf(0, 0.05)],
    ['a quote without a bid', quoteOf(undefined, 1)],
    ['a quote without an ask', quoteOf(1, undefined)],
    ['an empty quote', quoteOf()],
  ])('lets %s pass', (_, quote) => {
    expect(findingOf(crossedQuote, quote)).toBeUndefined()
  })
})
