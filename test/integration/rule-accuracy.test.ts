/**
 * How well the rules tell corrupted quotes from healthy ones, by somebody who did not write them: every quote of real chains corrupted in
 * every way, one at a time. The figures are printed, and stand in docs/rules.md.
 */

import { beforeAll, describe, expect, it } from 'vitest'

import type { TapeRecord } from '../../market/tick.ts'
import { hasSharedData, withSharedData } from '../support/data.ts'
import { accusationsIn, type Alarms, alarmsOn, type Detection, detectionIn } from '../support/rule-accuracy.ts'
import { CORRUPTIONS, type Corruption } from '../support/tape/corrupted.ts'
import { agilent, minuteQuotes, type OptionData, shippedDay } from '../support/tape/option-data.ts'

const LONG_MS = 300_000
/** Of the errors that break a bound, in each set, and in all of them together. Each set has quotes that stand alone or come first. */
const LEAST_CAUGHT: Record<Corruption, number> = { sign: 1, shift: 0.93, swap: 0.93, stale: 0, size: 1 }
const LEAST_CAUGHT_OF_ALL = 0.95

const SETS: { data: OptionData; isThere: boolean; trials: number }[] = [
  { data: shippedDay, isThere: true, trials: 2 },
  { data: agilent, isThere: hasSharedData, trials: 15 },
  ...minuteQuotes.map((data) => ({ data, isThere: hasSharedData, trials: 0 })),
]

/** Over the sets that are there. */
const sums = new Map<Corruption, { broke: number; caught: number }>()

for (const { data, isThere, trials } of SETS)
  describe.skipIf(!isThere)(`On ${data.name}${isThere ? '' : withSharedData}, the rules`, () => {
    let records: TapeRecord[]
    beforeAll(async () => {
      records = await data.records()
    }, LONG_MS)

    it(
      'keep no healthy quote out, and doubt few',
      () => {
        const alarms = alarmsOn(records)
        const doubts = [...alarms.warnings.values()].reduce((sum, count) => sum + count, 0)
        print(
          `${data.name}: ${alarms.quotes} healthy quotes, ${perMillion(alarms.quarantined.length, alarms)} quarantined and ` +
            `${perMillion(doubts, alarms)} doubted of a million`,
        )
        expect(alarms.quarantined).toEqual([])
        expect(doubts).toBeLessThan(alarms.quotes / 1000)
      },
      LONG_MS,
    )

    it(
      'catch what no market can have, of options and of the stock',
      () => {
        for (const of of ['option', 'stock'] as const) {
          const found = detectionIn(records, 1, of)
          for (const how of CORRUPTIONS) {
            const { broke, caughtOfBroke, missed } = found[how]
            const sum = sums.get(how) ?? { broke: 0, caught: 0 }
            sums.set(how, { broke: sum.broke + broke, caught: sum.caught + caughtOfBroke })
            print(`${data.name}, ${of}: ${how}: ${figures(found[how])}`)
            if (broke > 0) expect(caughtOfBroke / broke, `${of}, ${how}: ${missed.join('\n')}`).toBeGreaterThanOrEqual(LEAST_CAUGHT[how])
          }
          expect(found.sign.broke).toBeGreaterThan(0)
        }
      },
      LONG_MS,
    )

    it.skipIf(trials === 0)(
      'accuse no healthy contract for a corrupted one beside it',
      () => {
        for (const of of ['option', 'stock'] as const) {
          const { trials: tried, ...accused } = accusationsIn(records, 2, trials, of)
          print(
            `${data.name}: ${tried} times one corrupted quote of ${of === 'option' ? 'an option' : 'the stock'}, accused of others: ` +
              `${accused.quarantinedOthers.length} quarantined, ${accused.flaggedOthers.length} flagged`,
          )
          expect(tried).toBeGreaterThan(0)
          expect(accused).toMatchObject({ quarantinedOthers: [], quarantinedSame: [] })
          // The first quote of a stock has nothing beside it that it could be doubted by: options are flagged until its next.
          if (of === 'option') expect(accused.flaggedOthers).toEqual([])
        }
      },
      LONG_MS,
    )
  })

it('The rules catch at least 95 % of the signs, shifts and swaps that break a bound, over all chains', () => {
  for (const how of ['sign', 'shift', 'swap', 'size'] as const) {
    const { broke, caught } = sums.get(how) ?? { broke: 0, caught: 0 }
    print(`All chains: ${how}: ${((caught / broke) * 100).toFixed(1)} % caught of ${broke} that broke a bound`)
    expect(caught / broke).toBeGreaterThanOrEqual(LEAST_CAUGHT_OF_ALL)
  }
})

const perMillion = (count: number, { quotes }: Alarms) => Math.round((count / quotes) * 1_000_000)

function figures({ tried, broke, caught, caughtOfBroke, quarantinedOfBroke }: Detection): string {
  const percent = (part: number, whole: number) => (whole === 0 ? '-' : `${((part / whole) * 100).toFixed(1)} %`)
  return (
    `${tried} corrupted, ${percent(caught, tried)} caught; ${broke} broke a bound, of which ` +
    `${percent(caughtOfBroke, broke)} caught and ${percent(quarantinedOfBroke, broke)} quarantined`
  )
}

function print(line: string): void {
  console.log(line)
}
