/** What each kind of experiment runs, by what has come of it so far. */

import { describe, expect, it } from 'vitest'

import { nextTrials } from '../../../../backtester/experiments/next-trials.ts'
import { type ExperimentPlan, readPlan, type Search } from '../../../../backtester/experiments/plan.ts'
import { defaultScenarios, readScenario } from '../../../../backtester/experiments/scenarios.ts'
import { scenarioTrials } from '../../../../backtester/experiments/stress.ts'
import type { DoneTrial, Trial } from '../../../../backtester/experiments/trial.ts'
import { tradingDates } from '../../../../backtester/experiments/trading-time.ts'
import { arbitrageSettings } from '../../../../market/arbitrage/settings.ts'
import { nyse } from '../../../../market/calendar/calendar.ts'
import { runSettings } from '../../../support/backtest/run-requests.ts'

const at = (date: string) => nyse.zone.toUs(date, 0)
const TIME = { fromUs: at('2014-01-02'), toUs: at('2014-07-01') }
const HOUR_US = 3_600_000_000
const DATES = tradingDates(TIME)

const planOf = (kind: string, options: Record<string, unknown>): ExperimentPlan =>
  readPlan({
    name: 'trial',
    kind,
    strategy: 'sma-cross',
    cwd: '/',
    input: { kind: 'dataset', dataDir: '/', name: 'none' },
    arbitrage: arbitrageSettings(),
    settings: runSettings(),
    space: {},
    objective: { metric: 'sharpe', direction: 'max' },
    options,
  })
const search: Search = {
  candidates: [10, 20, 30].map((period) => ({ period })),
  allows: (params) => Object.values(params).every((value) => Number.isInteger(value)),
}

/** Runs all stages. The score of a trial stands for its run. */
function play(plan: ExperimentPlan, score: (trial: Trial) => number | null): Trial[] {
  const done = new Map<string, DoneTrial>()
  const ran: Trial[] = []
  const keyOf = (trial: Trial) => JSON.stringify(trial)
  for (;;) {
    const { missing } = nextTrials(plan, search, (trial) => done.get(keyOf(trial)))
    if (missing.length === 0) return ran
    for (const trial of missing) {
      ran.push(trial)
      const sharpe = score(trial)
      const status = sharpe === null ? 'failed' : 'complete'
      done.set(keyOf(trial), { trial, runId: ran.length, status, figures: { sharpe }, resultHash: '', durationMs: 1 })
    }
  }
}

describe('a walk-forward', () => {
  const options = { ...TIME, train: 40, test: 20, step: 20, purge: 2, embargo: 3, holdout: 20, warmUp: 5 }
  const plan = planOf('walk-forward', options)
  // What is best changes with the fold.
  const score = ({ fold = 0, params, phase }: Trial) => (phase === 'test' ? -1 : Number(params['period']) * (fold % 2 === 0 ? 1 : -1))
  const ran = play(plan, score)
  const of = (phase: string) => ran.filter((trial) => trial.phase === phase)

  it('trains all candidates in each fold, tests the best of each, and runs the last choice on the holdout once', () => {
    expect(of('train').map(({ fold }) => fold)).toEqual([1, 1, 1, 2, 2, 2, 3, 3, 3])
    expect(of('test').map(({ fold, params }) => [fold, params['period']])).toEqual([
      [1, 10],
      [2, 30],
      [3, 10],
    ])
    expect(of('holdout').map(({ params, fold }) => [params['period'], fold])).toEqual([[10, undefined]])
    expect(ran).toHaveLength(13)
  })

  it('reads nothing in training or test of what is held out, and nothing of a test in its training', () => {
    const held = of('holdout')[0]?.settings.range
    expect(held).toMatchObject({ fromUs: at(DATES.at(-20) ?? ''), toUs: TIME.toUs })
    for (const test of of('test'))
      for (const train of of('train').filter(({ fold }) => fold === test.fold)) {
        const gap =
          DATES.indexOf(nyse.zone.dateOf(test.settings.range?.fromUs ?? 0)) -
          DATES.indexOf(nyse.zone.dateOf((train.settings.range?.toUs ?? 0) - 1))
        expect(gap).toBe(3)
      }
    for (const { settings } of [...of('train'), ...of('test')]) expect(settings.range?.toUs).toBeLessThanOrEqual(held?.fromUs ?? 0)
    expect(of('train').at(-1)?.settings.range?.uncounted).toHaveLength(1)
    expect(of('train')[0]?.settings.range?.uncounted).toBeUndefined()
  })

  it('reads nothing outside of the range that it was asked for', () => {
    const range = { fromUs: at('2014-01-02') + 12 * HOUR_US, toUs: at('2014-06-30') + 12 * HOUR_US }
    const ran = play({ ...plan, settings: { ...plan.settings, range }, options: { ...plan.options, ...range } }, score)
    expect(Math.min(...ran.map(({ settings }) => settings.range?.fromUs ?? 0))).toBe(range.fromUs)
    expect(Math.max(...ran.map(({ settings }) => settings.range?.toUs ?? Infinity))).toBe(range.toUs)
  })

  it('tests nothing in a fold where every candidate failed', () => {
    const some = play(plan, (trial) => (trial.fold === 2 ? null : score(trial)))
    expect(some.filter(({ phase }) => phase === 'test').map(({ fold }) => fold)).toEqual([1, 3])
  })

  it('with an embargo is refused where its objective has no days to leave out', () => {
    const costs = { ...plan, objective: { metric: 'costs', direction: 'min' as const } }
    expect(() => play(costs, score)).toThrow(/^--objective: costs is not known by days/)
    // Of which no trial here has a figure: none is chosen.
    expect(play({ ...costs, options: { ...options, embargo: 0 } }, score)).toHaveLength(9)
  })

  it('of more trials than are allowed in all folds together is refused', () => {
    const many = { ...search, candidates: Array.from({ length: 40_000 }, (_, period) => ({ period })) }
    expect(() => nextTrials(plan, many, () => undefined)).toThrow(/120,000 trials: expected at most 100,000.* there are 3 folds/)
  })

  it('of too few days is refused', () => {
    expect(() => play(planOf('walk-forward', { ...options, train: 90 }), score)).toThrow('expected at least 132')
  })
})

describe('a grid with a holdout', () => {
  it('searches before it, and runs the best there once', () => {
    const ran = play(planOf('grid', { ...TIME, holdout: 24 }), ({ params }) => -Math.abs(20 - Number(params['period'])))
    expect(ran.map(({ phase, params }) => [phase, params['period']])).toEqual([
      ['search', 10],
      ['search', 20],
      ['search', 30],
      ['holdout', 20],
    ])
    expect(ran[0]?.settings.range?.toUs).toBeLessThanOrEqual(ran[3]?.settings.range?.fromUs ?? 0)
  })

  it('without one is a search alone', () => {
    expect(play(planOf('grid', {}), () => 1).map(({ phase, settings }) => [phase, settings.range])).toEqual(
      search.candidates.map(() => ['search', undefined]),
    )
  })
})

it('A perturbation runs the parameters, and those around them', () => {
  const ran = play(planOf('perturb', { params: { period: 20, quantity: 1 }, by: 0.1 }), () => 1)
  expect(ran.map(({ phase, params }) => [phase, params['period'], params['quantity']])).toEqual([
    ['base', 20, 1],
    ['perturbed', 18, 1],
    ['perturbed', 22, 1],
    ['perturbed', 20, 0],
    ['perturbed', 20, 2],
  ])
})

describe('a stress test', () => {
  it('runs the configuration as it was, and under each scenario', () => {
    const scenarios = [readScenario('costs:2'), readScenario('spring=from:2014-04-01 to:2014-06-01 latency:5')]
    const plan = planOf('stress', { params: { period: 20 }, scenarios })
    expect(play(plan, () => 1)).toEqual(scenarioTrials(plan).map(({ trial }) => trial))
    expect(scenarioTrials(plan)).toMatchObject([
      { name: 'as it was', trial: { phase: 'base', settings: runSettings() } },
      { name: 'costs:2', trial: { phase: 'stress', settings: { stress: { costs: 2 } } } },
      { name: 'spring', trial: { settings: { stress: { latency: { feedMs: 5 } }, range: { fromUs: Date.UTC(2014, 3, 1) * 1000 } } } },
    ])
  })

  it('has scenarios of its own for ticks and for bars, each half of the time among them', () => {
    for (const isBars of [true, false]) {
      const found = defaultScenarios(TIME, isBars)
      expect(new Set(found.map(({ name }) => name)).size).toBe(found.length)
      expect(found.some(({ stress }) => stress?.spread && 'basisPoints' in stress.spread === isBars)).toBe(true)
      expect(found.at(-2)?.range?.toUs).toBeLessThanOrEqual(found.at(-1)?.range?.fromUs ?? 0)
    }
  })

  it.each(['', 'from:x', 'costs:2 from:2014-01-01 from:2014-01-02', 'tax:2'])('refuses what is no scenario: %j', (text) => {
    expect(() => readScenario(text)).toThrow(/^--s/)
  })
})
