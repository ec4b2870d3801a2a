/** Runs of strategies that trade opportunities of arbitrage, and what they and the scan of the same tape say of each. */

import { expect } from 'vitest'

import { scanTape } from '../../../backtester/arbitrage/scan.ts'
import type { CarrySettings } from '../../../backtester/arbitrage/stand-in-carry.ts'
import { toUnits } from '../../../backtester/engine/money.ts'
import { chooseModel } from '../../../backtester/run/models.ts'
import type { RunResult } from '../../../backtester/run/result.ts'
import { type RunRequest, runStrategy } from '../../../backtester/run/run.ts'
import type { Episode } from '../../../market/arbitrage/episode.ts'
import { type ArbitrageSettings, arbitrageSettings } from '../../../market/arbitrage/settings.ts'

const CARRY: CarrySettings = { rate: 0.0025, underlyings: [{ symbol: 'TWX', currency: 'USD', dividends: [], borrow: 0.0025 }] }
export const balanced = arbitrageSettings({ preset: 'balanced' })

/** The body of a strategy that logs each episode as it closes. */
export const LISTENER = `export default { name: 'listener', version: '1', params: (z) => z.strictObject({}),
  create: (context) => ({ onOpportunity(event, episode) { if (event === 'closed') context.log(event, { episode }) } }) }`

export interface Taking {
  tape: string
  /** Where a strategy that is a file lies. */
  folder?: string
  strategy?: string
  params?: Record<string, unknown>
  settings?: ArbitrageSettings
  carry?: CarrySettings
  fees?: string
  latency?: string
  cash?: number
  margin?: string
}

/** Without fees, latency and margin where nothing else is said. */
export function take({ strategy = 'arbitrage-taker', tape, params = {}, settings = balanced, ...given }: Taking): Promise<RunResult> {
  const request: RunRequest = {
    strategy,
    cwd: given.folder ?? '',
    params,
    settings: {
      cash: given.cash ?? 1_000_000,
      currency: 'USD',
      seed: 1,
      models: {
        fill: chooseModel('fill', 'touch'),
        latency: chooseModel('latency', given.latency ?? 'none'),
        slippage: chooseModel('slippage', 'none'),
        fees: chooseModel('fees', given.fees ?? 'none'),
        margin: chooseModel('margin', given.margin ?? 'none'),
      },
    },
    input: { kind: 'tape', path: tape, carry: given.carry ?? CARRY },
    arbitrage: settings,
    codeVersion: '0.0.0',
    startedAt: '2026-01-01T00:00:00Z',
  }
  return runStrategy(request)
}

/** What `arb scan` finds, in the order in which it opened. */
export async function scan(tape: string, settings = balanced, carry = CARRY): Promise<readonly Episode[]> {
  return (await scanTape(tape, { part: {}, settings, carry, signal: new AbortController().signal })).episodes
}

export interface Said {
  episode: string
  detector: string
  packages: number
  size: number
  edge: number
  fees: number
  isMended: boolean
  reason: string
}

/** What the strategy said of its opportunities. */
export const said = ({ events }: RunResult, message: string) =>
  events.filter((event) => event.kind === 'log' && event.message === message).map(({ details }) => details as unknown as Said)

export const foundUnits = ({ opened }: Episode, packages = opened.size) => toUnits(opened.grossEdgePerShare * opened.multiplier * packages)

export function byId(episodes: readonly Episode[]): (id: string) => Episode {
  const known = new Map(episodes.map((episode) => [episode.id, episode]))
  return (id) => known.get(id) ?? expect.unreachable(id)
}
