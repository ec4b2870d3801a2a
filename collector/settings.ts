/** The slices of the configuration that the collector takes, and what several of its parts read from them. */

import type { RulesInForce } from '../market/rules/settings.ts'
import type { StatedUnit } from '../market/stock-sizes/detector.ts'
import type { AutoRepairSettings } from './backfill/auto-repair.ts'
import type { ConnectionSettings } from './connection.ts'
import type { DetectSettings } from './detect/join.ts'
import type { FeedSettings } from './ib/link/feed.ts'
import type { JournalLimits } from './journal/bound.ts'
import type { JournalSettings } from './journal/journal.ts'
import type { LineDelays } from './lines/ask-again.ts'
import type { PlanSettings } from './lines/plan/state.ts'
import type { CarrySettings } from './record/stand-in-carry.ts'
import type { TelemetryOptions } from './telemetry/telemetry.ts'
import type { UnderlyingSettings } from './universe/universe.ts'

export interface CollectSettings {
  dataDir: string
  gateway: FeedSettings & {
    clock: 'wall' | 'gateway'
    lines: number
    marketDataType: number
    genericTicks: readonly number[]
    /** In which unit the sizes of US stocks come: as the user says, or as the collector finds out. */
    stockSizes?: StatedUnit
    /** Other intervals than the usual ones between attempts to have a line. */
    lineDelays?: Partial<LineDelays>
    /** Further connections, over which the universe is divided too; they differ in these. */
    others?: readonly ConnectionSettings[]
  }
  underlyings: readonly UnderlyingSettings[]
  /** How lines are shared among more contracts than there are; absent: those beyond them are never watched. */
  linePlan?: PlanSettings | undefined
  rules: RulesInForce
  /** Gaps are filled from IB's history; absent: they are not. */
  repair?: AutoRepairSettings | undefined
  /** What stands in for what no other source knows. */
  carry: CarrySettings
  /** Absent: no detectors run. */
  detect?: DetectSettings | undefined
  journal: JournalSettings & JournalLimits & { keepDays: number }
  lanes: number
  /** Absent: no HTTP server. */
  metrics?: TelemetryOptions['metrics']
}

/** From IB's number 1 on, as the configuration names them. */
const MARKET_DATA_TYPES = ['live', 'frozen', 'delayed', 'delayed-frozen']

/** Market-data lines of each connection. */
export function linesOf({ lines, others = [] }: CollectSettings['gateway']): number[] {
  return [lines, ...others.map((other) => other.lines)]
}

export function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, one) => sum + one, 0)
}

/** The settings that verdicts depend on, by their names in the configuration. */
export function recordedConfig({ rules, gateway }: CollectSettings): Record<string, unknown> {
  return { rules: rules.settings, gateway: { marketDataType: MARKET_DATA_TYPES[gateway.marketDataType - 1] } }
}

export function currenciesOf({ underlyings }: CollectSettings): string[] {
  return underlyings.map(({ currency }) => currency)
}
