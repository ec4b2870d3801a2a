import { describe, expect, it } from 'vitest'

import { type ClosedOpportunity, formatFindings, type FunnelTotals } from '../../../../backtester/demo/findings.ts'

const FUNNEL: FunnelTotals = {
  quotes: 28_279,
  candidates: 1000,
  opened: 3,
  passed: 0,
  refused: { fees: { conversion: 5, reversal: 4 }, carry: { reversal: 600, conversion: 300, 'short-box': 88 } },
}
const ASSUMED = {
  rate: 0.005,
  underlyings: [
    {
      symbol: 'TWX',
      dividends: [
        { exDate: '2014-08-27', amount: 0.3175 },
        { exDate: '2014-11-25', amount: 0.3175 },
      ],
      borrow: 0.0025,
    },
  ],
}

function closed(seconds: number, profit: number, certainty = 'expected'): ClosedOpportunity {
  const openedTs = '2014-06-05T14:00:00.000000Z'
  return { openedTs, closedTs: new Date(Date.parse(openedTs) + seconds * 1000).toISOString(), best: { profit, certainty } }
}

const text = (funnel: FunnelTotals, opportunities: ClosedOpportunity[] = []) => formatFindings(funnel, opportunities, ASSUMED)
const oneLine = (words: string) => words.replaceAll(/\s+/g, ' ')

describe('the findings of the demonstration', () => {
  it('say how many quotes were looked at and why candidates were refused, most first, in 80 columns', () => {
    const many = Object.fromEntries(
      ['conversion', 'reversal', 'synthetic-free-risk', 'strike-monotonicity'].map((name, i) => [name, 1000 - i]),
    )
    const lines = text({ ...FUNNEL, refused: { ...FUNNEL.refused, size: many } }).split('\n')
    expect(lines.filter((line) => line.length > 80)).toEqual([])
    expect(lines.slice(0, 6)).toEqual([
      'Arbitrage: 28,279 quotes looked at, 1,000 candidates, 3 opportunities',
      '',
      'refused  for    by detector',
      '  3,994  size   conversion 1,000, reversal 999, synthetic-free-risk 998, …',
      '    988  carry  reversal 600, conversion 300, short-box 88',
      '      9  fees   conversion 5, reversal 4',
    ])
  })

  it('explain carry by what was counted as such', () => {
    expect(oneLine(text(FUNNEL))).toContain(
      'What looks like free money is carry: 988 of 1,000 candidates (98 %) pay only while money, dividends and borrowed shares cost nothing. ' +
        'Among them: 600 reversals, whose short stock owes its dividends and a fee; 300 conversions, which tie up money that costs interest.',
    )
  })

  it('say nothing of carry when none was counted', () => {
    expect(text({ ...FUNNEL, refused: { fees: { conversion: 9 } } })).not.toContain('What looks like')
  })

  it('never call a part all of it', () => {
    expect(oneLine(text({ ...FUNNEL, candidates: 989 }))).toContain('988 of 989 candidates (99 %)')
  })

  it('tell what stood from what was two records of one minute', () => {
    const left = oneLine(text(FUNNEL, [closed(0.00004, 90), closed(120, 12.3), closed(60, 45.678)]))
    expect(left).toContain('3 are left. 1 of them stood for less than a second:')
    expect(left).toContain('2 stood longer, the best for 45.68 after fees; none of them is guaranteed: early exercise')
    expect(oneLine(text(FUNNEL, [closed(60, 5, 'guaranteed')]))).toContain('the best for 5.00 after fees; 1 guaranteed.')
    expect(oneLine(text(FUNNEL, [closed(0, 9), closed(0.5, 9)]))).toContain('3 are left. Each of them stood for less than a second:')
    expect(text({ ...FUNNEL, opened: 0 })).toContain('Nothing is left.')
  })

  it('say what was taken for known, and what was not looked at', () => {
    const words = oneLine(text({ ...FUNNEL, passed: 1234 }))
    expect(words).toContain(
      'Taken for known: interest of 0.5 % a year; dividends of TWX: 0.3175, 2 times until 2014-11-25; borrowing it: 0.25 % a year.',
    )
    expect(words).toContain('1,234 records were not looked at')
  })
})
