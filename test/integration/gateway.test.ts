/** What the gateway says to clients that connect, ask, and break the protocol; over real sockets, with bytes typed from the protocol. */

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import type { GatewayOptions } from '../../backtester/gateway/server/gateway.ts'
import { JUNE_70_CALL, marketDataRequest, OPEN_US, quoteAt, type TapeRoom, TWX, tapeOf, tapeRoom } from '../support/gateway/gateway-tape.ts'
import { frameOf, greeting, RawTwsClient } from '../support/gateway/raw-tws-client.ts'
import { PATIENTLY } from '../support/waiting.ts'

let room: TapeRoom

beforeAll(async () => {
  room = await tapeRoom()
})
afterAll(() => room.clear())

/** A quiet tape that does not start by itself. */
const STANDING: Partial<GatewayOptions> = { startAfterLines: 100 }
const QUIET = tapeOf([quoteAt(0, 0, [70, 3], [70.05, 4])])

function errorsOf(client: RawTwsClient): string[] {
  return client.frames.filter((frame) => frame.startsWith('4|') && !frame.startsWith('4|2|-1|21'))
}

describe('the handshake', () => {
  it.each([
    ['v100..193', '193'],
    ['v157..178', '178'],
    ['v100..177', '177'],
    ['v100..173', '173'],
    ['v100..225', '193'],
    ['v100..193 +PACEAPI', '193'],
    ['v176', '176'],
  ])('with a client that speaks %s settles on %s', async (versions, version) => {
    const { port } = await room.serve(QUIET, STANDING)
    const client = await RawTwsClient.connect({ port, versions })
    expect(await client.frame('')).toBe(`${version}|20140605 09:30:00 US/Eastern|`)
    await client.close()
  })

  it('sends bytes as the protocol has them', async () => {
    const { port } = await room.serve(QUIET, STANDING)
    const client = RawTwsClient.dial(port)
    const received = new Promise<Buffer>((resolve) => {
      client.socket.once('data', resolve)
    })
    client.sendBytes(Buffer.from('API\0\0\0\0\tv100..193', 'latin1'))
    expect(await received).toEqual(Buffer.from('\0\0\0\x21193\x0020140605 09:30:00 US/Eastern\0', 'latin1'))
    await client.close()
  })

  it('gives accounts, the next id and the state of the farms once the API is started', async () => {
    const { port } = await room.serve(QUIET, STANDING)
    const client = await RawTwsClient.connect({ port, clientId: 7 })
    await client.frame('4|2|-1|2158|')
    expect(client.frames.slice(1)).toEqual([
      '15|1|DU0000000|',
      '9|1|1|',
      '4|2|-1|2104|Market data farm connection is OK:usfarm||',
      '4|2|-1|2106|HMDS data farm connection is OK:ushmds||',
      '4|2|-1|2158|Sec-def data farm connection is OK:secdefil||',
    ])
    await client.close()
  })

  it('publishes the time of the tape behind the next id when it was asked to, ahead of the first tick while the tape stands', async () => {
    const { port } = await room.serve(QUIET, { ...STANDING, publishTime: true })
    const client = await RawTwsClient.connect({ port, clientId: 7 })
    await client.frame('4|2|-1|2158|')
    expect(client.frames.slice(2, 4)).toEqual(['9|1|1|', `49|1|${OPEN_US - 1}|`])
    await client.close()
  })

  it.each(['v100..165', 'v194..225'])('refuses a client that speaks %s, and says so in the log', async (versions) => {
    const { port, logged } = await room.serve(QUIET, STANDING)
    const client = await RawTwsClient.connect({ port, versions })
    await client.closed
    expect(client.frames).toEqual([])
    const [, min, max] = /v(\d+)\.\.(\d+)/.exec(versions) ?? []
    expect(logged).toContainEqual(
      expect.stringContaining(`warn: Client speaks protocol versions ${min} to ${max}, this gateway 166 to 193`),
    )
  })

  it('goes on however reads split the bytes', async () => {
    const { port } = await room.serve(QUIET, STANDING)
    const client = RawTwsClient.dial(port)
    const bytes = Buffer.concat([greeting('v100..193'), frameOf([71, 2, 3, '']), frameOf([49, 1]), frameOf([61, 1])])
    for (const byte of bytes) {
      client.sendBytes(Buffer.from([byte]))
      await new Promise((resolve) => {
        setImmediate(resolve)
      })
    }
    await client.frame('62|1|')
    expect(client.frames.slice(-2)).toEqual(['49|1|1401975000|', '62|1|'])
    await client.close()
  })

  it('takes many messages in one read', async () => {
    const { port } = await room.serve(QUIET, STANDING)
    const client = RawTwsClient.dial(port)
    client.sendBytes(
      Buffer.concat([
        greeting('v100..193'),
        frameOf([71, 2, 3, '']),
        ...Array.from({ length: 500 }, (_, i) => frameOf([2, 1, i])),
        frameOf([61, 1]),
      ]),
    )
    await client.frame('62|1|')
    expect(client.frames.filter((frame) => frame.includes('|300|'))).toHaveLength(500)
    await client.close()
  })

  it('refuses requests before startApi and goes on', async () => {
    const { port } = await room.serve(QUIET, STANDING)
    const client = await RawTwsClient.connect({ port })
    client.send(61, 1)
    expect(await client.frame('4|2|-1|321|')).toContain('startApi')
    client.send(71, 2, 3, '')
    await client.frame('9|1|')
    client.send(71, 2, 3, '')
    await client.frame('4|2|-1|321|', client.frames.length)
    await client.close()
  })

  it('refuses a client id that is in use, until its client leaves', async () => {
    const { port, logged } = await room.serve(QUIET, STANDING)
    const first = await RawTwsClient.connect({ port, clientId: 7 })
    const second = await RawTwsClient.connect({ port })
    second.send(71, 2, 7, '')
    await second.closed
    expect(second.frames.at(-1)).toBe('4|2|-1|326|Unable to connect as the client id is already in use. Retry with a unique client id.||')
    expect(logged).toContainEqual(expect.stringContaining('warn: Client asked for the id 7'))
    await first.close()
    await vi.waitUntil(() => logged.includes('info: Client left'), PATIENTLY)
    const third = await RawTwsClient.connect({ port, clientId: 7 })
    expect(third.frames).toContain('9|1|1|')
    await third.close()
  })
})

describe('a client that breaks the protocol', () => {
  it.each([
    ['a length of 0', Buffer.from([0, 0, 0, 0])],
    ['a negative length', Buffer.from([0x80, 0, 0, 0])],
    ['a length above 16 MB', Buffer.from([1, 0, 0, 0])],
    ['a message without its last NUL', Buffer.from('\0\0\0\x0249', 'latin1')],
  ])('with %s is told so and cut off, and others do not notice', async (_what, bytes) => {
    const { port, logged } = await room.serve(QUIET, STANDING)
    const good = await RawTwsClient.connect({ port, clientId: 1 })
    const bad = await RawTwsClient.connect({ port, clientId: 2 })
    bad.sendBytes(bytes)
    await bad.closed
    expect(bad.frames.at(-1)).toMatch(/^4\|2\|-1\|320\|/)
    expect(logged).toContainEqual(expect.stringContaining('warn: Client is cut off'))
    good.send(49, 1)
    await good.frame('49|1|')
    await good.close()
  })

  it.each([
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['a greeting without versions', Buffer.from('API\0\0\0\0\x05hello', 'latin1')],
    ['an endless greeting', Buffer.from('API\0\x7f\0\0\0', 'latin1')],
  ])('with %s is cut off at once', async (_what, bytes) => {
    const { port, logged } = await room.serve(QUIET, STANDING)
    const client = RawTwsClient.dial(port)
    client.sendBytes(bytes)
    await client.closed
    expect(logged).toContainEqual(expect.stringContaining('warn: Client is cut off, it does not speak the TWS protocol'))
  })

  it('gets an error for a message that cannot be read, and goes on', async () => {
    const { port, logged } = await room.serve(QUIET, STANDING)
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    client.send(999, 1)
    client.send(1, 11, 5, 0, 'TWX')
    client.send('')
    client.send(49, 1)
    await client.frame('49|1|')
    expect(errorsOf(client)).toEqual([
      "4|2|-1|320|Error reading request: Expected a message id of IB's protocol, found 999||",
      '4|2|5|320|Error reading request: Field 6 (secType) of message 1 is missing||',
      expect.stringMatching(/^4\|2\|-1\|320\|/),
    ])
    expect(logged.filter((entry) => entry.startsWith('warn'))).toHaveLength(3)
    await client.close()
  })

  it('cannot bring the gateway down with random bytes', async () => {
    const { port, logged } = await room.serve(QUIET, STANDING)
    let seed = 1
    const random = (below: number) => {
      seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff
      return seed % below
    }
    for (let i = 0; i < 60; i++) {
      const client = await RawTwsClient.connect({ port, clientId: i })
      const noise = Buffer.from(Array.from({ length: 1 + random(200) }, () => random(256)))
      client.sendBytes(
        i % 2 === 0 ? noise : Buffer.concat([Buffer.from([0, 0, 0, noise.length + 3]), Buffer.from('1\0'), noise, Buffer.alloc(1)]),
      )
      client.socket.end()
      await client.closed
    }
    const client = await RawTwsClient.connect({ port, clientId: 1000 })
    expect(client.frames).toContain('9|1|1|')
    expect(logged.filter((entry) => entry.startsWith('error'))).toEqual([])
    await client.close()
  })
})

describe('requests', () => {
  it('for contracts are answered with all that fit', async () => {
    const { port } = await room.serve(QUIET, STANDING)
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    client.send(9, 8, 1, 0, 'TWX', 'OPT', '201406', 0, '', '', 'SMART', '', 'USD', '', '', 0, '', '', '')
    client.send(9, 8, 2, 0, 'TWX', 'OPT', '20140621', 75, 'C', '', 'SMART', '', 'USD', '', '', 0, '', '', '')
    await client.frame('4|2|2|')
    const details = client.frames.filter((frame) => frame.startsWith('10|1|')).map((frame) => frame.split('|').slice(2, 8))
    expect(details).toEqual([
      ['TWX', 'OPT', '20140620', '20140620', '70', 'C'],
      ['TWX', 'OPT', '20140620', '20140620', '70', 'P'],
    ])
    expect(client.frames.slice(-2)).toEqual(['52|1|1|', '4|2|2|200|No security definition has been found for the request||'])
    await client.close()
  })

  it('for an option chain need the number of the underlying and no exchange', async () => {
    const { port } = await room.serve(QUIET, STANDING)
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    client.send(9, 8, 1, 0, 'TWX', 'STK', '', 0, '', '', 'SMART', '', 'USD', '', '', 0, '', '', '')
    const conId = Number((await client.frame('10|1|')).split('|')[13])
    client.send(78, 2, 'TWX', '', 'STK', conId)
    client.send(78, 3, 'TWX', 'SMART', 'STK', conId)
    client.send(78, 4, 'TWX', '', 'STK', conId + 1)
    client.send(78, 5, 'TWX', '', 'STK', 0)
    await client.frame('4|2|5|')
    expect(client.frames.slice(client.frames.indexOf('52|1|1|') + 1)).toEqual([
      `75|2|SMART|${conId}|TWX|100|2|20140620|20140718|2|70|72.5|`,
      '76|2|',
      '76|3|',
      '4|2|4|200|No security definition has been found for the request||',
      '4|2|5|200|Invalid contract id||',
    ])
    await client.close()
  })

  it('for lines are refused when the contract is unknown or ambiguous, the id taken, the snapshot one of generic ticks, the line one too many', async () => {
    const { port } = await room.serve(QUIET, { startAfterLines: 2, lines: 2 })
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    const other = await RawTwsClient.connect({ port, clientId: 2 })
    other.send(...marketDataRequest(1, TWX))
    await other.frame('81|1|')
    client.send(...marketDataRequest(1, { ...TWX, symbol: 'XXX' }))
    client.send(1, 11, 2, 0, 'TWX', 'OPT', '201406', 70, '', '', 'SMART', '', 'USD', '', '', 0, '', 0, 0, '')
    client.send(1, 11, 3, 0, 'TWX', 'STK', '', 0, '', '', 'SMART', '', 'USD', '', '', 0, '233', 1, 0, '')
    client.send(...marketDataRequest(4, TWX))
    client.send(...marketDataRequest(4, JUNE_70_CALL))
    client.send(...marketDataRequest(5, JUNE_70_CALL))
    client.send(2, 2, 77)
    await client.frame('4|2|77|')
    expect(errorsOf(client)).toEqual([
      '4|2|1|200|No security definition has been found for the request||',
      '4|2|2|200|The contract description specified for TWX is ambiguous||',
      '4|2|3|321|Error validating request: Snapshot market data subscription is not applicable to generic ticks||',
      '4|2|4|322|Error processing request: Duplicate ticker id||',
      '4|2|5|101|Max number of tickers has been reached||',
      "4|2|77|300|Can't find EId with tickerId:77||",
    ])
    client.send(2, 2, 4)
    client.send(...marketDataRequest(5, JUNE_70_CALL))
    await client.frame('81|5|')
    await Promise.all([client.close(), other.close()])
  })

  it('for what a tape cannot carry out get an error each time and one line in the log', async () => {
    const { port, logged } = await room.serve(QUIET, STANDING)
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    client.send(84, 17, 'BZ', 'BZ$1', '')
    client.send(84, 18, 'BZ', 'BZ$2', '')
    client.send(61, 1)
    await client.frame('62|1|')
    expect(errorsOf(client)).toEqual([
      '4|2|17|10172|Failed to request news article:No data available||',
      '4|2|18|10172|Failed to request news article:No data available||',
    ])
    expect(logged.filter((entry) => entry.includes('news article'))).toHaveLength(1)
    await client.close()
  })
})

describe('starting a gateway', () => {
  it('is refused on a port that is in use, with what to do', async () => {
    const { port } = await room.serve(QUIET, STANDING)
    await expect(room.serve(QUIET, { port })).rejects.toThrow(
      expect.objectContaining({
        name: 'ConfigError',
        code: 'gateway-port',
        message: expect.stringContaining('is in use. Choose another one'),
      }),
    )
  })

  it.each([
    { speed: 0 },
    { speed: Number.NaN },
    { lines: 0 },
    { startAfterLines: -1 },
    { startAfterLines: 101 },
    { rate: Number.NaN },
    { synthetic: { contracts: 5, seed: 1, ticksPerSecond: 1, seconds: 1 } },
  ] satisfies Partial<GatewayOptions>[])('is refused with %j', async (options) => {
    await expect(room.serve(QUIET, options)).rejects.toThrow(expect.objectContaining({ name: 'ConfigError', code: 'gateway-option' }))
  })

  it('begins, and says so once, when as many lines are open as it waits for', async () => {
    const { port, logged } = await room.serve(QUIET, { startAfterLines: 2 })
    const said = () => logged.filter((line) => line === 'info: The tape begins')
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    client.send(...marketDataRequest(1, TWX))
    await client.frame('81|1|')
    expect(said()).toEqual([])
    client.send(...marketDataRequest(2, JUNE_70_CALL))
    client.send(...marketDataRequest(3, JUNE_70_CALL))
    await client.frame('81|3|')
    expect(said()).toHaveLength(1)
    await client.close()
  })

  it('ends though nobody ever came', async () => {
    const { gateway } = await room.serve(QUIET, STANDING)
    expect(await gateway.stop()).toMatchObject({ clients: 0, ticksServed: 0, tapeUs: OPEN_US })
    expect(await gateway.ended).toMatchObject({ clients: 0 })
  })
})
