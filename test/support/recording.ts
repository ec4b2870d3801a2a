/** Serves a tape and records it, each in a process of its own, started from the command line as a user would. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { Part } from '../../backtester/demo/part.ts'
import type { GatewayTotals } from '../../backtester/gateway/gateway.ts'
import { packageRoot } from '../../db/package-root.ts'

export const COMMAND: readonly [string, ...string[]] = [process.execPath, join(packageRoot(), 'launch.mjs')]

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
  tape: string
  databaseUrl: string
  symbol: string
  /** Lines that must be open before tape time runs. */
  lines: number
  gatewayArgs?: string[]
  collectArgs?: string[]
}

export interface Recording {
  served: GatewayTotals
  collected: CollectTotals
}

/** Records the whole tape once. */
export async function recordTape(options: RecordingOptions): Promise<Recording> {
  const dataDir = await temporaryDirectory()
  const gateway = startGatewayProcess(options.tape, options.lines, ['--once', ...(options.gatewayArgs ?? [])])
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

export function startGatewayProcess(tape: string, startAfterLines: number, args: string[] = []): Part {
  const serving = ['--speed', 'max', '--lines', '200', '--start-after-lines', String(startAfterLines), '--publish-time']
  return new Part('gateway', COMMAND, ['gateway', '--tape', tape, '--port', '0', ...serving, ...args, '--json'])
}

export interface CollectorOptions {
  port: number
  dataDir: string
  databaseUrl: string
  symbol: string
  collectArgs?: string[]
}

export function startCollector({ port, dataDir, databaseUrl, symbol, collectArgs = [] }: CollectorOptions): Part {
  const universe = ['--underlying', symbol, '--strikes', 'all', '--expiry-days', '1000', '--lines', '200']
  const recording = ['--clock', 'gateway', '--until', 'end-of-tape', '--metrics-port', 'off', '--log-level', 'warn']
  const args = ['collect', '--gateway', `127.0.0.1:${port}`, '--data-dir', dataDir, ...recording, ...universe, ...collectArgs, '--json']
  return new Part('collector', COMMAND, args, { ...process.env, DATABASE_URL: databaseUrl })
}

export function temporaryDirectory(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'tapedeck-test-'))
}
