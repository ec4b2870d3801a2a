import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import type { ConnectionState } from '../../../../../collector/ib/link/connection.ts'
import type { Feed } from '../../../../../collector/ib/link/feed.ts'
import { greet, type TwsConnection } from '../../../../support/gateway/scripted-tws.ts'
import { CLIENT_ID, feedTo, plain, twsFor } from '../tws-support.ts'
import { PATIENTLY } from '../../../../support/waiting.ts'

/** The handshake, and an answer to every request for the time. */
async function greetAndBeat(tws: TwsConnection): Promise<void> {
  await greet(tws)
  for (;;) {
    await tws.request(49)
    tws.send(49, 1, 1401975060)
  }
}

// Pauses between attempts are drawn from half of their ceiling on: the shortest here.
beforeEach(() => {
  vi.spyOn(Math, 'random').mockReturnValue(0)
})
afterEach(() => {
  vi.restoreAllMocks()
})

/** What a link goes through that comes up. */
const UP: ConnectionState[] = ['connecting', 'handshaking', 'ready']

describe('a feed', () => {
  it('comes up, hands over messages and stops', async () => {
    const server = await twsFor()
    const watched = feedTo(server.port)
    watched.feed.start()
    await vi.waitFor(() => expect(watched.states).toEqual(UP), PATIENTLY)
    const tws = server.connections[0] as TwsConnection
    tws.send(49, 1, 1401975060)
    await vi.waitFor(() => expect(watched.messages).toHaveLength(1), PATIENTLY)
    const closed = once(tws.socket, 'close')
    await watched.feed.stop()
    await closed

    expect(watched.messages.map(plain)).toEqual([{ type: 'current-time', value: 1401975060 }])
    expect(watched.states).toEqual([...UP, 'stopped'])
    expect(watched.downs).toEqual([])
    expect(server.connections).toHaveLength(1)
  })

  it('connects once, however often it is started', async () => {
    const server = await twsFor()
    const watched = feedTo(server.port)
    watched.feed.start()
    watched.feed.start()
    await vi.waitFor(() => expect(watched.states).toContain('ready'), PATIENTLY)
    await watched.feed.stop()

    expect(server.connections).toHaveLength(1)
  })

  it('makes a fresh link after a loss, with the same client id and request ids that were not used before', async () => {
    const server = await twsFor()
    const watched = feedTo(server.port)
    watched.feed.start()
    await vi.waitFor(() => expect(watched.states).toContain('ready'), PATIENTLY)
    const [first] = watched.links
    const used = [first?.newReqId(), first?.newReqId()]
    server.connections[0]?.socket.end()
    await vi.waitFor(() => expect(watched.links).toHaveLength(2), { timeout: 5000 })
    const second = watched.links[1]

    expect(watched.states).toEqual([...UP, 'waiting', ...UP])
    expect(watched.attempts).toEqual([1])
    expect(watched.downs).toEqual([{ reason: 'the gateway closed the connection', retryMs: 250 }])
    expect(second).not.toBe(first)
    expect(first?.lost).toBe(true)
    expect(second?.lost).toBe(false)
    expect(used).toEqual([1, 2])
    expect([second?.newReqId(), second?.newReqId()]).toEqual([3, 4])
    expect(server.connections.map(({ requests }) => requests[0]?.fields)).toEqual([
      ['71', '2', String(CLIENT_ID), ''],
      ['71', '2', String(CLIENT_ID), ''],
    ])
  })

  it('tries again with the same client id while that is in use', async () => {
    const server = await twsFor(async (tws, index) => {
      if (index > 0) return greet(tws)
      await tws.hello
      tws.send(193, '20140605 09:30:00 EST')
      await tws.request(71)
      tws.send(4, 2, -1, 326, 'Unable to connect as the client id is already in use.', '')
      tws.socket.end()
    })
    // A delay that no other retry has.
    const watched = feedTo(server.port, { retryDelays: { idInUseMs: 1777 } })
    watched.feed.start()
    await vi.waitFor(() => expect(watched.states).toEqual(['connecting', 'handshaking', 'waiting', ...UP]), { timeout: 5000 })

    expect(watched.downs).toEqual([
      { reason: expect.stringContaining('Unable to connect as the client id is already in use.'), retryMs: 1777 },
    ])
    expect(watched.attempts).toEqual([2])
    expect(server.connections[1]?.requests[0]?.fields).toEqual(['71', '2', String(CLIENT_ID), ''])
  })

  it('tries again when the gateway accepts and never answers', async () => {
    const server = await twsFor((tws, index) => index > 0 && greet(tws))
    // The next attempt has it as well, and a busy machine needs some of it.
    const watched = feedTo(server.port, { handshakeTimeoutMs: 2000 })
    watched.feed.start()
    await vi.waitFor(() => expect(watched.states).toContain('ready'), { timeout: 40_000 })

    expect(watched.downs[0]?.reason).toContain('did not finish the TWS handshake within 2000 ms')
  })

  it('waits longer after each attempt that fails, and not as long as others do', async () => {
    const server = await twsFor((tws) => tws.socket.destroy())
    const watched = feedTo(server.port)
    watched.feed.start()
    await vi.waitFor(() => expect(watched.downs).toHaveLength(1), PATIENTLY)
    vi.spyOn(Math, 'random').mockReturnValue(1)
    await vi.waitFor(() => expect(watched.downs).toHaveLength(2), PATIENTLY)

    expect(watched.downs.map(({ retryMs }) => retryMs)).toEqual([1000, 8000])
  })
})

describe('the pacer of a feed', () => {
  it('counts what earlier links have sent: a fresh link may not send at once what the old one has used up', async () => {
    const rate = 3
    const server = await twsFor()
    const watched = feedTo(server.port, { messagesPerSecond: rate, retryDelays: { firstMs: 20 } })
    watched.feed.start()
    await vi.waitFor(() => expect(watched.links).toHaveLength(1), PATIENTLY)
    const [first = expect.unreachable()] = watched.links
    const sentMs = performance.now()
    await Promise.all(Array.from({ length: rate }, () => first.requestCurrentTime()))
    server.connections[0]?.socket.destroy()
    await vi.waitFor(() => expect(watched.links).toHaveLength(2), PATIENTLY)
    const second = watched.links[1]
    expect(second).not.toBe(first)
    await second?.requestCurrentTime()

    // A busy machine only adds to it; a timer may be a millisecond early.
    expect(performance.now() - sentMs).toBeGreaterThan(990)
  })
})

describe('the rate of a feed that is told to send less', () => {
  const said = (feed: Feed, afterMs: number) => {
    vi.advanceTimersByTime(afterMs)
    return feed.slowDown()
  }

  it('is cut once for a burst of refusals, and one step of it is taken back after an hour without any', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    onTestFinished(() => void vi.useRealTimers())
    const server = await twsFor(greetAndBeat)
    const { feed, states, messages } = feedTo(server.port, { messagesPerSecond: 40, heartbeatMs: 250 })
    feed.start()
    await vi.waitFor(() => expect(states).toEqual(UP), PATIENTLY)
    expect([0, 2000, 2000].map((ms) => said(feed, ms))).toEqual([30, 30, 30])
    expect([5000, 5000].map((ms) => said(feed, ms))).toEqual([22, 16])
    vi.advanceTimersByTime(3_600_000)
    const beats = messages.length + 3
    await vi.waitFor(() => expect(messages.length).toBeGreaterThanOrEqual(beats), PATIENTLY)
    // Of the 22 messages that it has gone back to, and no more, a quarter less.
    expect(said(feed, 0)).toBe(16)
    feed.configure({ lines: 10_000 })
    expect(said(feed, 5000)).toBe(30)
  })
})

describe('TWS that moves to another port', () => {
  const moved = (port: number) => [
    4,
    2,
    -1,
    1300,
    `TWS socket port has been reset and this connection is being dropped. Please reconnect on the new port - ${port}`,
    '',
  ]

  it('is followed there', async () => {
    const next = await twsFor()
    const first = await twsFor(async (tws) => {
      await greet(tws)
      tws.send(...moved(next.port))
    })
    const watched = feedTo(first.port)
    watched.feed.start()
    await vi.waitFor(() => expect(watched.links).toHaveLength(2), PATIENTLY)

    expect([first.connections.length, next.connections.length]).toEqual([1, 1])
    expect(watched.feed.port).toBe(next.port)
    expect(watched.downs[0]?.reason).toContain('reconnect on the new port')
  })

  it('and does not answer there is also looked for where it was', async () => {
    const nowhere = await twsFor((tws) => tws.socket.destroy())
    const first = await twsFor(async (tws, index) => {
      await greet(tws)
      if (index === 0) tws.send(...moved(nowhere.port))
    })
    const watched = feedTo(first.port, { retryDelays: { firstMs: 20, lastMs: 20 } })
    watched.feed.start()
    await vi.waitFor(() => expect(watched.links).toHaveLength(2), PATIENTLY)

    expect([first.connections.length, nowhere.connections.length]).toEqual([2, 1])
    expect(watched.feed.port).toBe(first.port)
  })
})

describe('a gateway that serves for a moment and drops', () => {
  it('is asked for everything at ever longer intervals', async () => {
    const server = await twsFor(async (tws) => {
      await greet(tws)
      tws.socket.end()
    })
    const flapping: boolean[] = []
    const watched = feedTo(server.port, {
      retryDelays: { firstMs: 20, lastMs: 160, factor: 2, attemptsPerMinute: 100 },
      onUp: (_, { isFlapping }) => flapping.push(isFlapping),
    })
    watched.feed.start()
    await vi.waitFor(() => expect(watched.downs.length).toBeGreaterThanOrEqual(6), { timeout: 9000 })

    expect(flapping.slice(0, 4)).toEqual([false, false, true, true])
    expect(watched.downs.slice(0, 6).map(({ retryMs }) => retryMs)).toEqual([10, 20, 40, 80, 80, 80])
    expect(flapping.length).toBeGreaterThanOrEqual(6)
  })
})

describe('a link that lasts at last, behind others that did not', () => {
  it('is reported when it has', async () => {
    const server = await twsFor(async (tws, index) => {
      await greet(tws)
      if (index < 2) tws.socket.end()
    })
    const lasting: number[] = []
    const retryDelays = { firstMs: 20, lastMs: 20, lastingMs: 300 }
    const { feed, links } = feedTo(server.port, { retryDelays, onLasting: (port) => lasting.push(port) })
    feed.start()
    await vi.waitFor(() => expect(lasting).toEqual([server.port]), PATIENTLY)
    expect(links).toHaveLength(3)
  })
})

describe('the heartbeat', () => {
  it('keeps a link on which nothing but answers to it come', async () => {
    const server = await twsFor(greetAndBeat)
    const watched = feedTo(server.port, { heartbeatMs: 250 })
    watched.feed.start()
    await vi.waitFor(() => expect(watched.messages.length).toBeGreaterThanOrEqual(3), { timeout: 5000 })

    expect(watched.states).toEqual(UP)
    expect(server.connections[0]?.requests.filter(({ fields }) => fields[0] === '49').length).toBeGreaterThanOrEqual(3)
  })

  it('gives up a link whose gateway has fallen silent, whatever the socket says, and makes a fresh one', async () => {
    const server = await twsFor((tws, index) => (index === 0 ? greet(tws) : greetAndBeat(tws)))
    const watched = feedTo(server.port, { heartbeatMs: 250 })
    watched.feed.start()
    await vi.waitFor(() => expect(watched.links).toHaveLength(2), { timeout: 5000 })

    expect(watched.downs.map(({ reason }) => reason)).toEqual([
      'the gateway said nothing for 250 ms and did not answer a request for its time',
    ])
    const [silent] = server.connections
    expect(silent?.requests.some(({ fields }) => fields[0] === '49')).toBe(true)
    await vi.waitFor(() => expect(silent?.socket.destroyed).toBe(true), PATIENTLY)
  })

  it('takes any message for a sign of life', async () => {
    const server = await twsFor(async (tws) => {
      await greet(tws)
      for (;;) {
        await tws.request(49)
        tws.send(2, 6, 1, 8, 100)
      }
    })
    const watched = feedTo(server.port, { heartbeatMs: 250 })
    watched.feed.start()
    await vi.waitFor(() => expect(watched.messages.length).toBeGreaterThanOrEqual(3), { timeout: 5000 })

    expect(watched.downs).toEqual([])
  })
})

describe('a feed that is stopped', () => {
  it('hands over what has arrived', async () => {
    const server = await twsFor()
    const watched = feedTo(server.port)
    watched.feed.start()
    await vi.waitFor(() => expect(watched.states).toContain('ready'), PATIENTLY)
    const [link] = watched.links
    const tws = server.connections[0] as TwsConnection
    // Stopped in the very turn of the event loop in which a request was answered: the message beside the answer is not handed over yet.
    const answered = link?.contractDetails({ symbol: 'TWX' }).then(() => {
      expect(watched.messages).toEqual([])
      return watched.feed.stop()
    })
    const reqId = (await tws.request(9))[2] ?? ''
    tws.socket.cork()
    tws.send(49, 1, 1401975060)
    tws.send(52, 1, reqId)
    tws.socket.uncork()
    await answered

    expect(watched.messages.map(plain)).toEqual([{ type: 'current-time', value: 1401975060 }])
  })

  it('stops in the middle of a handshake', async () => {
    const server = await twsFor(() => undefined)
    const watched = feedTo(server.port)
    watched.feed.start()
    await vi.waitFor(() => expect(server.connections).toHaveLength(1), PATIENTLY)
    const closed = once((server.connections[0] as TwsConnection).socket, 'close')
    await watched.feed.stop()
    await closed

    expect(watched.states).toEqual(['connecting', 'handshaking', 'stopped'])
    expect(watched.downs).toEqual([])
  })

  it('stops while it waits for the next attempt', async () => {
    const server = await twsFor((tws) => tws.socket.destroy())
    const watched = feedTo(server.port)
    watched.feed.start()
    await vi.waitFor(() => expect(watched.downs).toHaveLength(1), PATIENTLY)
    await watched.feed.stop()

    expect(watched.states.at(-1)).toBe('stopped')
    expect(server.connections).toHaveLength(1)
  })
})
