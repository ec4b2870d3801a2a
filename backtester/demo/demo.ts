/**
 * The demonstration: serves the shipped day through a replay gateway, records it with a collector, reads it back with a replay, and
 * compares what the three say. Each is a process of its own, started from the command line exactly as a user would.
 *
 * Ctrl-C ends the tape early: the gateway says that it is over, the collector stops in order, and the sums must still agree.
 */

import { alignColumns } from '../../market/text-table.ts'
import { isoFromUs } from '../../market/time.ts'
import { Part } from './part.ts'

export interface DemoOptions {
  /** How to start ourselves: node and the script. */
  command: readonly [string, ...string[]]
  tape: string
  /** Lines that the tape needs. */
  instruments: number
  dataDir?: string | undefined
  /** Shows one line of progress; undefined clears it. */
  status: (line: string | undefined) => void
  print: (text: string) => void
  stop: AbortSignal
}

interface Progress {
  marketTimeUs?: number
  feed: string
  lines: number
  linesWanted: number
  messages: number
  received: number
  written: number
  quarantined: number
  lagMs: number
  gaps: number
}

interface GatewayTotals {
  ticksServed: number
  messagesServed: number
}

interface CollectTotals {
  sessionId: number
  received: number
  written: number
  quarantined: number
  dropped: number
  inFlight: number
  gaps: number
}

interface ReplayTotals {
  ticks: number
  instruments: number
  firstTsUs?: number
  lastTsUs?: number
}

const LINES = '200'
/** The tape's longest expiry lies 589 days ahead. */
const EXPIRY_DAYS = '600'

/** Runs the demonstration. Resolves to true when every tick served is accounted for. Throws a FeedError when a part fails. */
export async function demo(options: DemoOptions): Promise<boolean> {
  const { command, status, print, stop, tape, instruments } = options
  const data = options.dataDir ? ['--data-dir', options.dataDir] : []
  const started = performance.now()
  const parts: Part[] = []
  const start = (name: string, args: readonly string[]) => {
    const part = new Part(name, command, [name, ...args, '--json'])
    parts.push(part)
    return part
  }
  try {
    status('starting the replay gateway')
    const serving = ['--speed', 'max', '--lines', LINES, '--start-after-lines', String(instruments), '--publish-time', '--once']
    const gateway = start('gateway', ['--tape', tape, '--port', '0', ...serving])
    const { port } = await gateway.event<{ port: number }>('listening')

    status('starting the collector and its database')
    const universe = ['--underlying', 'TWX', '--strikes', 'all', '--expiry-days', EXPIRY_DAYS, '--lines', LINES]
    const recording = ['--clock', 'gateway', '--until', 'end-of-tape', '--metrics-port', '0', '--log-level', 'warn']
    const collector = start('collect', ['--gateway', `127.0.0.1:${port}`, ...recording, ...universe, ...data])
    collector.onEvent('progress', showProgress(status))
    onAbort(stop, () => {
      // The gateway ends the tape for a collector that listens to it; one that is not connected has to be told itself.
      gateway.kill('SIGTERM')
      gateway.exited.finally(() => collector.kill('SIGTERM')).catch(() => undefined)
    })
    const collected = await collector.event<CollectTotals>('summary')
    await collector.succeeded()
    const served = await gateway.event<GatewayTotals>('totals')
    await gateway.succeeded()

    status('reading the day back')
    const reader = start('replay', ['--session', String(collected.sessionId), '--include-quarantined', ...data])
    const read = await reader.event<ReplayTotals>('summary')
    await reader.succeeded()
    status(undefined)

    const accounted = printSummary(print, served, collected, read)
    const seconds = ((performance.now() - started) / 1000).toFixed(1)
    print(`\n${stop.aborted ? 'Stopped early; ' : ''}session ${collected.sessionId}, ${seconds} s.`)
    return accounted
  } finally {
    status(undefined)
    for (const part of parts) part.kill('SIGKILL')
  }
}

function showProgress(status: DemoOptions['status']): (progress: Progress) => void {
  let last: { atMs: number; messages: number; received: number } | undefined
  return (progress) => {
    const { feed, lines, linesWanted, messages, received, written, quarantined, lagMs, gaps, marketTimeUs } = progress
    const atMs = performance.now()
    const perSecond = (now: number, before = 0) => (last ? Math.round(((now - before) * 1000) / (atMs - last.atMs)) : 0)
    const time = marketTimeUs ? isoFromUs(marketTimeUs).slice(11, 19) : feed
    status(
      `${time} lines ${lines}/${linesWanted} msg/s ${perSecond(messages, last?.messages)} ticks/s ${perSecond(received, last?.received)}` +
        ` written ${written} quar ${quarantined} lag ${Math.round(lagMs)}ms gaps ${gaps}`,
    )
    last = { atMs, messages, received }
  }
}

function printSummary(print: DemoOptions['print'], served: GatewayTotals, collected: CollectTotals, read: ReplayTotals): boolean {
  const { received, written, quarantined, dropped, inFlight, gaps } = collected
  const checks: [string, boolean][] = [
    [`served ${served.ticksServed} = received ${received}`, served.ticksServed === received],
    [
      `received ${received} = written ${written} + quarantined ${quarantined} + dropped ${dropped}`,
      received === written + quarantined + dropped && inFlight === 0,
    ],
    [`read back ${read.ticks} = written ${written} + quarantined ${quarantined}`, read.ticks === written + quarantined],
    ['nothing dropped, no gaps', dropped === 0 && gaps === 0],
  ]
  const time = (tsUs: number | undefined) => (tsUs === undefined ? '-' : isoFromUs(tsUs))
  print(
    alignColumns([
      ['Gateway', 'ticks served', served.ticksServed],
      ['', 'messages served', served.messagesServed],
      ['Collector', 'ticks received', received],
      ['', 'written', written],
      ['', 'quarantined', quarantined],
      ['', 'dropped', dropped],
      ['', 'gaps', gaps],
      ['Read back', 'ticks', read.ticks],
      ['', 'instruments', read.instruments],
      ['', 'first', time(read.firstTsUs)],
      ['', 'last', time(read.lastTsUs)],
    ]),
  )
  print('')
  for (const [claim, holds] of checks) print(`${holds ? 'ok  ' : 'FAIL'}  ${claim}`)
  return checks.every(([, holds]) => holds)
}

function onAbort(signal: AbortSignal, act: () => void): void {
  if (signal.aborted) act()
  else signal.addEventListener('abort', act, { once: true })
}
