/** The universe in the settings, and its filters. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { packageRoot } from '../../../system/package-root.ts'
import { load, problems, settings } from '../../support/process/config.ts'

const NO_FILTERS = {
  minExpiryDays: 0,
  expiries: 'all',
  rights: 'both',
  excludeTradingClasses: [],
  adjusted: 'exclude',
  minOpenInterest: 0,
  minVolume: 0,
}

describe('the universe', () => {
  it('takes an index as the documentation spells it, and no other kind of underlying', () => {
    const page = readFileSync(join(packageRoot(), 'docs', 'connection.md'), 'utf8')
    const [, yaml = ''] = /```yaml\n([^`]+)```/.exec(page) ?? []
    expect(load({ yaml }).config.universe.underlyings).toMatchObject([{ symbol: 'SPX', kind: 'index', exchange: 'SMART' }])
    expect(() => load({ yaml: yaml.replace('kind: index', 'kind: fund') })).toThrow(/kind.*expected stock or index/s)
  })

  it('fills in for every underlying what that does not say itself', () => {
    const yaml = [
      'universe:',
      '  expiryDays: 10',
      '  strikes: all',
      '  underlyings:',
      '    - symbol: AAPL',
      '    - { symbol: BRK B, expiryDays: 0, strikes: { rangePercent: 5 }, primaryExchange: NYSE, tradingClasses: [BRKB], tickByTick: false }',
    ].join('\n')
    const loaded = load({ yaml, env: { EXPIRY_RANGE_DAYS: '20' } })
    expect(loaded.config.universe.underlyings).toEqual([
      {
        symbol: 'AAPL',
        kind: 'stock',
        currency: 'USD',
        exchange: 'SMART',
        expiryDays: 20,
        strikes: 'all',
        tickByTick: true,
        ...NO_FILTERS,
      },
      {
        ...NO_FILTERS,
        symbol: 'BRK B',
        kind: 'stock',
        currency: 'USD',
        exchange: 'SMART',
        primaryExchange: 'NYSE',
        expiryDays: 0,
        strikes: { rangePercent: 5 },
        tradingClasses: ['BRKB'],
        tickByTick: false,
      },
    ])
    const from = (index: number, key: string) => loaded.sourceOf(['universe', 'underlyings', index, key])
    expect([from(0, 'symbol'), from(0, 'expiryDays'), from(0, 'strikes'), from(0, 'currency'), from(1, 'expiryDays')]).toEqual([
      'tapedeck.yaml:5:15',
      'environment EXPIRY_RANGE_DAYS',
      'tapedeck.yaml:3:12',
      'default',
      'tapedeck.yaml:6:36',
    ])
  })

  it('refuses an underlying that is there twice', () => {
    expect(problems({ yaml: 'universe: { underlyings: [{ symbol: A }, { symbol: A, currency: EUR }, { symbol: A }] }' })).toEqual([
      'tapedeck.yaml:1:82  universe.underlyings[2].symbol: expected every underlying once (A USD is universe.underlyings[0] already), found "A"',
    ])
  })

  it('asks for quotes around a ticker that YAML takes for something else', () => {
    expect(problems({ yaml: 'universe: { underlyings: [{ symbol: TRUE }, { symbol: 600 }] }' })).toEqual([
      'tapedeck.yaml:1:37  universe.underlyings[0].symbol: expected a ticker like AAPL, found true; put it in quotes',
      'tapedeck.yaml:1:55  universe.underlyings[1].symbol: expected a ticker like AAPL, found 600; put it in quotes',
    ])
    expect(settings({ yaml: 'universe: { underlyings: [{ symbol: ON }, { symbol: "TRUE" }] }' }).universe.underlyings).toHaveLength(2)
  })

  it('refuses an underlying without a symbol', () => {
    expect(problems({ yaml: 'universe:\n  underlyings:\n    - currency: USD\n' })).toEqual([
      'tapedeck.yaml:3:7  universe.underlyings[0].symbol: expected a ticker like AAPL, found nothing',
    ])
  })
})

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
