/** The registry of lines: what is asked for, opened, refused and tried again, on one link and the next. */

import { describe, expect, it, vi } from 'vitest'
import { fakeTimers, lines, opened, openerFrom, trades, watched } from './lines-support.ts'

fakeTimers()

describe('lines that are wanted', () => {
  it('are asked for when the link is up, in the order of their importance', async () => {
    const { registry, seen, link } = watched()
    registry.want(lines(3, 1, 2))
    expect(await seen()).toEqual([])
    expect([registry.wanted, registry.waiting]).toEqual([3, 0])

    link(100)
    expect(registry.waiting).toBe(3)
    expect(await seen()).toEqual(['ask 100 S3', 'ask 101 S1', 'ask 102 S2'])
    expect(registry.waiting).toBe(3)
  })

  it('are asked for one after the other, as they can be sent', async () => {
    const { registry, log, seen } = watched()
    const sent: (() => void)[] = []
    registry.linkUp(openerFrom(100, log, () => new Promise((resolve) => sent.push(resolve))))
    registry.want(lines(1, 2, 3))
    expect(await seen()).toEqual(['ask 100 S1'])
    sent[0]?.()
    expect(await seen()).toEqual(['ask 101 S2'])
    expect(registry.marketData).toMatchObject({ asked: 2, queued: 1 })
  })

  it('are asked for ahead of less important ones that wait longer', async () => {
    const { registry, log, seen, after } = watched()
    let send = () => {}
    registry.linkUp(openerFrom(100, log, () => new Promise((resolve) => (send = resolve))))
    registry.want(lines(1))
    await seen()
    registry.refused(100, 10197, 'Competing session', 'for-now')
    send()
    await after(59_999)
    registry.want(lines(2, 3))
    expect(await seen()).toEqual(['ask 101 S2'])
    // Now the first one has waited for a minute.
    expect(await after(1)).toEqual([])
    send()
    expect(await seen()).toEqual(['cancel 100 S1', 'ask 102 S1'])
  })

  it('are asked for at once while the link is up, and only once', async () => {
    const { registry, seen, link } = watched()
    link(100)
    registry.want(lines(1))
    registry.want(lines(1, 2))

    expect(await seen()).toEqual(['ask 100 S1', 'ask 101 S2'])
    expect(registry.wanted).toBe(2)
  })

  it('are open when the gateway accepts them or data comes, once', async () => {
    const { registry, settled, seen, link } = watched()
    link(100)
    registry.want(lines(1, 2))
    await seen()
    for (const reqId of [100, 100, 999]) registry.accepted(reqId)
    for (const reqId of [101, 100, 999]) registry.dataCame(reqId)

    expect(await seen()).toEqual(['opened S1', 'opened S2'])
    expect(settled).toEqual([2])
  })
})

describe('a link that is lost', () => {
  it('closes the open lines as of the last sign of life, and the next one asks for all again', async () => {
    const { registry, known, seen, link } = watched()
    link(100)
    registry.want(lines(1, 2))
    await seen()
    registry.accepted(100)
    await seen()
    registry.linkDown('link-lost', 777)
    expect(await seen()).toEqual(['closed S1: link-lost until 777'])
    expect([...known]).toEqual([])
    registry.linkDown('link-lost', 888)
    registry.accepted(101)
    expect(await seen()).toEqual([])
    expect([registry.wanted, registry.waiting]).toEqual([2, 0])

    link(500)
    expect(await seen()).toEqual(['ask 500 S1', 'ask 501 S2'])
    registry.accepted(100)
    registry.accepted(501)
    expect(await seen()).toEqual(['opened S2'])
  })

  it('asks for nothing until the next one is up', async () => {
    const { registry, seen, link } = watched()
    link(100)
    registry.linkDown('link-lost', 777)
    registry.want(lines(1))

    expect(await seen()).toEqual([])
  })

  it('may fail the requests that waited in it; the next link asks for everything', async () => {
    const { registry, log, seen, link } = watched()
    let fail = () => {}
    registry.linkUp(openerFrom(100, log, () => new Promise((_, reject) => (fail = () => reject(new Error('the link is lost'))))))
    registry.want(lines(1, 2))
    await seen()
    registry.linkDown('link-lost', 777)
    link(500)
    fail()

    expect(await seen()).toEqual(['ask 500 S1', 'ask 501 S2'])
  })

  it('leaves no timer behind', async () => {
    const { registry } = await opened(1, 2)
    registry.refused(100, 101, 'Max number of tickers', 'no-line')
    registry.refused(101, 10197, 'Competing session', 'for-now')
    expect(vi.getTimerCount()).toBe(2)
    registry.linkDown('link-lost', 777)
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('a line that is refused', () => {
  it('is not asked for again on this link, and no other line waits for it; the next link asks again', async () => {
    const { registry, settled, seen, link } = watched()
    link(100)
    registry.want(lines(1, 2))
    await seen()
    registry.accepted(100)
    registry.refused(101, 200, 'No security definition', 'until-next-link')
    expect(await seen()).toEqual(['opened S1', 'refused S2 200 No security definition'])
    expect(settled).toEqual([1])
    expect(registry.marketData).toMatchObject({ open: 1, refused: 1 })
    expect(registry.wanted).toBe(2)

    registry.linkDown('link-lost', 1)
    await seen()
    link(500)
    expect(await seen()).toEqual(['ask 500 S1', 'ask 501 S2'])
  })

  it('is closed when it was open, and opens again with data that comes all the same', async () => {
    const { registry, seen } = await opened(1)
    registry.refused(100, 354, 'Not subscribed', 'until-next-link')
    expect(await seen()).toEqual(['closed S1: refused: 354', 'refused S1 354 Not subscribed'])
    registry.accepted(100)
    expect(await seen()).toEqual([])
    registry.dataCame(100)
    expect(await seen()).toEqual(['opened S1'])
  })

  it('is not known by an unknown id', async () => {
    const { registry, seen } = watched()
    registry.refused(1, 200, 'No security definition', 'until-next-link')
    expect(await seen()).toEqual([])
  })
})

describe('a gateway that has fewer lines than are wanted', () => {
  /** Five lines wanted, of which the gateway serves three. */
  async function threeOfFive() {
    const all = watched()
    all.link(100)
    all.registry.want(lines(1, 2, 3, 4, 5))
    await all.seen()
    // It refuses before it has accepted the others.
    all.registry.accepted(100)
    all.registry.refused(103, 101, 'Max number of tickers', 'no-line')
    all.registry.refused(104, 101, 'Max number of tickers', 'no-line')
    all.registry.accepted(101)
    expect(await all.seen()).toEqual(['opened S1', 'opened S2'])
    all.registry.accepted(102)
    expect(await all.seen()).toEqual(['opened S3', 'limit 3, 2 waiting'])
    expect(all.registry.marketData).toMatchObject({ open: 3, 'no-line': 2 })
    return all
  }

  it('is not asked for more than it had, until one more is tried after five minutes', async () => {
    const { registry, seen, after } = await threeOfFive()
    registry.want(lines(6))
    expect(await after(299_000)).toEqual([])
    expect(registry.marketData).toMatchObject({ open: 3, 'no-line': 3 })
    expect(await after(1000)).toEqual(['ask 105 S4'])

    registry.refused(105, 101, 'Max number of tickers', 'no-line')
    expect(await seen()).toEqual([])
    expect(await after(300_000)).toEqual(['ask 106 S4'])
  })

  it('gets the next question at once while there is room, and the limit grows', async () => {
    const { registry, seen, after } = await threeOfFive()
    await after(300_000)
    registry.accepted(105)
    expect(await seen()).toEqual(['opened S4', 'ask 106 S5'])
    registry.accepted(106)
    expect(await seen()).toEqual(['opened S5', 'limit 5, 0 waiting'])

    registry.want(lines(6))
    expect(await seen()).toEqual(['ask 107 S6'])
    registry.accepted(107)
    expect(await after(3_600_000)).toEqual(['opened S6'])
  })

  it('reports the limit again when it has grown and there is no more', async () => {
    const { registry, seen, after } = await threeOfFive()
    await after(300_000)
    registry.accepted(105)
    await seen()
    registry.refused(106, 101, 'Max number of tickers', 'no-line')
    expect(await seen()).toEqual(['limit 4, 1 waiting'])
  })

  it('is asked over the next link for so many of the most important lines', async () => {
    const { registry, settled, seen, link, after } = await threeOfFive()
    registry.linkDown('link-lost', 1)
    await seen()
    settled.length = 0
    link(500)
    expect(await seen()).toEqual(['ask 500 S1', 'ask 501 S2', 'ask 502 S3'])
    expect(registry.marketData).toMatchObject({ asked: 3, 'no-line': 2 })
    for (const reqId of [500, 501, 502]) registry.accepted(reqId)
    expect(await seen()).toEqual(['opened S1', 'opened S2', 'opened S3'])
    expect(settled).toEqual([3])
    expect(await after(300_000)).toEqual(['ask 503 S4'])

    // An attempt without an outcome has taught nothing.
    registry.linkDown('link-lost', 1)
    await seen()
    link(900)
    expect(await seen()).toEqual(['ask 900 S1', 'ask 901 S2', 'ask 902 S3'])
  })

  it('is not asked for one more at once because the one that tried is not wanted any more', async () => {
    const { registry, after } = await threeOfFive()
    expect(await after(300_000)).toEqual(['ask 105 S4'])
    registry.wantOnly(lines(1, 2, 3, 5), 'config')
    expect(await after(299_999)).toEqual(['cancel 105 S4'])
    expect(await after(1)).toEqual(['ask 106 S5'])
  })

  it('gives the line of one that it refuses for another reason to one that waits', async () => {
    const { registry, seen } = await threeOfFive()
    registry.refused(101, 354, 'Not subscribed', 'until-next-link')
    expect(await seen()).toEqual(['closed S2: refused: 354', 'refused S2 354 Not subscribed', 'ask 105 S4'])
  })
})

describe('lines that are refused for now', () => {
  it('are asked for again after a minute under new ids, reported as one', async () => {
    const { registry, known, seen, after } = await opened(1, 2)
    registry.refused(100, 10197, 'Competing session', 'for-now')
    registry.refused(101, 10197, 'Competing session', 'for-now')
    expect(await seen()).toEqual(['closed S1: refused: 10197', 'paused 10197 Competing session', 'closed S2: refused: 10197'])
    expect(registry.waiting).toBe(0)
    expect(await after(59_999)).toEqual([])
    expect(await after(1)).toEqual(['cancel 100 S1', 'ask 102 S1', 'cancel 101 S2', 'ask 103 S2'])

    registry.refused(102, 10197, 'Competing session', 'for-now')
    registry.refused(103, 10197, 'Competing session', 'for-now')
    expect(await after(60_000)).toEqual(['cancel 102 S1', 'ask 104 S1', 'cancel 103 S2', 'ask 105 S2'])
    // The ids before may still bring what was on its way; older ones do not.
    expect([...known]).toEqual([102, 103, 104, 105])
    registry.accepted(104)
    registry.dataCame(105)
    expect(await seen()).toEqual(['opened S1', 'opened S2', 'resumed'])
    expect(await after(3_600_000)).toEqual([])
  })

  it('are reported anew when they are refused on the next link too', async () => {
    const { registry, link, seen } = await opened(1)
    registry.refused(100, 10_197, 'Competing session', 'for-now')
    expect(await seen()).toContain('paused 10197 Competing session')
    registry.linkDown('link-lost', 5)
    link(200)
    await seen()
    registry.refused(200, 10_197, 'Competing session', 'for-now')
    expect(await seen()).toEqual(['paused 10197 Competing session'])
  })

  it('are reported anew when those that were refused before are not wanted any more', async () => {
    const { registry, seen } = await opened(1, 2)
    registry.refused(100, 10_197, 'Competing session', 'for-now')
    registry.wantOnly(lines(2), 'config')
    await seen()
    registry.refused(101, 10_197, 'Competing session', 'for-now')
    expect(await seen()).toEqual(['closed S2: refused: 10197', 'paused 10197 Competing session'])
  })

  it('are open again when their data resumes by itself and keeps coming', async () => {
    const { registry, seen, after } = await opened(1)
    registry.refused(100, 10197, 'Competing session', 'for-now')
    registry.accepted(100)
    await seen()
    expect(registry.marketData).toMatchObject({ paused: 1 })
    registry.dataCame(100)
    expect(await after(10_000)).toEqual(['opened S1'])
    registry.dataCame(100)
    expect(await seen()).toEqual(['resumed'])
    expect(await after(3_600_000)).toEqual([])
    expect(registry.marketData).toMatchObject({ open: 1, paused: 0, silent: 0 })
  })

  it('are asked for again at once when IB says so, and after a minute when it says so again', async () => {
    const { registry, seen, after } = await opened(1)
    registry.refused(100, 10225, 'Bust event occurred', 'ask-again')
    expect(await seen()).toEqual(['closed S1: refused: 10225', 'cancel 100 S1', 'ask 101 S1'])
    registry.refused(101, 10225, 'Bust event occurred', 'ask-again')
    expect(await seen()).toEqual(['paused 10225 Bust event occurred'])
    expect(await after(60_000)).toEqual(['cancel 101 S1', 'ask 102 S1'])
  })

  it('stay closed when there is no line for them any more, whatever their old id still brings', async () => {
    const { registry, known, seen, after } = await opened(1)
    registry.refused(100, 10197, 'Competing session', 'for-now')
    await after(60_000)
    registry.refused(101, 101, 'Max number of tickers', 'no-line')
    registry.dataCame(100)
    expect(await seen()).toEqual(['resumed', 'limit 0, 1 waiting'])
    expect([...known]).toEqual([])
  })

  it('are asked for three times more when they are refused in another way, and no longer', async () => {
    const { registry, seen, after } = await opened(1)
    registry.refused(100, 10197, 'Competing session', 'for-now')
    await after(60_000)
    registry.refused(101, 354, 'Not subscribed', 'until-next-link')
    expect(await seen()).toEqual(['refused S1 354 Not subscribed', 'resumed'])
    for (const reqId of [102, 103, 104]) {
      expect(await after(60_000)).toEqual([`cancel ${reqId - 1} S1`, `ask ${reqId} S1`])
      registry.refused(reqId, 354, 'Not subscribed', 'until-next-link')
      expect(await seen()).toEqual(['refused S1 354 Not subscribed again'])
    }
    expect(await after(3_600_000)).toEqual([])
  })
})

describe('a line whose data is delayed', () => {
  it('is cancelled, once, and not asked for again on this link', async () => {
    const { registry, known, seen, after } = await opened(1)
    registry.cancelDelayed(1)
    registry.cancelDelayed(1)
    registry.cancelDelayed(77)
    registry.dataCame(100)
    expect(await seen()).toEqual(['cancel 100 S1', 'closed S1: delayed data is not wanted', 'refused S1 delayed'])
    expect([...known]).toEqual([])
    expect(await after(3_600_000)).toEqual([])
  })
})

describe('a tick-by-tick line', () => {
  async function ofOne() {
    const all = watched()
    all.link(100)
    all.registry.want([...lines(1), trades(1)])
    expect(await all.seen()).toEqual(['ask 100 S1', 'ask 101 S1 tick-by-tick'])
    return all
  }

  it('opens with its first tick, and is not waited for', async () => {
    const { registry, settled, seen } = await ofOne()
    expect([registry.wanted, registry.waiting]).toEqual([1, 1])
    registry.accepted(100)
    expect(settled).toEqual([1])
    registry.dataCame(101)
    expect(await seen()).toEqual(['opened S1', 'opened S1 tick-by-tick'])
    expect(registry.tickByTick).toMatchObject({ open: 1 })
  })

  it('that is refused for good is not asked for before the next link, and takes no market-data line', async () => {
    const { registry, seen, after, link } = await ofOne()
    registry.accepted(100)
    await seen()
    registry.refused(101, 10189, 'No tick-by-tick data', 'until-next-link')
    expect(await seen()).toEqual(['refused S1 tick-by-tick 10189 No tick-by-tick data'])
    expect(await after(3_600_000)).toEqual([])
    registry.linkDown('link-lost', 1)
    await seen()
    link(500)
    expect(await seen()).toEqual(['ask 500 S1', 'ask 501 S1 tick-by-tick'])
  })

  it('is asked for at once over another link', async () => {
    const { registry, seen, after, link } = await ofOne()
    await after(5000)
    registry.linkIsNew()
    registry.linkDown('link-lost', 1)
    link(500)
    expect(await seen()).toEqual(['ask 500 S1', 'ask 501 S1 tick-by-tick'])
  })

  it('is not asked for twice within a good 15 s over the same link', async () => {
    const { registry, seen, after, link } = await ofOne()
    await after(5000)
    registry.linkDown('link-lost', 1)
    link(500)
    expect(await seen()).toEqual(['ask 500 S1'])
    registry.accepted(500)
    expect(await after(11_499)).toEqual(['opened S1'])
    expect(await after(1)).toEqual(['ask 501 S1 tick-by-tick'])
  })
})

describe('a line that does not go with generic ticks', () => {
  it('is asked for without them, once, under another id', async () => {
    const { registry, seen, link } = watched()
    link(100)
    registry.want([...lines(1), trades(1)])
    await seen()
    expect(registry.retryPlain(100)).toBe(true)
    expect(registry.waiting).toBe(1)
    expect(await seen()).toEqual(['ask 102 S1 plain'])
    expect(registry.retryPlain(102)).toBe(false)
    expect(registry.retryPlain(101)).toBe(false)
    expect(registry.retryPlain(999)).toBe(false)
    expect(await seen()).toEqual([])

    registry.accepted(102)
    expect(await seen()).toEqual(['opened S1'])
  })

  it('stays without them on the next link', async () => {
    const { registry, seen, link } = watched()
    link(100)
    registry.want(lines(1))
    await seen()
    registry.retryPlain(100)
    registry.linkDown('link-lost', 1)
    await seen()
    link(500)

    expect(await seen()).toEqual(['ask 500 S1 plain'])
    expect(registry.retryPlain(500)).toBe(false)
  })
})
