import { describe, expect, it } from 'vitest'

import { Mark } from '../../../../market/marks.ts'
import { sampledQuote } from '../../../../market/rules/sampled-quote.ts'
import { RulesAtWork, quoteOf } from '../../../support/rules.ts'

const SECOND_US = 1_000_000

function market() {
  const rules = new RulesAtWork([sampledQuote])
  return {
    rules,
    tick: (bid?: number, ask?: number) => rules.findingsOn({ ...quoteOf(bid, ask), source: 'tick-by-tick' }),
    sample: (bid?: number, ask?: number, fields = {}) => rules.findingsOn({ ...quoteOf(bid, ask), ...fields }),
    wait: (seconds: number) => (rules.nowUs += seconds * SECOND_US),
  }
}

describe('sampled-quote', () => {
  it('flags a sampled quote that is wholly outside of what stood tick by tick', () => {
    const { tick, sample } = market()
    tick(70, 70.02)
    expect(sample(71, 71.02)).toEqual(['sampled-quote: 71 to 71.02 is outside of what stood tick by tick, 70 to 70.02'])
    expect(sample(69, 69.02)).toHaveLength(1)
    expect(sample(70, 70.02)).toEqual([])
  })

  it('bears one that stood a moment ago, and not one of long ago', () => {
    const { tick, sample, wait } = market()
    tick(70, 70.02)
    wait(1)
    tick(71, 71.02)
    expect(sample(70, 70.02)).toEqual([])
    wait(3)
    tick(71, 71.02)
    wait(3)
    tick(71, 71.02)
    expect(sample(70, 70.02)).toHaveLength(1)
  })

  it('knows what has stood unchanged for long', () => {
    const { tick, sample, wait } = market()
    tick(70, 70.02)
    wait(100)
    expect(sample(70, 70.02)).toEqual([])
    tick(71, 71.02)
    expect(sample(70, 70.02)).toEqual([])
  })

  it('asks nothing without a tick-by-tick quote, of one-sided quotes, and of what is of another moment', () => {
    const { tick, sample } = market()
    expect(sample(71, 71.02)).toEqual([])
    tick(70, 70.02)
    expect(sample(71, undefined)).toEqual([])
    for (const marks of [Mark.late, Mark.initial, Mark.frozen]) expect(sample(71, 71.02, { marks })).toEqual([])
    expect(sample(71, 71.02, { delayed: true })).toEqual([])
    tick(undefined, 70.02)
    expect(sample(71, 71.02)).toEqual([])
  })

  it('forgets a line that was closed, and everything in a gap', () => {
    const { tick, sample, rules } = market()
    tick(70, 70.02)
    rules.take({ kind: 'line', event: 'closed', instrument: 0, feed: 'tick-by-tick-quotes', openedSeq: 1, openedTsUs: 1 })
    expect(sample(71, 71.02)).toEqual([])
    tick(70, 70.02)
    rules.take({ kind: 'session', event: 'interrupted', fromTsUs: rules.nowUs, cause: 'test' })
    expect(sample(71, 71.02)).toEqual([])
  })
})
