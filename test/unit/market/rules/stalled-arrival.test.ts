import { describe, expect, it } from 'vitest'
import { Mark } from '../../../../market/marks.ts'
import { stalledArrival } from '../../../../market/rules/stalled-arrival.ts'
import { quoteOf, RULES_START_US, RulesAtWork } from '../../../support/rules.ts'

const MS = 1000

/** Rules with so many open lines whose data has flowed for some seconds, and what they find on quotes so many milliseconds later. */
function feed(lines: number, { startUs = RULES_START_US, flowsSeconds = 10 } = {}) {
  const rules = new RulesAtWork([stalledArrival], { startUs })
  for (let instrument = 0; instrument < lines; instrument++)
    rules.take({ kind: 'line', instrument, event: 'opened', openedSeq: 1, openedTsUs: startUs })
  const firstUs = rules.nowUs + 1
  for (let second = flowsSeconds; second >= 0; second--) rules.verdictOn({ ...quoteOf(1, 2), tsUs: firstUs - second * 1000 * MS })
  return { rules, at: (ms: number, more = {}) => rules.findingsOn({ ...quoteOf(1, 2), tsUs: firstUs + ms * MS, ...more }) }
}

describe('stalled-arrival', () => {
  it('notes what comes right behind a silence of all lines', () => {
    const { at } = feed(20)
    expect(at(2999)).toEqual([])
    expect(at(8000)).toEqual(['stalled-arrival: the first tick of all lines for 5.0 s'])
    expect(at(8000.5)).toEqual(['stalled-arrival: came 0.5 ms behind a stall of 5.0 s'])
    expect(at(8250)).toEqual(['stalled-arrival: came 250.0 ms behind a stall of 5.0 s'])
    expect(at(8251)).toEqual([])
  })

  it('takes a silence for none where few lines are open, or outside of regular hours', () => {
    const few = feed(19)
    expect([few.at(8000), few.at(8001)]).toEqual([[], []])
    const evening = feed(20, { startUs: RULES_START_US + 8 * 3_600_000 * MS })
    expect([evening.at(8000), evening.at(8001)]).toEqual([[], []])
  })

  it('takes a silence for none before which data has not flowed, as of samples that come together every minute', () => {
    const late = feed(20, { flowsSeconds: 9 })
    expect([late.at(8000), late.at(8001)]).toEqual([[], []])
    const { at } = feed(20, { flowsSeconds: 0 })
    for (let minute = 1; minute < 5; minute++) expect([at(minute * 60_000), at(minute * 60_000 + 1)]).toEqual([[], []])
  })

  it('says nothing of a silence that has a name, or of first values', () => {
    const named = feed(20)
    named.rules.take({ kind: 'gap', fromTsUs: 1, toTsUs: 2, cause: 'link-lost' })
    expect(named.at(8000)).toEqual([])
    expect(feed(20).at(8000, { marks: Mark.initial })).toEqual([])
  })

  it('is not misled by proofs that the gateway lives, which prove no data', () => {
    const { rules, at } = feed(20)
    rules.take({ kind: 'session', event: 'alive' })
    expect(at(8000)).toHaveLength(1)
  })
})
