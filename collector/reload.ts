/** What of the settings can change while lines are open, and who is told of it. */

import { isDeepStrictEqual } from 'node:util'

import type { Validator } from '../market/rules/validator.ts'
import type { AutoRepair } from './backfill/auto-repair.ts'
import type { Housekeeping } from './journal/housekeeping.ts'
import type { Recorder } from './record/recorder.ts'
import type { StandInCarry } from './record/stand-in-carry.ts'
import { type CollectSettings, currenciesOf, linesOf, recordedConfig, sumOf } from './settings.ts'
import type { FeedHalf } from './topology.ts'

interface ReloadedParts extends Pick<FeedHalf, 'connections' | 'division' | 'discovery'> {
  validator: Validator
  standInCarry: StandInCarry
  repair: AutoRepair
  recorder: Recorder
  housekeeping: Housekeeping
}

/**
 * Takes over the universe, how lines are shared, rules, carry, repairs, `lines`, `genericTicks` and `keepDays`. The function throws a ConfigError.
 */
export function createReloader(started: CollectSettings, parts: ReloadedParts): (next: CollectSettings) => void {
  const { validator, standInCarry, repair, recorder, connections, division, housekeeping, discovery } = parts
  let { rules, underlyings, linePlan } = started
  let lines = linesOf(started.gateway)
  return (next: CollectSettings): void => {
    if (!isDeepStrictEqual(next.rules.settings, rules.settings)) {
      validator.configure(next.rules)
      // What IB was asked for stays as it was at the start.
      recorder.configure(recordedConfig({ ...next, gateway: started.gateway }))
    }
    standInCarry.configure(next.carry, currenciesOf(next))
    repair.configure(next.repair)
    const before = lines
    // Of the other connections nothing changes without a restart.
    lines = [next.gateway.lines, ...before.slice(1)]
    for (const [i, { supply, feed, budget }] of connections.entries()) {
      supply.configure({ genericTicks: next.gateway.genericTicks })
      feed.configure({ lines: lines[i] ?? next.gateway.lines })
      budget.configure(next.linePlan)
    }
    division?.configure(lines)
    housekeeping.configure({ keepDays: next.journal.keepDays })
    const isOtherPlan = (next.linePlan === undefined) !== (linePlan === undefined)
    if (!isDeepStrictEqual(lines, before) || isOtherPlan || !isDeepStrictEqual(next.underlyings, underlyings))
      discovery.configure({ underlyings: next.underlyings, lines: sumOf(lines) })
    ;({ rules, underlyings, linePlan } = next)
  }
}
