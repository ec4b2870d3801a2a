/** Which gaps are filled, and in which pieces. Pure: what the ledger has and what was noted of earlier fillings in, what is to be asked out. */

import type { GapRepair, RepairNote } from '../../db/backfill/gap-repairs.ts'
import { repairName } from '../../db/backfill/gap-repairs.ts'
import type { Span } from '../../market/coverage.ts'
import { type GapOfContract, repairable, type RepairRules, tradingIn } from '../gaps/repairable.ts'
import { secondsAround } from './reconcile.ts'

/** Gaps of one contract that lie so close together that they are asked for as one. */
export interface RepairJob {
  instrument: number
  symbol: string
  series: RepairRules['series']
  gaps: readonly GapOfContract[]
  /** The seconds to compare, market day by market day: IB's answer to a request ends with a session. */
  parts: readonly Span[]
}

export interface RepairPlan {
  jobs: RepairJob[]
  /** New refusals, for reasons that are known before a request is spent. */
  refused: RepairNote[]
  /** Gaps that an earlier run has dealt with. */
  doneBefore: number
  /** Gaps that are not over. */
  open: number
  /** Gaps that are so fresh that history may lack their end. */
  later: number
}

export interface RepairPlanOptions extends RepairRules {
  /** Asks also for those that IB refused before, or refused in part. */
  again: boolean
}

/** Asking for what lies between costs less than another request. */
const TOGETHER_US = 60_000_000

export function noteOf(gap: GapOfContract, series: RepairRules['series'], state: RepairNote['state'], reason?: string): RepairNote {
  const { sessionId, seq, fromUs, toUs, contract } = gap
  return { sessionId, seq, fromUs, toUs, instrument: contract.instrument, series, state, reason }
}

export function planRepairs(gaps: readonly GapOfContract[], noted: readonly GapRepair[], options: RepairPlanOptions): RepairPlan {
  const { series, again, calendar } = options
  const byName = new Map(noted.map((repair) => [repairName(repair), repair]))
  const plan: RepairPlan = { jobs: [], refused: [], doneBefore: 0, open: 0, later: 0 }
  const wanted = new Map<number, GapOfContract[]>()
  for (const gap of gaps) {
    const repaired = repairable(gap, options)
    if (repaired.verdict === 'not-wanted') continue
    const before = byName.get(repairName({ ...gap, instrument: gap.contract.instrument, series }))
    const isDone = before !== undefined && before.toUs >= gap.toUs && before.state !== 'pending'
    const isFinal = before?.state === 'repaired' || before?.state === 'no-data' || repaired.verdict === 'refused' || !again
    if (isDone && isFinal) plan.doneBefore++
    else if (repaired.verdict === 'open' || repaired.verdict === 'later') plan[repaired.verdict]++
    else if (repaired.verdict === 'refused') plan.refused.push(noteOf(gap, series, 'refused', repaired.reason))
    else {
      const its = wanted.get(gap.contract.instrument)
      if (its) its.push(gap)
      else wanted.set(gap.contract.instrument, [gap])
    }
  }
  for (const its of wanted.values()) plan.jobs.push(...jobsOf(its, series, calendar))
  // The newest first: what happened last is wanted first.
  plan.jobs.sort((a, b) => (b.parts[0]?.fromUs ?? 0) - (a.parts[0]?.fromUs ?? 0))
  return plan
}

function jobsOf(gaps: readonly GapOfContract[], series: RepairRules['series'], calendar: RepairRules['calendar']): RepairJob[] {
  const groups: { gaps: GapOfContract[]; toUs: number }[] = []
  for (const gap of [...gaps].sort((a, b) => a.fromUs - b.fromUs)) {
    const last = groups.at(-1)
    if (last && gap.fromUs - last.toUs <= TOGETHER_US) {
      last.gaps.push(gap)
      last.toUs = Math.max(last.toUs, gap.toUs)
    } else groups.push({ gaps: [gap], toUs: gap.toUs })
  }
  return groups.flatMap((group): RepairJob[] => {
    const [first] = group.gaps
    if (!first) return []
    const { instrument, symbol } = first.contract
    const parts = tradingIn(secondsAround({ fromUs: first.fromUs, toUs: group.toUs }), calendar)
    return [{ instrument, symbol, series, gaps: group.gaps, parts }]
  })
}
