/** The watchdog where nothing can be asked of IB's history; where it can, probe.test.ts. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { ListedHours } from '../../../../market/contract.ts'
import { openerFrom } from '../lines/lines-support.ts'
import { PATIENTLY } from '../../../support/waiting.ts'
import { START_US } from '../record/recorder-support.ts'
import { market, warnings } from './watchdog-support.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }))
afterEach(() => void vi.useRealTimers())

describe('a line that stops while others of its kind have data', () => {
  it('is closed as of its last data, asked for again, and open with its first', async () => {
    const { stock, one, two, three, registry, log, logged, ledger, pass, tape } = await market()
    pass(30, [stock, one, two, three])
    pass(15, [stock, one, two])
    expect(three.held).toBe(true)
    pass(1, [stock, one, two])
    expect(three.held).toBe(false)
    await vi.waitFor(() => expect(log).toEqual(['cancel 103 TWX', 'ask 104 TWX']), PATIENTLY)
    expect(warnings(logged)).toMatchObject([{ lines: 1, msg: expect.stringContaining('some lines have no market data') }])
    // An answer opens nothing.
    registry.accepted(104)
    pass(5, [stock, one, two])
    expect(three.held).toBe(false)
    pass(1, [stock, one, two, three])
    expect(three.held).toBe(true)
    pass(20, [stock, one, two, three])
    expect(ledger.open).toEqual([])
    expect(await tape()).toEqual({ gaps: [], closed: [[three.instrument, 'silent', 30]] })
  })

  it('is found in time though the clock is set meanwhile', async () => {
    const { stock, one, two, three, lastData, watchdog, pass } = await market()
    pass(30, [stock, one, two, three])
    pass(10, [stock, one, two])
    lastData.shift(-1)
    watchdog.shifted(-1)
    pass(5, [stock, one, two])
    expect(three.held).toBe(true)
    pass(1, [stock, one, two])
    expect(three.held).toBe(false)
  })

  it('with others in the same second is one event', async () => {
    const { stock, one, two, three, logged, pass } = await market()
    pass(30, [stock, one, two, three])
    pass(20, [stock, one])
    expect(warnings(logged)).toMatchObject([{ lines: 2 }])
  })

  it('is asked for again and again, less and less often', async () => {
    const { stock, one, two, three, registry, log, pass } = await market()
    pass(30, [stock, one, two, three])
    for (let i = 0; i < 400; i++) {
      pass(1, [stock, one, two])
      await Promise.resolve()
      if (three.state === 'asked') registry.accepted(three.reqId ?? -1)
    }
    expect(log.filter((text) => text.startsWith('ask'))).toEqual(['ask 104 TWX', 'ask 105 TWX', 'ask 106 TWX'])
  })

  it('is known as well as before when it was refused for a while', async () => {
    const { stock, one, two, three, registry, log, pass } = await market()
    pass(30, [stock, one, two, three])
    registry.refused(103, 10_197, 'Competing session', 'for-now')
    pass(400, [stock, one, two])
    registry.askSilentAgain('ib-1102', { includes: (line) => line === three })
    await vi.waitFor(() => expect(log).toContain('ask 104 TWX'), PATIENTLY)
    registry.accepted(104)
    pass(5, [stock, one, two, three])
    pass(15, [stock, one, two])
    expect(three.held).toBe(true)
    pass(1, [stock, one, two])
    expect(three.held).toBe(false)
  })

  it('is known as well as before when it was dead for a while', async () => {
    const { stock, one, two, three, registry, pass } = await market()
    pass(30, [stock, one, two, three])
    for (let i = 0; i < 400; i++) {
      pass(1, [stock, one, two])
      await Promise.resolve()
      if (three.state === 'asked') registry.accepted(three.reqId ?? -1)
    }
    // The last alarm is forgiven.
    pass(60, [stock, one, two, three])
    pass(15, [stock, one, two])
    expect(three.held).toBe(true)
    pass(1, [stock, one, two])
    expect(three.held).toBe(false)
  })

  it('tick by tick, while market data goes on, is cancelled first', async () => {
    const { all, stock, tickByTick, log, pass, tape } = await market({ feed: 'tick-by-tick-quotes' })
    pass(30, all)
    pass(16, [stock, ...all.slice(1, 4)])
    await vi.waitFor(() => expect(log).toEqual(['cancel 104 TWX tick-by-tick']), PATIENTLY)
    expect(tickByTick.held).toBe(false)
    expect((await tape()).closed).toEqual([['tick-by-tick-quotes', 'silent', 30]])
  })
})

describe('an illiquid option', () => {
  it('is not taken for dead over a quiet day', async () => {
    const { stock, one, two, three, log, pass } = await market()
    pass(2, [stock, one, two, three])
    // Until 15:31, with a burst of three seconds every ten minutes.
    for (let minutes = 0; minutes < 360; minutes += 10) {
      pass(597, [stock, one, two], 1)
      pass(3, [stock, one, two, three], 10)
    }
    expect(three.held).toBe(true)
    expect(log).toEqual([])
  })
})

describe('a line whose contract has hours of its own', () => {
  const listed = (liquid: string): ListedHours => ({ readOn: '2014-06-05', timeZone: 'US/Eastern', trading: '', liquid })

  it('is not missed when these are over', async () => {
    const { stock, one, two, three, log, pass } = await market({ hours: listed('20140605:0900-20140605:0932;20140606:CLOSED') })
    pass(60, [stock, one, two, three])
    pass(300, [stock, one, two])
    expect(three.held).toBe(true)
    expect(log).toEqual([])
  })

  it('is missed within them though the exchange is closed', async () => {
    // 16:02 in New York: what stops now stops because the exchange has closed.
    const startUs = Date.UTC(2014, 5, 5, 20, 2) * 1000
    const { stock, one, two, three, pass } = await market({ startUs, hours: listed('20140605:0930-20140605:1615') })
    pass(30, [stock, one, two, three])
    pass(15, [stock, one, two])
    expect(three.held).toBe(true)
    pass(1, [stock, one, two])
    expect(three.held).toBe(false)
    // The others have no hours of their own.
    pass(60, [])
    expect([stock, one, two].map(({ held }) => held)).toEqual([true, true, true])
  })
})

describe('lines of one kind that all stop', () => {
  it('are dead from the last data of any of them on', async () => {
    const { stock, one, two, three, pass, tape } = await market()
    pass(30, [stock, one, two, three])
    pass(10, [stock, one])
    pass(20, [stock])
    const { closed } = await tape()
    expect(new Map(closed.map(([line, ...what]) => [line, what]))).toEqual(
      new Map([one, two, three].map(({ instrument }) => [instrument, ['silent', 40]])),
    )
  })
})

describe('all lines that stop', () => {
  it('are a stall, over with the first data, when that comes within seconds', async () => {
    const { all, one, two, log, ledger, pass, tape } = await market()
    pass(20, all)
    pass(2, [])
    expect(ledger.open).toEqual([])
    pass(1, [])
    expect(ledger.open).toMatchObject([{ cause: 'stall' }])
    pass(9, [])
    pass(1, [one, two])
    expect(ledger.open).toEqual([])
    expect(log).toEqual([])
    expect((await tape()).gaps).toEqual([['stall', 20, 33]])
  })

  it('are asked for again when it lasts, and waited for', async () => {
    const { all, stock, log, logged, registry, ledger, pass, tape } = await market()
    pass(20, all)
    pass(16, [])
    await vi.waitFor(() => expect(log.filter((text) => text.startsWith('ask'))).toHaveLength(4), PATIENTLY)
    expect(warnings(logged).filter(({ msg }) => String(msg).includes('on any line'))).toMatchObject([{ lines: 4 }])
    for (const line of all) registry.accepted(line.reqId ?? -1)
    pass(4, [stock])
    expect(ledger.open).toHaveLength(1)
    pass(1, all)
    expect(ledger.open).toEqual([])
    const { gaps, closed } = await tape()
    expect(gaps).toEqual([['stall', 20, 41]])
    expect(closed.map(([, ...what]) => what)).toEqual(Array.from({ length: 4 }, () => ['silent', 20]))
  })

  it('and get nothing but what TWS has in its cache are asked for every minute, and that is logged once', async () => {
    const { all, registry, log, logged, pass } = await market()
    pass(600, all)
    log.length = 0
    const askedAt: number[] = []
    for (let second = 1; second <= 600; second++) {
      const isAsked = log.splice(0).some((text) => text.startsWith('ask'))
      if (isAsked) askedAt.push(second)
      if (isAsked) for (const line of all) registry.accepted(line.reqId ?? -1)
      pass(1, isAsked ? all : [], 1)
      await new Promise((resolve) => setImmediate(resolve))
    }
    const pauses = askedAt.slice(1).map((second, i) => second - (askedAt[i] ?? 0))
    expect(pauses.length).toBeGreaterThan(5)
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(60)
    expect(warnings(logged).filter(({ msg }) => String(msg).includes('on any line'))).toHaveLength(1)
  })

  it('are known as well as before when it has lasted', async () => {
    const { all, ledger, pass } = await market()
    pass(300, all, 1)
    pass(600, [])
    pass(60, all, 1)
    expect(ledger.open).toEqual([])
    pass(15, [])
    expect(ledger.open).toEqual([])
    pass(1, [])
    expect(ledger.open).toMatchObject([{ cause: 'silent' }])
  })

  it('without a busy time before are a gap all the same', async () => {
    const { all, ledger, pass, tape } = await market()
    pass(60, all, 1)
    pass(15, [])
    expect(ledger.open).toEqual([])
    pass(2, [])
    expect(ledger.open).toMatchObject([{ cause: 'silent' }])
    expect((await tape()).gaps).toEqual([['silent', 60, 77]])
  })

  it('because trading is halted are no fault, and watched again from then on', async () => {
    const { all, ledger, watchdog, halt, log, pass } = await market()
    pass(30, all)
    halt(1)
    pass(300, [])
    expect(watchdog.isHalted).toBe(true)
    expect(ledger.open).toEqual([])
    halt(0)
    pass(2, [])
    expect(watchdog.isHalted).toBe(false)
    expect(ledger.open).toEqual([])
    pass(20, all)
    expect(log).toEqual([])
  })

  it('are a fault again when the line that said so is served no more', async () => {
    const { all, stock, one, two, three, registry, ledger, watchdog, halt, pass } = await market()
    pass(30, all)
    halt(1, three)
    pass(30, [])
    expect(watchdog.isHalted).toBe(true)
    registry.wantOnly([stock, one, two], 'expired')
    pass(16, [])
    expect(watchdog.isHalted).toBe(false)
    expect(ledger.open).toHaveLength(1)
  })

  it('because IB is away are given the usual time when it is back', async () => {
    const { all, log, outages, watchdog, pass } = await market()
    pass(30, all)
    pass(10, [])
    outages.lost('ib-1100', { ibCode: 1100 })
    pass(60, [])
    expect(watchdog.silentMs).toBeUndefined()
    outages.returned()
    pass(15, [])
    expect(log).toEqual([])
    pass(1, [])
    await vi.waitFor(() => expect(log.filter((text) => text.startsWith('ask'))).toHaveLength(4), PATIENTLY)
  })

  it('because the session is over, on a half day too, are no fault', async () => {
    // 12:59 in New York on the day after Thanksgiving.
    const { all, ledger, log, pass } = await market({ startUs: Date.UTC(2014, 10, 28, 17, 59) * 1000 })
    pass(60, all)
    pass(600, [])
    expect(ledger.open).toEqual([])
    expect(log).toEqual([])
  })
})

describe('a line that the gateway says to serve', () => {
  it('and that has no data is closed as of then, and asked for again', async () => {
    const { stock, one, two, three, log, pass, tape } = await market()
    pass(9, [stock, one, two])
    expect(three.held).toBe(true)
    pass(1, [stock, one, two])
    expect(three.held).toBe(false)
    expect(log).toEqual([])
    expect((await tape()).closed).toEqual([[three.instrument, 'no-data', 0]])
  })

  it('and that has no data over the next link either is closed and asked for again there', async () => {
    const { all, stock, one, two, three, registry, log, pass } = await market()
    pass(30, [stock, one, two])
    expect(three.held).toBe(false)
    registry.linkDown('link-lost', START_US + 30_000_000)
    registry.linkUp(openerFrom(200, log))
    await vi.waitFor(() => expect(log).toHaveLength(4), PATIENTLY)
    for (const line of all) registry.accepted(line.reqId ?? -1)
    pass(9, [stock, one, two])
    expect(three.held).toBe(true)
    pass(1, [stock, one, two])
    expect(three.held).toBe(false)
  })

  it('before the session, and that has no data then either, is closed as of the opening', async () => {
    // A minute before the session.
    const { stock, one, two, three, pass, tape } = await market({ startUs: Date.UTC(2014, 5, 6, 13, 29) * 1000 })
    pass(118, [one, two, three])
    expect(stock.held).toBe(true)
    pass(2, [one, two, three])
    expect(stock.held).toBe(false)
    expect((await tape()).closed).toEqual([[stock.instrument, 'no-data', 60]])
  })

  it('before the session, and that has data a while behind the opening, is no gap while others of its kind have some', async () => {
    const { stock, one, two, three, pass, tape } = await market({ startUs: Date.UTC(2014, 5, 6, 13, 29) * 1000 })
    pass(110, [one, two])
    pass(2, [stock, one, two, three])
    expect((await tape()).closed).toEqual([[stock.instrument, 'no-data', 60]])
  })

  it('and that has its first data late was held in name only until then', async () => {
    const { stock, one, two, three, pass, tape } = await market()
    pass(5, [stock, one, two])
    pass(3, [stock, one, two, three])
    expect(three.held).toBe(true)
    expect((await tape()).closed).toEqual([[three.instrument, 'no-data', 0]])
  })
})

describe('lines of one kind that fell silent together', () => {
  it('are not back with what the gateway had kept, but all with the news of one of them', async () => {
    const { stock, one, two, three, log, pass, firstValues, tape } = await market()
    pass(30, [stock, one, two, three])
    pass(17, [stock])
    await vi.waitFor(() => expect(log).toHaveLength(6), PATIENTLY)
    firstValues(one, two, three)
    pass(3, [stock])
    expect([one.held, two.held, three.held]).toEqual([false, false, false])
    pass(1, [stock, two])
    expect([one.held, two.held, three.held]).toEqual([true, true, true])
    pass(15, [stock, two])
    expect([one.held, two.held, three.held]).toEqual([true, true, true])
    const { closed } = await tape()
    expect(closed.slice(0, 3)).toEqual([one, two, three].map(({ instrument }) => [instrument, 'silent', 30]))
    expect(closed.slice(3)).toEqual([one, two, three].map(({ instrument }) => [instrument, 'silent', expect.any(Number)]))
  })
})

describe('a line of which nothing proves that it lived before an outage', () => {
  it('is held again with its next data, and not asked for', async () => {
    const { all, one, log, registry, pass, tape } = await market()
    pass(5, all.slice(0, 4))
    registry.unproven(one, 'ib-1100', START_US + 3_000_000)
    pass(1, all.slice(0, 4))
    expect(one.held).toBe(true)
    pass(70, all.slice(0, 4))
    expect(log).toEqual([])
    expect((await tape()).closed).toEqual([[one.instrument, 'ib-1100', 3]])
  })
})

describe('a line that ticks too rarely for a habit', () => {
  const rarely = async (newestS?: () => Promise<number | undefined>) => {
    const rig = await market(newestS ? { newestS } : {})
    const { stock, one, two, three, pass } = rig
    pass(1, [stock, one, two, three])
    pass(3605, [stock, one, two], 1)
    await new Promise((resolve) => setImmediate(resolve))
    pass(1, [stock, one, two], 1)
    return rig
  }

  it('is dead after an hour when IB has had something newer', async () => {
    const { three, asked, tape } = await rarely(async () => 1800)
    expect(asked).toEqual(['3'])
    expect(three.held).toBe(false)
    expect((await tape()).closed).toEqual([[three.instrument, 'silent', 1]])
  })

  it.each([
    ['has had nothing newer', async () => 1],
    ['cannot say', undefined],
  ])('is left alone when IB %s', async (_, newestS) => {
    const { three, log } = await rarely(newestS)
    expect(three.held).toBe(true)
    expect(log).toEqual([])
  })
})

describe('a tick-by-tick line without a first tick', () => {
  it('is cancelled after a minute and asked for over 15 s later, and so on, at most every quarter of an hour', async () => {
    vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] })
    const { all, tickByTick, log, pass } = await market({ feed: 'tick-by-tick-trades' })
    const lived = all.slice(0, 4)
    const cancelled: number[] = []
    const asked: number[] = []
    for (let second = 1; second <= 4000; second++) {
      pass(1, lived, 1)
      await vi.advanceTimersByTimeAsync(0)
      for (const text of log.splice(0)) (text.startsWith('cancel') ? cancelled : asked).push(second)
    }
    expect(tickByTick.state).toBe('asked')
    expect(cancelled.map((second, i) => second - (asked[i - 1] ?? 1))).toEqual([59, 119, 239, 479, 899, 899, 899])
    expect(asked.map((second, i) => second - (cancelled[i] ?? 0))).toEqual(Array(7).fill(17))
  })
})

describe('a recording that has no data 15 s after its begin', () => {
  it('is in a gap from then on', async () => {
    const { ledger, pass } = await market()
    pass(14, [])
    expect(ledger.open).toEqual([])
    pass(1, [])
    expect(ledger.open).toMatchObject([{ cause: 'no-data' }])
  })

  it('because the session had not begun is in a gap when none comes then either', async () => {
    // 90 s before the session.
    const { all, ledger, pass } = await market({ startUs: Date.UTC(2014, 5, 6, 13, 28, 30) * 1000 })
    pass(100, [])
    expect(ledger.open).toEqual([])
    pass(10, [])
    expect(ledger.open).toMatchObject([{ cause: 'no-data' }])
    // Named once.
    pass(1, all)
    pass(11, all)
    expect(ledger.open).toEqual([])
  })
})
