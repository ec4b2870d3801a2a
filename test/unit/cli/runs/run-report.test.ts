import { describe, expect, it } from 'vitest'

import { monteCarlo } from '../../../../backtester/metrics/monte-carlo.ts'
import { seededRandom } from '../../../../backtester/metrics/random.ts'
import { summarise } from '../../../../backtester/metrics/summary.ts'
import { FIGURE_GROUPS, figureText } from '../../../../backtester/report/figures.ts'
import type { ListedRun } from '../../../../backtester/store/read-runs.ts'
import { definedFigures, formatComparison, formatList, formatMonteCarlo, formatRun, plainRun } from '../../../../cli/runs/run-report.ts'
import { busyRun, runResult } from '../../../support/backtest/run-result.ts'

const wide = (text: string) => text.split('\n').filter((line) => line.length > 80)
const LONG = 'a-strategy-with-a-name-that-somebody-was-proud-of'

const listed = (runId: number, more: Partial<ListedRun> = {}): ListedRun => ({
  runId,
  startedAt: '2026-11-22T18:00:00.000Z',
  mode: 'backtest',
  status: 'complete',
  strategy: LONG,
  version: '1',
  dataset: 'a dataset with a long name',
  phase: 'single',
  isWhole: true,
  experiment: undefined,
  fold: undefined,
  params: { period: 15, [LONG]: LONG },
  currency: 'USD',
  metrics: {
    totalReturn: 123.4567,
    sharpe: -12.3456,
    maxDrawdown: -0.99999,
    trades: 1_234_567,
    netProfit: 123_456_789.12,
    profitFactor: null,
  },
  error: undefined,
  resultHash: 'a',
  codeVersion: '0.1.0',
  ...more,
})

describe('a run as text', () => {
  it('has every figure that is computed, once', () => {
    const { figures } = summarise(busyRun({ days: 20 }))
    const shown = FIGURE_GROUPS.flatMap((group) => group.figures.map(({ name }) => name))
    expect(Object.keys(figures).filter((name) => !shown.includes(name))).toEqual([])
    expect(new Set(shown).size).toBe(shown.length)
  })

  it('fits into 80 columns, however long names and parameters are', () => {
    const run = busyRun({
      days: 60,
      params: { [LONG]: LONG.repeat(3), other: [1, 2, 3] },
      strategy: { name: LONG, version: '1', source: `/${LONG}` },
    })
    const text = formatRun(run, summarise(run), 12)
    expect(wide(text)).toEqual([])
    expect(text).toMatch(/^Run +12$/m)
    expect(text).toMatch(/^ {2}Profit factor +\d+\.\d{3}$/m)
    const lists = formatList([listed(12_345), listed(1, { status: 'failed', metrics: {} })])
    expect(wide(lists)).toEqual([])
    expect(lists.split('\n')[2]).toMatch(/failed/)
    expect(wide(formatComparison([listed(1), listed(2, { params: {} }), listed(3)]))).toEqual([])
  })

  it('fits into 80 columns where its round trips are drawn again, however much money they move', () => {
    for (const scale of [1, 1e6]) {
      const results = [40_000 * scale, -20_000 * scale]
      const drawn = monteCarlo(results, { start: 100_000 * scale, draws: 200, random: seededRandom(1), ruin: 0.5 })
      const text = formatMonteCarlo(drawn, { draws: 200, ruin: 0.5 })
      expect(wide(text)).toEqual([])
      expect(text).toMatch(/^2 round trips, 200 draws\./)
      expect(text).toContain('lost 50.00% of it at some time in 0.00%.')
    }
  })

  it('says why a run failed, and what is open at its end', () => {
    const failed = runResult({ status: 'failed', error: { code: 'strategy-threw', message: 'boom' }, dataset: undefined })
    expect(formatRun(failed, summarise(failed))).toMatch(/^Failed +boom$/m)
    const [buy] = busyRun({ days: 60 }).fills
    if (!buy) expect.unreachable()
    const open = runResult({ fills: [buy] })
    expect(formatRun(open, summarise(open))).toMatch(/^Open at the end: 1 position, in the equity and in no round trip\.$/m)
  })

  it('says that two results are identical', () => {
    expect(formatComparison([listed(1), listed(2)])).toMatch(/The results are identical/)
    expect(formatComparison([listed(1), listed(2, { resultHash: 'b' })])).not.toMatch(/identical/)
  })
})

describe('figures', () => {
  it('are written by their kind, and a dash where they are not defined', () => {
    expect(figureText(1234.5, 'money')).toBe('1,234.50')
    expect(figureText(0.12345, 'part')).toBe('12.35%')
    expect(figureText(null, 'ratio')).toBe('-')
    expect(figureText(Number.NaN, 'part')).toBe('-')
    expect(figureText(Number.POSITIVE_INFINITY, 'ratio')).toBe('infinite')
    expect([1500, 150_000, 7_200_000, 250_000_000].map((ms) => figureText(ms, 'length'))).toEqual(['1.5 s', '2.5 min', '2.0 h', '2.9 d'])
  })

  it('are null in JSON where they are not defined, and text where they are infinite', () => {
    expect(definedFigures({ a: Number.NaN, b: Number.POSITIVE_INFINITY, c: 1 })).toEqual({ a: null, b: 'Infinity', c: 1 })
    const run = busyRun({ days: 20 })
    const plain = plainRun(run, summarise(run), 3)
    expect(JSON.parse(JSON.stringify(plain))).toMatchObject({ runId: 3, metrics: { tradingDays: 20 } })
    expect(plain).not.toHaveProperty('equity')
  })
})
