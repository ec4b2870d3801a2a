import { describe, expect, it } from 'vitest'
import { Mark } from '../../../../market/marks.ts'
import { priceJump } from '../../../../market/rules/price-jump.ts'
import type { Contract } from '../../../../market/contract.ts'
import { OPTION, quoteOf, RULES_START_US, RulesAtWork, STOCK } from '../../../support/rules.ts'

/** A book of a stock that has moved by a cent, up and down in turn, often enough for its scale to be known; its middle is 100. */
function settled({
  contract = STOCK,
  startUs = RULES_START_US,
  steps = 40,
}: {
  contract?: Contract
  startUs?: number
  steps?: number
} = {}) {
  const rules = new RulesAtWork([priceJump], { contracts: [contract], startUs })
  for (let i = 0; i <= steps; i++) rules.verdictOn(around(100 + (i % 2) / 100))
  return { rules, to: (mid: number, more = {}) => rules.findingsOn({ ...around(mid), ...more }) }
}

const around = (mid: number, spread = 0.02) => quoteOf(mid - spread / 2, mid + spread / 2)

describe('price-jump', () => {
  it('flags a step that is large beside the recent ones, and the step back', () => {
    const { rules, to } = settled()
    expect(rules.verdictOn(around(101))).toMatchObject({
      disposition: 'flag',
      findings: [{ severity: 'warning', reason: 'the middle went from 100 to 101, 67 times the scale of recent steps' }],
    })
    expect(to(100)).toHaveLength(1)
    expect(to(100.01)).toEqual([])
  })

  it('goes by a scale that one bad quote does not move', () => {
    const { to } = settled()
    for (let i = 0; i < 3; i++) {
      expect(to(1000)).toHaveLength(1)
      expect(to(100)).toHaveLength(1)
    }
  })

  it('follows a market that has become lively', () => {
    const { to } = settled()
    const flags = Array.from({ length: 60 }, (_, i) => to(100 + (i % 2)).length)
    expect(flags[1]).toBe(1)
    expect(flags.slice(40).every((count) => count === 0)).toBe(true)
  })

  it.each([
    ['within the spread', (at: ReturnType<typeof settled>) => at.rules.findingsOn(around(101, 1.2))],
    ['of a small share of the price', (at: ReturnType<typeof settled>) => at.to(100.45)],
    ['of a quote with one side', (at: ReturnType<typeof settled>) => at.rules.findingsOn(quoteOf(undefined, 120))],
    ['to what stood before', (at: ReturnType<typeof settled>) => at.to(120, { marks: Mark.initial })],
    ['from before the open', (at: ReturnType<typeof settled>) => at.to(120, { marks: Mark.preOpen })],
    ['of the other book', (at: ReturnType<typeof settled>) => at.to(120, { source: 'tick-by-tick' })],
  ])('says nothing of a step %s', (_, step) => {
    expect(step(settled())).toEqual([])
  })

  it('says nothing before it knows the scale', () => {
    expect(settled({ steps: 10 }).to(120)).toEqual([])
  })

  it('begins a new level behind a side that was missing', () => {
    const { rules, to } = settled()
    rules.verdictOn(quoteOf(99.99))
    expect(to(120)).toEqual([])
    expect(to(100)).toHaveLength(1)
  })

  it.each([
    ['a halt', { kind: 'statistic', instrument: 0, name: 'halted', value: 0 }],
    ['a gap of all lines', { kind: 'gap', fromTsUs: 1, toTsUs: 2, cause: 'link-lost' }],
    ['a gap of its own', { kind: 'gap', fromTsUs: 1, toTsUs: 2, cause: 'silent', instrument: 0 }],
    ['an interruption', { kind: 'session', event: 'interrupted' }],
    ['its line was opened again', { kind: 'line', instrument: 0, event: 'opened', openedSeq: 1, openedTsUs: 1 }],
  ] as const)('begins a new level behind %s', (_, record) => {
    const { rules, to } = settled()
    rules.take(record)
    expect(to(120)).toEqual([])
    expect(to(100)).toHaveLength(1)
  })

  it('goes on behind what concerns others', () => {
    const { rules, to } = settled()
    rules.take({ kind: 'gap', fromTsUs: 1, toTsUs: 2, cause: 'silent', instrument: 1 })
    rules.take({ kind: 'session', event: 'alive' })
    rules.take({ kind: 'line', instrument: 0, event: 'missing', openedSeq: 1, openedTsUs: 1 })
    expect(to(120)).toHaveLength(1)
  })

  it('says nothing while the instrument is halted', () => {
    const { rules, to } = settled()
    rules.take({ kind: 'statistic', instrument: 0, name: 'halted', value: 1 })
    to(100)
    expect(to(120)).toEqual([])
  })

  it('says nothing at the open and at the close', () => {
    const open = RULES_START_US - 61 * 60_000_000
    const { to } = settled({ startUs: open - 1_000_000 })
    expect(to(120, { tsUs: open })).toEqual([])
    expect(to(100)).toHaveLength(1)
  })

  it('believes no quote that was quarantined', () => {
    const { rules, to } = settled()
    const verdict = {
      disposition: 'quarantine',
      findings: [{ rule: 'x', severity: 'error', disposition: 'quarantine', reason: '' }],
    } as const
    rules.take({ ...around(120), verdict })
    expect(to(100)).toEqual([])
  })

  it('keeps a memory for each instrument', () => {
    const { rules, to } = settled({ contract: OPTION })
    rules.take({ kind: 'contract', instrument: 7, contract: STOCK })
    for (let i = 0; i < 200; i++) expect(rules.findingsOn({ ...around(5 + (i % 2)), instrument: 7 })).toEqual([])
    expect(to(101)).toHaveLength(1)
  })
})
