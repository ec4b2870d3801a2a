/** What docs/fault-scripts.md says of the words and choices of faults and no other test shows to a client of any descent. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { parseFaultScript } from '../../backtester/gateway/faults/script.ts'
import type { Contract } from '../../market/contract.ts'
import { ask, begun, connect, dataOf, from, OPTION, SECONDS, STOCK, serveFaults, whole } from '../support/gateway/faulty-gateway.ts'
import {
  contractFields,
  marketDataRequest,
  quoteAt,
  SECOND_US,
  type TapeRoom,
  TWX,
  tapeOf,
  tapeRoom,
  tickByTickRequest,
} from '../support/gateway/gateway-tape.ts'
import { RawTwsClient } from '../support/gateway/raw-tws-client.ts'

let room: TapeRoom
beforeAll(async () => {
  room = await tapeRoom()
})
afterAll(() => room.clear())

const errorsOf = ({ frames }: RawTwsClient) => frames.filter((frame) => /^4\|2\|\d/.test(frame)).map((frame) => frame.slice(4))

describe('a notice', () => {
  const INACTIVE = 'is inactive but should be available upon demand.'

  it.each([
    ['code: 1101', '1101|Connectivity between IBKR and Trader Workstation has been restored - data lost.'],
    ['code: 2104, farm: usfarm', '2104|Market data farm connection is OK:usfarm'],
    ['code: 2105, farm: ushmds', '2105|HMDS data farm connection is broken:ushmds'],
    ['code: 2106, farm: ushmds', '2106|HMDS data farm connection is OK:ushmds'],
    ['code: 2107, farm: ushmds', `2107|HMDS data farm connection ${INACTIVE}ushmds`],
    ['code: 2108, farm: usopt', `2108|Market data farm connection ${INACTIVE}usopt`],
    ['code: 2109', '2109|Order Event Warning: '],
    ['code: 2110', '2110|Connectivity between Trader Workstation and server is broken. It will be restored automatically.'],
    ['code: 2157, farm: secdefil', '2157|Sec-def data farm connection is broken:secdefil'],
    ['code: 2158, farm: secdefil', '2158|Sec-def data farm connection is OK:secdefil'],
    [
      'code: 1102, connected: [usfarm], notConnected: [usopt]',
      '1102|Connectivity between IBKR and Trader Workstation has been restored - data maintained. ' +
        'The following farms are connected: usfarm. The following farms are not connected: usopt.',
    ],
  ])('of %s has the words of IB', async (fields, text) => {
    const { port, logged } = await serveFaults(room, [`kind: notice, secondsAfterConnect: 0, ${fields}`])
    const client = await connect(port)
    await begun(logged, 1)
    client.send(61, 1)
    await client.frame('62|1|')
    const notices = client.frames.filter((frame) => frame.startsWith('4|2|-1|')).slice(3)
    expect(notices).toEqual([expect.stringContaining(`4|2|-1|${text}`)])
    await client.close()
  })
})

describe('a refusal', () => {
  it.each([
    [101, 'Max number of tickers has been reached'],
    [200, 'No security definition has been found for the request'],
    [354, 'Requested market data is not subscribed. Delayed market data is not available.'],
    [10182, 'Failed to request live updates (disconnected).'],
    [10197, 'No market data during competing live session'],
  ])('%i has the words of IB', async (code, text) => {
    const { port } = await serveFaults(room, [`kind: refuse, code: ${code}, tapeSeconds: 90`])
    const client = await connect(port)
    client.send(...marketDataRequest(STOCK, TWX))
    client.send(...tickByTickRequest(7, TWX, 'Last'))
    await client.frame('4|2|7|')
    expect(errorsOf(client)).toEqual([`${STOCK}|${code}|${text}||`, `7|${code}|${text}||`])
    await client.close()
  })

  it('meets requests of every kind that it names', async () => {
    const names = ['market-data', 'tick-by-tick', 'contract-details', 'option-chain', 'historical-data', 'historical-ticks', 'current-time']
    const { port } = await serveFaults(room, [
      `kind: refuse, code: 504, text: Not connected, requests: [${names.join(', ')}], tapeSeconds: 90`,
    ])
    const client = await connect(port)
    const fields = contractFields(TWX)
    client.send(...marketDataRequest(1, TWX))
    client.send(...tickByTickRequest(2, TWX, 'Last'))
    client.send(9, 8, 3, ...fields, 0, '', '', '')
    client.send(78, 4, 'TWX', '', 'STK', 1)
    client.send(20, 5, ...fields, 0, '', '1 min', '1 D', 1, 'TRADES', 2, 0, '')
    client.send(96, 6, ...fields, 0, '20140605-13:30:00', '', 10, 'TRADES', 0, 0, '')
    client.send(49, 1)
    await client.frame('4|2|-1|504|')
    expect(errorsOf(client)).toEqual([1, 2, 3, 4, 5, 6].map((reqId) => `${reqId}|504|Not connected||`))
    // Others are answered.
    client.send(61, 1)
    await client.frame('62|1|')
    await client.close()
  })
})

describe('a request that is answered late', () => {
  it('waits as long as that lasts, and is answered at once behind it', async () => {
    const { gateway, port } = await serveFaults(room, ['kind: late, requests: [contract-details], bySeconds: 3600, tapeSeconds: 20'])
    const client = await connect(port)
    client.send(9, 8, 3, ...contractFields(TWX), 0, '', '', '')
    ask(client)
    await gateway.ended
    client.send(9, 8, 4, ...contractFields(TWX), 0, '', '', '')
    await client.frame('52|1|4|')
    expect(client.frames.some((frame) => frame.startsWith('52|1|3|'))).toBe(false)
    await client.close()
  })
})

describe('history that is refused or slow', () => {
  it('says why in the words of IB, and holds its answers back', async () => {
    const { gateway, port } = await serveFaults(
      room,
      [
        'kind: refuse, code: 162, history: pacing, requests: [historical-data], tapeSeconds: 20',
        'kind: refuse, code: 162, history: other-session, requests: [historical-ticks], tapeSeconds: 20',
        'kind: late, requests: [historical-data], bySeconds: 0.3, afterTapeSeconds: 30',
      ],
      { startAfterLines: 1 },
    )
    const client = await connect(port)
    const bars = (reqId: number) => client.send(20, reqId, ...contractFields(TWX), 0, '', '1 min', '1 D', 0, 'MIDPOINT', 2, 0, '')
    bars(3)
    client.send(96, 4, ...contractFields(TWX), 0, '20140605-13:30:00', '', 10, 'BID_ASK', 0, 0, '')
    const said = 'Historical Market Data Service error message'
    expect(await client.frame('4|2|3|')).toBe(`4|2|3|162|${said}:Historical data request pacing violation||`)
    expect(await client.frame('4|2|4|')).toBe(`4|2|4|162|${said}:Trading TWS session is connected from a different IP address||`)
    ask(client)
    await gateway.ended
    bars(5)
    client.send(9, 8, 6, ...contractFields(TWX), 0, '', '', '')
    await client.frame('17|5|')
    // What was asked behind it was answered before.
    const at = (prefix: string) => client.frames.findIndex((frame) => frame.startsWith(prefix))
    expect(at('52|1|6|')).toBeLessThan(at('17|5|'))
    expect(at('52|1|6|')).toBeGreaterThan(0)
    await client.close()
  })
})

describe('silence', () => {
  it('of one feed leaves the other alone', async () => {
    const { port } = await serveFaults(room, ['kind: silence, of: TWX, feed: tick-by-tick, afterTapeSeconds: 10'])
    const client = await connect(port)
    client.send(...marketDataRequest(STOCK, TWX))
    client.send(...tickByTickRequest(9, TWX, 'BidAsk'))
    await whole(client)
    expect(dataOf(client, STOCK)).toEqual(from(0, SECONDS))
    expect(client.frames.filter((frame) => frame.startsWith('99|9|'))).toHaveLength(10)
    await client.close()
  })

  it('of usfuture is that of futures, of usfarm that of indices too', async () => {
    const index: Contract = { kind: 'index', symbol: 'SPX', currency: 'USD', venue: 'CBOE' }
    const terms = { symbol: 'ES', currency: 'USD', expiry: '2014-06-20', multiplier: 50, tradingClass: 'ES', venue: 'CME' } as const
    const quotes = from(0, 10).flatMap((i) => [0, 1, 2].map((instrument) => quoteAt(i * SECOND_US, instrument, [70 + i, 1], [71 + i, 1])))
    for (const [farm, silent] of [
      ['usfuture', [2]],
      ['usfarm', [1, 3]],
    ] as const) {
      const faults = parseFaultScript(`faults: [{ kind: silence, of: ${farm}, afterTapeSeconds: 5 }]`, 'test.yaml')
      const tape = tapeOf(quotes, [index, { kind: 'future', ...terms }, TWX])
      const { port } = await room.serve(tape, { publishTime: true, startAfterLines: 3, faults })
      const client = await connect(port)
      client.send(...marketDataRequest(1, index))
      client.send(1, 11, 2, '', 'ES', 'FUT', '20140620', 0, '', '', 'CME', '', 'USD', '', '', 0, '', 0, 0, '')
      client.send(...marketDataRequest(3, TWX))
      await whole(client)
      for (const reqId of [1, 2, 3]) expect(dataOf(client, reqId)).toEqual(from(0, (silent as readonly number[]).includes(reqId) ? 5 : 10))
      await client.close()
    }
  })
})

describe('tape time', () => {
  it('goes on while nobody is connected, but not before the lines are open', async () => {
    const { gateway, port, logged } = await serveFaults(room, ['kind: restart, afterTapeSeconds: 10, seconds: 0.05'])
    const client = await connect(port)
    expect(gateway.progress.state).toBe('standing')
    ask(client)
    await client.closed
    await gateway.ended
    await begun(logged, 1)
    expect(gateway.progress).toMatchObject({ state: 'ended', fraction: 1 })
  })
})

describe('faults of one client', () => {
  it('leave the others alone', async () => {
    const faults = [
      'kind: notice, code: 2110, clientId: 1, afterTapeSeconds: 10',
      'kind: stall, clientId: 1, afterTapeSeconds: 20, tapeSeconds: 10',
    ]
    const { port } = await serveFaults(room, faults, { startAfterLines: 4 })
    const [client, other] = [await connect(port), await connect(port, 2)]
    ask(client)
    ask(other)
    await Promise.all([whole(client), whole(other)])
    expect(client.frames.filter((frame) => frame.includes('|2110|'))).toHaveLength(1)
    expect(other.frames.filter((frame) => frame.includes('|2110|'))).toHaveLength(0)
    expect(dataOf(other, OPTION)).toEqual(from(0, SECONDS))
    expect(dataOf(client, OPTION)).toEqual([...from(0, 20), ...from(30, SECONDS)])
    await Promise.all([client.close(), other.close()])
  })
})

describe('a wrong handshake', () => {
  it('answers version 1000 when none is named, and what it has taken is closed when it is over', async () => {
    const { port } = await serveFaults(room, ['kind: handshake, how: version, seconds: 0.3'])
    const client = await RawTwsClient.connect({ port })
    expect(await client.frame('1000|')).toBe('1000||')
    await client.closed
    const again = await connect(port)
    expect(again.isClosed).toBe(false)
    await again.close()
  })
})
