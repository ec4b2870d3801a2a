/** Metrics of gaps that are filled from IB's history while the recording goes on: docs/gaps.md. */

import { Counter, type Registry } from 'prom-client'

import type { RepairFigures } from '../backfill/auto-repair.ts'
import { readers } from './metrics.ts'

const OUTCOMES = ['repaired', 'partly', 'refused', 'no-data'] as const

export function watchRepairs(registry: Registry, figures: () => Readonly<RepairFigures>): void {
  const { counter, gauge } = readers(registry)
  new Counter({
    name: 'tapedeck_gap_repairs_total',
    help: "Gaps of single contracts that were to be filled from IB's history, by what became of them: docs/gaps.md.",
    labelNames: ['outcome'],
    registers: [registry],
    collect() {
      this.reset()
      for (const outcome of OUTCOMES) this.inc({ outcome }, figures().outcomes[outcome] ?? 0)
    },
  })
  counter('gap_repair_requests_total', "Requests to IB's history for gaps.", () => figures().requests)
  counter('gap_repair_ticks_total', "Ticks out of IB's history that were added in gaps.", () => figures().ticks)
  gauge('gap_repairs_pending', "Pieces of time that wait to be filled from IB's history.", () => figures().pending)
}
