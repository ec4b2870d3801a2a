/** Faults on demand, over real sockets: what a client of any descent sees of each kind, and that the others go on. */

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import { parseFaultScript } from '../../backtester/gateway/faults/script.ts'
import type { GatewayOptions } from '../../backtester/gateway/server/gateway.ts'
import type { TapeRecord } from '../../market/tick.ts'
import {
  contractFields,
  JUNE_70_CALL,
  marketDataRequest,
  OPEN_US,
  quoteAt,
  SECOND_US,
  type ServedTape,
  type TapeRoom,
  TWX,
  tapeOf,
  tapeRoom,
  tickByTickRequest,
} from '../support/gateway/gateway-tape.ts'
import { frameOf, RawTwsClient } from '../support/gateway/raw-tws-client.ts'
import { PATIENTLY } from '../support/waiting.ts'

let room: TapeRoom

beforeAll(async () => {
  room = await tapeRoom()
})
afterAll(() => room.clear())

const STOCK = 1
const OPTION = 2
const SECONDS = 100

/** A new quote of the stock and of one option every second. */
function everySecond(): TapeRecord[] {
  return Array.from({ length: SECONDS }, (_, i) => [
    quoteAt(i * SECOND_US, 0, [70 + i / 100, 1], [71 + i / 100, 1]),
    quoteAt(i * SECOND_US, 1, [1 + i / 100, 1], [2 + i / 100, 1]),
  ]).flat()
}

/** A gateway that plays these faults, and publishes its time. */
function serve(faults: readonly string[], options: Partial<GatewayOptions> = {}): Promise<ServedTape> {
  const script = parseFaultScript(`faults:\n${faults.map((fault) => `  - { ${fault} }\n`).join('')}`, 'test.yaml')
  return room.serve(tapeOf(everySecond()), { publishTime: true, startAfterLines: 2, faults: script, ...options })
}

const connect = (port: number, clientId = 1) => RawTwsClient.connect({ port, clientId })

function ask(client: RawTwsClient): void {
  client.send(...marketDataRequest(STOCK, TWX))
  client.send(...marketDataRequest(OPTION, JUNE_70_CALL))
}

const whole = async (client: RawTwsClient) => void (await client.frame('4|2|-1|99000|'))

/** Seconds of tape time at which frames came that begin so, by the time that was published last. */
function secondsOf({ frames }: RawTwsClient, ...prefixes: string[]): number[] {
  const seconds: number[] = []
  let nowUs = OPEN_US
  for (const frame of frames) {
    if (frame.startsWith('49|1|')) nowUs = Number(frame.split('|')[2])
    else if (prefixes.some((prefix) => frame.startsWith(prefix))) seconds.push((nowUs - OPEN_US) / SECOND_US)
  }
  return [...new Set(seconds)]
}

/** Prices and sizes of a line. */
const dataOf = (client: RawTwsClient, reqId: number) => secondsOf(client, `1|6|${reqId}|`, `2|6|${reqId}|`)
const from = (first: number, end: number) => Array.from({ length: end - first }, (_, i) => first + i)
const noticesOf = ({ frames }: RawTwsClient) =>
  frames.filter((frame) => /^4\|2\|-1\|(?!21(04|06|58)\|)/.test(frame)).map((frame) => frame.slice(7))

/** Waits until so many faults have begun. */
const begun = (logged: readonly string[], count: number) =>
  vi.waitFor(() => expect(logged.filter((line) => line.includes('A fault begins'))).toHaveLength(count), PATIENTLY)

/** A client with both lines, at the end of the tape. */
async function played(faults: readonly string[], options?: Partial<GatewayOptions>): Promise<RawTwsClient> {
  const { port } = await serve(faults, options)
  const client = await connect(port)
  ask(client)
  await whole(client)
  return client
}

describe('a notice', () => {
  it('comes at its time with the words of IB, or with its own', async () => {
    const client = await played([
      'kind: notice, code: 1100, afterTapeSeconds: 10',
      'kind: notice, code: 2103, farm: usopt, afterTapeSeconds: 10.5',
      'kind: notice, code: 1102, notConnected: [usopt, usfuture], afterTapeSeconds: 11',
      'kind: notice, code: 1102, afterTapeSeconds: 12',
      'kind: notice, code: 399, text: a fault of ours, at: 2014-06-05T13:30:13Z',
    ])
    const restored = 'Connectivity between IBKR and Trader Workstation has been restored - data maintained.'
    expect(noticesOf(client)).toEqual([
      '1100|Connectivity between IBKR and Trader Workstation has been lost.||',
      '2103|Market data farm connection is broken:usopt||',
      `1102|${restored} The following farms are connected: usfarm; ushmds; secdefil. The following farms are not connected: usopt; usfuture.||`,
      `1102|${restored} All data farms are connected: usfarm; usopt; ushmds; secdefil.||`,
      '399|a fault of ours||',
      '99000|End of tape||',
    ])
    // Ahead of what the tape has at that time.
    const at = client.frames.findIndex((frame) => frame.includes('|1100|'))
    expect(
      client.frames
        .slice(0, at)
        .filter((frame) => frame.startsWith('1|6|1|1|'))
        .at(-1),
    ).toContain('|70.09|')
    expect(client.frames.slice(at).find((frame) => frame.startsWith('1|6|1|1|'))).toContain('|70.1|')
    await client.close()
  })

  it('comes behind a number of messages, and again and again', async () => {
    const client = await played([
      'kind: notice, code: 1100, afterMessages: 40',
      'kind: notice, code: 2110, afterTapeSeconds: 50, everyTapeSeconds: 10, times: 3',
    ])
    const at = client.frames.findIndex((frame) => frame.includes('|1100|'))
    expect(client.frames.slice(0, at).filter((frame) => /^[12]\|6\|/.test(frame))).toHaveLength(40)
    expect(secondsOf(client, '4|2|-1|2110|')).toEqual([50, 60, 70])
    await client.close()
  })

  it('comes to one client when it names it, once that was let in', async () => {
    const { port } = await serve(['kind: notice, code: 1100, secondsAfterConnect: 0, connection: 2, clientId: 7'])
    const first = await connect(port)
    const second = await connect(port, 7)
    await second.frame('4|2|-1|1100|')
    ask(first)
    await whole(first)
    expect(noticesOf(first)).toEqual(['99000|End of tape||'])
    await Promise.all([first.close(), second.close()])
  })
})

describe('silence', () => {
  it('of a farm leaves the others alone, and ends with what stands', async () => {
    const { gateway, port } = await serve(['kind: silence, of: usopt, afterTapeSeconds: 10, tapeSeconds: 20'])
    const client = await connect(port)
    ask(client)
    await whole(client)
    expect(dataOf(client, STOCK)).toEqual(from(0, SECONDS))
    // At its end the quote of second 29 still stood; the tape's next one comes behind it.
    expect(dataOf(client, OPTION)).toEqual([...from(0, 10), ...from(30, SECONDS)])
    const bids = client.frames.filter((frame) => frame.startsWith('1|6|2|1|')).map((frame) => frame.split('|')[4])
    expect(bids.slice(9, 12)).toEqual(['1.09', '1.29', '1.3'])
    const { changes, statesServed, derived, ticksServed, merged, unsent } = gateway.totals()
    expect(changes + statesServed + derived).toBe(ticksServed + merged + unsent)
    await client.close()
  })

  it('of a contract covers lines that are opened meanwhile', async () => {
    const client = await played(['kind: silence, of: TWX 2014-06-21 70 C, tapeSeconds: 30'])
    expect(dataOf(client, STOCK)).toEqual(from(0, SECONDS))
    expect(dataOf(client, OPTION)).toEqual(from(30, SECONDS))
    await client.close()
  })

  it('drops what waited for its step, and two that follow each other leave no moment between them', async () => {
    const silences = [
      'kind: silence, of: TWX, afterTapeSeconds: 10.1, tapeSeconds: 10',
      'kind: silence, of: all, afterTapeSeconds: 20.1, tapeSeconds: 10',
    ]
    const { gateway, port } = await serve(silences, { sampling: true })
    const client = await connect(port)
    ask(client)
    await whole(client)
    const seconds = dataOf(client, STOCK)
    expect(seconds.filter((second) => second > 10.1 && second < 30.1)).toEqual([])
    expect(seconds).toContain(30.1)
    const { changes, statesServed, derived, ticksServed, merged, unsent } = gateway.totals()
    expect(changes + statesServed + derived).toBe(ticksServed + merged + unsent)
    await client.close()
  })

  it('until they are asked for again keeps lines dead, and a new one works', async () => {
    const { port } = await serve(['kind: silence, until: asked-again, afterTapeSeconds: 10'], { startAfterLines: 2 })
    const client = await connect(port)
    ask(client)
    await whole(client)
    expect(dataOf(client, STOCK)).toEqual(from(0, 10))
    client.send(2, 2, STOCK)
    client.send(...marketDataRequest(3, TWX))
    expect(await client.frame('1|6|3|1|')).toContain('|70.99|')
    await client.close()
  })

  it('has snapshots end without prices', async () => {
    const { gateway, port } = await serve(['kind: silence, of: TWX'], { startAfterLines: 0 })
    await gateway.ended
    const client = await connect(port)
    client.send(...marketDataRequest(STOCK, TWX, { snapshot: true }))
    client.send(...marketDataRequest(OPTION, JUNE_70_CALL, { snapshot: true }))
    await client.frame('57|1|1|')
    await client.frame('57|1|2|')
    expect([dataOf(client, STOCK), dataOf(client, OPTION)]).toEqual([[], [SECONDS - 1]])
    await client.close()
  })

  it('of the history farm is that of tick-by-tick lines', async () => {
    const { port } = await serve(['kind: silence, of: ushmds, afterTapeSeconds: 10, tapeSeconds: 20'])
    const client = await connect(port)
    client.send(...marketDataRequest(STOCK, TWX))
    client.send(...tickByTickRequest(9, TWX, 'BidAsk'))
    await whole(client)
    expect(dataOf(client, STOCK)).toEqual(from(0, SECONDS))
    expect(secondsOf(client, '99|9|')).toEqual([...from(0, 10), ...from(30, SECONDS)])
    await client.close()
  })
})

describe('a refusal', () => {
  it('ends open lines with an error of their own, behind which their ids are free', async () => {
    const client = await played(['kind: refuse, code: 10197, of: usfarm, afterTapeSeconds: 10'])
    expect(client.frames.filter((frame) => frame.startsWith('4|2|1|'))).toEqual([
      '4|2|1|10197|No market data during competing live session||',
    ])
    expect(dataOf(client, STOCK)).toEqual(from(0, 10))
    expect(dataOf(client, OPTION)).toEqual(from(0, SECONDS))
    client.send(...marketDataRequest(STOCK, TWX))
    expect(await client.frame('1|6|1|1|', client.frames.length)).toContain('|70.99|')
    await client.close()
  })

  it('meets new requests for as long as it lasts, those of other lines not', async () => {
    const { port } = await serve(
      [
        'kind: refuse, code: 354, of: TWX, tapeSeconds: 20',
        'kind: refuse, code: 200, requests: [contract-details], of: usopt, tapeSeconds: 20',
      ],
      { startAfterLines: 1 },
    )
    const client = await connect(port)
    client.send(9, 8, 4, ...contractFields(JUNE_70_CALL), 0, '', '', '')
    expect(await client.frame('4|2|4|')).toMatch(/^4\|2\|4\|200\|No security definition/)
    client.send(...marketDataRequest(STOCK, TWX))
    expect(await client.frame('4|2|1|')).toMatch(/^4\|2\|1\|354\|Requested market data is not subscribed\./)
    client.send(...marketDataRequest(OPTION, JUNE_70_CALL))
    await whole(client)
    client.send(...marketDataRequest(STOCK, TWX))
    await client.frame('1|6|1|1|')
    await client.close()
  })
})

describe('a request that is left unanswered', () => {
  it('is one of those that are named; the others are answered', async () => {
    const { port } = await serve(['kind: unanswered, requests: [contract-details], of: TWX, tapeSeconds: 20'])
    const client = await connect(port)
    client.send(9, 8, 3, ...contractFields(TWX), 0, '', '', '')
    client.send(9, 8, 4, ...contractFields(JUNE_70_CALL), 0, '', '', '')
    ask(client)
    await client.frame('52|1|4|')
    await whole(client)
    expect(client.frames.some((frame) => /^(10|52)\|(1\|)?3\|/.test(frame))).toBe(false)
    client.send(9, 8, 3, ...contractFields(TWX), 0, '', '', '')
    await client.frame('52|1|3|')
    await client.close()
  })
})

describe('a stall', () => {
  it('holds back all data, then sends it in one burst that has the time of its end', async () => {
    const client = await played(['kind: stall, afterTapeSeconds: 10, tapeSeconds: 16'])
    expect(dataOf(client, STOCK)).toEqual([...from(0, 10), ...from(26, SECONDS)])
    const bids = client.frames.filter((frame) => frame.startsWith('1|6|1|1|')).map((frame) => Number(frame.split('|')[4]))
    expect(bids).toEqual(from(0, SECONDS).map((i) => Number((70 + i / 100).toFixed(2))))
    await client.close()
  })

  it('does not hold back answers, nor the data of clients that it is not about', async () => {
    const { port, logged } = await serve(['kind: stall, secondsAfterConnect: 0, tapeSeconds: 600, clientId: 1'], { startAfterLines: 4 })
    const client = await connect(port)
    const other = await connect(port, 2)
    await begun(logged, 1)
    ask(client)
    // Tape time stands still until the other one asks. Its seconds are the answer; published time is in microseconds.
    client.send(49, 1)
    await client.frame(`49|1|${OPEN_US / SECOND_US}|`)
    ask(other)
    await Promise.all([whole(client), whole(other)])
    expect(dataOf(other, STOCK)).toEqual(from(0, SECONDS))
    // It ends with the tape.
    expect(dataOf(client, STOCK)).toEqual([SECONDS - 1])
    await Promise.all([client.close(), other.close()])
  })
})

describe('a half-open connection', () => {
  it('says nothing more and does not end, and its client id is taken until the gateway notices', async () => {
    const { gateway, port } = await serve(['kind: half-open, afterTapeSeconds: 10, seconds: 3600, clientId: 1'], {
      startAfterLines: 4,
    })
    const [client, other] = [await connect(port), await connect(port, 2)]
    ask(client)
    ask(other)
    await whole(other)
    expect(dataOf(client, STOCK)).toEqual(from(0, 10))
    const frames = client.frames.length
    client.send(49, 1)
    const again = await RawTwsClient.connect({ port })
    await again.until(() => again.frames.length > 0)
    again.send(71, 2, 1, '')
    await again.frame('4|2|-1|326|')
    expect([client.frames.length, client.isClosed]).toEqual([frames, false])
    await gateway.stop()
    await client.closed
  })

  it('is dropped when the gateway notices', async () => {
    const { port } = await serve(['kind: half-open, secondsAfterConnect: 0, seconds: 0.05'])
    const client = await connect(port)
    await client.closed
    const again = await connect(port)
    expect(again.isClosed).toBe(false)
    await again.close()
  })
})

describe('a slow gateway', () => {
  it('writes few bytes of many to the client that it is about, and the rest when it is over', async () => {
    const { gateway, port, logged } = await serve(['kind: slow, bytesPerSecond: 10, clientId: 1, secondsAfterConnect: 0, connection: 2'], {
      startAfterLines: 4,
    })
    const [client, other] = [await connect(port), await connect(port, 2)]
    await begun(logged, 1)
    ask(other)
    ask(client)
    await whole(other)
    expect(dataOf(client, STOCK).length).toBeLessThan(SECONDS)
    await gateway.stop()
    await client.closed
    expect(dataOf(client, STOCK)).toEqual(from(0, SECONDS))
    await other.close()
  })

  it('reads few requests of many, and the rest when it is over', async () => {
    const { gateway, port, logged } = await serve(['kind: slow, requestsPerSecond: 1, clientId: 1, secondsAfterConnect: 0, connection: 2'])
    const [client, other] = [await connect(port), await connect(port, 2)]
    await begun(logged, 1)
    // Request ids that nobody knows are answered with 300 each.
    const cancels = Array.from({ length: 200 }, (_, i) => frameOf([2, 2, 1000 + i]))
    client.sendBytes(Buffer.concat(cancels))
    other.sendBytes(Buffer.concat(cancels))
    await other.frame('4|2|1199|300|')
    const answered = client.frames.filter((frame) => frame.includes('|300|')).length
    expect(answered).toBeLessThan(200)
    await gateway.stop()
    await Promise.all([client.closed, other.close()])
  })
})

describe('a restart', () => {
  it('ends every connection and refuses new ones while it lasts', async () => {
    const { port } = await serve(['kind: restart, afterTapeSeconds: 10, seconds: 3600'])
    const client = await connect(port)
    ask(client)
    await client.closed
    const refused = RawTwsClient.dial(port)
    const errors: string[] = []
    refused.socket.on('error', (error: NodeJS.ErrnoException) => errors.push(error.code ?? ''))
    await refused.closed
    expect(errors).toEqual(['ECONNREFUSED'])
  })

  it('is over after its time: the gateway is back on its port', async () => {
    const { port, logged } = await serve(['kind: restart, afterTapeSeconds: 10, seconds: 0.05'])
    const client = await connect(port)
    ask(client)
    await client.closed
    await vi.waitFor(async () => {
      const again = await RawTwsClient.connect({ port })
      await again.until(() => again.frames.length > 0)
      await again.close()
      expect(again.frames).toHaveLength(1)
    }, PATIENTLY)
    expect(logged.filter((line) => line.includes('A fault'))).toEqual([
      'info: A fault begins: restart of the gateway',
      'info: A fault ends: restart of the gateway',
    ])
  })
})

describe('a wrong handshake', () => {
  it('is silent, of another version, or closed at once; what comes behind is let in', async () => {
    const { gateway, port } = await serve([
      'kind: handshake, how: silent, connections: 1, seconds: 3600',
      'kind: handshake, how: version, version: 250, connections: 1, seconds: 3600',
      'kind: handshake, how: closed, connections: 1, seconds: 3600',
    ])
    const silent = await RawTwsClient.connect({ port })
    const version = await RawTwsClient.connect({ port })
    expect(await version.frame('250|')).toBe('250||')
    const closed = RawTwsClient.dial(port)
    await closed.closed
    const client = await connect(port)
    ask(client)
    await whole(client)
    expect([silent.frames, silent.isClosed, closed.frames]).toEqual([[], false, []])
    await gateway.stop()
    await Promise.all([silent.closed, version.closed, client.close()])
  })
})

describe('the script', () => {
  it('is logged: what begins, what ends, and what never came', async () => {
    const { gateway, logged } = await serve(
      [
        'kind: silence, of: [usopt, TWX], feed: market-data, tapeSeconds: 5',
        'kind: silence, afterTapeSeconds: 90, tapeSeconds: 600',
        'kind: restart, afterTapeSeconds: 101, seconds: 5',
      ],
      { startAfterLines: 0 },
    )
    await gateway.ended
    await gateway.stop()
    expect(logged.filter((line) => line.includes('ault'))).toEqual([
      'info: A fault begins: silence of usopt, TWX (market-data)',
      'info: A fault ends: silence of usopt, TWX (market-data)',
      'info: A fault begins: silence of all',
      'info: A fault ends: silence of all',
      'warn: A fault of the script never came: restart of the gateway',
    ])
  })

  it('that names contracts which are not on the tape is refused', async () => {
    await expect(serve(['kind: silence, of: [TWX, IBM, usopt]'])).rejects.toThrow(
      /^The fault script test\.yaml names what is not served: IBM\. Expected all, a farm/,
    )
  })
})
