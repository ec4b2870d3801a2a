import { describe, expect, it } from 'vitest'
import { type LineOpener, Subscriptions } from '../../../../collector/universe/subscriptions.ts'
import type { Contract } from '../../../../market/contract.ts'

const LINES_EXCEEDED = 101
const contractOf = (instrument: number): Contract => ({ kind: 'stock', symbol: `S${instrument}`, currency: 'USD' })
const lines = (...instruments: number[]) => instruments.map((instrument) => ({ instrument, contract: contractOf(instrument) }))

/** A link that counts its request ids from a hundred, and notes what is asked of it. */
function openerFrom(firstReqId: number, log: string[], fails = false): LineOpener {
  let reqId = firstReqId
  return {
    newReqId: () => reqId++,
    async open(reqId, contract, plain) {
      log.push(`ask ${reqId} ${contract.symbol}${plain ? ' plain' : ''}`)
      if (fails) throw new Error('the link is lost')
    },
  }
}

function watched() {
  const log: string[] = []
  const subscriptions: Subscriptions = new Subscriptions({
    onRequested: (reqId, instrument) => log.push(`requested ${reqId} ${instrument}`),
    onOpened: (instrument) => log.push(`opened ${instrument}, ${subscriptions.waiting} waiting`),
    onClosed: (reqId, instrument, cause, untilUs) => log.push(`closed ${reqId} ${instrument} ${cause} until ${untilUs}`),
    onRefused: ({ symbol }, code, text) => log.push(`refused ${symbol} ${code} ${text}, ${subscriptions.waiting} waiting`),
  })
  const seen = () => log.splice(0)
  return { subscriptions, log, seen }
}

describe('lines that are wanted', () => {
  it('are asked for when the link is up, in the order of their importance', () => {
    const { subscriptions, log, seen } = watched()
    subscriptions.want(lines(3, 1, 2))
    expect(seen()).toEqual([])
    expect([subscriptions.wanted, subscriptions.waiting]).toEqual([3, 0])

    subscriptions.linkUp(openerFrom(100, log))
    expect(seen()).toEqual(['requested 100 3', 'ask 100 S3', 'requested 101 1', 'ask 101 S1', 'requested 102 2', 'ask 102 S2'])
    expect(subscriptions.waiting).toBe(3)
  })

  it('are asked for at once while the link is up, and only once', () => {
    const { subscriptions, log, seen } = watched()
    subscriptions.linkUp(openerFrom(100, log))
    subscriptions.want(lines(1))
    subscriptions.want(lines(1, 2))

    expect(seen()).toEqual(['requested 100 1', 'ask 100 S1', 'requested 101 2', 'ask 101 S2'])
    expect(subscriptions.wanted).toBe(2)
  })

  it('are open when the gateway accepts them, once', () => {
    const { subscriptions, log, seen } = watched()
    subscriptions.linkUp(openerFrom(100, log))
    subscriptions.want(lines(1, 2))
    seen()
    for (const reqId of [100, 100, 999, 101, 100]) subscriptions.accepted(reqId)

    expect(seen()).toEqual(['opened 1, 1 waiting', 'opened 2, 0 waiting'])
  })
})

describe('a link that is lost', () => {
  it('closes the open lines as of the last sign of life, and the next one asks for all again', () => {
    const { subscriptions, log, seen } = watched()
    subscriptions.linkUp(openerFrom(100, log))
    subscriptions.want(lines(1, 2))
    subscriptions.accepted(100)
    seen()
    subscriptions.linkDown('link-lost', 777)
    expect(seen()).toEqual(['closed 100 1 link-lost until 777'])
    subscriptions.linkDown('link-lost', 888)
    subscriptions.accepted(101)
    expect(seen()).toEqual([])
    expect([subscriptions.wanted, subscriptions.waiting]).toEqual([2, 0])

    subscriptions.linkUp(openerFrom(500, log))
    expect(seen()).toEqual(['requested 500 1', 'ask 500 S1', 'requested 501 2', 'ask 501 S2'])
    subscriptions.accepted(100)
    subscriptions.accepted(501)
    expect(seen()).toEqual(['opened 2, 1 waiting'])
  })

  it('asks for nothing until the next one is up', () => {
    const { subscriptions, log, seen } = watched()
    subscriptions.linkUp(openerFrom(100, log))
    subscriptions.linkDown('link-lost', 777)
    subscriptions.want(lines(1))

    expect(seen()).toEqual([])
  })

  it('may fail the requests that waited in it', async () => {
    const { subscriptions, log, seen } = watched()
    subscriptions.linkUp(openerFrom(100, log, true))
    subscriptions.want(lines(1))
    await Promise.resolve()
    subscriptions.linkDown('link-lost', 777)

    expect(seen()).toEqual(['requested 100 1', 'ask 100 S1'])
  })
})

describe('a line that is refused', () => {
  it('is wanted no longer, and no other line waits for it', () => {
    const { subscriptions, log, seen } = watched()
    subscriptions.linkUp(openerFrom(100, log))
    subscriptions.want(lines(1, 2))
    subscriptions.accepted(100)
    seen()
    subscriptions.refused(101, 200, 'No security definition', false)
    expect(seen()).toEqual(['refused S2 200 No security definition, 0 waiting'])
    subscriptions.refused(101, 200, 'No security definition', false)
    expect(seen()).toEqual([])
    expect(subscriptions.wanted).toBe(1)

    subscriptions.linkDown('link-lost', 1)
    seen()
    subscriptions.linkUp(openerFrom(500, log))
    expect(seen()).toEqual(['requested 500 1', 'ask 500 S1'])
  })

  it('is closed when it was open', () => {
    const { subscriptions, log, seen } = watched()
    subscriptions.linkUp(openerFrom(100, log))
    subscriptions.want(lines(1))
    subscriptions.accepted(100)
    seen()
    subscriptions.refused(100, 10197, 'Competing session', false)

    expect(seen()).toEqual(['closed 100 1 refused: 10197 until undefined', 'refused S1 10197 Competing session, 0 waiting'])
  })

  it('for now waits for the next link, and is not waited for until then', () => {
    const { subscriptions, log, seen } = watched()
    subscriptions.linkUp(openerFrom(100, log))
    subscriptions.want(lines(1, 2))
    subscriptions.refused(101, LINES_EXCEEDED, 'Max number of tickers', true)
    subscriptions.accepted(100)
    expect(seen().slice(4)).toEqual(['refused S2 101 Max number of tickers, 1 waiting', 'opened 1, 0 waiting'])
    expect(subscriptions.wanted).toBe(2)

    subscriptions.linkDown('link-lost', 1)
    seen()
    subscriptions.linkUp(openerFrom(500, log))
    expect(seen()).toEqual(['requested 500 1', 'ask 500 S1', 'requested 501 2', 'ask 501 S2'])
  })

  it('is not known by an id of nobody', () => {
    const { subscriptions, seen } = watched()
    subscriptions.refused(1, 200, 'No security definition', false)
    expect(seen()).toEqual([])
  })
})

describe('a line that does not go with generic ticks', () => {
  it('is asked for without them, once, under another id', () => {
    const { subscriptions, log, seen } = watched()
    subscriptions.linkUp(openerFrom(100, log))
    subscriptions.want(lines(1))
    seen()
    expect(subscriptions.retryPlain(100)).toBe(true)
    expect(seen()).toEqual(['requested 101 1', 'ask 101 S1 plain'])
    subscriptions.accepted(100)
    expect(seen()).toEqual([])
    expect(subscriptions.retryPlain(100)).toBe(false)
    expect(subscriptions.retryPlain(101)).toBe(false)
    expect(subscriptions.retryPlain(999)).toBe(false)
    expect(seen()).toEqual([])

    subscriptions.accepted(101)
    expect(seen()).toEqual(['opened 1, 0 waiting'])
  })

  it('stays without them on the next link', () => {
    const { subscriptions, log, seen } = watched()
    subscriptions.linkUp(openerFrom(100, log))
    subscriptions.want(lines(1))
    subscriptions.retryPlain(100)
    subscriptions.linkDown('link-lost', 1)
    seen()
    subscriptions.linkUp(openerFrom(500, log))

    expect(seen()).toEqual(['requested 500 1', 'ask 500 S1 plain'])
    expect(subscriptions.retryPlain(500)).toBe(false)
  })
})
