/** What coverage takes for proof, and for the begin of a gap, by the hours of the market on the wall clock. */

import { pino } from 'pino'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { Coverage } from '../../../../collector/gaps/coverage.ts'
import { LineRegistry } from '../../../../collector/lines/registry.ts'
import { createWallClock } from '../../../../collector/record/clock.ts'
import { createEvents } from '../../../../collector/telemetry/events/index.ts'
import { MarketState } from '../../../../market/state/market-state.ts'
import { Mark } from '../../../../market/marks.ts'
import { OTHER, quote, recorderOn, STOCK } from '../record/recorder-support.ts'

/** A recording with two wanted lines and a link, from that time in New York on; the time goes on as it is told. */
async function recordingFrom(time: string) {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date', 'performance'], now: new Date(`${time}-04:00`) })
  onTestFinished(() => void vi.useRealTimers())
  const { recorder, ledger, ticks, sessions, clock, counts } = await recorderOn(createWallClock())
  const events = createEvents(pino({ level: 'silent' }), counts)
  const nothing = () => undefined
  const lines: LineRegistry = new LineRegistry({
    onRequested: nothing,
    onWatched: nothing,
    onReleased: nothing,
    onOpened: nothing,
    onClosed: nothing,
    onRefused: nothing,
    onUnwanted: nothing,
    onLimit: nothing,
    onPaused: nothing,
    onResumed: nothing,
    onSettled: nothing,
    nowUs: () => recorder.nowUs,
  })
  const coverage = new Coverage({
    clock,
    recorder,
    ledger,
    counts,
    events,
    state: new MarketState(),
    startedMs: performance.now(),
    onDataBack: nothing,
    supply: () => ({ lines, link: { newestTicks: async () => [] }, universeIsKnown: true }),
  })
  sessions.start()
  lines.want([STOCK, OTHER].map((contract) => ({ instrument: recorder.instrumentOf(contract), contract })))
  coverage.begun()
  onTestFinished(() => coverage.stop())
  const data = (marks?: number) => {
    for (const { instrument } of lines.all) {
      const tick = { ...quote(70, instrument), marks }
      ticks.take(tick, clock.nowUs())
      coverage.took(tick)
    }
    vi.advanceTimersByTime(1000)
  }
  return { coverage, ledger, data }
}

const newYork = (time: string) => Date.parse(`${time}-04:00`) * 1000

describe('first values behind a lost link', () => {
  it('end no gap in the hours of the market, and what follows them does', async () => {
    const { coverage, ledger, data } = await recordingFrom('2014-06-05T11:00:00')
    data()
    coverage.linkLost('the link broke')
    coverage.outages.returned()
    data(Mark.initial)
    expect(ledger.open).toHaveLength(1)
    data()
    expect(ledger.open).toEqual([])
  })

  it('end it in the night', async () => {
    const { coverage, ledger, data } = await recordingFrom('2014-06-05T03:00:00')
    coverage.linkLost('the link broke')
    coverage.outages.returned()
    data(Mark.initial)
    expect(ledger.open).toEqual([])
  })
})

describe('a recording that has no data at the opening', () => {
  it('has been without from the opening on, however long before it began', async () => {
    const { ledger } = await recordingFrom('2014-06-05T09:28:00')
    vi.advanceTimersByTime(119_000)
    expect(ledger.open).toEqual([])
    vi.advanceTimersByTime(20_000)
    expect(ledger.open).toEqual([{ cause: 'no-data', fromTsUs: newYork('2014-06-05T09:30:00') }])
  })
})
