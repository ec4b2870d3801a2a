/** What the detectors do, as metrics. Counters are read from the funnel when they are scraped. */

import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

import type { Episode } from '../../market/arbitrage/episode.ts'
import { type Funnel, REFUSALS } from '../../market/arbitrage/funnel.ts'
import { readers } from '../telemetry/metrics.ts'
import type { EpisodeBoard } from './board.ts'
import type { DetectionState } from './detection.ts'

export interface DetectionSources {
  funnel: () => Funnel | undefined
  board: EpisodeBoard
  state: () => DetectionState
  /** Records that wait, and that no detector has looked at. */
  queued: () => number
  passed: () => number
  /** Opportunities that are not in the database and will not come there by themselves. */
  leftOut: () => number
}

export interface DetectionMetrics {
  closed(episode: Episode): void
  turn(lagMs: number): void
}

const STATES: readonly DetectionState[] = ['watching', 'behind', 'failed']
const LIFETIMES = [0.001, 0.01, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800]
const LAGS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]

export function createDetectionMetrics(registry: Registry, sources: DetectionSources): DetectionMetrics {
  const { funnel, board, state, queued, passed, leftOut } = sources
  const { counter, gauge } = readers(registry)
  const registers = [registry]
  counter('arbitrage_quotes_total', 'Quotes that the detectors looked at.', () => funnel()?.quotes ?? 0)
  counter('arbitrage_candidates_total', 'Relations with an edge before carry, fees and every other gate.', () => funnel()?.candidates ?? 0)
  new Counter({
    name: 'tapedeck_arbitrage_refused_total',
    help: 'Candidates that came to nothing, by detector and reason: docs/arbitrage.md.',
    labelNames: ['detector', 'reason'],
    registers,
    collect() {
      this.reset()
      const counted = funnel()
      for (const detector of counted?.detectors ?? [])
        for (const reason of REFUSALS) {
          const times = counted?.refused(reason, detector) ?? 0
          if (times > 0) this.inc({ detector, reason }, times)
        }
    },
  })
  counter('arbitrage_episodes_total', 'Opportunities that opened.', () => funnel()?.opened ?? 0)
  new Gauge({
    name: 'tapedeck_arbitrage_episodes_open',
    help: 'Opportunities that are open now, by certainty.',
    labelNames: ['certainty'],
    registers,
    collect() {
      for (const certainty of ['guaranteed', 'expected'] as const)
        this.set({ certainty }, board.open.filter(({ last }) => last.certainty === certainty).length)
    },
  })
  const best = (of: 'profit' | 'edgePerShare') => board.open.reduce((most, { last }) => Math.max(most, last[of]), 0)
  gauge('arbitrage_best_profit', 'Profit after fees of the best opportunity that is open, in its currency; 0 without one.', () =>
    best('profit'),
  )
  gauge('arbitrage_best_edge_per_share', 'Highest edge per share after fees of those that are open; 0 without one.', () =>
    best('edgePerShare'),
  )
  new Gauge({
    name: 'tapedeck_arbitrage_state',
    help: '1 for the state of the detectors, 0 for the others.',
    labelNames: ['state'],
    registers,
    collect() {
      for (const name of STATES) this.set({ state: name }, name === state() ? 1 : 0)
    },
  })
  gauge('arbitrage_queued_records', 'Records that wait for the detectors.', queued)
  counter('arbitrage_passed_records_total', 'Records that no detector has looked at, as they were behind.', passed)
  counter('arbitrage_unstored_total', 'Opportunities that were not stored; `tapedeck arb scan --write` makes them again.', leftOut)
  const lifetime = new Histogram({
    name: 'tapedeck_arbitrage_lifetime_seconds',
    help: 'From opening to end of opportunities that are over, in time of the market.',
    buckets: LIFETIMES,
    registers,
  })
  const lag = new Histogram({
    name: 'tapedeck_arbitrage_lag_seconds',
    help: 'Of each turn of the detectors: from the recording of its oldest record to its end.',
    buckets: LAGS,
    registers,
  })
  return {
    closed: ({ openedUs, closedUs = openedUs }) => lifetime.observe((closedUs - openedUs) / 1e6),
    turn: (lagMs) => lag.observe(lagMs / 1000),
  }
}
