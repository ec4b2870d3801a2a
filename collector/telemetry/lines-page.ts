/** What a running collector says of its market-data lines on `/lines`: who holds one and why, and how well they cover what is wanted. */

import { z } from 'zod'

import { describeContract } from '../../market/contract.ts'
import type { MarketState } from '../../market/state/market-state.ts'
import { isoFromUs } from '../../market/time.ts'
import { BUDGET_STATES } from '../lines/budget.ts'
import type { Recorder } from '../record/recorder.ts'
import type { ShownConnections } from './connections.ts'
import { gatewaySchema, type ShownGateway } from './gateways.ts'

const count = z.int().nonnegative()
const moment = z.iso.datetime({ precision: null })

export const linesPageSchema = z.object({
  program: z.literal('tapedeck'),
  version: z.string(),
  session: z.object({ id: count, marketTime: moment }).nullable(),
  /** `fitting`: every contract has a line. `rotating`: they take turns. `limited`: those beyond the lines are never watched. */
  state: z.enum(BUDGET_STATES),
  /** `limit` is of the settings; `available` what the gateway has of it, as far as is known; `pinned` are the underlyings'. */
  limit: count,
  available: count,
  pinned: count,
  plan: z.object({ coreStrikes: count, corePercent: count, minimumHoldSeconds: z.number(), seenEveryMinutes: z.number() }).nullable(),
  /** Null unless contracts take turns. Of options: `core`, `edge` and `rotating` are contracts, `blocked` those that are not asked for now. */
  coverage: z
    .object({
      contracts: count,
      core: count,
      edge: count,
      rotating: count,
      blocked: count,
      rotationLines: count,
      /** Null: they have no line. */
      roundSeconds: z.number().nullable(),
      isKept: z.boolean(),
      coreExpiries: count,
      expiries: count,
      longestUnseenSeconds: z.number(),
      unseen: count,
      turns: count,
    })
    .nullable(),
  /** Each connection, where there are several. */
  gateways: z.array(gatewaySchema).optional(),
  lines: z.array(
    z.object({
      /** Which connection has it, where there are several. */
      gateway: z.string().optional(),
      contract: z.string(),
      feed: z.string().nullable(),
      reason: z.enum(['pinned', 'fits', 'core', 'edge', 'rotation']),
      state: z.string(),
      /** When it was opened; null while it is not. */
      since: moment.nullable(),
      lastTick: moment.nullable(),
    }),
  ),
})

export type LinesPage = z.infer<typeof linesPageSchema>

export interface LinesPageSources {
  version: string
  budget: ShownConnections['budget']
  gateways?: () => ShownGateway[] | undefined
  recorder: Pick<Recorder, 'recording' | 'sessionId' | 'nowUs'>
  state: Pick<MarketState, 'of'>
}

export function linesPage({ version, budget, recorder, state, gateways }: LinesPageSources): LinesPage {
  const each = gateways?.()
  const { settings, coverage, longestUnseenMs, unseen, turns, ...figures } = budget.figures
  return {
    program: 'tapedeck',
    version,
    session: recorder.recording ? { id: recorder.sessionId, marketTime: isoFromUs(recorder.nowUs) } : null,
    state: figures.state,
    limit: figures.limit,
    available: figures.available,
    pinned: figures.pinned,
    plan: settings
      ? {
          coreStrikes: settings.coreStrikes,
          corePercent: settings.corePercent,
          minimumHoldSeconds: settings.minimumHoldMs / 1000,
          seenEveryMinutes: settings.seenEveryMs / 60_000,
        }
      : null,
    coverage: coverage ? { ...withSeconds(coverage), longestUnseenSeconds: longestUnseenMs / 1000, unseen, turns } : null,
    ...(each && { gateways: each }),
    lines: budget.held.map(({ gateway, instrument, contract, feed, reason, state: lineState, sinceUs }) => {
      const lastUs = state.of(instrument)?.lastTickUs
      return {
        ...(gateway !== undefined && { gateway }),
        contract: describeContract(contract),
        feed: feed ?? null,
        reason,
        state: lineState,
        since: sinceUs === undefined ? null : isoFromUs(sinceUs),
        lastTick: lastUs === undefined ? null : isoFromUs(lastUs),
      }
    }),
  }
}

function withSeconds<T extends { roundMs: number }>({ roundMs, ...others }: T) {
  return { ...others, roundSeconds: Number.isFinite(roundMs) ? roundMs / 1000 : null }
}
