import { describe, expect, it } from 'vitest'
import { formatQuality } from '../../../../cli/quality/table.ts'
import { NOTHING, report } from './quality-report.ts'

const linesOf = (symbols: number, all = false) => formatQuality(report({ symbols }), { all }).split('\n')

describe('the tables of quality', () => {
  it('fit into 80 columns and show each day, grade, finding, and what is not known', () => {
    const lines = linesOf(0)
    expect(lines.filter((line) => line.length > 80)).toEqual([])
    expect(lines).toContain('Quality from 2014-06-05T00:00:00Z to 2014-06-07T00:00:00Z')
    expect(lines).toContain('2014-06-05 TWX    1 stock   A  100     100%   0.02%       0      0 1/0/0')
    expect(lines).toContain('2014-06-05 TWX    1 option  C 90.0   96.00%   0.02%      30      4 0/1/0')
    expect(lines).toContain('2014-06-05 X      1 stock        -        -   0.02%       0      0 0/0/1')
    expect(lines.join('\n')).toMatch(/^farm-broken: usopt +16 min$/m)
    expect(lines.join('\n')).toMatch(/^what prevents a better use +contract-days\ndata for … % of the time, below 99 % +1$/m)
    expect(lines).toContain('2014-06-05 TWX vertical-bound (error, quarantine): 4 ticks of 1 contract')
    expect(lines).toContain('  2014-06-05T14:00:00Z TWX 140621C70: call at 70 worth less than at 75')
    expect(lines).toContain('  against TWX 140621C75')
    expect(lines).toContain('2014-06-05 TWX unadjusted-split (warning, flag): 2 bars')
    expect(lines).toContain('  to 2014-06-06: close fell by half')
    expect(lines).toContain('  2014-06-05T15:00:00Z -: no contract')
    expect(lines.slice(-2)).toEqual(['Not known', '  Nothing was recorded on 1 trading day (2014-06-06).'])
  })

  it('show how a grade was reached, and what prevents another use', () => {
    expect(linesOf(0).join('\n')).toContain(
      [
        '2014-06-05 TWX 140621C70',
        '  C 90.01 = 100 - 4.00 (4.00 % of the time missing) - 1.99 (0.40 % of the ticks',
        '  wrong) - 3.00 (3.00 % of the ticks doubted) - 1.00 (2.00 % of the ticks late)',
        '  fit for: bar study; more is prevented by: data for 96 % of the time, below 99',
        '  %; a gap of 936 s, above 60 s; 0.39 % of the ticks wrong, above 0.1 %; 2 % of',
        '  the ticks late, above 1 %',
      ].join('\n'),
    )
  })

  it('show of many the worst, and all when asked', () => {
    expect(linesOf(100).filter((line) => line.startsWith('2014-06-05 S'))).toHaveLength(18)
    expect(linesOf(100)).toContain('The 20 with the lowest grades; --all lists every one, --json gives them as data.')
    expect(linesOf(100, true).filter((line) => line.startsWith('2014-06-05 S'))).toHaveLength(100)
  })

  it('say that nothing is recorded', () => {
    expect(formatQuality(NOTHING, { all: false })).toBe('Nothing is recorded yet. `tapedeck collect` records.')
    const [, , empty] = formatQuality({ ...NOTHING, range: { fromUs: 0, toUs: 1 } }, { all: false }).split('\n')
    expect(empty).toBe('No contract was wanted, and no tick recorded, in that time.')
  })
})
