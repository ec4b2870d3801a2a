/** Filters of the universe in the settings. */

import { expect, it } from 'vitest'

import { load, problems } from '../../support/process/config.ts'

it('gives an underlying the filters of the universe, and its own before those', () => {
  const yaml = 'universe: { rights: calls, minVolume: 5, expiries: [monthlies], underlyings: [{ symbol: A }, { symbol: B, rights: both }] }'
  expect(load({ yaml }).config.universe.underlyings).toMatchObject([
    { rights: 'calls', minVolume: 5, expiries: ['monthlies'] },
    { rights: 'both', minVolume: 5, expiries: ['monthlies'] },
  ])
})

it.each([
  ['{ minExpiryDays: 70 }', '1:28  universe.minExpiryDays: expected minExpiryDays not above expiryDays (70 is above 60), found 70'],
  [
    '{ minExpiryDays: 9, underlyings: [{ symbol: A, expiryDays: 7 }] }',
    '1:70  universe.underlyings[0].expiryDays: expected minExpiryDays not above expiryDays (9 is above 7), found 7',
  ],
  ['{ strikes: { from: 9, to: 5 } }', '1:22  universe.strikes: expected from not above to (9 is above 5), found a section'],
  [
    '{ minExpiryDays: 1, expiries: [0dte] }',
    '1:28  universe.minExpiryDays: expected minExpiryDays of 0 beside 0dte in expiries (it is 1), found 1',
  ],
  [
    '{ underlyings: [{ symbol: SPX, tradingClasses: [SPX], excludeTradingClasses: [SPX] }] }',
    '1:58  universe.underlyings[0].tradingClasses: expected no class that excludeTradingClasses has too (SPX), found a list',
  ],
  ['{ expiries: [fridays] }', '1:24  universe.expiries[0]: expected 0dte, weeklies, monthlies or a date as YYYY-MM-DD, found "fridays"'],
])('refuses filters that leave nothing over: %s', (yaml, problem) => {
  expect(problems({ yaml: `universe: ${yaml}` })).toEqual([`tapedeck.yaml:${problem}`])
})
