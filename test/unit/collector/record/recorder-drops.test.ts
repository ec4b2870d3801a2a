import { describe, expect, it } from 'vitest'
import { createGatewayClock } from '../../../../collector/record/clock.ts'
import { unaccounted } from '../../../../collector/telemetry/counts.ts'
import type { Tick } from '../../../../market/tick.ts'
import { unexpected } from '../../../support/unexpected.ts'
import { onGatewayTime, quote, recorderOn, START_US, STOCK } from './recorder-support.ts'

describe('a tick', () => {
  it('outside of a session is dropped, by reason, and named by a gap of the next one', async () => {
    const { ticks, sessions, clock, counts, tapes, drops } = await onGatewayTime(unexpected)
    ticks.take(quote(1), START_US)
    ticks.takeUnknown()
    clock.publish(START_US + 700)
    ticks.takeUnknown()

    expect(counts).toMatchObject({ received: 3, inFlight: 0 })
    expect([...counts.dropped]).toEqual([
      ['no-session', 1],
      ['unknown-line', 2],
    ])
    expect(unaccounted(counts)).toBe(0)
    clock.publish(START_US + 1000)
    sessions.start()
    await sessions.end('test')
    const [tape] = await tapes()
    expect(tape?.filter(({ kind }) => kind === 'gap')).toMatchObject([
      { fromTsUs: START_US - 1, toTsUs: START_US, cause: 'dropped: no-session', droppedTicks: 1 },
      { fromTsUs: START_US - 1, toTsUs: START_US + 700, cause: 'dropped: unknown-line', droppedTicks: 2 },
    ])
    expect(drops.slice(2)).toEqual(['dropped: no-session: 1', 'dropped: unknown-line: 2'])
  })

  it('with a text that no record can hold is dropped and named, and the next one is recorded', async () => {
    const { recorder, ticks, sessions, clock, counts, tapes } = await onGatewayTime()
    sessions.start()
    const instrument = recorder.instrumentOf(STOCK)
    clock.publish(START_US + 500)
    const text = 'x'.repeat(524_280)
    ticks.take({ kind: 'statistic', seq: 0, tsUs: 0, instrument, name: 'dividends', text }, START_US + 500)
    ticks.take(quote(1, instrument), START_US + 500)
    await sessions.end('test')

    expect(counts).toMatchObject({ received: 2, inFlight: 1 })
    expect([...counts.dropped]).toEqual([['too-long', 1]])
    const [tape] = await tapes()
    // Recovery takes a seq that is not on the tape for a record that is lost.
    expect(tape?.map(({ seq }) => seq)).toEqual(tape?.map((_, i) => i + 1))
    expect(tape?.map(({ kind, event }) => event ?? kind)).toEqual(['started', 'config', 'contract', 'interrupted', 'quote', 'gap', 'ended'])
    expect(tape?.find(({ kind }) => kind === 'gap')).toMatchObject({ fromTsUs: START_US, cause: 'dropped: too-long', droppedTicks: 1 })
  })

  it('that comes before the time is known is logged, since no gap can say when', async () => {
    const { recorder, ticks, sessions, clock, tapes, drops } = await recorderOn(createGatewayClock())
    ticks.take(quote(1), clock.nowUs())
    clock.publish(START_US)
    sessions.start()
    await sessions.end('test')

    expect(drops).toEqual(['no-session', 'dropped: no-session: 1, not named'])
    expect((await tapes())[0]?.map(({ kind }) => kind)).toEqual(['session', 'config', 'session'])
    expect(recorder.lastProofUs).toBe(START_US)
  })
})

describe('dropped ticks', () => {
  const dropsOn = (tape: Record<string, unknown>[] | undefined) =>
    tape
      ?.filter(({ kind, event }) => kind === 'gap' || event === 'interrupted')
      .map(({ seq: _seq, tsUs: _tsUs, kind, ...rest }) => ({ kind, ...rest }))

  it('of one reason are a gap that is recorded when it begins, and named after a second without any', async () => {
    const { recorder, ticks, sessions, clock, tapes, drops, counts } = await onGatewayTime()
    sessions.start()
    const instrument = recorder.instrumentOf(STOCK)
    const take = (bid: number, us: number) => {
      clock.publish(START_US + us)
      ticks.take(quote(bid, instrument), clock.nowUs())
    }
    take(1, 100)
    const at = (ms: number) => clock.publish(START_US + ms * 1000)
    for (const ms of [1, 900, 1800]) {
      at(ms)
      ticks.takeUnknown()
    }
    take(2, 2_799_999)
    expect(drops).toEqual(['unknown-line'])
    take(3, 2_800_000)
    expect(drops).toEqual(['unknown-line', 'dropped: unknown-line: 3'])
    at(4000)
    ticks.takeUnknown()
    at(5000)
    sessions.takeTime(1401975060)
    at(6000)
    ticks.takeUnknown()
    at(7000)
    sessions.takeTime(clock.nowUs())
    expect(counts.gaps).toBe(3)
    await sessions.end('test')

    const cause = 'dropped: unknown-line'
    const gap = (fromTsUs: number, toMs: number, droppedTicks: number) => [
      { kind: 'session', event: 'interrupted', fromTsUs, cause },
      { kind: 'gap', fromTsUs, toTsUs: START_US + toMs * 1000, cause, droppedTicks },
    ]
    expect(dropsOn((await tapes())[0])).toEqual([
      ...gap(START_US + 100, 1800, 3),
      ...gap(START_US + 2_800_001, 4000, 1),
      ...gap(START_US + 5_000_000, 6000, 1),
    ])
    expect(unaccounted(counts)).toBe(0)
  })

  it('are named at the latest when the session ends, in its own time', async () => {
    const { ticks, sessions, clock, tapes } = await onGatewayTime()
    sessions.start()
    clock.publish(START_US + 500)
    ticks.takeUnknown()
    sessions.takeTime(START_US + 900)
    sessions.takeTime(START_US - 60_000_000)
    ticks.takeUnknown()
    await sessions.end('test')
    const [before, after] = await tapes()

    expect(before?.slice(-2)).toMatchObject([
      { kind: 'gap', fromTsUs: START_US, toTsUs: START_US + 500, droppedTicks: 1 },
      { event: 'ended' },
    ])
    expect(after?.at(-2)).toMatchObject({ kind: 'gap', toTsUs: expect.closeTo(START_US - 60_000_000, -1) as number, droppedTicks: 1 })
  })

  it.each([
    ['journal-full', 'limitBytes'],
    ['journal-failed', 'memoryBytes'],
  ] as const)(
    '(%s) are those that come while a limit is reached, ahead of the rules, while all else is recorded',
    async (reason, limit) => {
      const judged: Tick[] = []
      const { recorder, ticks, sessions, clock, tapes, bound, counts, drops } = await onGatewayTime((tick) => void judged.push(tick))
      Object.assign(bound.limits, { [limit]: 1e9 })
      const segment = { path: '', bytes: 0, uncommitted: 0, closed: false }
      const use = (bytes: number) => (limit === 'limitBytes' ? bound.grow(segment, bytes) : bound.wait(bytes, 0))
      sessions.start()
      const instrument = recorder.instrumentOf(STOCK)
      const tickAt = (n: number) => {
        clock.publish(START_US + n * 1_000_000)
        ticks.take(quote(n, instrument), clock.nowUs())
      }
      tickAt(1)
      use(1e9)
      for (const n of [2, 3, 9]) tickAt(n)
      recorder.lineOpened(instrument)
      sessions.takeTime(1401975060)
      use(-0.05e9)
      tickAt(10)
      use(-0.06e9)
      tickAt(11)
      use(-0.89e9)
      await sessions.end('test')

      expect(judged.map((tick) => tick.kind === 'quote' && tick.bidPrice)).toEqual([1, 11])
      const [tape] = await tapes()
      expect(tape?.map(({ kind, event }) => event ?? kind)).toEqual([
        'started',
        'config',
        'contract',
        'quote',
        'interrupted',
        'opened',
        'alive',
        'gap',
        'quote',
        'closed',
        'ended',
      ])
      const gap = { fromTsUs: START_US + 1_000_000, cause: `dropped: ${reason}` }
      expect(dropsOn(tape)).toMatchObject([gap, { ...gap, toTsUs: START_US + 10_000_000, droppedTicks: 4 }])
      expect(drops).toEqual([reason, `dropped: ${reason}: 4`])
      expect([...counts.dropped]).toEqual([[reason, 4]])
      expect(unaccounted(counts)).toBe(0)
    },
  )
})

describe('a dropped tick', () => {
  it('is a sign of life, and one that comes late takes none back', async () => {
    const { recorder, ticks, sessions, clock } = await onGatewayTime()
    sessions.start()
    const instrument = recorder.instrumentOf(STOCK)
    clock.publish(START_US + 900)
    ticks.takeUnknown()
    expect(recorder.lastProofUs).toBe(START_US + 900)

    sessions.takeTime(START_US + 5000)
    const text = 'x'.repeat(524_280)
    ticks.take({ kind: 'statistic', seq: 0, tsUs: 0, instrument, name: 'dividends', text }, START_US + 1000)
    expect(recorder.lastProofUs).toBe(START_US + 5000)
    await sessions.end('test')
  })
})

describe('a journal that is full', () => {
  /** A recording of which each limit can be reached and left; its segments are those in which something was written. */
  async function limited() {
    const rig = await onGatewayTime()
    Object.assign(rig.bound.limits, { limitBytes: 1e9, memoryBytes: 1e9 })
    const ballast = { path: '', bytes: 0, uncommitted: 0, closed: false }
    rig.sessions.start()
    const instrument = rig.recorder.instrumentOf(STOCK)
    let seconds = 0
    return {
      ...rig,
      fillJournal: () => rig.bound.grow(ballast, 1e9),
      emptyJournal: () => rig.bound.grow(ballast, -1e9),
      fillMemory: () => rig.bound.wait(1e9, 0),
      emptyMemory: () => rig.bound.settle(1e9, 0),
      tick: () => {
        rig.clock.publish(START_US + ++seconds * 1_000_000)
        rig.ticks.take(quote(seconds, instrument), rig.clock.nowUs())
      },
      segments: () => [...rig.bound.segments].filter((segment) => segment !== ballast).length,
    }
  }

  it('begins a segment each time, so that what is before it can be released, and none for every tick', async () => {
    const { fillJournal, emptyJournal, tick, sessions, segments, drops } = await limited()
    tick()
    for (const _time of ['first', 'second']) {
      fillJournal()
      for (let n = 0; n < 3; n++) tick()
      emptyJournal()
      tick()
    }
    await sessions.end('test')
    expect(drops).toEqual(['journal-full', 'dropped: journal-full: 3', 'journal-full', 'dropped: journal-full: 3'])
    expect(segments()).toBe(3)
  })

  it('begins a segment also when ticks were refused for want of memory just before', async () => {
    const { fillMemory, emptyMemory, fillJournal, tick, sessions, segments, drops } = await limited()
    fillMemory()
    tick()
    fillJournal()
    emptyMemory()
    tick()
    await sessions.end('test')
    expect(drops.slice(0, 2)).toEqual(['journal-failed', 'journal-full'])
    expect(segments()).toBe(2)
  })

  it('begins a segment in the next session too, when it is still full', async () => {
    const { fillJournal, tick, recorder, ticks, sessions, segments, sessionIds } = await limited()
    fillJournal()
    tick()
    sessions.takeTime(START_US - 60_000_000)
    expect(sessionIds).toHaveLength(2)
    ticks.take(quote(9, recorder.instrumentOf(STOCK)), START_US - 59_000_000)
    await sessions.end('test')
    expect(segments()).toBe(4)
  })
})
