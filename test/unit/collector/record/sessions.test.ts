import { pino } from 'pino'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createWallClock } from '../../../../collector/record/clock.ts'
import { Sessions } from '../../../../collector/record/sessions.ts'
import { createEvents } from '../../../../collector/telemetry/events/index.ts'
import { unexpected } from '../../../support/unexpected.ts'
import { quote, recorderOn, STOCK } from './recorder-support.ts'

/** Time that stands still until it is moved; journals keep their own timers. */
async function onWallTime() {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date', 'performance'] })
  onTestFinished(() => void vi.useRealTimers())
  const rig = await recorderOn(createWallClock())
  rig.sessions.start()
  return rig
}

/** As when the process is stopped or the machine sleeps: time goes by, and no timer runs. */
const withoutTimers = (ms: number) => {
  const now = performance.now.bind(performance)
  vi.spyOn(performance, 'now').mockImplementation(() => now() + ms)
  vi.setSystemTime(Date.now() + ms)
}

describe("a step of the system's clock", () => {
  it.each([
    ['forward', 190],
    ['back', -3_600_000],
  ])('%s is noticed within a second, begins a new session with the same lines, and is no gap', async (_way, stepMs) => {
    const { recorder, sessions, counts, tapes } = await onWallTime()
    recorder.lineOpened(recorder.instrumentOf(STOCK))
    vi.setSystemTime(Date.now() + stepMs)
    vi.advanceTimersByTime(1000)
    recorder.tick(quote(1), recorder.nowUs)
    const startUs = Date.now() * 1000
    await sessions.end('test')
    const [before, after] = await tapes()

    expect(before?.at(-1)).toMatchObject({ event: 'ended', cause: 'clock-step' })
    expect(after?.filter(({ kind }) => kind === 'line' || kind === 'quote')).toMatchObject([
      { event: 'opened' },
      { kind: 'quote' },
      { event: 'closed' },
    ])
    expect(Math.abs(Number(after?.[0]?.['tsUs']) - startUs)).toBeLessThan(1_000_000)
    expect([...(before ?? []), ...(after ?? [])].filter(({ kind }) => kind === 'gap')).toEqual([])
    expect(counts.gaps).toBe(0)
  })

  it('back leaves a tick that was on its way no stamp ahead of those behind it', async () => {
    const { recorder, sessions, ticks, tapes } = await onWallTime()
    const instrument = recorder.instrumentOf(STOCK)
    const arrivalUs = recorder.nowUs
    vi.setSystemTime(Date.now() - 3_600_000)
    vi.advanceTimersByTime(1000)
    ticks.take(quote(1, instrument), arrivalUs)
    vi.advanceTimersByTime(10)
    const nowUs = recorder.nowUs
    ticks.take(quote(2, instrument), nowUs)
    await sessions.end('test')
    const stamps = (await tapes())[1]?.filter(({ kind }) => kind === 'quote').map(({ tsUs }) => Number(tsUs)) ?? []

    expect(stamps).toHaveLength(2)
    expect(stamps[0]).toBeLessThan(nowUs)
    expect(stamps[1]).toBe(nowUs)
  })

  it('of less than a tenth of a second is left alone', async () => {
    const { recorder, sessionIds } = await onWallTime()
    vi.setSystemTime(Date.now() + 90)
    vi.advanceTimersByTime(3000)
    expect(sessionIds).toEqual([recorder.sessionId])
  })
})

describe('a process that was stopped', () => {
  it('names the time in which it did not run', async () => {
    const { recorder, sessions, sessionIds, tapes } = await onWallTime()
    vi.advanceTimersByTime(5000)
    const stoppedUs = recorder.nowUs
    withoutTimers(30_000)
    vi.advanceTimersByTime(1000)
    const resumedUs = recorder.nowUs
    await sessions.end('test')
    vi.restoreAllMocks()
    const gaps = (await tapes()).flat().filter(({ kind }) => kind === 'gap')

    expect(sessionIds).toHaveLength(1)
    expect(gaps).toMatchObject([{ cause: 'process-paused' }])
    const [{ fromTsUs, toTsUs } = { fromTsUs: 0, toTsUs: 0 }] = gaps
    expect(Number(fromTsUs)).toBeLessThanOrEqual(stoppedUs)
    expect(Number(fromTsUs)).toBeGreaterThan(stoppedUs - 1_100_000)
    expect(Number(toTsUs)).toBeGreaterThanOrEqual(resumedUs - 1_000_000)
  })

  it('with its whole machine has another cause, and goes on in a session of the new time', async () => {
    const rig = await recorderOn(createWallClock())
    let sleptMs = 0
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date', 'performance'] })
    onTestFinished(() => void vi.useRealTimers())
    const { clock, recorder, ledger, tapes } = rig
    const events = createEvents(pino({ level: 'silent' }), rig.counts)
    const sessions = new Sessions({
      clock,
      recorder,
      ledger,
      events,
      onBegun: () => undefined,
      onBroken: unexpected,
      sleptMs: () => sleptMs,
    })
    sessions.start()
    vi.advanceTimersByTime(5000)
    const asleepUs = recorder.nowUs
    sleptMs += 7_200_000
    vi.setSystemTime(Date.now() + 7_200_000)
    vi.advanceTimersByTime(1000)
    await sessions.end('test')

    expect((await tapes())[1]?.find(({ kind }) => kind === 'gap')).toMatchObject({
      cause: 'machine-slept',
      fromTsUs: expect.closeTo(asleepUs, -6) as number,
      toTsUs: expect.closeTo(asleepUs + 7_201_000_000, -6) as number,
    })
  })

  it('for two seconds has hardly been late', async () => {
    const { counts } = await onWallTime()
    vi.advanceTimersByTime(5000)
    withoutTimers(2000)
    vi.advanceTimersByTime(1000)
    vi.restoreAllMocks()
    expect(counts.gaps).toBe(0)
  })
})
