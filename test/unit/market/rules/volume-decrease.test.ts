import { describe, expect, it } from 'vitest'
import { volumeDecrease } from '../../../../market/rules/volume-decrease.ts'
import { usFromIso } from '../../../../market/time.ts'
import { RulesAtWork, STOCK } from '../../../support/rules.ts'

/** The findings on volumes at these times in New York. */
function findings(volumes: readonly (readonly [time: string, value: number])[], contract = STOCK, name = 'day-volume') {
  const rules = new RulesAtWork([volumeDecrease], { contracts: [contract], startUs: usFromIso('2014-06-04T00:00:00Z') })
  return volumes.flatMap(([time, value]) =>
    rules.findingsOn({ kind: 'statistic', instrument: 0, name, value, tsUs: usFromIso(`${time}-04:00`) }),
  )
}

describe('volume-decrease', () => {
  it('flags a volume of the day that goes back', () => {
    const found = ['volume-decrease: day-volume 90 is less than 100 before']
    expect(
      findings([
        ['2014-06-05T12:00:00', 100],
        ['2014-06-05T12:01:00', 90],
      ]),
    ).toEqual(found)
    expect(
      findings([
        ['2014-06-05T12:00:00', 100],
        ['2014-06-05T12:01:00', 100],
        ['2014-06-05T12:01:00', 101],
      ]),
    ).toEqual([])
    expect(
      findings(
        [
          ['2014-06-05T12:00:00', 7],
          ['2014-06-05T12:01:00', 6],
        ],
        STOCK,
        'rt-day-volume',
      ),
    ).toHaveLength(1)
  })

  it('ends the day at 20:00 in New York, not at midnight, and lets IB take its time about that', () => {
    expect(
      findings([
        ['2014-06-05T19:59:00', 100],
        ['2014-06-05T20:00:30', 0],
      ]),
    ).toEqual([])
    expect(
      findings([
        ['2014-06-05T20:00:02', 100],
        ['2014-06-05T20:20:00', 0],
      ]),
    ).toEqual([])
    expect(
      findings([
        ['2014-06-05T23:59:00', 100],
        ['2014-06-06T00:01:00', 90],
      ]),
    ).toHaveLength(1)
    expect(
      findings([
        ['2014-06-05T15:00:00', 100],
        ['2014-06-06T04:00:00', 5],
      ]),
    ).toEqual([])
  })

  it('says nothing of other figures, and of other countries, where the day begins at another time', () => {
    const volumes = [
      ['2014-06-05T12:00:00', 100],
      ['2014-06-05T12:01:00', 90],
    ] as const
    expect(findings(volumes, STOCK, 'call-open-interest')).toEqual([])
    expect(findings(volumes, { ...STOCK, currency: 'HKD' })).toEqual([])
  })
})
