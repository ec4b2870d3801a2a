import { describe, expect, it } from 'vitest'
import { burstArrival } from '../../../../market/rules/burst-arrival.ts'
import { quoteOf, RULES_START_US, RulesAtWork } from '../../../support/rules.ts'

/** What is found on so many quotes of one line, all within a second. */
function burst(count: number, { isOpen = true, more = {}, mostPerSecond = 3 } = {}) {
  const rules = new RulesAtWork([burstArrival], { settings: { 'burst-arrival': { mostPerSecond } } })
  if (isOpen) rules.take({ kind: 'line', instrument: 0, event: 'opened', openedSeq: 1, openedTsUs: 1 })
  return Array.from({ length: count }, (_, i) => rules.findingsOn({ ...quoteOf(1, 2), tsUs: RULES_START_US + i * 1000, ...more })).flat()
}

describe('burst-arrival', () => {
  it('notes quotes of a line beyond what is sampled in a second', () => {
    expect(burst(5)).toEqual(['burst-arrival: 4 quotes of its line in one second', 'burst-arrival: 5 quotes of its line in one second'])
    expect(burst(3)).toEqual([])
  })

  it('begins each second anew', () => {
    const rules = new RulesAtWork([burstArrival], { settings: { 'burst-arrival': { mostPerSecond: 3 } } })
    rules.take({ kind: 'line', instrument: 0, event: 'opened', openedSeq: 1, openedTsUs: 1 })
    for (let i = 0; i < 9; i++) expect(rules.findingsOn({ ...quoteOf(1, 2), tsUs: RULES_START_US + i * 350_000 })).toEqual([])
  })

  it('says nothing of tick-by-tick quotes, nor of a tape without lines', () => {
    expect(burst(9, { more: { source: 'tick-by-tick' } })).toEqual([])
    expect(burst(9, { isOpen: false })).toEqual([])
  })
})
