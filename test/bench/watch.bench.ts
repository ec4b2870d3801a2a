/**
 * What the watchdog, the ledger and the planner of lines cost of the tick path: messages of 500 lines through assembler, recorder with all
 * rules, and journal. Every other read of the socket goes past them, in the same session, and the reads in the middle of either kind are
 * compared: whatever else slows the machine slows both. What is done once a second, with data or not, is added in CPU time: the
 * watchdog's look at the lines, and the planner's decision on a universe of 10,000 contracts.
 */

import { rm } from 'node:fs/promises'
import { setImmediate as turn, setTimeout } from 'node:timers/promises'

import { pino } from 'pino'

import { Coverage } from '../../collector/gaps/coverage.ts'
import { GapLedger } from '../../collector/gaps/ledger.ts'
import type { GatewayMessage } from '../../collector/ib/messages.ts'
import { Assembler, SILENCE_MS } from '../../collector/ib/ticks/assemble.ts'
import { Intake } from '../../collector/ib/ticks/intake.ts'
import { Journal } from '../../collector/journal/journal.ts'
import { arrange } from '../../collector/lines/plan/chains.ts'
import { plan } from '../../collector/lines/plan/plan.ts'
import type { PlanState } from '../../collector/lines/plan/state.ts'
import { LineRegistry } from '../../collector/lines/registry.ts'
import { type CollectorClock, createWallClock } from '../../collector/record/clock.ts'
import { createTickRecorder } from '../../collector/record/record-tick.ts'
import { Recorder } from '../../collector/record/recorder.ts'
import { createCounts } from '../../collector/telemetry/counts.ts'
import { createEvents } from '../../collector/telemetry/events/index.ts'
import type { Contract, OptionContract } from '../../market/contract.ts'
import { RULES } from '../../market/rules/index.ts'
import { defaultSettings } from '../../market/rules/settings.ts'
import { Validator } from '../../market/rules/validator.ts'
import { MarketState } from '../../market/state/market-state.ts'
import type { Tick } from '../../market/tick.ts'
import { usFromIso } from '../../market/time.ts'
import { simulatedChains } from '../support/lines/simulated-day.ts'
import { temporaryDirectory } from '../support/process/recording.ts'
import { unbounded } from '../support/tape/unbounded.ts'
import { measure, median } from './harness.ts'

const LINES = 500
const QUOTES = 100_000
/** How often all quotes are sent in a round. */
const PASSES = 20
/** The watchdog looks at the lines once in each. */
const SECONDS = 3
/** Messages that one read of the socket brings. */
const READ = 400
/** A bid and an ask. */
const MESSAGES_PER_TICK = 2
const CONTRACTS = Array.from(
  { length: LINES },
  (_, i): Contract => ({
    kind: 'option',
    symbol: 'TWX',
    currency: 'USD',
    expiry: '2014-06-21',
    strike: 10 + (i >> 1),
    right: i % 2 === 0 ? 'C' : 'P',
    multiplier: 100,
    tradingClass: 'TWX',
  }),
)

/** In the session, whatever the day is on which this runs. */
function clockOfSession(): CollectorClock {
  const clock = createWallClock()
  const aheadUs = usFromIso('2014-06-05T10:00:00-04:00') - clock.nowUs()
  return { ...clock, usAt: (ms) => clock.usAt(ms) + aheadUs, nowUs: () => clock.nowUs() + aheadUs }
}

/** The parts as topology.ts joins them, with a link that accepts every line. */
async function joinParts(directory: string) {
  const clock = clockOfSession()
  const counts = createCounts()
  const events = createEvents(pino({ level: 'silent' }), counts)
  const recorder = new Recorder({
    clock,
    counts,
    judge: new Validator({ rules: RULES, settings: defaultSettings(RULES), onRuleError: fail }),
    openJournal: (sessionId) =>
      new Journal({
        batchRows: 1000,
        batchMs: 100,
        fsyncMs: 50,
        segmentBytes: 1 << 26,
        directory,
        sessionId,
        bound: unbounded(),
        onBatch: () => undefined,
        onSegmentClosed: ({ path }) => void rm(path, { force: true }),
        onSync: () => undefined,
        onError: fail,
      }),
    detail: {},
    config: {},
    onSubscriberError: fail,
  })
  const ledger = new GapLedger(recorder, events)
  const assembler = new Assembler({ silenceMs: SILENCE_MS, usAt: (ms) => clock.usAt(ms) })
  const ignore = () => undefined
  const lines = new LineRegistry({
    onRefused: fail,
    onUnwanted: fail,
    onLimit: fail,
    onPaused: fail,
    onResumed: fail,
    onSettled: ignore,
    onRequested: (reqId, { instrument }) => assembler.openLine(reqId, instrument),
    onWatched: (reqId) => assembler.watchLine(reqId),
    onReleased: (reqId) => assembler.closeLine(reqId),
    onOpened: ({ instrument, feed }) => recorder.lineOpened(instrument, feed),
    onClosed: ({ instrument, feed }, cause, untilUs) => recorder.lineClosed(instrument, cause, untilUs, feed),
    nowUs: () => recorder.nowUs,
  })
  const state = new MarketState()
  recorder.subscribe((record) => state.apply(record))
  const coverage = new Coverage({
    clock,
    recorder,
    state,
    ledger,
    counts,
    events,
    startedMs: performance.now(),
    onDataBack: ignore,
    supply: () => ({ lines, link: { newestTicks: async () => [] }, universeIsKnown: true }),
  })
  const ticks = createTickRecorder(recorder, ledger, clock)
  const paths = {
    watched: (tick: Tick, arrivalUs: number) => {
      ticks.take(tick, arrivalUs)
      coverage.took(tick)
    },
    plain: (tick: Tick, arrivalUs: number) => void recorder.tick(tick, Math.min(arrivalUs, clock.nowUs())),
  }
  const rest = { onLineAlive: (reqId: number) => lines.dataCame(reqId), onUnknownLine: fail, onUnknownType: fail }
  const outputs = { watched: { ...rest, onTick: paths.watched }, plain: { ...rest, onTick: paths.plain } }
  const use = (output: keyof typeof outputs) => assembler.connect(outputs[output])
  use('watched')
  recorder.begin()
  let reqId = 0
  lines.want(CONTRACTS.map((contract) => ({ instrument: recorder.instrumentOf(contract), contract })))
  lines.linkUp({ newReqId: () => ++reqId, open: async (id) => lines.accepted(id), close: fail })
  while (counts.lines < LINES) await turn()
  const intake = new Intake({ assembler, onControl: fail, onMessage: (messages) => (counts.messages += messages) })
  return { counts, recorder, lines, coverage, intake, use }
}

/** In cents: convex over the strikes, and those of both rights as far apart as parity wants, so that no relation of the chain is broken. */
function fairCents(line: number): number {
  const { strike, right } = CONTRACTS[line] as OptionContract
  const call = (260 - strike) ** 2 / 500
  return Math.round(100 * (right === 'C' ? call : call - 134 + strike))
}

/** Bid and ask of one line after the other, each with its size. */
function messagesOf(): GatewayMessage[] {
  return Array.from({ length: QUOTES }, (_, i): GatewayMessage[] => {
    const line = (i * 7) % LINES
    const [reqId, cents] = [1 + line, fairCents(line) + (i % 2)]
    const common = { type: 'price' as const, arrivalMs: 0, reqId }
    return [
      { ...common, tickType: 1, price: cents / 100, size: 1 + (i % 50) },
      { ...common, tickType: 2, price: (cents + 4) / 100, size: 1 + (i % 70) },
    ]
  }).flat()
}

/** 50 expiries of 100 strikes, on 100 lines that are all to be swapped. */
function planned(): PlanState {
  const chains = arrange(simulatedChains({ expiries: 50, strikes: 100 }))
  const held = chains.pairs.filter((_, i) => i % 100 === 0).flatMap(({ instruments }) => instruments)
  return {
    chains,
    lines: held.length,
    settings: { coreStrikes: 1, corePercent: 60, minimumHoldMs: 15_000, seenEveryMs: 900_000 },
    nowMs: 1_000_000,
    nowUs: 1e9,
    messages: 40,
    messagesPerSecond: 20,
    priceOf: () => 100.3,
    holds: new Map(held.map((instrument) => [instrument, { sinceMs: 0 }])),
    seenUs: new Float64Array(chains.contracts + 1).map((_, i) => (i * 7919) % 1e9),
    active: new Uint8Array(chains.contracts + 1).map((_, i) => Number(i % 5 === 0)),
    wishes: new Set([1, 2, 3]),
    blocked: new Set([4, 5, 6]),
    core: new Set(),
  }
}

const DECISIONS = 20
const state = planned()

/** Milliseconds of one. */
function decisionMs(): number {
  const startMs = performance.now()
  for (let i = 0; i < DECISIONS; i++) if (plan(state).take.length === 0) fail()
  return (performance.now() - startMs) / DECISIONS
}

type Parts = Awaited<ReturnType<typeof joinParts>>
type Path = 'watched' | 'plain'

let parts: Parts | undefined
let folder: string | undefined
const messages = messagesOf()

/** Milliseconds of the read in the middle, with the watchdog and the ledger and without. */
async function readMs({ counts, recorder, intake, use }: Parts): Promise<Record<Path, number>> {
  const taken: Record<Path, number[]> = { watched: [], plain: [] }
  const before = counts.received
  for (let pass = 0; pass < PASSES; pass++) {
    for (let at = 0; at < messages.length; at += READ) {
      // What was watched in one pass is not in the next.
      const path = (at / READ + pass) % 2 === 0 ? 'watched' : 'plain'
      use(path)
      const read = messages.slice(at, at + READ)
      const startMs = performance.now()
      for (const message of read) message.arrivalMs = startMs
      intake.take(read)
      taken[path].push(performance.now() - startMs)
      await turn()
    }
    await recorder.durable()
  }
  // The last one is over only when nothing follows it for a moment.
  if (Math.abs(counts.received - before - PASSES * QUOTES) > 1) fail()
  return { watched: median(taken.watched), plain: median(taken.plain) }
}

/** Milliseconds of CPU time in each second. */
async function idleMs(): Promise<number> {
  const before = process.cpuUsage()
  await setTimeout(SECONDS * 1000)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000 / SECONDS
}

function fail(): never {
  throw new Error('This must not happen in a measurement without faults.')
}

measure({
  title: `the tick path with watchdog, ledger and planner, ${LINES} lines, ${state.chains.contracts} contracts`,
  unit: 'ticks/s',
  limit: 'without them',
  round: async () => {
    folder ??= await temporaryDirectory()
    parts ??= await joinParts(folder)
    const { counts, lines, coverage } = parts
    coverage.begun()
    const { watched, plain } = await readMs(parts)
    const lookingMs = await idleMs()
    coverage.stop()
    const lookMs = Math.max(0, lookingMs - (await idleMs()))
    if (counts.gaps > 0 || lines.marketData.open < LINES) fail()
    const deciding = decisionMs()
    const ticks = READ / MESSAGES_PER_TICK
    const ours = (ticks / watched) * (1000 - lookMs - deciding)
    const limit = (ticks / plain) * 1000
    return {
      ours,
      limit,
      more: {
        'cost, %': (limit / ours - 1) * 100,
        'of a tick, ns': ((watched - plain) / ticks) * 1e6,
        'a look each second, ms': lookMs,
        'a decision each second, ms': deciding,
      },
    }
  },
  cleanUp: async () => {
    parts?.lines.stop()
    await parts?.recorder.end('the bench is over')
    if (folder) await rm(folder, { recursive: true, force: true })
  },
})
