import { describe, expect, it, vi } from 'vitest'
import { createWallClock } from '../../../../collector/record/clock.ts'
import { unaccounted } from '../../../../collector/telemetry/counts.ts'
import type { Tick } from '../../../../market/tick.ts'
import { onGatewayTime, OTHER, quote, recorderOn, rotate, START_US, STOCK } from './recorder-support.ts'
import { flagged, quarantined } from '../../../support/tape/verdicts.ts'

describe('a session', () => {
  it('begins with its start and its settings and ends with its end', async () => {
    const { recorder, clock, tapes, sessionIds } = await onGatewayTime()
    expect(recorder.recording).toBe(false)
    recorder.begin()
    expect(recorder.recording).toBe(true)
    expect(recorder.sessionId).toBe(sessionIds[0])
    clock.publish(START_US + 1000)
    await recorder.end('end-of-tape')

    expect(recorder.recording).toBe(false)
    expect(await tapes()).toEqual([
      [
        { kind: 'session', event: 'started', seq: 1, tsUs: START_US, detail: { version: '1.2.3' } },
        { kind: 'config', seq: 2, tsUs: START_US + 1, config: { rules: { maxSpreadPercent: 50 } } },
        { kind: 'session', event: 'ended', seq: 3, tsUs: START_US + 1000, cause: 'end-of-tape' },
      ],
    ])
  })

  it('has a number that is safe, names its start and rises with it', async () => {
    const { recorder, sessionIds } = await recorderOn(createWallClock())
    const now = vi.spyOn(Date, 'now')
    // Once the system's clock was set back.
    for (const startMs of [1795228902510, 1795228902511, 1795228902512, 1795228000000]) {
      now.mockReturnValue(startMs)
      recorder.begin()
      await recorder.end('test')
    }
    now.mockRestore()

    const [first = 0, second = 0, third = 0, afterSetBack = 0] = sessionIds
    expect([first, second, third].map((id) => Math.floor(id / 4096))).toEqual([1795228902510, 1795228902511, 1795228902512])
    expect(afterSetBack).toBe(third + 1)
    expect(sessionIds).toHaveLength(4)
    expect(sessionIds.every(Number.isSafeInteger)).toBe(true)
  })

  it('is ended once', async () => {
    const { recorder, tapes } = await onGatewayTime()
    await recorder.end('never begun')
    recorder.begin()
    await Promise.all([recorder.end('first'), recorder.end('second')])

    expect((await tapes()).map((records) => records.filter(({ event }) => event === 'ended').map(({ cause }) => cause))).toEqual([
      ['first'],
    ])
  })
})

describe('stamps', () => {
  it('rise strictly, also where time stands still or a tick began before the record ahead of it', async () => {
    const { recorder, clock, tapes } = await onGatewayTime()
    recorder.begin()
    const instrument = recorder.instrumentOf(STOCK)
    for (const arrivalUs of [START_US + 10, START_US + 10, START_US + 9, START_US + 500, START_US + 499])
      recorder.tick(quote(1, instrument), arrivalUs)
    clock.publish(START_US + 400)
    recorder.alive()
    clock.publish(START_US + 5000)
    recorder.alive()
    await recorder.end('test')
    const [tape] = await tapes()

    expect(tape?.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
    expect(tape?.map(({ tsUs }) => (tsUs as number) - START_US)).toEqual([0, 1, 2, 10, 11, 12, 500, 501, 502, 5000, 5001])
  })

  it('rise strictly by the wall clock too, in a session of its own time', async () => {
    const { recorder, tapes, clock } = await recorderOn(createWallClock())
    recorder.begin()
    const instrument = recorder.instrumentOf(STOCK)
    for (let i = 0; i < 200; i++) recorder.tick(quote(i, instrument), clock.usAt(performance.now()))
    await recorder.end('test')
    const stamps = (await tapes())[0]?.map(({ tsUs }) => tsUs as number) ?? []

    expect(stamps).toHaveLength(204)
    expect(stamps.slice(1).every((tsUs, i) => tsUs > (stamps[i] ?? 0))).toBe(true)
    expect(stamps.every(Number.isSafeInteger)).toBe(true)
  })
})

describe('a tick', () => {
  it('is judged as it is recorded, and keeps the verdict that it came with', async () => {
    const doubted = flagged('r', 'because')
    const seen: Tick[] = []
    const { recorder, tapes, counts } = await onGatewayTime((tick) => {
      seen.push({ ...tick })
      return tick.kind === 'quote' && tick.bidPrice === 2 ? doubted : undefined
    })
    recorder.begin()
    recorder.instrumentOf(STOCK)
    const unfinished = quarantined('unfinished', 'cut off')
    recorder.tick(quote(1), START_US + 10)
    recorder.tick(quote(2), START_US + 20)
    recorder.tick({ ...quote(3), verdict: unfinished }, START_US + 30)
    await recorder.end('test')
    const ticks = (await tapes())[0]?.filter(({ kind }) => kind === 'quote')

    expect(ticks?.map(({ verdict }) => verdict)).toEqual([undefined, doubted, unfinished])
    expect(seen.map(({ seq, tsUs }) => [seq, tsUs])).toEqual([
      [4, START_US + 10],
      [5, START_US + 20],
    ])
    expect(counts).toMatchObject({ received: 3, inFlight: 3 })
  })
})

describe('a line of tick-by-tick data', () => {
  it('is held beside the market data of its instrument, and not counted as such', async () => {
    const { recorder, counts, tapes } = await onGatewayTime()
    recorder.begin()
    const instrument = recorder.instrumentOf(STOCK)
    recorder.lineOpened(instrument)
    recorder.lineOpened(instrument, 'tick-by-tick-trades')
    recorder.lineOpened(instrument, 'tick-by-tick-quotes')
    recorder.lineClosed(instrument, 'refused: 10190', undefined, 'tick-by-tick-quotes')
    expect(counts.lines).toBe(1)
    await rotate(recorder, 'clock-step')
    expect(counts.lines).toBe(1)
    await recorder.end('test')
    expect(counts.lines).toBe(0)
    const lines = (await tapes()).map((tape) =>
      tape.filter(({ kind }) => kind === 'line').map(({ event, feed, openedSeq }) => [event, feed, openedSeq]),
    )

    expect(lines).toEqual([
      [
        ['opened', undefined, 4],
        ['opened', 'tick-by-tick-trades', 5],
        ['opened', 'tick-by-tick-quotes', 6],
        ['closed', 'tick-by-tick-quotes', 6],
        ['closed', undefined, 4],
        ['closed', 'tick-by-tick-trades', 5],
      ],
      [
        ['opened', undefined, 4],
        ['opened', 'tick-by-tick-trades', 5],
        ['missing', 'tick-by-tick-quotes', 6],
        ['closed', undefined, 4],
        ['closed', 'tick-by-tick-trades', 5],
      ],
    ])
  })
})

describe('a line that is wanted and not open', () => {
  it('is on the tape once for each reason, from when it was wanted on, and known until it is open', async () => {
    const { recorder, clock, tapes } = await onGatewayTime()
    recorder.begin()
    const instrument = recorder.instrumentOf(STOCK)
    recorder.lineMissing(instrument, 'no-answer', START_US - 5000)
    recorder.lineMissing(instrument, 'no-answer', START_US - 5000)
    clock.publish(START_US + 1000)
    recorder.lineMissing(instrument, 'refused: 354', START_US - 5000)
    expect([...recorder.missing]).toEqual([{ instrument, cause: 'refused: 354', sinceUs: START_US - 5000 }])
    recorder.lineOpened(instrument)
    expect([...recorder.missing]).toEqual([])
    recorder.lineMissing(instrument, 'silent', START_US)
    recorder.lineClosed(instrument, 'silent', START_US + 1000)
    recorder.lineUnwanted(instrument)
    expect([...recorder.missing]).toEqual([])
    await recorder.end('test')

    const lines = (await tapes())[0]?.filter(({ kind }) => kind === 'line')
    expect(lines?.map(({ event, cause, untilTsUs }) => [event, cause, untilTsUs])).toEqual([
      ['missing', 'no-answer', START_US - 5000],
      ['missing', 'refused: 354', START_US + 1000],
      ['opened', undefined, undefined],
      ['closed', 'silent', expect.any(Number)],
      ['missing', 'config', expect.any(Number)],
    ])
  })
})

describe('contracts', () => {
  it('get a number each, are put on the tape once, and are known by it', async () => {
    const { recorder, tapes } = await onGatewayTime()
    recorder.begin()
    expect(recorder.instrumentOf(STOCK)).toBe(0)
    expect(recorder.instrumentOf(OTHER)).toBe(1)
    expect(recorder.instrumentOf({ ...STOCK })).toBe(0)
    expect([0, 1, 2].map((i) => recorder.contractOf(i))).toEqual([STOCK, OTHER, undefined])
    await recorder.end('test')

    expect((await tapes())[0]?.filter(({ kind }) => kind === 'contract')).toEqual([
      { kind: 'contract', seq: 3, tsUs: START_US + 2, instrument: 0, contract: STOCK },
      { kind: 'contract', seq: 4, tsUs: START_US + 3, instrument: 1, contract: OTHER },
    ])
  })

  it('are put on the tape again with the hours of another day', async () => {
    const { recorder, tapes } = await onGatewayTime()
    const listed = (readOn: string) => ({ ...STOCK, hours: { readOn, timeZone: 'US/Eastern', trading: 'x', liquid: 'y' } })
    recorder.begin()
    for (const day of ['2014-06-05', '2014-06-05', '2014-06-06']) expect(recorder.instrumentOf(listed(day))).toBe(0)
    expect(recorder.instrumentOf(STOCK)).toBe(0)
    expect(recorder.contractOf(0)).toEqual(listed('2014-06-06'))
    await recorder.end('test')

    expect((await tapes())[0]?.filter(({ kind }) => kind === 'contract')).toMatchObject([
      { instrument: 0, contract: listed('2014-06-05') },
      { instrument: 0, contract: listed('2014-06-06') },
    ])
  })

  it('are put on the tape again when the broker has given them another number', async () => {
    const { recorder, tapes } = await onGatewayTime()
    recorder.begin()
    const numbered = { ...STOCK, conId: 99 }
    for (const contract of [STOCK, STOCK, numbered, numbered]) expect(recorder.instrumentOf(contract)).toBe(0)
    await recorder.end('test')
    const contracts = (await tapes())[0]?.filter(({ kind }) => kind === 'contract')
    expect(contracts).toMatchObject([{ contract: STOCK }, { contract: numbered }])
  })

  it('keep their numbers in the next session, which repeats them', async () => {
    const { recorder, tapes } = await onGatewayTime()
    recorder.begin()
    recorder.instrumentOf(STOCK)
    await recorder.end('test')
    recorder.instrumentOf(OTHER)
    recorder.begin()
    expect([recorder.instrumentOf(OTHER), recorder.instrumentOf(STOCK)]).toEqual([1, 0])
    await recorder.end('test')

    expect((await tapes())[1]?.filter(({ kind }) => kind === 'contract')).toMatchObject([
      { seq: 3, instrument: 0, contract: STOCK },
      { seq: 4, instrument: 1, contract: OTHER },
    ])
  })
})

describe('a contract that no record can hold', () => {
  it('is refused every time, so that no tick is recorded of it', async () => {
    const { recorder, tapes } = await onGatewayTime()
    recorder.begin()
    const huge = { ...OTHER, symbol: 'x'.repeat(524_280) }
    for (const _ of [1, 2]) expect(() => recorder.instrumentOf(huge)).toThrow(RangeError)
    expect(recorder.instrumentOf(STOCK)).toBe(0)
    await rotate(recorder, 'test')
    await recorder.end('test')

    expect((await tapes()).map((tape) => tape.filter(({ kind }) => kind === 'contract'))).toMatchObject([
      [{ contract: STOCK }],
      [{ contract: STOCK }],
    ])
  })
})

describe('lines', () => {
  it('name their opening when they close, and the last moment at which they were alive', async () => {
    const { recorder, clock, counts, tapes } = await onGatewayTime()
    recorder.begin()
    for (const contract of [STOCK, OTHER]) recorder.lineOpened(recorder.instrumentOf(contract))
    expect(counts.lines).toBe(2)
    clock.publish(START_US + 1000)
    recorder.lineClosed(0, 'link-lost', START_US + 700)
    recorder.lineClosed(0, 'link-lost', START_US + 700)
    expect(counts.lines).toBe(1)
    recorder.lineClosed(1, 'refused: 354')
    recorder.lineClosed(7, 'never open')
    expect(counts.lines).toBe(0)
    await recorder.end('test')

    const [first, second] = [
      { openedSeq: 4, openedTsUs: START_US + 3 },
      { openedSeq: 6, openedTsUs: START_US + 5 },
    ]
    expect((await tapes())[0]?.filter(({ kind }) => kind === 'line')).toEqual([
      { kind: 'line', event: 'opened', instrument: 0, seq: 4, tsUs: START_US + 3, ...first },
      { kind: 'line', event: 'opened', instrument: 1, seq: 6, tsUs: START_US + 5, ...second },
      {
        kind: 'line',
        event: 'closed',
        instrument: 0,
        seq: 7,
        tsUs: START_US + 1000,
        ...first,
        untilTsUs: START_US + 700,
        cause: 'link-lost',
      },
      {
        kind: 'line',
        event: 'closed',
        instrument: 1,
        seq: 8,
        tsUs: START_US + 1001,
        ...second,
        untilTsUs: START_US + 1000,
        cause: 'refused: 354',
      },
    ])
  })

  it('were alive at least when they were opened', async () => {
    const { recorder, clock, tapes } = await onGatewayTime()
    recorder.begin()
    clock.publish(START_US + 1000)
    recorder.lineOpened(recorder.instrumentOf(STOCK))
    recorder.lineClosed(0, 'link-lost', recorder.lastProofUs)
    await recorder.end('test')

    expect((await tapes())[0]?.find(({ event }) => event === 'closed')).toMatchObject({
      openedTsUs: START_US + 1001,
      untilTsUs: START_US + 1001,
    })
  })

  it('that are open when the session ends are closed with it, as of the last sign of life', async () => {
    const { recorder, clock, counts, tapes } = await onGatewayTime()
    recorder.begin()
    recorder.lineOpened(recorder.instrumentOf(STOCK))
    clock.publish(START_US + 1000)
    recorder.proved(recorder.nowUs)
    clock.publish(START_US + 2000)
    await recorder.end('stop')

    expect((await tapes())[0]?.slice(-2)).toMatchObject([
      { kind: 'line', event: 'closed', openedSeq: 4, untilTsUs: START_US + 1000, cause: 'stop' },
      { kind: 'session', event: 'ended', cause: 'stop' },
    ])
    expect(counts.lines).toBe(0)
  })
})

describe('a rotation', () => {
  it('ends one session and begins the next with the same contracts, open lines and missing ones', async () => {
    const { recorder, clock, counts, tapes, sessionIds } = await onGatewayTime()
    recorder.begin()
    for (const contract of [STOCK, OTHER]) recorder.lineOpened(recorder.instrumentOf(contract))
    recorder.lineClosed(0, 'refused: 354')
    clock.publish(START_US + 1000)
    const rotated = rotate(recorder, 'clock-step')
    expect(recorder.recording).toBe(true)
    expect(counts.lines).toBe(1)
    recorder.tick(quote(1, 1), START_US + 2000)
    await rotated
    await recorder.end('stop')
    const [before, after] = await tapes()

    expect(new Set(sessionIds).size).toBe(2)
    expect(before?.slice(-2)).toMatchObject([
      { kind: 'line', event: 'closed', instrument: 1, openedSeq: 6, cause: 'clock-step' },
      { kind: 'session', event: 'ended', cause: 'clock-step' },
    ])
    expect(after).toMatchObject([
      { kind: 'session', event: 'started', seq: 1 },
      { kind: 'config', seq: 2 },
      { kind: 'contract', instrument: 0, seq: 3 },
      { kind: 'contract', instrument: 1, seq: 4 },
      { kind: 'line', event: 'opened', instrument: 1, openedSeq: 5, seq: 5 },
      { kind: 'line', event: 'missing', instrument: 0, openedSeq: 6, seq: 6, cause: 'refused: 354' },
      { kind: 'quote', instrument: 1, seq: 7, tsUs: START_US + 2000 },
      { kind: 'line', event: 'closed', openedSeq: 5 },
      { kind: 'session', event: 'ended', cause: 'stop' },
    ])
  })

  it('follows a time that went back: the old lines were held until its last moment, the new session begins at the earlier one', async () => {
    const { recorder, clock, tapes } = await onGatewayTime()
    recorder.begin()
    recorder.lineOpened(recorder.instrumentOf(STOCK))
    recorder.tick(quote(1), START_US + 5000)
    expect(clock.publish(START_US - 60_000_000)).toBe(false)
    await rotate(recorder, 'gateway-time-went-back')
    await recorder.end('stop')
    const [before, after] = await tapes()

    expect(before?.slice(-2)).toMatchObject([
      { kind: 'line', event: 'closed', openedTsUs: START_US + 3, untilTsUs: START_US + 5000, tsUs: START_US + 5001 },
      { kind: 'session', event: 'ended', tsUs: START_US + 5002 },
    ])
    expect(after?.[0]).toMatchObject({ kind: 'session', event: 'started', tsUs: START_US - 60_000_000 })
    expect(recorder.lastProofUs).toBe(START_US - 60_000_000)
  })
})

describe('the time of a session', () => {
  it("is the clock's, and never before the last record", async () => {
    const { recorder, clock } = await onGatewayTime()
    recorder.begin()
    clock.publish(START_US + 1000)
    expect(recorder.nowUs).toBe(START_US + 1000)
    clock.publish(START_US - 1000)
    expect(recorder.nowUs).toBe(START_US + 1)
    await recorder.end('test')
  })
})

describe('what the journal could not keep', () => {
  it('is dropped and no longer in flight', async () => {
    const { recorder, counts } = await onGatewayTime()
    recorder.begin()
    for (let i = 0; i < 5; i++) recorder.tick(quote(i), START_US)
    recorder.lost(3)
    recorder.lost(1)
    await recorder.end('test')

    expect(counts).toMatchObject({ received: 5, inFlight: 1 })
    expect([...counts.dropped]).toEqual([['journal-failed', 4]])
    expect(unaccounted(counts)).toBe(0)
  })
})

describe('signs of life', () => {
  it('are the begin, every tick, every answer to a heartbeat and every published time', async () => {
    const { recorder, clock } = await onGatewayTime()
    recorder.begin()
    expect(recorder.lastProofUs).toBe(START_US)
    clock.publish(START_US + 1000)
    recorder.instrumentOf(STOCK)
    expect(recorder.lastProofUs).toBe(START_US)
    recorder.tick(quote(1), START_US + 1500)
    expect(recorder.lastProofUs).toBe(START_US + 1500)
    clock.publish(START_US + 2000)
    recorder.alive()
    expect(recorder.lastProofUs).toBe(START_US + 2000)
    clock.publish(START_US + 3000)
    recorder.proved(recorder.nowUs)
    expect(recorder.lastProofUs).toBe(START_US + 3000)
    await recorder.end('test')
  })
})

describe('an interruption', () => {
  it('is recorded when it begins', async () => {
    const { recorder, tapes } = await onGatewayTime()
    recorder.begin()
    recorder.interrupted({ fromTsUs: START_US - 7, cause: 'link-lost' })
    await recorder.end('test')

    expect((await tapes())[0]?.[2]).toEqual({
      kind: 'session',
      event: 'interrupted',
      seq: 3,
      tsUs: START_US + 2,
      fromTsUs: START_US - 7,
      cause: 'link-lost',
    })
  })
})
