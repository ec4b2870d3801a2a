/** Metrics of how market-data lines are shared: docs/lines.md. */

import { Gauge, type Registry } from 'prom-client'

import type { Connection } from '../connection.ts'
import { isConnected } from '../ib/link/connection.ts'
import type { ShownConnections } from './connections.ts'
import { readers } from './metrics.ts'

const REASONS = ['pinned', 'fits', 'core', 'edge', 'rotation'] as const

export function watchLineBudget(registry: Registry, budget: ShownConnections['budget']): void {
  const { gauge, counter } = readers(registry)
  new Gauge({
    name: 'tapedeck_lines_held',
    help: 'Market-data lines that are wanted now, by why: docs/lines.md.',
    labelNames: ['reason'],
    registers: [registry],
    collect() {
      const { held } = budget
      for (const reason of REASONS) this.set({ reason }, held.filter((line) => !line.feed && line.reason === reason).length)
    },
  })
  const coverage = () => budget.figures.coverage
  gauge('lines_available', 'Market-data lines of the settings that the gateway has, as far as is known.', () => budget.figures.available)
  gauge('lines_rotating', 'Contracts that are watched in turn.', () => coverage()?.rotating ?? 0)
  gauge(
    'lines_blocked',
    'Contracts that are not asked for now: refused, without an answer or without data.',
    () => coverage()?.blocked ?? 0,
  )
  gauge(
    'lines_round_seconds',
    'Time that a round of the rotation takes; +Inf without a line for it.',
    () => (coverage()?.roundMs ?? 0) / 1000,
  )
  gauge(
    'lines_longest_unseen_seconds',
    'For how long the contract that was not seen for longest was not seen; 0 while every contract has a line.',
    () => (coverage() ? budget.figures.longestUnseenMs / 1000 : 0),
  )
  gauge('lines_unseen', 'Contracts that were not seen for longer than lines.seenEveryMinutes.', () => budget.figures.unseen)
  counter('lines_turns_total', 'Lines that were taken by the plan.', () => budget.figures.turns)
}

/** Each connection, where there are several. */
export function watchConnections(registry: Registry, connections: readonly Connection[]): void {
  const gauge = (name: string, help: string, read: (one: Connection) => number) =>
    new Gauge({
      name: `tapedeck_${name}`,
      help,
      labelNames: ['gateway'],
      registers: [registry],
      collect() {
        for (const one of connections) this.set({ gateway: one.name }, read(one))
      },
    })
  gauge('connection_up', '1 while connected to this gateway, where there are several.', ({ feed }) =>
    isConnected(feed.connection.state) ? 1 : 0,
  )
  gauge('connection_lines_open', 'Market-data lines that are open at this gateway, where there are several.', ({ supply }) => {
    return supply.lines.marketData.open
  })
}
