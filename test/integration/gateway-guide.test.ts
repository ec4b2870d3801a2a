/** What docs/replay-gateway.md says and no other test shows to a client of any descent: contracts, lines, history, limits. */

import { readFileSync } from 'node:fs'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import type { GatewayOptions } from '../../backtester/gateway/server/gateway.ts'
import { IB_LIMITS } from '../../backtester/gateway/server/limits.ts'
import { FIGURE_TYPES, wireType } from '../../backtester/gateway/protocol/tick-types.ts'
import { syntheticMarket } from '../../backtester/gateway/source/synthetic.ts'
import type { Contract } from '../../market/contract.ts'
import { Mark } from '../../market/marks.ts'
import type { TapeRecord, Trade, TradeSource } from '../../market/tick.ts'
import {
  contractFields,
  CONTRACTS,
  JUNE_70_CALL,
  marketDataRequest,
  MS_US,
  NO_LIMITS,
  OPEN_US,
  quoteAt,
  SECOND_US,
  type TapeRoom,
  TWX,
  tapeOf,
  tapeRoom,
  tickByTickRequest,
} from '../support/gateway/gateway-tape.ts'
import { frameOf, RawTwsClient } from '../support/gateway/raw-tws-client.ts'

const GUIDE = readFileSync('docs/replay-gateway.md', 'utf8').replaceAll(/\s+/g, ' ')
const OPEN_SECONDS = OPEN_US / SECOND_US

let room: TapeRoom
beforeAll(async () => {
  room = await tapeRoom()
})
afterAll(() => room.clear())

function trade(afterUs: number, price: number, source: TradeSource, more: Partial<Trade> = {}): Trade {
  return { kind: 'trade', seq: 0, tsUs: OPEN_US + afterUs, instrument: 0, price, size: 100, source, ...more }
}

function figure(afterUs: number, name: string, value: number): TapeRecord {
  return { kind: 'statistic', seq: 0, tsUs: OPEN_US + afterUs, instrument: 0, name, value }
}

/** A client that has opened its lines on a tape that was then played to its end. */
async function played(records: TapeRecord[], requests: (string | number)[][], contracts: Contract[] = CONTRACTS): Promise<RawTwsClient> {
  const { gateway, port } = await room.serve(tapeOf(records, contracts), { startAfterLines: requests.length })
  const client = await RawTwsClient.connect({ port, clientId: 1 })
  for (const request of requests) client.send(...request)
  await gateway.ended
  client.send(61, 1)
  await client.frame('62|1|')
  return client
}

/** A client of a tape that was played to its end before. */
async function afterwards(records: TapeRecord[], options: Partial<GatewayOptions> = {}, contracts?: Contract[]): Promise<RawTwsClient> {
  const { gateway, port } = await room.serve(tapeOf(records, contracts), { startAfterLines: 0, ...options })
  await gateway.ended
  return RawTwsClient.connect({ port, clientId: 1 })
}

const of = ({ frames }: RawTwsClient, pattern: RegExp) => frames.filter((frame) => pattern.test(frame))

describe('contracts', () => {
  const ES = {
    kind: 'future',
    symbol: 'ES',
    currency: 'USD',
    expiry: '2014-06-20',
    multiplier: 50,
    tradingClass: 'ES',
    venue: 'CME',
    priceGrid: [{ from: 0, increment: 0.25 }],
  } as const
  const future = ['', 'ES', 'FUT', '201406', 0, '', '', 'CME', '', 'USD', '', '']

  it('of futures are at their venue with their price grid, and have lines', async () => {
    const client = await afterwards([quoteAt(0, 0, [1940.25, 3], [1940.5, 4])], {}, [ES])
    client.send(9, 8, 1, ...future, 0, '', '', '')
    const details = (await client.frame('10|1|')).split('|')
    expect([2, 3, 4, 8, 10, 14, 15, 17].map((at) => details[at])).toEqual(['ES', 'FUT', '20140620', 'CME', 'ESM4', '0.25', '50', 'CME'])
    client.send(91, 1001)
    expect(await client.frame('93|')).toBe('93|1001|1|0|0.25|')
    client.send(1, 11, 2, ...future, 0, '', 0, 0, '')
    expect(await client.frame('1|6|2|2|')).toBe('1|6|2|2|1940.5|4|1|')
    client.send(20, 3, ...future, 0, '', '1 day', '2 D', 1, 'SCHEDULE', 1, 0, '')
    expect(await client.frame('4|2|3|162|')).toContain('SCHEDULE')
    await client.close()
  })

  it('that are not described, or by an id of a security, are refused with 200', async () => {
    const client = await afterwards([quoteAt(0, 0, [70, 1])])
    const nothing = ['', '', '', '', 0, '', '', '', '', '', '', '']
    client.send(9, 8, 1, ...nothing, 0, '', '', '')
    client.send(9, 8, 2, ...nothing.with(1, 'TWX'), 0, '', '', '')
    client.send(9, 8, 3, ...contractFields(TWX), 0, 'ISIN', 'US8873173038', '')
    client.send(1, 11, 4, ...contractFields(TWX).with(2, 'BAG'), 0, 0, '', 0, 0, '')
    await client.frame('4|2|4|')
    expect(of(client, /^4\|2\|\d/).map((frame) => frame.split('|').slice(2, 4))).toEqual(['1', '2', '3', '4'].map((id) => [id, '200']))
    await client.close()
  })

  it('have the same numbers on every gateway, the hours of the tape, an OCC symbol and plain order types', async () => {
    const hours = {
      readOn: '2014-06-05',
      timeZone: 'US/Central',
      trading: '20140605:0830-20140605:1515',
      liquid: '20140605:0830-20140605:1515',
    }
    const details: string[][] = []
    for (const contract of [JUNE_70_CALL, { ...JUNE_70_CALL, hours }]) {
      const client = await afterwards([quoteAt(0, 0, [1, 1])], {}, [contract])
      client.send(9, 8, 1, ...contractFields(JUNE_70_CALL), 0, '', '', '')
      details.push((await client.frame('10|1|')).split('|'))
      await client.close()
    }
    const [usual = [], listed = []] = details
    expect(usual[13]).toBe(listed[13])
    expect([usual[10], usual[12], usual[14], usual[15], usual[8]]).toEqual(['TWX   140621C00070000', 'TWX', '0.01', '100', 'SMART'])
    expect(usual[16]?.split(',')).toEqual(expect.arrayContaining(['LMT', 'MKT', 'STP']))
    expect(usual).toContain('US/Eastern')
    expect(listed).toContain('US/Central')
    expect(listed).toContain('20140605:0830-20140605:1515')
  })

  it('of a market that is made up are one stock and its options', async () => {
    const market = syntheticMarket({ contracts: 5, seed: 1, ticksPerSecond: 100, seconds: 10 })
    const { port } = await room.serveSource(market)
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    client.send(9, 8, 1, '', 'SYN', 'STK', '', 0, '', '', 'SMART', '', 'USD', '', '', 0, '', '', '')
    const conId = (await client.frame('10|1|')).split('|')[13] ?? ''
    client.send(9, 8, 2, '', 'SYN', 'OPT', '', 0, '', '', 'SMART', '', 'USD', '', '', 0, '', '', '')
    await client.frame('52|1|2|')
    expect(of(client, /^10\|2\|/)).toHaveLength(4)
    client.send(1, 11, 3, conId, 'SYN', 'STK', '', 0, '', '', 'SMART', '', 'USD', '', '', 0, '', 0, 0, '')
    await client.frame('1|6|3|4|')
    await client.close()
  })
})

describe('a line', () => {
  it('gets statistics under the tick type that they were recorded from, if need be only when they were asked for', async () => {
    const figures = [
      figure(0, 'call-open-interest', 1000),
      figure(1, 'put-volume', 7),
      figure(2, 'open-interest', 5),
      figure(3, 'mark-price', 70),
    ]
    const client = await played(figures, [
      marketDataRequest(1, TWX),
      marketDataRequest(2, TWX, { generics: '101' }),
      marketDataRequest(3, TWX, { generics: '100,232' }),
    ])
    expect(of(client, /^[12]\|6\|/)).toEqual([
      '2|6|2|27|1000|',
      '2|6|3|30|7|',
      '2|6|1|22|5|',
      '2|6|2|22|5|',
      '2|6|3|22|5|',
      '1|6|3|37|70|0|0|',
    ])
    await client.close()
  })

  it('knows the generic ticks that the guide names, and the ids of delayed data', () => {
    const numbers = (text = '') =>
      text.split(/, | and /).flatMap((part) => {
        const [from = Number.NaN, to = from] = part.split(' to ').map(Number)
        return Array.from({ length: to - from + 1 }, (_, i) => from + i)
      })
    const generics = numbers(/only when that was asked for: ([\d, to]+);/.exec(GUIDE)?.[1])
    const known = [...FIGURE_TYPES.values()].flatMap(({ generic }) => generic ?? [])
    expect(generics).toEqual([...new Set(known)].toSorted((a, b) => a - b))
    const ids = numbers(/the ids of delayed data \(([^)]+)\)/.exec(GUIDE)?.[1])
    const served = Array.from({ length: 110 }, (_, type) => [type, wireType(type, true)] as const).filter(([type, id]) => type !== id)
    expect(ids).toEqual(served.map(([, id]) => id).toSorted((a, b) => a - b))
  })

  it('gets option values as they were recorded', async () => {
    const values = {
      impliedVolatility: 0.25,
      delta: 0.5,
      optionPrice: 1.3,
      pvDividend: 0,
      gamma: 0.1,
      vega: 0.05,
      theta: -0.02,
      underlyingPrice: 70,
    }
    const bases = ['bid', 'ask', 'last', 'model'] as const
    const ticks = bases.map((basis, i): TapeRecord => ({ kind: 'greeks', seq: 0, tsUs: OPEN_US + i, instrument: 1, basis, ...values }))
    const client = await played(ticks, [marketDataRequest(1, JUNE_70_CALL)])
    expect(of(client, /^21\|/)).toEqual([10, 11, 12, 13].map((type) => `21|1|${type}|1|0.25|0.5|1.3|0|0.1|0.05|-0.02|70|`))
    await client.close()
  })

  it('gets computed option values behind its quotes: those of a price when it or the underlying moves, the model with every quote', async () => {
    const ticks = [
      quoteAt(0, 0, [70, 1], [71, 1]),
      quoteAt(1, 1, [2, 1], [3, 1]),
      quoteAt(2, 1, [2, 9], [3, 1]),
      quoteAt(3, 1, [2, 9], [3.2, 1]),
      quoteAt(4, 0, [71, 1], [72, 1]),
      quoteAt(5, 1, [2.1, 9], [3.2, 1]),
    ]
    const { gateway, port } = await room.serve(tapeOf(ticks), { rate: 0 })
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    client.send(...marketDataRequest(1, JUNE_70_CALL))
    await gateway.ended
    client.send(61, 1)
    await client.frame('62|1|')
    const values = of(client, /^21\|1\|/).map((frame) => frame.split('|').map(Number))
    expect(values.map((fields) => [fields[2], fields[6], fields[11]])).toEqual([
      ...[
        [10, 2],
        [11, 3],
        [13, 2.5],
        // A size alone.
        [13, 2.5],
        [11, 3.2],
        [13, 2.6],
      ].map((value) => [...value, 70.5]),
      ...[
        [10, 2.1],
        [11, 3.2],
        [13, 2.65],
      ].map((value) => [...value, 71.5]),
    ])
    await client.close()
  })

  it('takes each message from the trades that it was recorded from, and tick-by-tick data and history from the best', async () => {
    const trades = [
      trade(0, 70, 'tick-by-tick', { venue: 'NYSE' }),
      trade(1, 70.01, 'tick-by-tick', { venue: 'ARCA' }),
      trade(2, 70.02, 'rt-volume'),
      trade(3, 70.03, 'last'),
      figure(4, 'rt-day-volume', 12_345),
      figure(5, 'rt-vwap', 69.5),
      trade(6, 70.05, 'rt-volume'),
    ]
    const client = await played(trades, [
      marketDataRequest(1, TWX, { generics: '233' }),
      tickByTickRequest(2, TWX, 'Last'),
      tickByTickRequest(3, TWX, 'AllLast'),
    ])
    const ms = OPEN_US / 1000
    expect(of(client, /^(46|1)\|6\|1\|/)).toEqual([
      `46|6|1|48|70.02;100;${ms};100;70.02;true|`,
      `46|6|1|45|${OPEN_SECONDS}|`,
      '1|6|1|4|70.03|100|0|',
      // The tape's own volume and average price, which the next one brings.
      expect.stringMatching(/^46\|6\|1\|48\|70\.05;100;\d+;12445;69\.50/),
    ])
    const ticks = ['70|100|0|NYSE||', '70.01|100|0|ARCA||']
    expect(of(client, /^99\|2\|/)).toEqual(ticks.map((tick) => `99|2|1|${OPEN_SECONDS}|${tick}`))
    expect(of(client, /^99\|3\|/)).toEqual(ticks.map((tick) => `99|3|2|${OPEN_SECONDS}|${tick}`))
    client.send(96, 4, ...contractFields(TWX), 0, '20140605-13:30:00', '', 10, 'TRADES', 0, 0, '')
    expect(await client.frame('98|4|')).toMatch(/^98\|4\|2\|/)
    await client.close()
  })

  it('names the type of its data when it is frozen, and once more ahead of first values', async () => {
    const initial = { ...quoteAt(1, 0, [71, 4], [72, 4]), marks: Mark.initial }
    const frozen = { ...quoteAt(2, 0, [73, 4], [74, 4]), marks: Mark.frozen }
    const ticks = [quoteAt(0, 0, [70, 3], [70.05, 4]), initial, frozen]
    const client = await played(ticks, [marketDataRequest(1, TWX)])
    expect(of(client, /^(58|1\|6\|1\|1\|)/)).toEqual([
      '58|1|1|1|',
      '1|6|1|1|70|3|1|',
      '58|1|1|1|',
      '1|6|1|1|71|4|1|',
      '58|1|1|2|',
      '1|6|1|1|73|4|1|',
    ])
    client.send(59, 1, 3)
    client.send(...marketDataRequest(2, TWX))
    await client.frame('58|1|2|4|')
    await client.close()
  })

  it('gets prices ahead of sizes, with what the tape says of them', async () => {
    const ticks = [
      quoteAt(0, 0, [70, 3], [70.05, 4]),
      { ...quoteAt(1, 0, [70.01, 3], [70.05, 9]), marks: Mark.preOpen },
      { ...quoteAt(2, 0, [70.02, 3], [70.05, 9]), marks: Mark.bidPastLimit },
    ]
    const client = await played(ticks, [marketDataRequest(1, TWX)])
    expect(of(client, /^[12]\|6\|1\|/).slice(2)).toEqual(['1|6|1|1|70.01|3|5|', '2|6|1|3|9|', '1|6|1|1|70.02|3|3|'])
    await client.close()
  })

  it('gets an empty field for a size that is not known, and the size of a side without a price by itself', async () => {
    const sizeless: TapeRecord = { ...quoteAt(0, 0), bidPrice: 70, askPrice: 71, askSize: 5 }
    const priceless: TapeRecord = { ...quoteAt(1, 0), askPrice: 71, askSize: 5, bidSize: 8 }
    const client = await played([sizeless, priceless], [marketDataRequest(1, TWX), tickByTickRequest(2, TWX, 'BidAsk')])
    expect(of(client, /^([12]\|6\|1|99)\|/)).toEqual([
      `99|2|3|${OPEN_SECONDS}|70|71||5|0|`,
      '1|6|1|1|70||1|',
      '1|6|1|2|71|5|1|',
      // An empty side.
      `99|2|3|${OPEN_SECONDS}|-1|71|0|5|0|`,
      '1|6|1|1|-1|0|0|',
      '2|6|1|0|8|',
    ])
    await client.close()
  })
})

describe('history', () => {
  it('has at most 1000 ticks of one request, and the rest of their second', async () => {
    const trades = Array.from({ length: 2500 }, (_, i) => trade(i * MS_US, 70 + (i % 100) / 100, 'import'))
    const client = await afterwards(trades)
    client.send(96, 1, ...contractFields(TWX), 0, '20140605-13:30:00', '', 5000, 'TRADES', 0, 0, '')
    client.send(96, 2, ...contractFields(TWX), 0, '', '20140605-13:30:03', 1000, 'TRADES', 0, 0, '')
    expect((await client.frame('98|1|')).split('|')[2]).toBe('1000')
    // Up to the end there are half a second and the whole one before.
    expect((await client.frame('98|2|')).split('|')[2]).toBe('1500')
    await client.close()
  })

  it('reads a time without a zone as New York, and says so; days of answers are dates', async () => {
    const client = await afterwards([trade(0, 70, 'import'), trade(60 * SECOND_US, 71, 'import')])
    client.send(20, 1, ...contractFields(TWX), 0, '20140605 09:31:00', '1 min', '1 D', 1, 'TRADES', 1, 0, '')
    expect(await client.frame('17|1|')).toContain('|1|20140605 09:30:00 US/Eastern|70|')
    expect(of(client, /^4\|2\|1\|2174\|/)).toHaveLength(1)
    client.send(20, 2, ...contractFields(TWX), 0, '', '1 day', '1 D', 1, 'TRADES', 2, 0, '')
    expect(await client.frame('17|2|')).toContain('|1|20140605|70|71|70|71|200|')
    await client.close()
  })

  it('counts market days in a duration of days, the last one being that of the end', async () => {
    const dayUs = 86_400 * SECOND_US
    // Thursday, Friday, Monday.
    const client = await afterwards([0, 1, 4].map((day, i) => trade(day * dayUs, 70 + i, 'import')))
    client.send(20, 1, ...contractFields(TWX), 0, '', '1 day', '2 D', 1, 'TRADES', 1, 0, '')
    const frame = await client.frame('17|1|')
    expect(frame.match(/\|(\d{8})\|/g)).toEqual(['|20140606|', '|20140609|'])
    await client.close()
  })

  it('leaves trades that set no price out of the prices of bars, and has bars of implied volatility', async () => {
    const trades = [trade(0, 70, 'import'), trade(1, 99, 'import', { conditions: ' 4 I' }), trade(2, 98, 'import', { conditions: '20' })]
    const client = await afterwards([...trades, figure(3, 'implied-volatility', 0.3)])
    client.send(20, 1, ...contractFields(TWX), 0, '', '1 min', '1 D', 1, 'TRADES', 2, 0, '')
    expect(await client.frame('17|1|')).toMatch(/\|70\|70\|70\|70\|300\|[\d.]+\|3\|$/)
    client.send(20, 2, ...contractFields(TWX), 0, '', '1 min', '1 D', 1, 'OPTION_IMPLIED_VOLATILITY', 2, 0, '')
    expect(await client.frame('17|2|')).toContain(`|1|${OPEN_SECONDS}|0.3|0.3|0.3|0.3|`)
    await client.close()
  })

  it('of one client is asked for by so many requests at once and no more', async () => {
    const client = await afterwards([trade(0, 70, 'import')], { limits: { ...NO_LIMITS, openHistories: 50 } })
    const asked = Array.from({ length: 51 }, (_, i) => frameOf([87, i + 1, ...contractFields(TWX), 0, 1, 'TRADES', 2]))
    client.sendBytes(Buffer.concat(asked))
    await client.frame('88|50|')
    expect(of(client, /^4\|2\|\d/).map((frame) => frame.split('|').slice(2, 4))).toEqual([['51', '162']])
    await client.close()
  })
})

describe('the limits', () => {
  it('are by default those of the table', () => {
    const table: [RegExp, number][] = [
      [/messages of one client, `--message-rate` \| (\d+)\/s/, IB_LIMITS.messagesPerSecond],
      [/tick-by-tick lines over all clients, `--tick-by-tick` \| (\d+) /, IB_LIMITS.tickByTick],
      [/the same tick-by-tick data for one client \| once in (\d+) s/, IB_LIMITS.tickByTickAgainMs / 1000],
      [/requests for the time \| one a (second) /, IB_LIMITS.timeAgainMs / 1000],
      [/open requests for history of one client \| (\d+) /, IB_LIMITS.openHistories],
      [/ended as soon as both sides of the quote were sent, or after (\d+) s/, IB_LIMITS.snapshotMs / 1000],
    ]
    expect(table.map(([pattern]) => pattern.exec(GUIDE)?.[1]?.replace('second', '1'))).toEqual(table.map(([, limit]) => String(limit)))
  })
})

describe('the account', () => {
  it('has its cash as net liquidation, buying power, available funds and settled cash, and neither positions nor results', async () => {
    const client = await afterwards([quoteAt(0, 0, [70, 1])], { accountCash: 25_000 })
    client.send(62, 1, 1, 'All', 'NetLiquidation,BuyingPower,AvailableFunds,SettledCash,GrossPositionValue')
    await client.frame('64|1|1|')
    const values = of(client, /^63\|1\|1\|/).map((frame) => frame.split('|').slice(4, 6).join(' '))
    expect(values.toSorted()).toEqual([
      'AvailableFunds 25000.00',
      'BuyingPower 25000.00',
      'GrossPositionValue 0.00',
      'NetLiquidation 25000.00',
      'SettledCash 25000.00',
    ])
    client.send(92, 2, 'DU0000000', '')
    client.send(94, 3, 'DU0000000', '', 8314)
    expect([await client.frame('94|2|'), await client.frame('95|3|')]).toEqual(['94|2|0|0|0|', '95|3|0|0|0|0|0|'])
    await client.close()
  })
})

describe('a client', () => {
  it('that sends a message of 2048 fields is cut off with error 320', async () => {
    const { port } = await room.serve(tapeOf([quoteAt(0, 0, [70, 1])]))
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    client.send(...Array.from({ length: 2048 }, () => 1))
    await client.closed
    expect(client.frames.at(-1)).toMatch(/^4\|2\|-1\|320\|/)
  })

  it('is refused what a tape cannot carry out with the code that IB uses', async () => {
    const { port } = await room.serve(tapeOf([quoteAt(0, 0, [70, 1])]), { startAfterLines: 9 })
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    const fields = contractFields(TWX)
    client.send(3, 1, ...fields, '', '', 'BUY', 100, 'LMT', 70, '', 'DAY', '', '', '', '0', '', '1')
    client.send(21, 2, 2, ...contractFields(JUNE_70_CALL), 1, 1, 'DU0000000', 0, '', '', 0)
    client.send(4, 3, '', '', 2147483647)
    client.send(10, 5, 4, ...fields, 5, 0, '')
    client.send(11, 1, 5, 0)
    client.send(52, 2, 6, 0, 'TWX', 'STK', 'SMART', '', 'USD', '', 'ReportSnapshot', '')
    client.send(84, 7, 'BZ', 'BZ$1', '')
    client.send(100, 8)
    client.send(19, 1, 1, '<ListOfGroups/>', 9)
    client.send(65, 1, 'a bot', '1.0')
    await client.frame('66|1|')
    expect(of(client, /^4\|2\|\d/).map((frame) => frame.split('|').slice(2, 4).join(' '))).toEqual([
      '1 201',
      '2 201',
      '3 10147',
      '4 10092',
      '5 310',
      '6 430',
      '7 10172',
      '8 10276',
      '9 322',
    ])
    await client.close()
  })
})
