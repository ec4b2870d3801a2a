/** Faults of data on demand, over real sockets: what a client of any descent sees of each kind, and that the others go on. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import type { GatewayOptions } from '../../backtester/gateway/server/gateway.ts'
import {
  ask,
  begun,
  connect,
  dataOf,
  from,
  OPTION,
  SECONDS,
  STOCK,
  secondsOf,
  serveFaults,
  whole,
} from '../support/gateway/faulty-gateway.ts'
import {
  contractFields,
  JUNE_70_CALL,
  marketDataRequest,
  OPEN_US,
  SECOND_US,
  type TapeRoom,
  TWX,
  tapeRoom,
  tickByTickRequest,
} from '../support/gateway/gateway-tape.ts'
import { RawTwsClient } from '../support/gateway/raw-tws-client.ts'

let room: TapeRoom

beforeAll(async () => {
  room = await tapeRoom()
})
afterAll(() => room.clear())

const serve = (faults: readonly string[], options?: Partial<GatewayOptions>) => serveFaults(room, faults, options)

const noticesOf = ({ frames }: RawTwsClient) =>
  frames.filter((frame) => /^4\|2\|-1\|(?!21(04|06|58)\|)/.test(frame)).map((frame) => frame.slice(7))

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

  it('of the history farm is that of tick-by-tick lines and of bars that are kept up to date', async () => {
    const { port } = await serve(['kind: silence, of: ushmds, afterTapeSeconds: 10, tapeSeconds: 20'])
    const client = await connect(port)
    client.send(...marketDataRequest(STOCK, TWX))
    client.send(20, 8, ...contractFields(TWX), 0, '', '5 secs', '1 D', 0, 'MIDPOINT', 2, 1, '')
    await client.frame('17|8|')
    client.send(...tickByTickRequest(9, TWX, 'BidAsk'))
    await whole(client)
    // The bar of the first second was history.
    expect(secondsOf(client, '90|8|')).toEqual([...from(1, 10), ...from(30, SECONDS)])
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

  it('may be one that is about no contract', async () => {
    const { port } = await serve([
      'kind: unanswered, requests: [current-time, positions]',
      'kind: refuse, code: 504, text: Not connected, requests: [market-rule], tapeSeconds: 9',
    ])
    const client = await connect(port)
    client.send(49, 1)
    client.send(61, 1)
    client.send(91, 26)
    expect(await client.frame('4|2|-1|504|')).toContain('|Not connected|')
    client.send(9, 8, 3, ...contractFields(TWX), 0, '', '', '')
    await client.frame('52|1|3|')
    expect(client.frames.some((frame) => /^(62\||49\|1\|\d{10}\|)/.test(frame))).toBe(false)
    await client.close()
  })
})

describe('a request that is answered late', () => {
  it('waits while others are answered, and an error of its own waits too', async () => {
    const { port } = await serve([
      'kind: late, requests: [contract-details], of: TWX, bySeconds: 0.05',
      'kind: late, requests: [cancel-market-data], bySeconds: 0.1',
    ])
    const client = await connect(port)
    client.send(9, 8, 3, ...contractFields(TWX), 0, '', '', '')
    client.send(2, 2, 77)
    client.send(9, 8, 4, ...contractFields(JUNE_70_CALL), 0, '', '', '')
    await client.frame('4|2|77|300|')
    expect(client.frames.filter((frame) => /^(52\|1\||4\|2\|)(3|4|77)\|/.test(frame)).map((frame) => frame.split('|')[2])).toEqual([
      '4',
      '3',
      '77',
    ])
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

  it('marks where each update in its burst ends when the time is published, and sends them back to back when it is not', async () => {
    const client = await played(['kind: stall, afterTapeSeconds: 10, tapeSeconds: 16'])
    const endUs = OPEN_US + 26 * SECOND_US
    const burst = client.frames.slice(client.frames.indexOf(`49|1|${endUs}|`), client.frames.indexOf(`49|1|${endUs + SECOND_US}|`))
    // Seconds 10 to 25 were held back; the quotes of second 26 follow.
    expect(burst.filter((frame) => frame === `49|1|${endUs}|`)).toHaveLength(2 * 16 + 1)
    const ofStock = (frame: string) => frame.startsWith('1|6|1|1|')
    const ends = burst.filter((frame) => ofStock(frame) || frame.startsWith('49|')).map((frame) => (ofStock(frame) ? 'bid' : 'time'))
    expect(ends.join(' ')).not.toContain('bid bid')
    expect(burst.filter(ofStock)).toHaveLength(17)
    await client.close()

    const { gateway, port } = await serve(['kind: stall, afterTapeSeconds: 10, tapeSeconds: 16'], { publishTime: false })
    const other = await connect(port)
    ask(other)
    await gateway.ended
    await other.frame('1|6|1|1|70.99|')
    expect(other.frames.filter(ofStock)).toHaveLength(SECONDS)
    expect(other.frames.filter((frame) => frame.startsWith('49|'))).toEqual([])
    await other.close()
  })

  it('does not hold back answers out of the tape either', async () => {
    const { port, logged } = await serve(['kind: stall, secondsAfterConnect: 0, tapeSeconds: 600, clientId: 1'], { startAfterLines: 4 })
    const client = await connect(port)
    await begun(logged, 1)
    ask(client)
    client.send(87, 5, ...contractFields(TWX), 0, 1, 'TRADES', 2)
    expect(await client.frame('4|2|5|')).toContain('No head time stamp')
    expect(dataOf(client, STOCK)).toEqual([])
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
