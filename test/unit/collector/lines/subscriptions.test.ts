import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type LineOpener, Subscriptions, type WantedLine } from '../../../../collector/lines/subscriptions.ts'
import type { Contract } from '../../../../market/contract.ts'

const contractOf = (instrument: number): Contract => ({ kind: 'stock', symbol: `S${instrument}`, currency: 'USD' })
const lines = (...instruments: number[]): WantedLine[] =>
  instruments.map((instrument) => ({ instrument, contract: contractOf(instrument) }))
const trades = (instrument: number): WantedLine => ({ instrument, contract: contractOf(instrument), feed: 'tick-by-tick-trades' })
const nameOf = ({ contract, feed }: WantedLine) => (feed ? `${contract.symbol} tick-by-tick` : contract.symbol)

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** A link that counts its request ids from `firstReqId`, and notes what is asked of it. */
function openerFrom(firstReqId: number, log: string[], send: () => Promise<void> = () => Promise.resolve()): LineOpener {
  let reqId = firstReqId
  return {
    newReqId: () => reqId++,
    open(reqId, line, plain) {
      log.push(`ask ${reqId} ${nameOf(line)}${plain ? ' plain' : ''}`)
      return send()
    },
    close(reqId, line) {
      log.push(`cancel ${reqId} ${nameOf(line)}`)
      return send()
    },
  }
}

function watched() {
  const log: string[] = []
  const known = new Set<number>()
  const settled: number[] = []
  const subscriptions: Subscriptions = new Subscriptions({
    onRequested: (reqId) => void known.add(reqId),
    onEnded: (reqId) => expect(known).toContain(reqId),
    onReleased: (reqId) => void known.delete(reqId),
    onOpened: (line) => log.push(`opened ${nameOf(line)}`),
    onClosed: (line, cause, untilUs) => log.push(`closed ${nameOf(line)}: ${cause}${untilUs === undefined ? '' : ` until ${untilUs}`}`),
    onRefused: (line, error) => log.push(`refused ${nameOf(line)} ${error ? `${error.code} ${error.text}` : 'delayed'}`),
    onUnwanted: () => undefined,
    onLimit: (lines, waiting) => log.push(`limit ${lines}, ${waiting} waiting`),
    onPaused: (code, text) => log.push(`paused ${code} ${text}`),
    onResumed: () => log.push('resumed'),
    onSettled: () => settled.push(subscriptions.marketData.open),
  })
  /** What happened since the last call, once everything that can be sent is. */
  const seen = async () => {
    await vi.advanceTimersByTimeAsync(0)
    return log.splice(0)
  }
  const link = (firstReqId: number) => subscriptions.linkUp(openerFrom(firstReqId, log))
  /** So much time, and what it brought. */
  const after = async (ms: number) => {
    await vi.advanceTimersByTimeAsync(ms)
    return log.splice(0)
  }
  return { subscriptions, log, known, settled, seen, link, after }
}

/** A link with these lines open, under request ids from 100 on. */
async function opened(...instruments: number[]) {
  const all = watched()
  all.link(100)
  all.subscriptions.want(lines(...instruments))
  await all.seen()
  for (const i of instruments.keys()) all.subscriptions.accepted(100 + i)
  await all.seen()
  return all
}

describe('lines that are wanted', () => {
  it('are asked for when the link is up, in the order of their importance', async () => {
    const { subscriptions, seen, link } = watched()
    subscriptions.want(lines(3, 1, 2))
    expect(await seen()).toEqual([])
    expect([subscriptions.wanted, subscriptions.waiting]).toEqual([3, 0])

    link(100)
    expect(subscriptions.waiting).toBe(3)
    expect(await seen()).toEqual(['ask 100 S3', 'ask 101 S1', 'ask 102 S2'])
    expect(subscriptions.waiting).toBe(3)
  })

  it('are asked for one after the other, as they can be sent', async () => {
    const { subscriptions, log, seen } = watched()
    const sent: (() => void)[] = []
    subscriptions.linkUp(openerFrom(100, log, () => new Promise((resolve) => sent.push(resolve))))
    subscriptions.want(lines(1, 2, 3))
    expect(await seen()).toEqual(['ask 100 S1'])
    sent[0]?.()
    expect(await seen()).toEqual(['ask 101 S2'])
    expect(subscriptions.marketData).toMatchObject({ requested: 2, queued: 1 })
  })

  it('are asked for at once while the link is up, and only once', async () => {
    const { subscriptions, seen, link } = watched()
    link(100)
    subscriptions.want(lines(1))
    subscriptions.want(lines(1, 2))

    expect(await seen()).toEqual(['ask 100 S1', 'ask 101 S2'])
    expect(subscriptions.wanted).toBe(2)
  })

  it('are open when the gateway accepts them or data comes, once', async () => {
    const { subscriptions, settled, seen, link } = watched()
    link(100)
    subscriptions.want(lines(1, 2))
    await seen()
    for (const reqId of [100, 100, 999]) subscriptions.accepted(reqId)
    for (const reqId of [101, 100, 999]) subscriptions.dataCame(reqId)

    expect(await seen()).toEqual(['opened S1', 'opened S2'])
    expect(settled).toEqual([2])
  })
})

describe('a link that is lost', () => {
  it('closes the open lines as of the last sign of life, and the next one asks for all again', async () => {
    const { subscriptions, known, seen, link } = watched()
    link(100)
    subscriptions.want(lines(1, 2))
    await seen()
    subscriptions.accepted(100)
    await seen()
    subscriptions.linkDown('link-lost', 777)
    expect(await seen()).toEqual(['closed S1: link-lost until 777'])
    expect([...known]).toEqual([])
    subscriptions.linkDown('link-lost', 888)
    subscriptions.accepted(101)
    expect(await seen()).toEqual([])
    expect([subscriptions.wanted, subscriptions.waiting]).toEqual([2, 0])

    link(500)
    expect(await seen()).toEqual(['ask 500 S1', 'ask 501 S2'])
    subscriptions.accepted(100)
    subscriptions.accepted(501)
    expect(await seen()).toEqual(['opened S2'])
  })

  it('asks for nothing until the next one is up', async () => {
    const { subscriptions, seen, link } = watched()
    link(100)
    subscriptions.linkDown('link-lost', 777)
    subscriptions.want(lines(1))

    expect(await seen()).toEqual([])
  })

  it('may fail the requests that waited in it; the next link asks for everything', async () => {
    const { subscriptions, log, seen, link } = watched()
    let fail = () => {}
    subscriptions.linkUp(openerFrom(100, log, () => new Promise((_, reject) => (fail = () => reject(new Error('the link is lost'))))))
    subscriptions.want(lines(1, 2))
    await seen()
    subscriptions.linkDown('link-lost', 777)
    link(500)
    fail()

    expect(await seen()).toEqual(['ask 500 S1', 'ask 501 S2'])
  })

  it('leaves no timer behind', async () => {
    const { subscriptions } = await opened(1, 2)
    subscriptions.refused(100, 101, 'Max number of tickers', 'no-line')
    subscriptions.refused(101, 10197, 'Competing session', 'for-now')
    expect(vi.getTimerCount()).toBe(2)
    subscriptions.linkDown('link-lost', 777)
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('a line that is refused', () => {
  it('is not asked for again on this link, and no other line waits for it; the next link asks again', async () => {
    const { subscriptions, settled, seen, link } = watched()
    link(100)
    subscriptions.want(lines(1, 2))
    await seen()
    subscriptions.accepted(100)
    subscriptions.refused(101, 200, 'No security definition', 'until-next-link')
    expect(await seen()).toEqual(['opened S1', 'refused S2 200 No security definition'])
    expect(settled).toEqual([1])
    expect(subscriptions.marketData).toMatchObject({ open: 1, refused: 1 })
    expect(subscriptions.wanted).toBe(2)

    subscriptions.linkDown('link-lost', 1)
    await seen()
    link(500)
    expect(await seen()).toEqual(['ask 500 S1', 'ask 501 S2'])
  })

  it('is closed when it was open, and opens again with data that comes all the same', async () => {
    const { subscriptions, seen } = await opened(1)
    subscriptions.refused(100, 354, 'Not subscribed', 'until-next-link')
    expect(await seen()).toEqual(['closed S1: refused: 354', 'refused S1 354 Not subscribed'])
    subscriptions.accepted(100)
    expect(await seen()).toEqual([])
    subscriptions.dataCame(100)
    expect(await seen()).toEqual(['opened S1'])
  })

  it('is not known by an id of nobody', async () => {
    const { subscriptions, seen } = watched()
    subscriptions.refused(1, 200, 'No security definition', 'until-next-link')
    expect(await seen()).toEqual([])
  })
})

describe('a gateway that has fewer lines than are wanted', () => {
  /** Five lines wanted, of which the gateway serves three. */
  async function threeOfFive() {
    const all = watched()
    all.link(100)
    all.subscriptions.want(lines(1, 2, 3, 4, 5))
    await all.seen()
    // It refuses before it has accepted the others.
    all.subscriptions.accepted(100)
    all.subscriptions.refused(103, 101, 'Max number of tickers', 'no-line')
    all.subscriptions.refused(104, 101, 'Max number of tickers', 'no-line')
    all.subscriptions.accepted(101)
    expect(await all.seen()).toEqual(['opened S1', 'opened S2'])
    all.subscriptions.accepted(102)
    expect(await all.seen()).toEqual(['opened S3', 'limit 3, 2 waiting'])
    expect(all.subscriptions.marketData).toMatchObject({ open: 3, 'no-line': 2 })
    return all
  }

  it('is not asked for more than it had, until one more is tried after five minutes', async () => {
    const { subscriptions, seen, after } = await threeOfFive()
    subscriptions.want(lines(6))
    expect(await after(299_000)).toEqual([])
    expect(subscriptions.marketData).toMatchObject({ open: 3, 'no-line': 3 })
    expect(await after(1000)).toEqual(['ask 105 S4'])

    subscriptions.refused(105, 101, 'Max number of tickers', 'no-line')
    expect(await seen()).toEqual([])
    expect(await after(300_000)).toEqual(['ask 106 S4'])
  })

  it('gets the next question at once while there is room, and the limit grows', async () => {
    const { subscriptions, seen, after } = await threeOfFive()
    await after(300_000)
    subscriptions.accepted(105)
    expect(await seen()).toEqual(['opened S4', 'ask 106 S5'])
    subscriptions.accepted(106)
    expect(await seen()).toEqual(['opened S5', 'limit 5, 0 waiting'])

    subscriptions.want(lines(6))
    expect(await seen()).toEqual(['ask 107 S6'])
    subscriptions.accepted(107)
    expect(await after(3_600_000)).toEqual(['opened S6'])
  })

  it('tells the limit again when it has grown and there is no more', async () => {
    const { subscriptions, seen, after } = await threeOfFive()
    await after(300_000)
    subscriptions.accepted(105)
    await seen()
    subscriptions.refused(106, 101, 'Max number of tickers', 'no-line')
    expect(await seen()).toEqual(['limit 4, 1 waiting'])
  })

  it('is asked over the next link for so many of the most important lines', async () => {
    const { subscriptions, settled, seen, link, after } = await threeOfFive()
    subscriptions.linkDown('link-lost', 1)
    await seen()
    settled.length = 0
    link(500)
    expect(await seen()).toEqual(['ask 500 S1', 'ask 501 S2', 'ask 502 S3'])
    expect(subscriptions.marketData).toMatchObject({ requested: 3, 'no-line': 2 })
    for (const reqId of [500, 501, 502]) subscriptions.accepted(reqId)
    expect(await seen()).toEqual(['opened S1', 'opened S2', 'opened S3'])
    expect(settled).toEqual([3])
    expect(await after(300_000)).toEqual(['ask 503 S4'])

    // An attempt whose outcome nobody knows has taught nothing.
    subscriptions.linkDown('link-lost', 1)
    await seen()
    link(900)
    expect(await seen()).toEqual(['ask 900 S1', 'ask 901 S2', 'ask 902 S3'])
  })

  it('gives the line of one that it refuses for another reason to one that waits', async () => {
    const { subscriptions, seen } = await threeOfFive()
    subscriptions.refused(101, 354, 'Not subscribed', 'until-next-link')
    expect(await seen()).toEqual(['closed S2: refused: 354', 'refused S2 354 Not subscribed', 'ask 105 S4'])
  })
})

describe('lines that are refused for now', () => {
  it('are asked for again after a minute under new ids, told as one', async () => {
    const { subscriptions, known, seen, after } = await opened(1, 2)
    subscriptions.refused(100, 10197, 'Competing session', 'for-now')
    subscriptions.refused(101, 10197, 'Competing session', 'for-now')
    expect(await seen()).toEqual(['closed S1: refused: 10197', 'paused 10197 Competing session', 'closed S2: refused: 10197'])
    expect(subscriptions.waiting).toBe(0)
    expect(await after(59_999)).toEqual([])
    expect(await after(1)).toEqual(['cancel 100 S1', 'ask 102 S1', 'cancel 101 S2', 'ask 103 S2'])

    subscriptions.refused(102, 10197, 'Competing session', 'for-now')
    subscriptions.refused(103, 10197, 'Competing session', 'for-now')
    expect(await after(60_000)).toEqual(['cancel 102 S1', 'ask 104 S1', 'cancel 103 S2', 'ask 105 S2'])
    // The ids before may still bring what was on its way; older ones do not.
    expect([...known]).toEqual([102, 103, 104, 105])
    subscriptions.accepted(104)
    subscriptions.dataCame(105)
    expect(await seen()).toEqual(['opened S1', 'opened S2', 'resumed'])
    expect(await after(3_600_000)).toEqual([])
  })

  it('are open again when their data resumes by itself', async () => {
    const { subscriptions, seen, after } = await opened(1)
    subscriptions.refused(100, 10197, 'Competing session', 'for-now')
    subscriptions.accepted(100)
    await seen()
    expect(subscriptions.marketData).toMatchObject({ paused: 1 })
    subscriptions.dataCame(100)
    expect(await seen()).toEqual(['opened S1', 'resumed'])
    expect(await after(60_000)).toEqual([])
  })

  it('are asked for again at once when IB says so, and after a minute when it says so again', async () => {
    const { subscriptions, seen, after } = await opened(1)
    subscriptions.refused(100, 10225, 'Bust event occurred', 'ask-again')
    expect(await seen()).toEqual(['closed S1: refused: 10225', 'cancel 100 S1', 'ask 101 S1'])
    subscriptions.refused(101, 10225, 'Bust event occurred', 'ask-again')
    expect(await seen()).toEqual(['paused 10225 Bust event occurred'])
    expect(await after(60_000)).toEqual(['cancel 101 S1', 'ask 102 S1'])
  })

  it('stay closed when there is no line for them any more, whatever their old id still brings', async () => {
    const { subscriptions, known, seen, after } = await opened(1)
    subscriptions.refused(100, 10197, 'Competing session', 'for-now')
    await after(60_000)
    subscriptions.refused(101, 101, 'Max number of tickers', 'no-line')
    subscriptions.dataCame(100)
    expect(await seen()).toEqual(['resumed', 'limit 0, 1 waiting'])
    expect([...known]).toEqual([])
  })

  it('are no longer asked for when they are refused for good', async () => {
    const { subscriptions, seen, after } = await opened(1)
    subscriptions.refused(100, 10197, 'Competing session', 'for-now')
    await after(60_000)
    subscriptions.refused(101, 354, 'Not subscribed', 'until-next-link')
    expect(await seen()).toEqual(['refused S1 354 Not subscribed', 'resumed'])
    expect(await after(3_600_000)).toEqual([])
  })
})

describe('a line whose data is delayed', () => {
  it('is cancelled, once, and not asked for again on this link', async () => {
    const { subscriptions, known, seen, after } = await opened(1)
    subscriptions.cancelDelayed(1)
    subscriptions.cancelDelayed(1)
    subscriptions.cancelDelayed(77)
    subscriptions.dataCame(100)
    expect(await seen()).toEqual(['cancel 100 S1', 'closed S1: delayed data is not wanted', 'refused S1 delayed'])
    expect([...known]).toEqual([])
    expect(await after(3_600_000)).toEqual([])
  })
})

describe('a tick-by-tick line', () => {
  async function ofOne() {
    const all = watched()
    all.link(100)
    all.subscriptions.want([...lines(1), trades(1)])
    expect(await all.seen()).toEqual(['ask 100 S1', 'ask 101 S1 tick-by-tick'])
    return all
  }

  it('opens with its first tick, and nobody waits for that', async () => {
    const { subscriptions, settled, seen } = await ofOne()
    expect([subscriptions.wanted, subscriptions.waiting]).toEqual([1, 1])
    subscriptions.accepted(100)
    expect(settled).toEqual([1])
    subscriptions.dataCame(101)
    expect(await seen()).toEqual(['opened S1', 'opened S1 tick-by-tick'])
    expect(subscriptions.tickByTick).toMatchObject({ open: 1 })
  })

  it('that is refused is not asked for before the next link, and takes no market-data line', async () => {
    const { subscriptions, seen, after, link } = await ofOne()
    subscriptions.refused(101, 10190, 'Max number of tick-by-tick requests', 'until-next-link')
    expect(await seen()).toEqual(['refused S1 tick-by-tick 10190 Max number of tick-by-tick requests'])
    expect(await after(3_600_000)).toEqual([])
    subscriptions.linkDown('link-lost', 1)
    link(500)
    expect(await seen()).toEqual(['ask 500 S1', 'ask 501 S1 tick-by-tick'])
  })

  it('is not asked for twice within 15 s', async () => {
    const { subscriptions, seen, after, link } = await ofOne()
    await after(5000)
    subscriptions.linkDown('link-lost', 1)
    link(500)
    expect(await seen()).toEqual(['ask 500 S1'])
    expect(await after(9999)).toEqual([])
    expect(await after(1)).toEqual(['ask 501 S1 tick-by-tick'])
  })
})

describe('a line that does not go with generic ticks', () => {
  it('is asked for without them, once, under another id', async () => {
    const { subscriptions, seen, link } = watched()
    link(100)
    subscriptions.want([...lines(1), trades(1)])
    await seen()
    expect(subscriptions.retryPlain(100)).toBe(true)
    expect(subscriptions.waiting).toBe(1)
    expect(await seen()).toEqual(['ask 102 S1 plain'])
    expect(subscriptions.retryPlain(102)).toBe(false)
    expect(subscriptions.retryPlain(101)).toBe(false)
    expect(subscriptions.retryPlain(999)).toBe(false)
    expect(await seen()).toEqual([])

    subscriptions.accepted(102)
    expect(await seen()).toEqual(['opened S1'])
  })

  it('stays without them on the next link', async () => {
    const { subscriptions, seen, link } = watched()
    link(100)
    subscriptions.want(lines(1))
    await seen()
    subscriptions.retryPlain(100)
    subscriptions.linkDown('link-lost', 1)
    await seen()
    link(500)

    expect(await seen()).toEqual(['ask 500 S1 plain'])
    expect(subscriptions.retryPlain(500)).toBe(false)
  })
})
