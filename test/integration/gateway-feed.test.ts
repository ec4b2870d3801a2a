/** What the gateway serves of tapes that hold more than one kind of data: quarantined ticks, two sources of quotes, delayed data, indices. */

import { EventName, IBApi, SecType, WhatToShow, BarSizeSetting } from '@stoqey/ib'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import type { Contract, IndexContract } from '../../market/contract.ts'
import type { Quote, Statistic, TapeRecord, Trade } from '../../market/tick.ts'
import {
  CONTRACTS,
  contractFields,
  marketDataRequest,
  MS_US,
  OPEN_US,
  quoteAt,
  SECOND_US,
  type TapeRoom,
  TWX,
  tapeOf,
  tapeRoom,
  tickByTickRequest,
} from '../support/gateway/gateway-tape.ts'
import { RawTwsClient } from '../support/gateway/raw-tws-client.ts'
import { finding, flagged, quarantined, verdictOf } from '../support/tape/verdicts.ts'

let room: TapeRoom

beforeAll(async () => {
  room = await tapeRoom()
})
afterAll(() => room.clear())

const OPEN_SECONDS = OPEN_US / SECOND_US

function of(client: RawTwsClient, pattern: RegExp): string[] {
  return client.frames.filter((frame) => pattern.test(frame))
}

/** Everything that came up to the answer of one more request. */
async function all(client: RawTwsClient): Promise<string[]> {
  client.send(61, 1)
  await client.frame('62|1|')
  return client.frames
}

describe('quarantined ticks', () => {
  it('are served as any others, since the feed said them: live, and as history', async () => {
    const verdict = quarantined('crossed-quote', 'bid 71 is above ask 70.05')
    const trade: Trade = { kind: 'trade', seq: 0, tsUs: OPEN_US + 2, instrument: 0, price: 99, size: 1, source: 'import', verdict }
    const ticks: TapeRecord[] = [quoteAt(0, 0, [70, 3], [70.05, 4]), { ...quoteAt(1, 0, [71, 3], [70.05, 4]), verdict }, trade]
    const { gateway, port } = await room.serve(tapeOf(ticks), { startAfterLines: 2 })
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    client.send(...marketDataRequest(1, TWX))
    client.send(...tickByTickRequest(2, TWX, 'BidAsk'))
    await gateway.ended
    client.send(96, 3, ...contractFields(TWX), 0, '20140605-13:30:00', '', 10, 'TRADES', 0, 0, '')
    await client.frame('98|3|')
    expect(of(client, /^1\|6\|1\|[14]\|/)).toEqual(['1|6|1|1|70|3|1|', '1|6|1|1|71|3|1|', '1|6|1|4|99|1|0|'])
    expect(of(client, /^99\|/)).toEqual([`99|2|3|${OPEN_SECONDS}|70|70.05|3|4|0|`, `99|2|3|${OPEN_SECONDS}|71|70.05|3|4|0|`])
    expect(of(client, /^98\|/)).toEqual([`98|3|1|${OPEN_SECONDS}|0|99|1|||1|`])
    await client.close()
  })
})

describe('ticks whose fault cannot be found in them', () => {
  const verdict = (...rules: string[]) => verdictOf(...rules.map((rule) => finding('quarantine', rule, 'of no importance')))
  const ticks: TapeRecord[] = [
    quoteAt(0, 0, [70, 3], [70.05, 4]),
    { ...quoteAt(1, 0, [50, 3], [70.05, 4]), verdict: verdict('unfinished') },
    { ...quoteAt(2, 0, [51, 3], [70.05, 4]), verdict: verdict('unknown-instrument') },
    { ...quoteAt(3, 0, [52, 3], [70.05, 4]), verdict: verdict('crossed-quote', 'database-refused') },
    { ...quoteAt(4, 0, [53, 3], [70.05, 4]), verdict: flagged('unfinished', 'only flagged') },
  ]

  it('are not served, neither live nor as state nor as history, and are counted', async () => {
    const { gateway, port } = await room.serve(tapeOf(ticks), { startAfterLines: 2 })
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    client.send(...marketDataRequest(1, TWX))
    client.send(...tickByTickRequest(2, TWX, 'BidAsk'))
    expect(await gateway.ended).toMatchObject({ notServed: 3, notServedByVerdict: 3 })
    client.send(...marketDataRequest(3, TWX))
    client.send(96, 4, ...contractFields(TWX), 0, '20140605-13:30:00', '', 10, 'BID_ASK', 0, 0, '')
    await client.frame('97|4|')
    expect(of(client, /^1\|6\|[13]\|1\|/)).toEqual(['1|6|1|1|70|3|1|', '1|6|1|1|53|3|1|', '1|6|3|1|53|3|1|'])
    expect(of(client, /^99\|/).map((frame) => frame.split('|')[4])).toEqual(['70', '53'])
    expect(of(client, /^97\|/)).toEqual([`97|4|2|${OPEN_SECONDS}|0|70|70.05|3|4|${OPEN_SECONDS}|0|53|70.05|3|4|1|`])
    await client.close()
  })
})

describe('records of any source', () => {
  const ticks = [quoteAt(0, 0, [70, 3], [70.05, 4]), quoteAt(SECOND_US, 0, [71, 3], [71.05, 4])]

  it('are served like a tape, live and as history, whatever the chunks they come in', async () => {
    const records = tapeOf(ticks)
    let readings = 0
    const source = {
      name: 'session 7',
      async *records() {
        readings++
        for (const record of records) yield { sessionId: 7, records: [record] }
      },
    }
    const { gateway, port } = await room.serveSource(source)
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    client.send(...marketDataRequest(1, TWX))
    expect(await gateway.ended).toMatchObject({ ticksServed: 2, tapeUs: OPEN_US + SECOND_US })
    client.send(96, 4, ...contractFields(TWX), 0, '20140605-13:30:01', '', 10, 'BID_ASK', 0, 0, '')
    await client.frame('97|4|')
    expect(of(client, /^1\|6\|1\|1\|/)).toEqual(['1|6|1|1|70|3|1|', '1|6|1|1|71|3|1|'])
    expect(of(client, /^97\|/)).toEqual([`97|4|1|${OPEN_SECONDS + 1}|0|71|71.05|3|4|1|`])
    expect(readings).toBe(3)
    await client.close()
  })

  it('of one contract under two numbers are one contract', async () => {
    const again: TapeRecord[] = [
      { kind: 'contract', seq: 0, tsUs: OPEN_US, instrument: 9, contract: TWX },
      { ...quoteAt(2 * SECOND_US, 0, [72, 3], [72.05, 4]), instrument: 9 },
    ]
    const { gateway, port } = await room.serve(tapeOf([...ticks, ...again]))
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    client.send(...marketDataRequest(1, TWX))
    expect(await gateway.ended).toMatchObject({ ticksServed: 3 })
    client.send(...marketDataRequest(2, TWX))
    await all(client)
    expect(of(client, /^1\|6\|[12]\|1\|/)).toEqual(['1|6|1|1|70|3|1|', '1|6|1|1|71|3|1|', '1|6|1|1|72|3|1|', '1|6|2|1|72|3|1|'])
    await client.close()
  })
})

describe('a tape with sampled and tick-by-tick quotes of one stock', () => {
  const tickByTick = (quote: Quote): Quote => ({ ...quote, source: 'tick-by-tick' })
  const ticks = [
    quoteAt(0, 0, [70, 1], [71, 1]),
    tickByTick(quoteAt(1, 0, [50, 1], [51, 1])),
    tickByTick(quoteAt(2, 0, [52, 1], [53, 1])),
    quoteAt(3, 0, [72, 1], [73, 1]),
    tickByTick(quoteAt(SECOND_US, 0, [54, 1], [55, 1])),
  ]

  it('gives each line its own, and history the tick-by-tick ones', async () => {
    const { gateway, port } = await room.serve(tapeOf(ticks), { startAfterLines: 2 })
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    client.send(...marketDataRequest(1, TWX))
    client.send(...tickByTickRequest(2, TWX, 'BidAsk'))
    expect(await gateway.ended).toMatchObject({ changes: 5, ticksServed: 5 })
    client.send(20, 3, ...contractFields(TWX), 0, '', '1 min', '1 D', 0, 'MIDPOINT', 2, 0, '')
    await client.frame('17|3|')
    expect(of(client, /^1\|6\|1\|1\|/)).toEqual(['1|6|1|1|70|1|1|', '1|6|1|1|72|1|1|'])
    expect(of(client, /^99\|/).map((frame) => frame.split('|')[4])).toEqual(['50', '52', '54'])
    expect(of(client, /^17\|/)[0]).toContain(`|1|${OPEN_SECONDS}|50.5|54.5|50.5|54.5|`)
    await client.close()
  })

  it('opens new lines with the state of their own kind', async () => {
    const { gateway, port } = await room.serve(tapeOf(ticks), { startAfterLines: 0 })
    await gateway.ended
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    client.send(...marketDataRequest(1, TWX))
    client.send(...tickByTickRequest(2, TWX, 'BidAsk'))
    await all(client)
    expect(of(client, /^(1\|6|99)\|/)).toEqual(['1|6|1|1|72|1|1|', '1|6|1|2|73|1|1|', `99|2|3|${OPEN_SECONDS + 1}|54|55|1|1|0|`])
    await client.close()
  })

  it('samples the tick-by-tick ones where it has no others', async () => {
    const only = [0, 100, 200, 260].map((ms, i) => tickByTick(quoteAt(ms * MS_US, 0, [70 + i, 1], [80, 1])))
    const { gateway, port } = await room.serve(tapeOf(only), { startAfterLines: 2, sampling: true })
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    client.send(...marketDataRequest(1, TWX))
    client.send(...tickByTickRequest(2, TWX, 'BidAsk'))
    await gateway.ended
    await all(client)
    expect(of(client, /^1\|6\|1\|1\|/)).toEqual(['1|6|1|1|70|1|1|', '1|6|1|1|72|1|1|', '1|6|1|1|73|1|1|'])
    expect(of(client, /^99\|/)).toHaveLength(4)
    await client.close()
  })
})

describe('delayed data on a tape', () => {
  const trade: Trade = { kind: 'trade', seq: 0, tsUs: OPEN_US + 1, instrument: 0, price: 70, size: 5, source: 'last', delayed: true }
  const delayed: TapeRecord[] = [{ ...quoteAt(0, 0, [70, 3], [70.05, 4]), delayed: true }, trade]
  const notice = '4|2|1|10167|Requested market data is not subscribed. Displaying delayed market data.||'

  it.each([
    [1, '58|1|1|3|'],
    [2, '58|1|1|3|'],
    [3, '58|1|1|3|'],
    [4, '58|1|1|3|'],
  ])('is never told as live: a client that asked for type %i is told %s and gets the ids of delayed data', async (type, announced) => {
    const { gateway, port } = await room.serve(tapeOf(delayed))
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    client.send(59, 1, type)
    client.send(...marketDataRequest(1, TWX))
    await gateway.ended
    await all(client)
    expect(client.frames.slice(client.frames.indexOf(notice), -1)).toEqual([
      notice,
      announced,
      '81|1|0.01|9c0001|3|',
      '1|6|1|66|70|3|1|',
      '1|6|1|67|70.05|4|1|',
      `46|6|1|88|${OPEN_SECONDS}|`,
      '1|6|1|68|70|5|0|',
    ])
    await client.close()
  })

  it('and live data on one tape are told apart by a new announcement', async () => {
    const ticks = [...delayed, quoteAt(2, 0, [71, 3], [71.05, 4]), { ...quoteAt(3, 0, [72, 3], [71.05, 4]), delayed: true as const }]
    const { gateway, port } = await room.serve(tapeOf(ticks))
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    client.send(...marketDataRequest(1, TWX))
    await gateway.ended
    await all(client)
    expect(of(client, /^(58|1\|6)\|/).slice(-6)).toEqual([
      '1|6|1|68|70|5|0|',
      '58|1|1|1|',
      '1|6|1|1|71|3|1|',
      '1|6|1|2|71.05|4|1|',
      '58|1|1|3|',
      '1|6|1|66|72|3|1|',
    ])
    await client.close()
  })

  it('of one contract does not mark another', async () => {
    const { gateway, port } = await room.serve(tapeOf([...delayed, quoteAt(5, 1, [1, 1], [2, 1])]))
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    client.send(...marketDataRequest(1, CONTRACTS[1] ?? TWX))
    await gateway.ended
    await all(client)
    expect(of(client, /^(58|1\|6)\|/)).toEqual(['58|1|1|1|', '1|6|1|1|1|1|1|', '1|6|1|2|2|1|1|'])
    expect(of(client, /10167/)).toEqual([])
    await client.close()
  })
})

describe('an index', () => {
  const SPX: IndexContract = { kind: 'index', symbol: 'SPX', currency: 'USD', venue: 'CBOE' }
  const contracts: Contract[] = [SPX, ...CONTRACTS]
  const last = (afterUs: number, price: number): Trade => ({
    kind: 'trade',
    seq: 0,
    tsUs: OPEN_US + afterUs,
    instrument: 0,
    price,
    source: 'last',
  })
  const close: Statistic = { kind: 'statistic', seq: 0, tsUs: OPEN_US, instrument: 0, name: 'previous-close', value: 1927.88 }
  const ticks: TapeRecord[] = [close, last(1, 1940.5), last(2 * SECOND_US, 1941.25), last(3 * SECOND_US, 1941.25)]

  it('is found by its exchange, and has last prices without size, a close and history, but no quote', async () => {
    const { gateway, port } = await room.serve(tapeOf(ticks, contracts))
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    client.send(9, 8, 1, 0, 'SPX', 'IND', '', 0, '', '', 'CBOE', '', 'USD', '', '', 0, '', '', '')
    const details = (await client.frame('10|1|')).split('|')
    expect([details[2], details[3], details[8]]).toEqual(['SPX', 'IND', 'CBOE'])
    client.send(...marketDataRequest(2, SPX))
    await gateway.ended
    client.send(20, 3, ...contractFields(SPX), 0, '', '1 min', '1 D', 0, 'TRADES', 2, 0, '')
    await client.frame('17|3|')
    expect(of(client, /^(1|2|46)\|6\|2\|/)).toEqual([
      '1|6|2|9|1927.88|0|0|',
      ...[
        [0, 1940.5],
        [2, 1941.25],
        [3, 1941.25],
      ].flatMap(([seconds, price]) => [`46|6|2|45|${OPEN_SECONDS + (seconds ?? 0)}|`, `1|6|2|4|${price}|0|0|`]),
    ])
    expect(of(client, /^17\|/)[0]).toContain(`|1|${OPEN_SECONDS}|1940.5|1941.25|1940.5|1941.25|0|-1|3|`)
    await client.close()
  })

  it('is read by @stoqey/ib', async () => {
    const { gateway, port } = await room.serve(tapeOf(ticks, contracts))
    const ib = new IBApi({ host: '127.0.0.1', port, clientId: 1, maxReqPerSec: 40 })
    const prices: unknown[][] = []
    const bars: unknown[][] = []
    ib.on(EventName.tickPrice, (...args) => void prices.push(args))
    ib.on(EventName.historicalData, (...args) => void bars.push(args))
    const contract = { symbol: 'SPX', secType: SecType.IND, exchange: 'CBOE', currency: 'USD' }
    ib.on(EventName.nextValidId, () => ib.reqMktData(2, contract, '', false, false))
    ib.connect()
    await gateway.ended
    ib.reqHistoricalData(3, contract, '', '1 D', BarSizeSetting.MINUTES_ONE, WhatToShow.TRADES, 0, 2, false)
    await vi.waitUntil(() => bars.length >= 2, { timeout: 20_000 })
    expect(prices.map(([reqId, field, price]) => [reqId, field, price])).toEqual([
      [2, 9, 1927.88],
      [2, 4, 1940.5],
      [2, 4, 1941.25],
      [2, 4, 1941.25],
    ])
    expect(bars[0]?.slice(2, 6)).toEqual([1940.5, 1941.25, 1940.5, 1941.25])
    ib.removeAllListeners().disconnect()
  })
})
