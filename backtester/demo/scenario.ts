/**
 * The scenario of arbitrage: serves a made-up market in which relations between quotes are broken on purpose, records it, shows live which
 * opportunities the detectors of the collector see open and close, and compares them with what was planned.
 */

import { wrapText } from '../../system/text-table.ts'
import { MISPRICED_SECONDS, plannedMispricings } from '../gateway/source/mispricings.ts'
import { syntheticMarket } from '../gateway/source/synthetic.ts'
import type { Part } from './part.ts'
import { type DemoOutcome, finished, formatClaims, type PartsOptions, quoted, runParts, type StartPart, stopInOrder } from './parts.ts'
import { type FoundOpportunity, PlannedMispricings } from './planned.ts'

export interface ScenarioOptions extends PartsOptions {
  /** Settings of the collector. */
  settings: string
  dataDir?: string | undefined
}

const WIDTH = 80
const LINES = '300'
/** Two expiries. */
const MARKET = { contracts: 241, seed: 1, ticksPerSecond: 1000, seconds: Math.ceil(MISPRICED_SECONDS) + 1 }

/** Throws a FeedError when a part fails. */
export function arbitrageScenario(options: ScenarioOptions): Promise<DemoOutcome> {
  return runParts(options, (start) => play(options, start))
}

async function play(options: ScenarioOptions, start: StartPart): Promise<DemoOutcome> {
  const { status, print, stop, force, settings, dataDir } = options
  const data = dataDir === undefined ? [] : ['--data-dir', dataDir]
  const planned = new PlannedMispricings(plannedMispricings(syntheticMarket(MARKET)))
  status('starting the made-up market')
  const gateway = start('replay gateway', ['gateway', ...marketArguments()])
  const ended = gateway.event('totals')
  ended.catch(() => undefined)
  let collector: Part | undefined
  stopInOrder(options, gateway, () => collector)
  const { port } = await gateway.event<{ port: number }>('listening')
  if (stop.aborted) return 'interrupted'

  status('starting the collector and its database; the market begins when all of its 241 contracts are watched')
  const universe = ['--underlying', 'SYN', '--strikes', 'all', '--expiry-days', '60', '--lines', LINES]
  const recording = ['--clock', 'gateway', '--until', 'end-of-tape', '--metrics-port', '0', '--log-level', 'warn']
  collector = start('collector', ['collect', '--gateway', `127.0.0.1:${port}`, ...recording, ...universe, '--config', settings, ...data])
  collector.onEvent<FoundOpportunity>('opportunity', (event) => {
    const line = planned.take(event)
    if (line === undefined) return
    status(undefined)
    print(line)
  })
  const [{ sessionId }] = await Promise.all([collector.event<{ sessionId: number }>('summary'), ended])
  await finished(gateway)
  await finished(collector)
  if (stop.aborted || sessionId === 0 || force.aborted) return 'interrupted'

  const { claims, beside } = planned
  print(`\n${formatClaims(claims)}\n`)
  print(wrapText(`A moved quote breaks more than one relation. Opportunities in the others: ${beside}.`, WIDTH).join('\n'))
  print(`See all of them: npx tapedeck arb scan ${['--all', ...data].map(quoted).join(' ')}`)
  return claims.every(([, holds]) => holds) ? 'accounted' : 'unaccounted'
}

function marketArguments(): string[] {
  const { contracts, seed, ticksPerSecond, seconds } = MARKET
  const market = ['--synthetic', contracts, '--seed', seed, '--ticks-per-second', ticksPerSecond, '--seconds', seconds, '--mispricings']
  // Every quote is recorded as it is, as soon as it comes.
  const serving = ['--sampling', 'off', '--speed', 1, '--lines', LINES, '--message-rate', 0, '--start-after-lines', contracts]
  return [...market, ...serving, '--port', 0, '--publish-time', '--once', '--rate', 'off'].map(String)
}
