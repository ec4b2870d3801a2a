/** Serves a tape, or a recorded session, and records it, each in a process of its own, started from the command line as a user would. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { Part } from '../../../backtester/demo/part.ts'
import type { GatewayTotals } from '../../../backtester/gateway/server/gateway.ts'
import { packageRoot } from '../../../system/package-root.ts'

export const COMMAND: readonly [string, ...string[]] = [process.execPath, join(packageRoot(), 'launch.mjs')]

/** Trades and quotes of the underlying. */
export const TICK_BY_TICK_LINES = 2

/** A tape, or the latest session of a database. */
export type Served = string | { databaseUrl: string }

export interface CollectTotals {
  sessionId: number
  cause: string
  messages: number
  received: number
  written: number
  quarantined: number
  dropped: number
  inFlight: number
  gaps: number
  recovered: { found: number; committed: number }
  batches: { committed: number; alreadyCommitted: number }
}

export interface RecordingOptions {
  tape: Served
  databaseUrl: string
  symbol: string
  /** Market-data lines that must be open before tape time runs, beside the tick-by-tick lines of the underlying. */
  lines: number
  gatewayArgs?: string[]
  collectArgs?: string[]
}

export interface Recording {
  served: GatewayTotals
  collected: CollectTotals
}

/** Records all of it once. */
export async function recordTape(options: RecordingOptions): Promise<Recording> {
  const dataDir = await temporaryDirectory()
  const gateway = startGatewayProcess(options.tape, options.lines + TICK_BY_TICK_LINES, ['--once', ...(options.gatewayArgs ?? [])])
  try {
    const { port } = await gateway.event<{ port: number }>('listening')
    const collector = startCollector({ ...options, port, dataDir })
    const collected = await collector.event<CollectTotals>('summary')
    await collector.succeeded()
    const served = await gateway.event<GatewayTotals>('totals')
    await gateway.succeeded()
    return { served, collected }
  } finally {
    gateway.kill('SIGKILL')
    await rm(dataDir, { recursive: true, force: true })
  }
}

export function startGatewayProcess(served: Served, startAfterLines: number, args: string[] = []): Part {
  const serving = ['--speed', 'max', '--lines', '200', '--start-after-lines', String(startAfterLines), '--publish-time', '--rate', 'off']
  const [source, env] =
    typeof served === 'string'
      ? [['--tape', served], process.env]
      : [['--session', 'latest'], { ...process.env, DATABASE_URL: served.databaseUrl }]
  return new Part('gateway', COMMAND, ['gateway', ...source, '--port', '0', ...serving, ...args, '--json'], env)
}

export interface CollectorOptions {
  port: number
  dataDir: string
  databaseUrl: string
  symbol: string
  collectArgs?: string[]
  env?: NodeJS.ProcessEnv
}

export function startCollector({ port, dataDir, databaseUrl, symbol, collectArgs = [], env }: CollectorOptions): Part {
  const universe = ['--underlying', symbol, '--strikes', 'all', '--expiry-days', '1000', '--lines', '200']
  const recording = ['--clock', 'gateway', '--until', 'end-of-tape', '--metrics-port', 'off', '--log-level', 'warn']
  const args = ['collect', '--gateway', `127.0.0.1:${port}`, '--data-dir', dataDir, ...recording, ...universe, ...collectArgs, '--json']
  return new Part('collector', COMMAND, args, { ...process.env, DATABASE_URL: databaseUrl, ...env })
}

/**
 * The environment of a collector whose syncs, batches and segments follow each other fast, so that little time holds many of them.
 * It records every quote once: no tick-by-tick lines.
 */
export async function quickly(folder: string): Promise<NodeJS.ProcessEnv> {
  const path = join(folder, 'quickly.yaml')
  const settings = [
    'database: { batchRows: 200, batchMs: 20 }',
    'journal: { fsyncMs: 5, segmentBytes: 64KiB }',
    'universe: { tickByTick: false }',
  ]
  await writeFile(path, settings.join('\n'))
  return { TAPEDECK_CONFIG: path }
}

export function temporaryDirectory(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'tapedeck-test-'))
}
