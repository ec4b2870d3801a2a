import { once } from 'node:events'
import { createServer } from 'node:net'
import { SecType } from '@stoqey/ib'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { RequestError } from '../../../../../collector/ib/link/requests.ts'
import { toIbContract } from '../../../../../collector/ib/lookup/map-contract.ts'
import { createPacer } from '../../../../../collector/ib/link/pacer.ts'
import { FeedError } from '../../../../../market/errors.ts'
import { frame, greet, type TwsConnection } from '../../../../support/gateway/scripted-tws.ts'
import { unexpected } from '../../../../support/unexpected.ts'
import { stockDetails } from '../lookup/listings.ts'
import { CLIENT_ID, connectedLink, linkTo, plain, twsFor } from '../tws-support.ts'
import { PATIENTLY } from '../../../../support/waiting.ts'

const unreachable = (message: RegExp) =>
  expect.objectContaining({ name: 'FeedError', code: 'gateway-unreachable', retryable: true, message: expect.stringMatching(message) })

/** Runs out only when a test says so. */
const HANDSHAKE_MS = 54_321

/** Lets the time for the handshake of the link that is made next run out. */
function handshakeTimer(): () => void {
  const set = vi.spyOn(globalThis, 'setTimeout')
  onTestFinished(() => set.mockRestore())
  return () => {
    const [expire] = set.mock.calls.find(([, ms]) => ms === HANDSHAKE_MS) ?? expect.unreachable()
    expire()
  }
}

describe('a link that opens', () => {
  it('offers versions 100 to 193 and starts the API with its client id', async () => {
    const { tws } = await connectedLink()

    expect(await tws.hello).toBe('v100..193')
    expect(tws.requests.map(({ fields }) => fields)).toEqual([['71', '2', String(CLIENT_ID), '']])
  })

  it('is up only when the gateway has named the next valid id', async () => {
    const server = await twsFor(async (tws) => {
      await tws.hello
      tws.send(193, '20140605 09:30:00 EST')
      await tws.request(71)
      tws.send(15, 1, 'DU1234567')
      tws.send(4, 2, -1, 2104, 'Market data farm connection is OK:usfarm', '')
    })
    const { link, messages } = linkTo(server.port)
    let up = false
    const opened = link.open().then(() => {
      up = true
    })
    await vi.waitFor(() => expect(messages).toHaveLength(1), PATIENTLY)
    expect(up).toBe(false)

    server.connections[0]?.send(9, 1, 1)
    await opened
  })

  it('gives up on a port that accepts and never answers', async () => {
    const expire = handshakeTimer()
    const server = await twsFor(() => undefined)
    const { link, losses } = linkTo(server.port, { handshakeTimeoutMs: HANDSHAKE_MS })
    const failure = link.open().catch((error: unknown) => error)
    await vi.waitFor(() => expect(server.connections).toHaveLength(1), PATIENTLY)
    const closed = once(server.connections[0]?.socket as TwsConnection['socket'], 'close')
    expire()

    expect(await failure).toEqual(unreachable(/^127\.0\.0\.1:\d+ did not finish the TWS handshake within 54321 ms\. Check that/))
    await closed
    expect(link.lost).toBe(true)
    expect(losses).toEqual([])
  })

  it('gives up on a gateway that stops in the middle of the handshake', async () => {
    const expire = handshakeTimer()
    const server = await twsFor(async (tws) => {
      await tws.hello
      tws.send(193, '20140605 09:30:00 EST')
    })
    const { link } = linkTo(server.port, { handshakeTimeoutMs: HANDSHAKE_MS })
    const failure = link.open().catch((error: unknown) => error)
    // The answer to its version: the client is in the middle of the handshake.
    await vi.waitFor(() => expect(server.connections[0]?.requests).toHaveLength(1), PATIENTLY)
    expire()

    expect(await failure).toEqual(unreachable(/did not finish the TWS handshake/))
  })

  it('names the last thing that the gateway said when it gives up', async () => {
    const expire = handshakeTimer()
    const server = await twsFor(async (tws) => {
      await tws.hello
      tws.send(193, '20140605 09:30:00 EST')
      await tws.request(71)
      tws.send(4, 2, -1, 326, 'Unable to connect as the client id is already in use.', '')
    })
    const { link, messages } = linkTo(server.port, { handshakeTimeoutMs: HANDSHAKE_MS })
    const failure = link.open().catch((error: unknown) => error)
    await vi.waitFor(() => expect(messages).toHaveLength(1), PATIENTLY)
    expire()

    expect(await failure).toEqual(unreachable(/within 54321 ms \(Unable to connect as the client id is already in use\.\)/))
  })

  it.each<[string, (tws: TwsConnection) => unknown, RegExp]>([
    ['closes at once', (tws) => tws.socket.end(), /: the gateway closed the connection$/],
    [
      'closes after its version',
      async (tws) => {
        await tws.hello
        tws.send(193, '20140605 09:30:00 EST')
        await tws.request(71)
        tws.socket.end()
      },
      /: the gateway closed the connection$/,
    ],
    [
      'says that the client id is in use and closes',
      async (tws) => {
        await tws.hello
        tws.send(193, '20140605 09:30:00 EST')
        await tws.request(71)
        tws.send(4, 2, -1, 326, 'Unable to connect as the client id is already in use.', '')
        tws.socket.end()
      },
      /: Unable to connect as the client id is already in use\.$/,
    ],
    [
      'speaks an unknown version',
      async (tws) => {
        await tws.hello
        tws.send(201, '20140605 09:30:00 EST')
      },
      /: Unsupported Version 201$/,
    ],
  ])('fails with the reason when the gateway %s', async (_, script, reason) => {
    const server = await twsFor(script)
    const { link, losses } = linkTo(server.port)

    await expect(link.open()).rejects.toThrow(unreachable(reason))
    expect(losses).toEqual([])
  })

  it('fails on a port without a listener', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    server.close()
    await once(server, 'close')

    const { link } = linkTo(typeof address === 'object' && address ? address.port : 0)
    await expect(link.open()).rejects.toThrow(unreachable(/ECONNREFUSED/))
  })

  it('leaves no timer behind when it is closed on the way', async () => {
    const server = await twsFor(() => undefined)
    const set = vi.spyOn(globalThis, 'setTimeout')
    const clear = vi.spyOn(globalThis, 'clearTimeout')
    onTestFinished(() => {
      set.mockRestore()
      clear.mockRestore()
    })
    const { link } = linkTo(server.port, { handshakeTimeoutMs: 54_321 })
    void link.open()
    const timer = set.mock.results[set.mock.calls.findIndex(([, ms]) => ms === 54_321)]
    expect(timer).toBeDefined()
    link.close()

    expect(clear).toHaveBeenCalledWith(timer?.value)
  })
})

describe('messages', () => {
  it('are handed over in order, those of one read together', async () => {
    const { tws, messages, deliveries } = await connectedLink()
    tws.socket.cork()
    for (let i = 1; i <= 50; i++) {
      tws.send(2, 6, 7, 8, i)
      tws.send(49, 1, i)
    }
    tws.socket.uncork()
    await vi.waitFor(() => expect(messages).toHaveLength(100), PATIENTLY)

    expect(messages.map(plain)).toEqual(
      Array.from({ length: 50 }, (_, i) => [
        { type: 'size', reqId: 7, tickType: 8, size: i + 1 },
        { type: 'current-time', value: i + 1 },
      ]).flat(),
    )
    expect(deliveries.length).toBeLessThan(100)
    const arrivals = messages.map(({ arrivalMs }) => arrivalMs)
    expect(arrivals).toEqual(arrivals.toSorted((a, b) => a - b))
  })

  it('are put together from reads of single bytes', async () => {
    const { tws, messages } = await connectedLink()
    for (const byte of Buffer.concat([frame(1, 6, 7, 1, 70.5, 3, 1), frame(2, 6, 7, 0, 4)])) {
      tws.socket.write(Buffer.of(byte))
      await new Promise((resolve) => setImmediate(resolve))
    }
    await vi.waitFor(() => expect(messages).toHaveLength(2), PATIENTLY)

    expect(messages.map(plain)).toEqual([
      { type: 'price', reqId: 7, tickType: 1, price: 70.5, size: 3 },
      { type: 'size', reqId: 7, tickType: 0, size: 4 },
    ])
  })

  it('tell notices, errors of lines and accepted lines apart', async () => {
    const { tws, messages } = await connectedLink()
    tws.send(58, 1, 7, 1)
    tws.send(81, 8, 0.01, '9c0001', 3)
    tws.send(4, 2, 9, 354, 'Requested market data is not subscribed.', '')
    tws.send(4, 2, -1, 2104, 'Market data farm connection is OK:usfarm', '')
    tws.send(4, 2, -1, 99000, 'End of tape', '')
    await vi.waitFor(() => expect(messages).toHaveLength(5), PATIENTLY)

    expect(messages.map(plain)).toEqual([
      { type: 'line-accepted', reqId: 7, marketDataType: 1 },
      { type: 'line-accepted', reqId: 8, bboExchange: '9c0001' },
      { type: 'error', reqId: 9, code: 354, text: 'Requested market data is not subscribed.' },
      { type: 'notice', code: 2104, text: 'Market data farm connection is OK:usfarm' },
      { type: 'notice', code: 99000, text: 'End of tape' },
    ])
  })

  it('are handed over at once on request', async () => {
    const { link, tws, messages } = await connectedLink()
    tws.send(49, 1, 1)
    tws.send(49, 1, 2)
    await vi.waitFor(() => {
      link.flush()
      expect(messages).toHaveLength(2)
    }, PATIENTLY)
    link.flush()
    expect(messages).toHaveLength(2)
  })
})

describe('a link that is lost', () => {
  it('hands over what came before, and says so once', async () => {
    const losses: string[] = []
    const { link, tws, messages } = await connectedLink({
      onLost: (reason) => losses.push(`${reason}, after ${messages.length} messages`),
    })
    tws.socket.cork()
    for (let i = 1; i <= 20; i++) tws.send(49, 1, i)
    tws.socket.end()
    await vi.waitFor(() => expect(losses).toHaveLength(1), PATIENTLY)

    expect(losses).toEqual(['the gateway closed the connection, after 20 messages'])
    expect(link.lost).toBe(true)
    link.close()
    expect(losses).toHaveLength(1)
  })

  it('is not lost for what was said of a request before', async () => {
    const { tws, messages, losses } = await connectedLink()
    tws.send(4, 2, 7, 354, 'Requested market data is not subscribed.', '')
    await vi.waitFor(() => expect(messages).toHaveLength(1), PATIENTLY)
    tws.socket.end()
    await vi.waitFor(() => expect(losses).toEqual(['the gateway closed the connection']), PATIENTLY)
  })

  it('says nothing when it was closed on purpose, and hands over nothing more', async () => {
    const { link, tws, messages, losses } = await connectedLink()
    const closed = once(tws.socket, 'close')
    link.close()
    tws.send(49, 1, 1)
    await closed

    expect(losses).toEqual([])
    expect(messages).toEqual([])
  })

  it('rejects what waits for an answer, and what waits for its turn', async () => {
    const { link, tws } = await connectedLink({ pacer: createPacer(1) })
    const waitingForAnswer = link.contractDetails({ symbol: 'TWX', secType: SecType.STK })
    const waitingForTurn = link.requestCurrentTime()
    const settled = Promise.allSettled([waitingForAnswer, waitingForTurn])
    await tws.request(9)
    tws.socket.destroy()

    expect(await settled).toEqual([
      { status: 'rejected', reason: expect.objectContaining({ name: 'FeedError', code: 'gateway-lost', retryable: true }) },
      { status: 'rejected', reason: expect.objectContaining({ name: 'AbortError' }) },
    ])
    await expect(link.contractDetails({ symbol: 'TWX' })).rejects.toThrow()
  })
})

describe('a request', () => {
  it('gathers its answers until their end, beside another request', async () => {
    const { link, tws } = await connectedLink()
    const [first, second] = [link.contractDetails({ symbol: 'TWX', secType: SecType.STK }), link.contractDetails({ symbol: 'FOXA' })]
    const [, , one = ''] = await tws.request(9)
    const [, , two = ''] = await tws.request(9)
    expect(one).not.toBe(two)
    tws.send(...stockDetails(two, 'FOXA', 4322))
    tws.send(...stockDetails(one, 'TWX', 4321))
    tws.send(...stockDetails(one, 'TWX', 4321))
    tws.send(52, 1, two)
    tws.send(52, 1, one)

    expect((await first).map(({ contract }) => [contract.symbol, contract.conId])).toEqual([
      ['TWX', 4321],
      ['TWX', 4321],
    ])
    expect((await second).map(({ contract }) => contract.symbol)).toEqual(['FOXA'])
  })

  it('fails with the code of IB when it is answered by an error', async () => {
    const { link, tws, messages } = await connectedLink()
    const details = link.contractDetails({ symbol: 'NONE', secType: SecType.STK })
    const settled = details.catch((error: unknown) => error)
    tws.send(4, 2, (await tws.request(9))[2] ?? '', 200, 'No security definition has been found for the request', '')

    const error = await settled
    expect(error).toBeInstanceOf(RequestError)
    expect(error).toBeInstanceOf(FeedError)
    expect(error).toMatchObject({
      ibCode: 200,
      code: 'ib-200',
      retryable: false,
      message: 'No security definition has been found for the request',
    })
    expect(messages).toEqual([])
  })

  it('ignores answers that come after its end', async () => {
    const { link, tws, messages } = await connectedLink()
    const details = link.contractDetails({ symbol: 'TWX' })
    const [, , reqId = ''] = await tws.request(9)
    tws.send(52, 1, reqId)
    tws.send(...stockDetails(reqId, 'TWX', 4321))
    tws.send(52, 1, reqId)
    tws.send(49, 1, 1)

    expect(await details).toEqual([])
    await vi.waitFor(() => expect(messages).toHaveLength(1), PATIENTLY)
  })

  it('for the parameters of a chain gives them venue by venue', async () => {
    const { link, tws } = await connectedLink()
    const parameters = link.chainParameters('TWX', 4321)
    const [, reqId = '', ...rest] = await tws.request(78)
    expect(rest).toEqual(['TWX', '', 'STK', '4321'])
    tws.send(75, reqId, 'SMART', 4321, 'TWX', 100, 2, '20140621', '20140719', 3, 67.5, 70, 72.5)
    tws.send(75, reqId, 'CBOE', 4321, 'TWX', 100, 1, '20140621', 1, 70)
    tws.send(76, reqId)

    expect(await parameters).toEqual([
      { exchange: 'SMART', tradingClass: 'TWX', multiplier: 100, expirations: ['20140621', '20140719'], strikes: [67.5, 70, 72.5] },
      { exchange: 'CBOE', tradingClass: 'TWX', multiplier: 100, expirations: ['20140621'], strikes: [70] },
    ])
  })
})

describe('what a link sends', () => {
  it('opens a line with its generic ticks, streaming, and never asks for a snapshot that costs money', async () => {
    const { link, tws } = await connectedLink()
    const option = {
      kind: 'option',
      symbol: 'TWX',
      currency: 'USD',
      expiry: '2014-06-21',
      strike: 67.5,
      right: 'P',
      multiplier: 100,
    } as const
    await link.openLine(7, toIbContract({ ...option, tradingClass: 'TWX', conId: 99 }), '100,101')

    const contract = ['99', 'TWX', 'OPT', '20140621', '67.5', 'P', '100', 'SMART', '', 'USD', '', 'TWX']
    expect(await tws.request(1)).toEqual(['1', '11', '7', ...contract, '0', '100,101', '0', '0', ''])
  })

  it('asks for the data type and the time, and closes lines', async () => {
    const { link, tws } = await connectedLink()
    await Promise.all([link.requestMarketDataType(2), link.requestCurrentTime(), link.closeLine(7)])

    expect(await tws.request(59)).toEqual(['59', '1', '2'])
    expect(await tws.request(49)).toEqual(['49', '1'])
    expect((await tws.request(2)).at(-1)).toBe('7')
  })

  it('goes through one pacer, whatever it is', async () => {
    const sent: string[] = []
    const { link, tws } = await connectedLink({
      pacer: {
        send: async (send) => {
          sent.push('paced')
          send()
        },
        setRate: unexpected,
      },
    })
    const settled = Promise.allSettled([
      link.contractDetails({ symbol: 'TWX' }),
      link.chainParameters('TWX', 1),
      link.openLine(7, { symbol: 'TWX' }, ''),
      link.closeLine(7),
      link.requestCurrentTime(),
      link.requestMarketDataType(1),
    ])
    await vi.waitFor(() => expect(tws.requests).toHaveLength(7), PATIENTLY)
    link.close()
    await settled

    expect(sent).toHaveLength(6)
  })

  it('sends a cancel ahead of what waits, but not ahead of the request that it cancels', async () => {
    const { link, tws } = await connectedLink({ pacer: createPacer(1) })
    const sent = Promise.all([
      link.requestMarketDataType(1),
      link.openLine(7, { symbol: 'TWX' }, ''),
      link.openLine(8, { symbol: 'FOXA' }, ''),
      link.closeLine(6),
      link.closeLine(7),
    ])
    await sent
    await vi.waitFor(() => expect(tws.requests).toHaveLength(6), PATIENTLY)

    expect(tws.requests.slice(1).map(({ fields }) => `${fields[0]} ${fields[2]}`)).toEqual(['59 1', '2 6', '1 7', '2 7', '1 8'])
  })

  it('comes to nothing before the link is up', async () => {
    const server = await twsFor((tws, index) => index > 0 && greet(tws))
    const { link } = linkTo(server.port)
    void link.open().catch(() => undefined)
    await vi.waitFor(() => expect(server.connections).toHaveLength(1), PATIENTLY)
    await link.requestCurrentTime()
    link.close()

    const next = linkTo(server.port)
    await next.link.open()
    await next.link.requestMarketDataType(1)
    await server.connections[1]?.request(59)
    expect(server.connections.map(({ requests }) => requests.map(({ fields }) => fields[0]))).toEqual([[], ['71', '59']])
  })
})
