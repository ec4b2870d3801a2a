import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { BAR_RULES } from '../../../../market/bars/rules/index.ts'
import { packageRoot } from '../../../../system/package-root.ts'
import { found, healthyMarket, setOf, type TestBar } from './sets.ts'

const market = healthyMarket()
const at = (symbol: string, date: string, change: (bar: TestBar) => Partial<TestBar>) =>
  market.map((bar) => (bar.symbol === symbol && bar.date === date ? { ...bar, ...change(bar) } : bar))
/** All prices of a symbol from a day on, as a split or a spin-off changes them; the money traded stays. */
const from = (symbol: string, date: string, divisor: number) =>
  market.map((bar) =>
    bar.symbol === symbol && bar.date >= date
      ? {
          ...bar,
          open: bar.open / divisor,
          high: bar.high / divisor,
          low: bar.low / divisor,
          close: bar.close / divisor,
          volume: bar.volume * divisor,
        }
      : bar,
  )
const without = (isGone: (bar: TestBar) => boolean) => market.filter((bar) => !isGone(bar))
const onDay = (date: string) => market.filter((bar) => bar.date === date)

it('finds nothing in a healthy market, in whatever order its bars come', () => {
  expect(found(setOf(market))).toEqual([])
  expect(found(setOf(market.toReversed()))).toEqual([])
  expect(found(setOf([]))).toEqual([])
})

it('has rules with different names and one sentence each', () => {
  expect(new Set(BAR_RULES.map(({ name }) => name)).size).toBe(BAR_RULES.length)
  expect(BAR_RULES.filter(({ name, about }) => !/^[a-z-]+$/.test(name) || !/^[A-Z].*\.$/.test(about))).toEqual([])
})

it('has a row for each rule in the documentation', () => {
  const rows: unknown[] = [...readFileSync(join(packageRoot(), 'docs', 'bars.md'), 'utf8').matchAll(/^\| `([a-z-]+)` \| [A-Z]/gm)].map(
    ([, name]) => name,
  )
  expect(new Set(rows)).toEqual(new Set(BAR_RULES.map(({ name }) => name)))
})

describe('a copied day', () => {
  it('is found on a holiday, once, and not by other rules too', () => {
    // 2014-05-26 was Memorial Day.
    const copies = onDay('2014-05-23').map((bar) => ({ ...bar, date: '2014-05-26' }))
    expect(found(setOf([...market, ...copies]))).toEqual([
      'copied-day all 2014-05-26: 20 of 20 bars equal those of 2014-05-23, the day before; XNYS was closed',
    ])
  })

  it('is found where a day of long ago stands in the place of a session, which is then missing', () => {
    const wrong = onDay('2014-04-03').map((bar) => ({ ...bar, date: '2014-06-05' }))
    expect(found(setOf([...without(({ date }) => date === '2014-06-05'), ...wrong]))).toEqual([
      'copied-day all 2014-06-05: 20 of 20 bars equal those of 2014-04-03, which is not the day before: a wrong date',
      'missing-session all 2014-06-05: no bars on 2014-06-05, 1 session of XNYS',
    ])
  })

  it('is not one when only some bars are copies', () => {
    const copies = onDay('2014-06-04')
      .slice(0, 15)
      .map((bar) => ({ ...bar, date: '2014-06-05' }))
    const copied = new Set(copies.map(({ symbol }) => symbol))
    const set = setOf([...without(({ date, symbol }) => date === '2014-06-05' && copied.has(symbol)), ...copies])
    expect(found(set).filter((line) => line.startsWith('copied-day'))).toEqual([])
    expect(found(set).filter((line) => line.startsWith('stale-bar'))).toHaveLength(15)
  })
})

it('names sessions without any bar, those in a row together', () => {
  expect(found(setOf(without(({ date }) => date === '2014-05-06' || (date >= '2014-06-05' && date <= '2014-06-10'))))).toEqual([
    'missing-session all 2014-05-06: no bars on 2014-05-06, 1 session of XNYS',
    'missing-session all 2014-06-05 to 2014-06-10: no bars from 2014-06-05 to 2014-06-10, 4 sessions of XNYS',
  ])
})

it('names bars of a day without a session, with their share of the usual volume', () => {
  const evening = onDay('2014-05-23').map((bar) => ({ ...bar, date: '2014-05-24', open: bar.open * 1.001, volume: bar.volume / 5 }))
  expect(found(setOf([...market, ...evening])).filter((line) => !line.startsWith('ohlc'))).toEqual([
    expect.stringMatching(
      /^outside-calendar all 2014-05-24: 20 bars of Saturday 2014-05-24 with 2\d % of the usual volume, on which XNYS has no session/,
    ),
  ])
})

it('names a day with few instruments, also the first ones, and not a market that grows', () => {
  const few = without(({ date, symbol }) => (date === '2014-04-01' || date === '2014-06-05') && symbol > 'S15')
  expect(found(setOf(few)).filter((line) => line.startsWith('few-symbols'))).toEqual([
    'few-symbols all 2014-04-01: bars of 8 instruments, on the days around it of 20',
    'few-symbols all 2014-06-05: bars of 8 instruments, on the days around it of 20',
  ])
  expect(found(setOf(without(({ date, symbol }) => date < '2014-05-15' && symbol > 'S15')))).toEqual([])
})

it('names the days that an instrument lacks between its first and its last, and not those before and after', () => {
  const set = setOf(
    without(
      ({ date, symbol }) =>
        (symbol === 'S3' && date >= '2014-05-15' && date <= '2014-05-20') ||
        (symbol === 'S4' && (date < '2014-05-01' || date > '2014-06-10')),
    ),
  )
  expect(found(set)).toEqual(['missing-bars S3 2014-05-15 to 2014-05-20: no bars on 4 days of the market, 2014-05-15 to 2014-05-20'])
})

describe('a split', () => {
  it.each([
    [2, '2:1'],
    [3, '3:1'],
    [10, '10:1'],
    [1.5, '3:2'],
    [4 / 3, '4:3'],
    [0.5, '1:2'],
    [0.1, '1:10'],
  ])('by %d that is not known is named with its ratio', (ratio, name) => {
    expect(found(setOf(from('S5', '2014-05-15', ratio)))).toEqual([
      expect.stringMatching(
        new RegExp(`^unadjusted-split S5 2014-05-15: .* beside the market: likely a split of ${name} that is not in corporate_actions$`),
      ),
    ])
  })

  it('that is known explains the jump', () => {
    expect(found(setOf(from('S5', '2014-05-15', 2), { S5: { '2014-05-15': { ratio: 2 } } }))).toEqual([
      expect.stringMatching(/^explained-jump S5 2014-05-15: [\d.]+ to [\d.]+ is explained by a split of 2:1; -?\d\.\d % is left$/),
    ])
  })

  it('is not taken for one when so much money is traded as after news', () => {
    const news = from('S5', '2014-05-15', 1.5).map((bar) =>
      bar.symbol === 'S5' && bar.date === '2014-05-15' ? { ...bar, volume: bar.volume * 8 } : bar,
    )
    expect(found(setOf(news))).toEqual([])
  })

  it('is not seen in a fall of the whole market', () => {
    const crash = market.map((bar) =>
      bar.date >= '2014-05-15' ? { ...bar, open: bar.open / 1.5, high: bar.high / 1.5, low: bar.low / 1.5, close: bar.close / 1.5 } : bar,
    )
    expect(found(setOf(crash))).toEqual([])
  })

  it('is not looked for in bars that are weeks apart', () => {
    const set = setOf(
      from('S5', '2014-05-15', 1.5).filter((bar) => bar.symbol !== 'S5' || bar.date < '2014-05-01' || bar.date >= '2014-05-15'),
    )
    expect(found(set).filter((line) => !line.startsWith('missing-bars'))).toEqual([])
  })

  it('that is known and does not show is a mismatch: the prices are adjusted already', () => {
    expect(found(setOf(market, { S5: { '2014-05-15': { ratio: 2 } } }))).toEqual([
      expect.stringMatching(
        /^action-mismatch S5 2014-05-15: a split of 2:1, and no jump \(.*\): the prices are adjusted already, or the action is wrong$/,
      ),
    ])
  })
})

it('names a fall that is no usual ratio and trades as before, as when a part of the company goes', () => {
  expect(found(setOf(from('S5', '2014-05-15', 2.25)))).toEqual([
    expect.stringMatching(
      /^unadjusted-split S5 2014-05-15: .* near no usual ratio of splits, so perhaps a spin-off that is not in corporate_actions$/,
    ),
  ])
})

it('explains a jump by a large dividend, and names the split that is missing beside one', () => {
  const close = market.findLast(({ symbol, date }) => symbol === 'S5' && date < '2014-05-15')?.close ?? 0
  const afterDividend = from('S5', '2014-05-15', 1.5)
  expect(found(setOf(afterDividend, { S5: { '2014-05-15': { dividend: close / 3 } } }))).toEqual([
    expect.stringMatching(/^explained-jump S5/),
  ])
  // A reverse split 1:2 doubles the price before a third of it is paid out.
  expect(found(setOf(from('S5', '2014-05-15', 0.75), { S5: { '2014-05-15': { dividend: (close * 2) / 3 } } }))).toEqual([
    expect.stringMatching(/^action-mismatch S5 2014-05-15: .* is not explained by a dividend of .*; a split of 1:2 more would explain it$/),
  ])
})

it('leaves a fall after news beside a small dividend alone', () => {
  const news = from('S5', '2014-05-15', 1.3).map((bar) =>
    bar.symbol === 'S5' && bar.date === '2014-05-15' ? { ...bar, volume: bar.volume * 9 } : bar,
  )
  expect(found(setOf(news, { S5: { '2014-05-15': { dividend: 0.25 } } }))).toEqual([])
})

it('names prices in the wrong order, and prices of 0 or less', () => {
  expect(found(setOf(at('S2', '2014-05-15', ({ low }) => ({ high: low - 1 })))).filter((line) => line.startsWith('ohlc'))).toEqual([
    expect.stringMatching(/^ohlc-order S2 2014-05-15: the high [\d.]+ is below [\d.]+$/),
  ])
  expect(found(setOf(at('S2', '2014-05-15', ({ high }) => ({ low: high + 1 }))))[0]).toMatch(/^ohlc-order S2 2014-05-15: the (high|low)/)
  expect(found(setOf(at('S2', '2014-05-15', () => ({ low: 0 }))))).toEqual(['illegal-price S2 2014-05-15: low 0, expected more than 0'])
  expect(found(setOf(at('S2', '2014-05-15', () => ({ low: -3 }))))).toEqual(['illegal-price S2 2014-05-15: low -3, expected more than 0'])
})

it('names prices that come again, with and without the volume, and not those of a narrow bar', () => {
  const before = market.find(({ symbol, date }) => symbol === 'S9' && date === '2014-05-14')
  if (!before) expect.unreachable('there is no such bar')
  const { open, high, low, close } = before
  const prices = { open, high, low, close }
  expect(found(setOf(at('S9', '2014-05-15', () => prices)))).toEqual([
    expect.stringMatching(/^stale-bar S9 2014-05-15: .*, with another volume$/),
  ])
  expect(found(setOf(at('S9', '2014-05-15', () => ({ ...before, date: '2014-05-15' }))))).toEqual([
    expect.stringMatching(/^stale-bar S9 2014-05-15: .*, and its volume$/),
  ])
  const narrow = market.map((bar) =>
    bar.symbol === 'S9' && bar.date >= '2014-05-14' && bar.date <= '2014-05-15'
      ? { ...bar, open: 131, high: 131.2, low: 131, close: 131.1 }
      : bar,
  )
  expect(found(setOf(narrow))).toEqual([])
})

it('names bars without volume, where others of the instrument have one', () => {
  expect(found(setOf(at('S2', '2014-05-15', () => ({ volume: 0 }))))).toEqual([
    expect.stringMatching(/^zero-volume S2 2014-05-15: no volume, and prices from [\d.]+ to [\d.]+$/),
  ])
  expect(found(setOf(market.map((bar) => (bar.symbol === 'S2' ? { ...bar, volume: 0 } : bar))))).toEqual([])
})

it('judges intraday bars by what holds for them', () => {
  expect(found(setOf(from('S5', '2014-05-15', 2), {}, 'XNYS', undefined, false), false)).toEqual([])
  expect(
    found(
      setOf(
        at('S2', '2014-05-15', () => ({ low: 0 })),
        {},
        'XNYS',
        undefined,
        false,
      ),
      false,
    ),
  ).toEqual(['illegal-price S2 2014-05-15: low 0, expected more than 0'])
})

it('says nothing of sessions in years that the calendar does not know', () => {
  expect(found(setOf(market.map((bar) => ({ ...bar, date: bar.date.replace('2014', '1990') }))))).toEqual([])
})
