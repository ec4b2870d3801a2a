/**
 * The demonstration: serves the shipped day through a replay gateway, records it with a collector, reads it back with a replay, and
 * compares what the three say. Each is a process of its own, started from the command line exactly as a user would.
 *
 * Ctrl-C ends the tape early: the gateway says that it is over, the collector stops in order, what was recorded is read back, and the
 * sums must still agree. A second one ends the parts without waiting for that. No part outlives us.
 */

import { devNull } from 'node:os'

import { alignColumns, shortNumber } from '../../system/text-table.ts'
import { isoFromUs } from '../../market/time.ts'
import { type AssumedCarry, type ClosedOpportunity, formatFindings, type FunnelTotals } from './findings.ts'
import type { Part } from './part.ts'
import { type DemoOutcome, finished, formatClaims, type PartsOptions, quoted, runParts, type StartPart, stopInOrder } from './parts.ts'

export interface DemoOptions extends PartsOptions {
  tape: string
  /** Settings of the collector: what it takes for known of the day beside the tape. */
  settings: string
  /** The same, to be shown. */
  assumed: AssumedCarry
  /** Market-data lines that the tape needs. */
  instruments: number
  dataDir?: string | undefined
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
  /** 0: the recording had not begun. */
  sessionId: number
  received: number
  written: number
  quarantined: number
  dropped: number
  inFlight: number
  gaps: number
  arbitrage: FunnelTotals
}

interface ReplayTotals {
  ticks: number
  flagged: number
  instruments: number
  firstTsUs?: number
  lastTsUs?: number
}

const LINES = '200'
/** Every trade and every quote of the underlying. */
const TICK_BY_TICK_LINES = 2
/** The tape's longest expiry lies 589 days ahead. */
const EXPIRY_DAYS = '600'
/** Runs the demonstration of the shipped day. Throws a FeedError when a part fails. */
export function demo(options: DemoOptions): Promise<DemoOutcome> {
  return runParts(options, (start) => play(options, start))
}

async function play(options: DemoOptions, start: StartPart): Promise<DemoOutcome> {
  const { status, print, stop, force, tape, settings, instruments, dataDir } = options
  const data = dataDir === undefined ? [] : ['--data-dir', dataDir]
  // The settings of a recorder, in whose folder we may be started, are none of ours: with them the day might never begin.
  const ours = (file: string) => ['--config', file, ...data]
  const startedMs = performance.now()
  status('starting the replay gateway')
  const serving = [
    '--speed',
    'max',
    '--lines',
    LINES,
    '--start-after-lines',
    String(instruments + TICK_BY_TICK_LINES),
    '--publish-time',
    '--once',
    // What is recorded must be what is on the tape.
    '--rate',
    'off',
  ]
  const gateway = start('replay gateway', ['gateway', '--tape', tape, '--port', '0', ...serving])
  const totals = gateway.event<GatewayTotals>('totals')
  totals.catch(() => undefined)
  let collector: Part | undefined
  stopInOrder(options, gateway, () => collector)
  const { port } = await gateway.event<{ port: number }>('listening')
  if (stop.aborted) return 'interrupted'

  status('starting the collector and its database')
  const universe = ['--underlying', 'TWX', '--strikes', 'all', '--expiry-days', EXPIRY_DAYS, '--lines', LINES]
  const recording = ['--clock', 'gateway', '--until', 'end-of-tape', '--metrics-port', '0', '--log-level', 'warn']
  collector = start('collector', ['collect', '--gateway', `127.0.0.1:${port}`, ...recording, ...universe, ...ours(settings)])
  collector.onEvent('progress', showProgress(status, stop))
  const opportunities: ClosedOpportunity[] = []
  collector.onEvent<ClosedOpportunity & { change: string }>(
    'opportunity',
    (event) => event.change === 'closed' && opportunities.push(event),
  )
  // A gateway that fails would leave the collector waiting for it.
  const [collected, served] = await Promise.all([collector.event<CollectTotals>('summary'), totals])
  await finished(gateway)
  // One that dropped ticks ends with 1; the sums below say so.
  if (collected.dropped === 0) await finished(collector)
  else await collector.exited
  if (collected.sessionId === 0 || force.aborted) return 'interrupted'

  status('reading the day back')
  const reader = start('replay', ['replay', '--session', String(collected.sessionId), '--include-quarantined', ...ours(devNull)])
  const read = await reader.event<ReplayTotals>('summary')
  await reader.succeeded()
  status(undefined)

  print(formatTotals(served, collected, read))
  const sums = compare(served, collected, read)
  print(`\n${formatClaims(sums)}\n`)
  const accounted = sums.every(([, holds]) => holds)
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
  const verdict = accounted ? 'Every tick is accounted for' : 'NOT every tick is accounted for'
  print(`${verdict}${stop.aborted ? ', of a day that was stopped early' : ''}. Session ${collected.sessionId}, ${seconds} s.`)
  print(`See the ticks: npx tapedeck replay ${['--ndjson', ...data].map(quoted).join(' ')}`)
  if (collected.arbitrage.quotes === 0) return accounted ? 'accounted' : 'unaccounted'
  print(`\n${formatFindings(collected.arbitrage, opportunities, options.assumed)}`)
  print(`See them: npx tapedeck arb scan ${['--all', ...data].map(quoted).join(' ')}`)
  return accounted ? 'accounted' : 'unaccounted'
}

/** At most 79 columns for the shipped day. Rates are those since the report before. */
function showProgress(status: DemoOptions['status'], stop: AbortSignal): (progress: Progress) => void {
  let last: { atMs: number; messages: number; received: number } | undefined
  return (progress) => {
    if (stop.aborted) return
    const { feed, lines, linesWanted, messages, received, written, quarantined, lagMs, gaps, marketTimeUs } = progress
    const atMs = performance.now()
    const rate = (now: number, before = 0) => shortNumber(last ? ((now - before) * 1000) / (atMs - last.atMs) : 0)
    const time = marketTimeUs === undefined ? feed : isoFromUs(marketTimeUs).slice(11, 16)
    const open = lines < linesWanted ? `${lines}/${linesWanted}` : String(lines)
    status(
      `${time} lines ${open} msg/s ${rate(messages, last?.messages)} ticks/s ${rate(received, last?.received)} ` +
        `written ${shortNumber(written)} quar ${shortNumber(quarantined)} lag ${Math.round(lagMs)}ms gaps ${gaps}`,
    )
    last = { atMs, messages, received }
  }
}

function formatTotals(served: GatewayTotals, collected: CollectTotals, read: ReplayTotals): string {
  const time = (tsUs: number | undefined) => (tsUs === undefined ? '-' : isoFromUs(tsUs))
  return alignColumns([
    ['Gateway', 'ticks served', served.ticksServed],
    ['', 'messages served', served.messagesServed],
    ['Collector', 'ticks received', collected.received],
    ['', 'written', collected.written],
    ['', 'quarantined', collected.quarantined],
    ['', 'dropped', collected.dropped],
    ['', 'gaps', collected.gaps],
    ['Read back', 'ticks', read.ticks],
    ['', 'flagged', read.flagged],
    ['', 'instruments', read.instruments],
    ['', 'first', time(read.firstTsUs)],
    ['', 'last', time(read.lastTsUs)],
  ])
}

/** What must hold when nothing was lost on the way, and whether it does. */
function compare(served: GatewayTotals, collected: CollectTotals, read: ReplayTotals): [string, boolean][] {
  const { received, written, quarantined, dropped, inFlight, gaps } = collected
  const n = (count: number) => count.toLocaleString('en-US')
  return [
    [`served ${n(served.ticksServed)} = received ${n(received)}`, served.ticksServed === received],
    [
      `received ${n(received)} = written ${n(written)} + quarantined ${n(quarantined)} + dropped ${n(dropped)}`,
      received === written + quarantined + dropped && inFlight === 0,
    ],
    [`read back ${n(read.ticks)} = written ${n(written)} + quarantined ${n(quarantined)}`, read.ticks === written + quarantined],
    ['nothing dropped, no gaps', dropped === 0 && gaps === 0],
  ]
}
