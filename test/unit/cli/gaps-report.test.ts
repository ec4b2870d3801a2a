import { describe, expect, it } from 'vitest'
import { formatGapReport, plainGapReport } from '../../../cli/gaps-report.ts'
import type { GapReport, ListedGap } from '../../../collector/gaps/report.ts'
import { usFromIso } from '../../../market/time.ts'

const MINUTE_US = 60_000_000
const at = (day: number, minute = 0) => usFromIso(new Date(Date.UTC(2014, 2, day, 13, 30 + minute)).toISOString())
const range = { fromUs: at(3), toUs: at(60) }

function gap(day: number, minutes: number, more: Partial<ListedGap> = {}): ListedGap {
  const [fromUs, toUs] = [at(day), at(day, minutes)]
  return { fromUs, toUs, cause: 'ib-1100', contracts: 500, missingUs: 500 * (toUs - fromUs), sessionId: 1, ...more }
}

const day = (date: string, symbol: string, coverage: number) => ({
  date,
  symbol,
  contracts: 1,
  expectedUs: 390 * MINUTE_US,
  coveredUs: coverage * 390 * MINUTE_US,
  causes: [],
})
const dates = Array.from({ length: 57 }, (_, i) => new Date(Date.UTC(2014, 2, 3 + i))).filter((date) => date.getUTCDay() % 6 !== 0)
const SYMBOLS = ['A', 'AMZN', 'BRK B', 'F', 'GOOG', 'IBM', 'SPX', 'TWX', 'XLF']

/** Two months with a loss every hour, a night each without the gateway, and one symbol that fares worse. */
const MONTHS: GapReport = {
  range,
  gaps: Array.from({ length: 1500 }, (_, i) =>
    i % 30 === 0
      ? gap(3 + i / 30, 720, { cause: 'No connection: connect ECONNREFUSED 127.0.0.1:4001', missingUs: 0 })
      : gap(3 + i / 30, 1 + (i % 7)),
  ),
  causes: [
    { cause: 'No connection: connect ECONNREFUSED 127.0.0.1:4001', gaps: 50, us: 50 * 720 * MINUTE_US, missingUs: 0, repairedUs: 0 },
  ],
  days: dates.flatMap((date) =>
    SYMBOLS.map((symbol, i) => day(date.toISOString().slice(0, 10), symbol, symbol === 'SPX' ? 0.5 : 0.98 + i / 1000)),
  ),
}

const shown = (report: GapReport, all = false) => formatGapReport(report, { all }).split('\n')
const startingWith = (lines: string[], start: RegExp) => lines.filter((line) => start.test(line))

describe('a report of months with thousands of gaps', () => {
  it('fits on two screens of 80 columns: totals, the gaps that miss most, weeks, and the symbols with the least coverage', () => {
    const lines = shown(MONTHS)
    expect(lines.filter((line) => line.length > 80)).toEqual([])
    expect(lines.length).toBeLessThan(50)
    expect(lines[0]).toBe('1,500 gaps from 2014-03-03T13:30:00Z to 2014-04-29T13:30:00Z')
    expect(lines[2]).toMatch(/^cause +gaps +in all +missed\*$/)
    expect(lines[3]).toMatch(/^No connection: connect ECONNREFUSED 127\.0\.0\.1… +50 +25 d 0 h +0\.0 s$/)
    expect(lines[6]).toBe('The 20 that miss most; --all lists every one, --json gives them as data.')
    const times = startingWith(lines, /^2014-\d\d-\d\dT/)
    expect(times).toHaveLength(20)
    expect(times).toEqual(times.toSorted())
    // A night without the gateway is long and misses nothing.
    expect(times.filter((line) => !/ 7 min +500 lines +ib-1100$/.test(line))).toEqual([])
    expect(startingWith(lines, /^week of/)).toEqual([expect.stringMatching(/ A +AMZN +BRK B +F +GOOG +IBM +SPX$/)])
    expect(startingWith(lines, /^2014-03-10 /)).toEqual([expect.stringMatching(/98\.00% .* 50\.00%$/)])
    expect(startingWith(lines, /^2014-\d\d-\d\d /)).toHaveLength(9)
    expect(lines).toContain('2 more symbols, each with 98.70% or more; --all shows every one.')
  })

  it('has every gap, day and symbol when all is asked for, and as data', () => {
    const lines = shown(MONTHS, true)
    expect(startingWith(lines, /^2014-\d\d-\d\dT/)).toHaveLength(MONTHS.gaps.length)
    expect(startingWith(lines, /^2014-\d\d-\d\d /)).toHaveLength(dates.length * 2)
    expect(startingWith(lines, /^coverage/)).toHaveLength(2)
    expect(lines.filter((line) => line.length > 80)).toEqual([])
    expect(plainGapReport(MONTHS)).toMatchObject({ gaps: { length: 1500 }, days: { length: MONTHS.days.length } })
    const { gaps } = plainGapReport({ ...MONTHS, gaps: MONTHS.gaps.slice(0, 2) }) as { gaps: object[] }
    expect(gaps).toMatchObject([
      { seconds: 43_200, missingContractSeconds: 0 },
      { seconds: 120, missingContractSeconds: 60_000 },
    ])
  })
})

describe('a report of a few gaps', () => {
  it('lists all of them by time, and each day', () => {
    const gaps = [gap(3, 1), gap(4, 30, { contracts: 1, symbol: 'TWX', contract: 'option:TWX:USD:TWX:2014-06-21:C:70:100' }), gap(5, 2)]
    const lines = shown({ range, gaps, causes: [], days: [day('2014-03-03', 'TWX', 1), day('2014-03-04', 'TWX', 0.99999)] })
    expect(startingWith(lines, /^2014-\d\d-\d\dT/)).toEqual([
      '2014-03-03T13:30:00Z    60.0 s  500 lines      ib-1100',
      '2014-03-04T13:30:00Z    30 min  TWX 140621C70  ib-1100',
      '2014-03-05T13:30:00Z     2 min  500 lines      ib-1100',
    ])
    expect(startingWith(lines, /^2014-\d\d-\d\d /)).toEqual(['2014-03-03     100%', '2014-03-04   99.99%'])
    expect(lines.join('\n')).not.toContain('--all')
  })

  it("marks those that are filled from IB's history, and sums up what became of the others, with why", () => {
    const none = { contracts: 0, repairedUs: 0, ticks: 0, reconciledTicks: 0, reasons: [], sessions: [] }
    const [all, half] = [500 * MINUTE_US, 250 * MINUTE_US]
    const gaps = [
      gap(3, 1, { repair: { ...none, states: { repaired: 2 }, repairedUs: all, ticks: 1234, reconciledTicks: 5, sessions: [7] } }),
      gap(4, 1, { repair: { ...none, states: { repaired: 1, refused: 1 }, repairedUs: half, reasons: ['IB has ticks of 3 years'] } }),
      gap(5, 1, { unfilled: { 'options are not asked for': 499 } }),
    ]
    const causes = [{ cause: 'ib-1100', gaps: 3, us: 3 * MINUTE_US, missingUs: 3 * all, repairedUs: all + half }]
    const lines = shown({ range, gaps, causes, days: [] })
    expect(lines).toContainEqual(expect.stringMatching(/^ib-1100 .*50\.00%$/))
    expect(startingWith(lines, /^2014-\d\d-\d\dT/).map((line) => line.slice(43))).toEqual([
      'ib-1100 (repaired)',
      'ib-1100 (repaired 50.00%)',
      'ib-1100',
    ])
    const found = lines.indexOf("From IB's history, by contract: 3 repaired, 1 refused; 1,234 ticks added.")
    expect(lines.slice(found + 1, found + 4)).toEqual([
      '  IB has ticks of 3 years',
      'Not filled, by contract:',
      '  499: options are not asked for',
    ])
    expect(plainGapReport({ range, gaps, causes: [], days: [] })).toMatchObject({ gaps: [{ repair: { ticks: 1234 } }, {}, {}] })
  })

  it('names chains that were not known, ahead of gaps that miss more', () => {
    const chain = gap(4, 390, { cause: 'refused: 200', contracts: 1, symbol: 'TWX', feed: 'option-chain', missingUs: 390 * MINUTE_US })
    const lines = shown({ range, gaps: [...MONTHS.gaps, chain], causes: [], days: [day('2014-03-04', 'TWX', 0.5)] })
    expect(startingWith(lines, /^2014-\d\d-\d\dT/)).toContainEqual(
      expect.stringMatching(/^2014-03-04T13:30:00Z +6 h 30 +TWX chain +refused: 200$/),
    )
    expect(lines.slice(-2)).toEqual([
      'Chains not known for a time: TWX.',
      'Of how many options is not known; each chain counts as one contract.',
    ])
    const many = SYMBOLS.map((symbol) => ({ ...chain, symbol }))
    const last = shown({ range, gaps: many, causes: [], days: [] })
    expect(last).toContain('Chains not known for a time: A, AMZN, BRK B, F, GOOG, IBM, SPX and 2 more.')
    expect(last.filter((line) => line.length > 80)).toEqual([])
    const before = { ...chain, missingUs: 0 }
    expect(shown({ range, gaps: [before], causes: [], days: [] }).join('\n')).not.toContain('Chains not known')
  })

  it('says so when there is none', () => {
    expect(shown({ range, gaps: [], causes: [], days: [] })).toEqual([
      'No gaps from 2014-03-03T13:30:00Z to 2014-04-29T13:30:00Z.',
      '',
      'No contract was wanted in trading hours of that time.',
    ])
    expect(shown({ range: undefined, gaps: [], causes: [], days: [] })).toEqual(['Nothing is recorded yet. `tapedeck collect` records.'])
  })
})
