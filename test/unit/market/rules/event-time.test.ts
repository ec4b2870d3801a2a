import { describe, expect, it } from 'vitest'
import { Mark } from '../../../../market/marks.ts'
import { eventTime } from '../../../../market/rules/event-time.ts'
import { RULES_START_US, RulesAtWork, tradeOf } from '../../../support/rules.ts'

const MS = 1000
const at = (eventMs: number, more = {}) => ({ ...tradeOf(1), eventTsUs: RULES_START_US + eventMs * MS, ...more })

describe('event-time', () => {
  it("flags a venue's time ahead of the tick's own", () => {
    const rules = new RulesAtWork([eventTime])
    expect(rules.findingsOn(at(6000))).toEqual(["event-time: the venue's time is 6000 ms ahead"])
    expect(rules.findingsOn(at(4000))).toEqual([])
    expect(rules.verdictOn(at(60_000))).toMatchObject({ disposition: 'flag', findings: [{ severity: 'warning' }] })
  })

  it("flags a venue's time behind that of an earlier tick of the same stream, and of none that lay ahead", () => {
    const rules = new RulesAtWork([eventTime])
    expect(rules.findingsOn(at(4000))).toEqual([])
    rules.verdictOn(at(9_000_000))
    expect(rules.findingsOn(at(3000))).toEqual([])
    expect(rules.findingsOn(at(2900))).toEqual(["event-time: the venue's time is 1100 ms behind an earlier one"])
    expect(rules.findingsOn(at(0, { source: 'tick-by-tick' }))).toEqual([])
    expect(rules.findingsOn(at(0, { instrument: 1 }))).toEqual([])
    expect(rules.findingsOn({ kind: 'quote', instrument: 0, bidPrice: 1, eventTsUs: RULES_START_US })).toEqual([])
  })

  it('says nothing of what stood before the line was asked for, and counts nothing by it', () => {
    const rules = new RulesAtWork([eventTime])
    rules.verdictOn(at(4000))
    expect(rules.findingsOn(at(-3_600_000, { marks: Mark.initial }))).toEqual([])
    const fresh = new RulesAtWork([eventTime])
    fresh.verdictOn(at(4000, { marks: Mark.initial }))
    expect(fresh.findingsOn(at(0))).toEqual([])
  })

  it('says nothing of a tick without a time of its venue', () => {
    const rules = new RulesAtWork([eventTime])
    rules.verdictOn(at(4000))
    expect(rules.findingsOn(tradeOf(1))).toEqual([])
  })
})
