/** Settings that are allowed and cannot work are named with what contradicts what. */

import { expect, it } from 'vitest'

import { configWarnings } from '../../../config/warnings.ts'
import { settings } from '../../support/process/config.ts'

const TODAY = '2026-11-23'
const warned = (yaml: string) => configWarnings(settings({ yaml }), TODAY)

it('says nothing of settings that can work', () => {
  expect(warned('universe: { underlyings: [{ symbol: TWX, expiries: [2026-12-18, 0dte], minOpenInterest: 5, minVolume: 5 }] }')).toEqual([])
})

it('names expiries that have passed, and days on which none can be', () => {
  const expiries = '[2026-11-20, 2026-11-23, 2026-11-26, 2026-12-18]'
  expect(warned(`universe: { underlyings: [{ symbol: TWX, expiries: ${expiries} }] }`)).toEqual([
    'TWX: the expiry 2026-11-20 has passed',
    'TWX: no option expires on 2026-11-26, which is no trading day',
  ])
})

it('names a filter by a figure that is not asked for', () => {
  const yaml =
    'gateway: { genericTicks: [100] }\nuniverse: { minOpenInterest: 5, underlyings: [{ symbol: TWX }, { symbol: FOXA, minOpenInterest: 0 }] }'
  expect(warned(yaml)).toEqual([expect.stringMatching(/^TWX: minOpenInterest leaves nothing out, .*101/)])
})

it('names underlyings that leave no line to any option', () => {
  const underlyings = 'universe: { underlyings: [{ symbol: TWX }, { symbol: FOXA }] }'
  expect(warned(`gateway: { lines: 3 }\n${underlyings}`)).toEqual([])
  expect(warned(`gateway: { lines: 2 }\n${underlyings}`)).toEqual([expect.stringContaining('the 2 underlyings take all 2 lines')])
  expect(warned(`gateway: { lines: 1 }\n${underlyings}`)).toEqual([expect.stringContaining('1 lines are fewer than the 2 underlyings')])
})

it('names turns that take longer than the time in which all are to be seen', () => {
  expect(warned('lines: { minimumHoldSeconds: 300, seenEveryMinutes: 5 }')).toEqual([
    expect.stringMatching(/^lines\.seenEveryMinutes: .*300 s/),
  ])
  expect(warned('lines: { minimumHoldSeconds: 300, seenEveryMinutes: 5, rotation: off }')).toEqual([])
})
