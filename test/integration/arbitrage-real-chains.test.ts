/** The detectors on real chains, against what docs/arbitrage-real-chains.md says of them: every guaranteed finding is listed and explained there. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import type { Episode } from '../../market/arbitrage/episode.ts'
import type { ParitySample } from '../../market/arbitrage/parity.ts'
import { packageRoot } from '../../system/package-root.ts'
import { findingsIn, type Findings, type Inputs, knownPayments } from '../support/arbitrage/real-chains.ts'
import { hasSharedData, withSharedData } from '../support/data.ts'
import { agilent, minuteQuotes, type OptionData } from '../support/tape/option-data.ts'

const LONG_MS = 300_000
const NOTHING: Inputs = { rate: 0, dividends: false, borrow: 0 }
const HALF_PERCENT: Inputs = { rate: 0.005, dividends: true, borrow: 0.0025 }
const ONE_PERCENT: Inputs = { rate: 0.01, dividends: true, borrow: 0.0025 }
/** All rows of the data are at least that far apart. */
const ROW_MS = 60_000

const documentation = readFileSync(join(packageRoot(), 'docs', 'arbitrage-real-chains.md'), 'utf8')

/** The cells of the tables' rows that begin with this, without what was written by hand behind the first `columns`. */
function documented(start: RegExp, columns: number): string[] {
  const rows = documentation.split('\n').filter((line) => start.test(line))
  return rows.map((row) =>
    row
      .split('|')
      .slice(1, columns + 1)
      .map((cell) => cell.trim())
      .join(' | '),
  )
}

const [twx, foxa] = minuteQuotes as [OptionData, OptionData]
const sets: { name: string; data: OptionData }[] = [
  { name: 'TWX', data: twx },
  { name: 'FOXA', data: foxa },
  { name: 'A', data: agilent },
]

/** In New York, in summer. */
const clockOf = (tsUs: number) => new Date(tsUs / 1000 - 4 * 3_600_000).toISOString().slice(0, 16).replace('T', ' ')

/** What one of its options is: strike and expiry are the same on both. */
function rowOf({ openedUs, opened, best }: Episode): string {
  const option = opened.legs.find(({ contract }) => contract.kind === 'option')?.contract
  if (option?.kind !== 'option') return 'no option'
  const ages = opened.legs.map(({ ageMs }) => ageMs / 1000)
  const skew = Math.round(Math.max(...ages) - Math.min(...ages))
  return [
    clockOf(openedUs),
    `${opened.detector} ${option.symbol} ${option.expiry} ${option.strike}`,
    best.edgePerShare.toFixed(4),
    best.size,
    `${skew} s`,
  ].join(' | ')
}

const guaranteedIn = ({ episodes }: Findings) => episodes.filter(({ opened }) => opened.certainty === 'guaranteed')
const countOf = (episodes: readonly Episode[], detector: string) => episodes.filter(({ opened }) => opened.detector === detector).length

function medianOf(values: readonly (number | undefined)[]): number {
  const known = values.filter((value) => value !== undefined).sort((a, b) => a - b)
  return known[known.length >> 1] ?? Number.NaN
}

describe.skipIf(!hasSharedData)(`On real chains${withSharedData}`, () => {
  it(
    'what looks guaranteed without carry is gone with it, but for what is listed',
    async () => {
      const rows: string[] = []
      for (const { name, data } of sets)
        for (const [how, inputs] of Object.entries({
          'nothing known': NOTHING,
          '0.5 %, dividends': HALF_PERCENT,
          '1 %, dividends': ONE_PERCENT,
        })) {
          const found = await findingsIn(data, inputs)
          const guaranteed = guaranteedIn(found)
          const others = guaranteed.length - countOf(guaranteed, 'conversion') - countOf(guaranteed, 'reversal')
          rows.push(
            [name, how, found.funnel.quotes, countOf(guaranteed, 'conversion'), countOf(guaranteed, 'reversal'), others].join(' | '),
          )
        }
      console.log(rows.join('\n'))
      expect(documented(/^\| (?:TWX|FOXA|A) \| (?:nothing|[\d.]+ %)/, 6)).toEqual(rows)
    },
    LONG_MS,
  )

  it(
    'every guaranteed finding at one percent a year is in the report, and all but one have a leg that is a row older than another',
    async () => {
      const found: Episode[] = []
      for (const { data } of sets) found.push(...guaranteedIn(await findingsIn(data, ONE_PERCENT)))
      const rows = found.toSorted((a, b) => a.openedUs - b.openedUs || (a.id < b.id ? -1 : 1)).map(rowOf)
      console.log(rows.join('\n'))
      expect(documented(/^\| \d{4}-\d\d-\d\d \d\d:\d\d \|/, 5)).toEqual(rows)
      const ofOneMoment = found.filter(({ opened }) => opened.skewMs < ROW_MS)
      expect(ofOneMoment.map(rowOf)).toEqual(rows.filter((row) => row.includes('| 0 s')))
      expect(ofOneMoment).toHaveLength(1)
    },
    LONG_MS,
  )

  it(
    'the parity monitor reads dividends and the interest of the day from what looked like conversions and reversals',
    async () => {
      const rows: string[] = []
      for (const { name, data } of sets) {
        const { parity } = await findingsIn(data, NOTHING)
        const byExpiry = new Map<string, ParitySample[]>()
        for (const sample of parity) byExpiry.set(sample.expiry, [...(byExpiry.get(sample.expiry) ?? []), sample])
        for (const [expiry, samples] of [...byExpiry].sort(([a], [b]) => (a < b ? -1 : 1))) {
          const { days } = samples[0] as ParitySample
          // At no rate this is what the spot stands above the forward: dividends less interest.
          const above = medianOf(samples.map(({ income }) => income))
          const forward = medianOf(samples.map((sample) => sample.forward))
          const today = clockOf((samples[0] as ParitySample).tsUs).slice(0, 10)
          const paid = knownPayments(name, today, expiry)
          const perYear = (amount: number) => ((amount / forward) * 365) / days
          const rate = perYear(paid - above)
          // Between what the forward can be sold and bought at.
          const off = perYear(medianOf(samples.map(({ forwardBid, forwardAsk }) => forwardAsk - forwardBid)) / 2)
          const percent = (value: number) => `${(value * 100).toFixed(2)} %`
          rows.push([name, expiry, days, samples.length, above.toFixed(3), paid.toFixed(3), percent(rate), percent(off)].join(' | '))
          expect(rate + off).toBeGreaterThan(0)
          expect(rate - off).toBeLessThan(0.01)
        }
      }
      console.log(rows.join('\n'))
      expect(documented(/^\| (?:TWX|FOXA|A) \| [\d-]{10} \|/, 8)).toEqual(rows)
    },
    LONG_MS,
  )
})
