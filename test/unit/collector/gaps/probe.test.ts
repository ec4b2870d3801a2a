/** What is looked up before a line that seems dead is taken for dead. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { LastData } from '../../../../collector/gaps/last-data.ts'
import { Probe } from '../../../../collector/gaps/probe.ts'
import { Witness } from '../../../../collector/gaps/witness.ts'
import { Line } from '../../../../collector/lines/line.ts'
import { MarketState } from '../../../../market/state/market-state.ts'
import { PATIENTLY } from '../../../support/waiting.ts'
import { openerFrom } from '../lines/lines-support.ts'
import { START_US, STOCK } from '../record/recorder-support.ts'
import { market, warnings } from './watchdog-support.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }))
afterEach(() => void vi.useRealTimers())

/** What was answered is told. */
const answered = () => new Promise((resolve) => setImmediate(resolve))
const never = () => new Promise<number>(() => undefined)
const refused = () => Promise.reject(new Error('No market data permissions'))

describe('a line that is silent for longer than usual', () => {
  it('is dead when IB has had something newer, from its last data on', async () => {
    const { stock, one, two, three, asked, log, logged, pass, tape } = await market({ newestS: async (_, nowS) => nowS - 1 })
    pass(30, [stock, one, two, three])
    pass(16, [stock, one, two])
    expect(asked).toEqual(['3'])
    expect(three.held).toBe(true)
    await answered()
    pass(1, [stock, one, two])
    expect(three.held).toBe(false)
    await vi.waitFor(() => expect(log).toEqual(['cancel 103 TWX', 'ask 104 TWX']), PATIENTLY)
    expect(warnings(logged)).toMatchObject([{ lines: 1 }])
    expect((await tape()).closed).toEqual([[three.instrument, 'silent', 30]])
  })

  it('is quiet when IB has had nothing newer either, and is given four times as long then', async () => {
    const { stock, one, two, three, asked, log, logged, pass } = await market({ newestS: async () => 30 })
    pass(30, [stock, one, two, three])
    pass(16, [stock, one, two])
    await answered()
    pass(60, [stock, one, two])
    expect(asked).toEqual(['3'])
    await answered()
    pass(1, [stock, one, two])
    expect(asked).toEqual(['3', '3'])
    await answered()
    pass(60, [stock, one, two])
    expect(three.held).toBe(true)
    expect(log).toEqual([])
    expect(warnings(logged)).toEqual([])
  })

  it('is alive with its next data, whatever IB has had meanwhile', async () => {
    const { stock, one, two, three, log, pass } = await market({ newestS: async (_, nowS) => nowS - 1 })
    pass(30, [stock, one, two, three])
    pass(16, [stock, one, two])
    await answered()
    pass(1, [stock, one, two, three])
    expect(three.held).toBe(true)
    expect(log).toEqual([])
  })

  it.each([
    ['refuses history', refused, 1],
    ['has no history of it', async () => undefined, 1],
    ['does not answer', never, 10],
    ['has an older history than the line', async () => -60, 1],
  ])('is taken for dead when IB %s', async (_, newestS, seconds) => {
    const { stock, one, two, three, asked, pass, tape } = await market({ newestS })
    pass(30, [stock, one, two, three])
    pass(16, [stock, one, two])
    expect(asked).toEqual(['3'])
    await answered()
    pass(seconds - 1, [stock, one, two])
    expect(three.held).toBe(true)
    pass(1, [stock, one, two])
    expect(three.held).toBe(false)
    expect((await tape()).closed).toEqual([[three.instrument, 'silent', 30]])
  })

  it('is dead though the clock is set before the answer', async () => {
    const { stock, one, two, three, lastData, registry, watchdog, pass } = await market({ newestS: async (_, nowS) => nowS - 1 })
    pass(30, [stock, one, two, three])
    pass(16, [stock, one, two])
    lastData.shift(-1)
    registry.shift(-1)
    watchdog.shifted(-1)
    await answered()
    pass(1, [stock, one, two])
    expect(three.held).toBe(false)
  })

  it.each([
    ['the link is lost', true],
    ['IB is lost', false],
  ])('is missing since its last data when %s before the answer', async (_, isLink) => {
    const { stock, one, two, three, outages, watchdog, pass, tape } = await market({ newestS: async (_, nowS) => nowS - 1 })
    pass(30, [stock, one, two, three])
    pass(16, [stock, one, two])
    if (isLink) watchdog.linkLost()
    outages.lost('lost')
    await answered()
    pass(1, [])
    expect((await tape()).closed).toEqual([[three.instrument, 'silent', 30]])
  })

  it('is forgotten when the link is another one before the answer', async () => {
    const { all, stock, one, two, three, registry, log, pass } = await market({ newestS: async (_, nowS) => nowS - 1 })
    pass(30, [stock, one, two, three])
    pass(16, [stock, one, two])
    await answered()
    registry.linkDown('link-lost', START_US)
    registry.linkUp(openerFrom(200, log))
    await vi.waitFor(() => expect(log).toContain('ask 203 TWX'), PATIENTLY)
    for (const line of all) registry.accepted(line.reqId ?? -1)
    log.length = 0
    pass(1, [stock, one, two])
    expect(three.held).toBe(true)
    expect(log).toEqual([])
  })
})

describe('an illiquid option over a quiet day', () => {
  it('that was lively at first is asked about a few times, and neither missed nor asked for again', async () => {
    const last = { second: 0 }
    const { stock, one, two, three, asked, log, logged, ledger, pass, tape } = await market({ newestS: async () => last.second })
    pass(300, [stock, one, two, three], 1)
    // Until 15:31, with a burst of three seconds every half an hour.
    last.second = 300
    for (let minutes = 0; minutes < 360; minutes += 30) {
      for (let i = 0; i < 1797; i++) {
        pass(1, [stock, one, two], 1)
        await Promise.resolve()
      }
      pass(3, [stock, one, two, three], 10)
      last.second += 1800
    }
    expect(three.held).toBe(true)
    expect(asked.length).toBeGreaterThan(0)
    expect(asked.length).toBeLessThan(20)
    expect(log).toEqual([])
    expect(warnings(logged)).toEqual([])
    expect(ledger.open).toEqual([])
    expect(await tape()).toEqual({ gaps: [], closed: [] })
  })
})

describe('lines of one kind that seem dead at once', () => {
  it('are one case: three of them are asked about, and news of one is news of all', async () => {
    const newestS = async ({ contract }: Line, nowS: number) => ('strike' in contract && contract.strike === 65 ? nowS - 1 : 30)
    const { stock, one, two, three, asked, logged, pass } = await market({ newestS })
    pass(30, [stock, one, two, three])
    pass(16, [stock])
    expect(asked).toEqual(['3', '2', '1'])
    await answered()
    pass(1, [stock])
    expect([one, two, three].map(({ held }) => held)).toEqual([false, false, false])
    expect(warnings(logged)).toMatchObject([{ lines: 3 }])
  })

  it('are left alone when none has news', async () => {
    const { stock, one, two, three, log, pass } = await market({ newestS: async () => 30 })
    pass(30, [stock, one, two, three])
    pass(16, [stock])
    await answered()
    pass(40, [stock])
    expect([one, two, three].map(({ held }) => held)).toEqual([true, true, true])
    expect(log).toEqual([])
  })
})

describe('a tick-by-tick line that is dead while market data lives', () => {
  it('is found by the market data, without a request', async () => {
    const { all, stock, tickByTick, asked, log, pass, tape } = await market({ feed: 'tick-by-tick-quotes', newestS: async () => 30 })
    pass(30, all)
    pass(16, all.slice(0, 4))
    expect(stock.held).toBe(true)
    expect(tickByTick.held).toBe(false)
    expect(asked).toEqual([])
    await vi.waitFor(() => expect(log).toEqual(['cancel 104 TWX tick-by-tick']), PATIENTLY)
    expect((await tape()).closed).toEqual([['tick-by-tick-quotes', 'silent', 30]])
  })

  it('is a witness in its turn, when market data stops', async () => {
    const { all, stock, tickByTick, asked, pass, tape } = await market({ feed: 'tick-by-tick-quotes', newestS: async () => 30 })
    pass(30, all)
    pass(16, all.slice(1))
    expect(tickByTick.held).toBe(true)
    expect(stock.held).toBe(false)
    expect(asked).toEqual([])
    expect((await tape()).closed).toEqual([[stock.instrument, 'silent', 30]])
  })

  it('is not found so where market data has quotes and the line is one of trades: history is asked', async () => {
    const { all, tickByTick, asked, log, pass } = await market({ feed: 'tick-by-tick-trades', newestS: async () => 30 })
    pass(30, all)
    pass(16, all.slice(0, 4))
    await answered()
    pass(30, all.slice(0, 4))
    expect(asked).toEqual(['0 tick-by-tick-trades'])
    expect(tickByTick.held).toBe(true)
    expect(log).toEqual([])
  })
})

describe('requests for history', () => {
  it('are no more than fifteen in ten minutes; lines beyond these are taken for dead', () => {
    let asked = 0
    const newestTickUs = () => {
      asked++
      return never()
    }
    const probe = new Probe({ lastData: new LastData(), witness: new Witness(new MarketState(), () => 0), newestTickUs })
    const examine = (lines: number) => {
      for (let i = 0; i < lines; i++) {
        const line = new Line({ instrument: i, contract: STOCK }, i)
        line.held = true
        probe.examine([{ line, provenUs: 0 }])
      }
    }
    examine(40)
    expect(asked).toBe(15)
    expect(probe.dead()).toHaveLength(25)
    vi.advanceTimersByTime(599_999)
    examine(1)
    expect(asked).toBe(15)
    vi.advanceTimersByTime(1)
    examine(1)
    expect(asked).toBe(16)
  })
})
