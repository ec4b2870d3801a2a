/** The watchdog over real lines, a recorder and its journal, second by second, on a trading day. */

import { pino } from 'pino'
import { expect, vi } from 'vitest'
import { Halts } from '../../../../collector/gaps/halts.ts'
import { LastData } from '../../../../collector/gaps/last-data.ts'
import { Outages } from '../../../../collector/gaps/outages.ts'
import { Probe } from '../../../../collector/gaps/probe.ts'
import { Watchdog } from '../../../../collector/gaps/watchdog.ts'
import { Witness } from '../../../../collector/gaps/witness.ts'
import { Mark } from '../../../../market/marks.ts'
import type { Line } from '../../../../collector/lines/line.ts'
import { LineRegistry } from '../../../../collector/lines/registry.ts'
import { createEvents } from '../../../../collector/telemetry/events/index.ts'
import { nyse } from '../../../../market/calendar/calendar.ts'
import type { Contract, ListedHours } from '../../../../market/contract.ts'
import { MarketState } from '../../../../market/state/market-state.ts'
import type { LineFeed, Quote, Statistic, Trade } from '../../../../market/tick.ts'
import { openerFrom } from '../lines/lines-support.ts'
import { PATIENTLY } from '../../../support/waiting.ts'
import { onGatewayTime, quote, rotate, START_US, STOCK } from '../record/recorder-support.ts'

const call = (strike: number): Contract => ({
  kind: 'option',
  symbol: 'TWX',
  currency: 'USD',
  expiry: '2014-06-21',
  strike,
  right: 'C',
  multiplier: 100,
  tradingClass: 'TWX',
})

/** A trade of a line of trades, a quote of every other one. */
function tickOf({ instrument, feed }: Line): Quote | Trade {
  if (feed === 'tick-by-tick-trades') return { kind: 'trade', seq: 0, tsUs: 0, instrument, price: 70.5, source: 'tick-by-tick' }
  return { ...quote(1, instrument), source: feed && ('tick-by-tick' as const) }
}

/** So many messages a second keep a stall from being just silence. */
const BUSY = 30

export interface MarketOptions {
  feed?: LineFeed
  startUs?: number
  hours?: ListedHours
  /** What IB's history says of the newest tick of a line, with the second of now. Absent: nothing can be asked. */
  newestS?: (line: Line, nowS: number) => Promise<number | undefined>
}

/** A stock and three options, all served; 09:31 in New York. */
export async function market({ feed, startUs = START_US, hours, newestS }: MarketOptions = {}) {
  const rig = await onGatewayTime()
  rig.sessions.start()
  rig.clock.publish(startUs)
  const { recorder, ledger, counts, clock, ticks } = rig
  const log: string[] = []
  const logged: Record<string, unknown>[] = []
  const lastData = new LastData()
  const state = new MarketState()
  recorder.subscribe((record) => state.apply(record))
  const halts = new Halts()
  /** Lines whose next data the registry is told of: the first of a request, and where it asked for that. */
  const watched = new Set<number>()
  const registry: LineRegistry = new LineRegistry({
    onRequested: (reqId) => void watched.add(reqId),
    onWatched: (reqId) => void watched.add(reqId),
    onReleased: () => undefined,
    onOpened: ({ instrument, feed }) => recorder.lineOpened(instrument, feed),
    onClosed: ({ instrument, feed }, cause, untilUs) => recorder.lineClosed(instrument, cause, untilUs, feed),
    onMissing: ({ instrument, feed, wantedUs }, cause) => recorder.lineMissing(instrument, cause, wantedUs, feed),
    onRefused: () => undefined,
    onUnwanted: () => undefined,
    onLimit: () => undefined,
    onPaused: () => undefined,
    onResumed: () => undefined,
    onSettled: () => undefined,
    nowUs: () => recorder.nowUs,
  })
  const outages = new Outages({
    recorder,
    ledger,
    lastData,
    lines: () => registry.all,
    linesAreKnown: () => true,
    missingSinceUs: (lastDataUs) => lastDataUs,
    dataIsExpected: () => true,
  })
  const events = createEvents(pino({ base: null, timestamp: false }, { write: (line) => void logged.push(JSON.parse(line)) }), counts)
  const asked: string[] = []
  const probe = new Probe({
    lastData,
    witness: new Witness(state, () => recorder.nowUs),
    newestTickUs: (line) => {
      if (!newestS) return undefined
      asked.push(`${line.instrument} ${line.feed ?? ''}`.trim())
      return newestS(line, second).then((newest) => (newest === undefined ? undefined : startUs + newest * 1_000_000))
    },
  })
  const watchdog = new Watchdog({
    calendar: nyse,
    recorder,
    lines: registry,
    lastData,
    halts,
    probe,
    outages,
    counts,
    events,
    isLinked: () => true,
    linesAreKnown: () => true,
  })
  registry.linkUp(openerFrom(100, log))
  const contracts = [STOCK, call(60), call(65), { ...call(70), ...(hours && { hours }) }]
  const wanted = contracts.map((contract) => ({ instrument: recorder.instrumentOf(contract), contract }))
  registry.want([...wanted, ...(feed ? [{ instrument: 0, contract: STOCK, feed }] : [])])
  await vi.waitFor(() => expect(log).toHaveLength(wanted.length + (feed ? 1 : 0)), PATIENTLY)
  for (const line of registry.all) if (!line.feed) registry.accepted(line.reqId ?? -1)
  log.length = 0
  let second = 0
  let aheadUs = 0
  const data = (line: Line, times = 1, marks?: number) => {
    for (let i = 0; i < times; i++) {
      const tick = { ...tickOf(line), marks }
      if (line.reqId !== undefined && watched.delete(line.reqId)) registry.dataCame(line.reqId)
      ticks.take(tick, clock.nowUs())
      lastData.took(tick, tick.tsUs)
    }
  }
  /** So many seconds, in each of which these lines have data. */
  const pass = (seconds: number, of: readonly Line[], times = BUSY) => {
    for (let i = 0; i < seconds; i++) {
      clock.publish(startUs + aheadUs + ++second * 1_000_000)
      for (const line of of) data(line, times)
      vi.advanceTimersByTime(1000)
      watchdog.check()
    }
  }
  /** What stands, as the gateway gives it to a new request. */
  const firstValues = (...of: readonly Line[]) => {
    for (const line of of) {
      if (line.state === 'asked') registry.accepted(line.reqId ?? -1)
      data(line, 1, Mark.initial)
    }
  }
  /** The clock is set, and a new session begins. */
  const step = (byUs: number) => {
    aheadUs += byUs
    clock.anchor = () => void clock.publish(startUs + aheadUs + second * 1_000_000)
    ledger.nextSession(() => void rotate(recorder, 'clock-step'))
    for (const one of [lastData, outages, registry]) one.shift(byUs)
    watchdog.shifted(byUs)
  }
  const at = (us: unknown) => Math.round((Number(us) - startUs) / 1_000_000)
  /** Gaps, and what became of lines, with the seconds from which and until which they were. */
  const tape = async () => {
    await rig.sessions.end('test')
    const [records = []] = await rig.tapes()
    return {
      gaps: records.filter(({ kind }) => kind === 'gap').map(({ cause, fromTsUs, toTsUs }) => [cause, at(fromTsUs), at(toTsUs)]),
      closed: records
        .filter(({ kind, event, cause }) => kind === 'line' && event === 'closed' && cause !== 'test')
        .map(({ instrument, feed, cause, untilTsUs }) => [feed ?? instrument, cause, at(untilTsUs)]),
    }
  }
  /** What is missing by the tape of the last session: lines by their number, gaps as `all`. */
  const missingAfterStep = async () => {
    await rig.sessions.end('test')
    const records = (await rig.tapes()).at(-1) ?? []
    return records.flatMap(({ kind, event, instrument, cause, fromTsUs, toTsUs, untilTsUs }) => {
      if (kind === 'gap') return [['all', cause, at(fromTsUs), at(toTsUs)]]
      if (kind !== 'line' || event === 'opened' || cause === 'test') return []
      return [[instrument, cause, at(untilTsUs)]]
    })
  }
  const [stock, one, two, three] = registry.all as [Line, Line, Line, Line]
  const halt = (value: number, line = stock) => {
    const tick: Statistic = { kind: 'statistic', seq: 0, tsUs: 0, instrument: line.instrument, name: 'halted', value }
    halts.take(tick)
  }
  return {
    all: registry.all,
    stock,
    one,
    two,
    three,
    tickByTick: registry.all[4] as Line,
    registry,
    ledger,
    outages,
    watchdog,
    log,
    logged,
    lastData,
    asked,
    pass,
    firstValues,
    halt,
    tape,
    step,
    missingAfterStep,
  }
}

export const warnings = (logged: readonly Record<string, unknown>[]) => logged.filter(({ level }) => level === 40)
