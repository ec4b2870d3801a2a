/** History beyond plain bars, over real sockets: bid with ask, weeks and months, bars kept up to date, ticks of the past ahead of new ones. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import type { GatewayOptions } from '../../backtester/gateway/server/gateway.ts'
import type { Contract } from '../../market/contract.ts'
import type { TapeRecord, Trade } from '../../market/tick.ts'
import {
  CONTRACTS,
  contractFields,
  JUNE_70_CALL,
  MS_US,
  NO_LIMITS,
  OPEN_US,
  quoteAt,
  SECOND_US,
  type TapeRoom,
  TWX,
  tapeOf,
  tapeRoom,
} from '../support/gateway/gateway-tape.ts'
import { frameOf, RawTwsClient } from '../support/gateway/raw-tws-client.ts'

let room: TapeRoom

beforeAll(async () => {
  room = await tapeRoom()
})
afterAll(() => room.clear())

const VERSIONS = ['v100..166', 'v100..173', 'v100..177', 'v100..178', 'v100..193']
const OPEN_SECONDS = OPEN_US / SECOND_US
const DAY_US = 86_400 * SECOND_US

function tradeAt(afterUs: number, price: number, size: number): Trade {
  return { kind: 'trade', seq: 0, tsUs: OPEN_US + afterUs, instrument: 0, price, size, source: 'import', venue: 'NYSE' }
}

interface BarsAsked {
  barSize?: string
  duration?: string
  show?: string
  end?: string
  useRth?: 0 | 1
  keep?: 0 | 1
  contract?: Contract
}

function barsRequest(reqId: number, asked: BarsAsked): (string | number)[] {
  const { barSize = '1 min', duration = '1 D', show = 'TRADES', end = '', useRth = 0, keep = 0, contract = TWX } = asked
  return [20, reqId, ...contractFields(contract), 0, end, barSize, duration, useRth, show, 2, keep, '']
}

/** The first answer to one request, at the end of the tape. */
async function answerTo(ticks: TapeRecord[], asked: BarsAsked): Promise<string> {
  const { gateway, port } = await room.serve(tapeOf(ticks), { startAfterLines: 0 })
  await gateway.ended
  const client = await RawTwsClient.connect({ port, clientId: 1 })
  client.send(...barsRequest(1, asked))
  await client.until(() => client.frames.some((frame) => /^(17\|1|4\|2\|1)\|/.test(frame)))
  await client.close()
  return client.frames.find((frame) => /^(17\|1|4\|2\|1)\|/.test(frame)) ?? ''
}

/** Behind the count of bars. */
function barsOf(answer: string): string {
  return answer.split('|').slice(5).join('|')
}

describe('bars of bid and ask', () => {
  it('open with the time average of the bid and close with that of the ask, between the lowest bid and the highest ask', async () => {
    const ticks = [
      quoteAt(0, 0, [70, 1], [71, 1]),
      quoteAt(15 * SECOND_US, 0, [72, 1], [75, 1]),
      // The first minute: 15 s at 70 and 71, 45 s at 72 and 75. The second one begins with what stood; here the bid is gone for 30 s.
      quoteAt(90 * SECOND_US, 0, undefined, [73, 1]),
      quoteAt(120 * SECOND_US, 0, [70, 1], [71, 1]),
    ]
    expect(barsOf(await answerTo(ticks, { show: 'BID_ASK' }))).toBe(
      `${OPEN_SECONDS}|71.5|75|70|74|-1|-1|-1|${OPEN_SECONDS + 60}|72|75|72|74|-1|-1|-1|${OPEN_SECONDS + 120}|70|71|70|71|-1|-1|-1|`,
    )
  })

  it('of a day count no time outside of the hours asked for, and name an empty side -1', async () => {
    const openUs = 6.5 * 3600 * SECOND_US
    const ticks = [quoteAt(0, 0, [70, 1]), quoteAt(openUs - 1800 * SECOND_US, 0, [71, 1]), quoteAt(openUs + 60 * SECOND_US, 0, [90, 1])]
    // Six hours at 70 and half an hour at 71; what came behind the close is not counted.
    const average = (6 * 70 + 0.5 * 71) / 6.5
    expect(barsOf(await answerTo(ticks, { show: 'BID_ASK', barSize: '1 day', useRth: 1 }))).toBe(
      `20140605|${Number(average.toPrecision(12))}|-1|70|-1|-1|-1|-1|`,
    )
  })

  it('count twice against the pacing of history', async () => {
    const { gateway, port } = await room.serve(tapeOf([quoteAt(0, 0, [70, 1], [71, 1])]), {
      startAfterLines: 0,
      limits: { ...NO_LIMITS, historyPacing: true },
    })
    await gateway.ended
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    // 60 in ten minutes, and no more than 5 of one contract and exchange at once.
    for (let i = 0; i < 30; i++) {
      const [reqId, , ...fields] = barsRequest(i, {
        barSize: '1 secs',
        duration: `${i + 1} S`,
        show: 'BID_ASK',
        contract: CONTRACTS[i % 4] ?? TWX,
      })
      const exchange = i % 8 < 4 ? 'SMART' : ''
      client.send(reqId ?? 20, i, ...fields.with(7, exchange))
    }
    client.send(...barsRequest(31, { barSize: '1 secs', duration: '60 S', show: 'TRADES' }))
    await client.frame('4|2|31|162|')
    const refused = client.frames.filter((frame) => frame.includes('pacing violation')).map((frame) => frame.split('|')[2])
    expect(refused).toEqual(['31'])
    await client.close()
  })
})

describe('bars of weeks and months', () => {
  // A Thursday, the Friday, the Monday behind it, and the first of July.
  const ticks = [
    tradeAt(0, 70, 100),
    tradeAt(DAY_US, 72, 300),
    tradeAt(4 * DAY_US, 69, 100),
    tradeAt(4 * DAY_US + SECOND_US, 75, 100),
    tradeAt(26 * DAY_US, 80, 100),
  ]
  const monthly = '20140609|70|75|69|75|600|71.6666666667|4|20140701|80|80|80|80|100|80|1|'

  it.each([
    ['1 week', '20140606|70|72|70|72|400|71.5|2|20140609|69|75|69|75|200|72|2|20140701|80|80|80|80|100|80|1|'],
    ['1W', '20140606|70|72|70|72|400|71.5|2|20140609|69|75|69|75|200|72|2|20140701|80|80|80|80|100|80|1|'],
    ['1 month', monthly],
    ['1M', monthly],
  ])('of %s bear the date of their last day', async (barSize, expected) => {
    const bars = barsOf(await answerTo(ticks, { barSize, duration: '1 Y' }))
    expect(bars.replace(/71\.66666666666\d+/, '71.6666666667')).toBe(expected)
  })

  it('of bid and ask average over the days', async () => {
    const day = (days: number, bid: number): TapeRecord[] => [quoteAt(days * DAY_US, 0, [bid, 1], [bid + 1, 1])]
    const bars = barsOf(await answerTo([...day(0, 70), ...day(1, 72)], { show: 'BID_ASK', barSize: '1 week', duration: '1 W', useRth: 1 }))
    // The second day ends with the tape, so no time has gone by.
    expect(bars).toBe('20140606|70|73|70|71|-1|-1|-1|')
  })
})

describe('bars kept up to date', () => {
  const ticks: TapeRecord[] = Array.from({ length: 400 }, (_, i) => {
    const afterUs = i * 730 * MS_US
    return i % 3 === 0 ? quoteAt(afterUs, 0, [70 + (i % 7), 1], [71 + (i % 5), 1]) : tradeAt(afterUs, 70 + (i % 11), i)
  })

  /** Bars as the client has them when it follows what comes: date -> open, high, low, close, volume, average, count. */
  function followed(client: RawTwsClient, reqId: number): Map<string, string> {
    const bars = new Map<string, string>()
    for (const frame of client.frames) {
      const fields = frame.split('|')
      if (fields[0] === '17' && fields[1] === String(reqId))
        for (let at = 5; at + 8 < fields.length; at += 8) bars.set(fields[at] ?? '', fields.slice(at + 1, at + 8).join(' '))
      if (fields[0] !== '90' || fields[1] !== String(reqId)) continue
      const [count, date, open, close, high, low, wap, volume] = fields.slice(2)
      bars.set(date ?? '', [open, high, low, close, volume, wap, count].join(' '))
    }
    return bars
  }

  it.each([
    ['sampled', true, 'TRADES', 'v100..193'],
    ['one by one', false, 'TRADES', 'v100..193'],
    ['sampled', true, 'MIDPOINT', 'v100..178'],
    ['one by one', false, 'BID', 'v100..166'],
  ] as const)('%s are in the end what history then has (sampling %s, %s, %s)', async (_how, sampling, show, versions) => {
    const options: Partial<GatewayOptions> = { sampling, startAfterLines: 1 }
    const { gateway, port } = await room.serve(tapeOf(ticks), options)
    const client = await RawTwsClient.connect({ port, clientId: 1, versions })
    client.send(...barsRequest(1, { barSize: '5 secs', show, keep: 1 }))
    await client.frame('17|1|')
    // Starts the tape.
    client.send(1, 11, 9, ...contractFields(JUNE_70_CALL), 0, '', 0, 0, '')
    await gateway.ended
    client.send(...barsRequest(2, { barSize: '5 secs', show }))
    await client.frame('17|2|')
    expect(followed(client, 2).size).toBeGreaterThan(50)
    expect(followed(client, 1)).toEqual(followed(client, 2))
    const updates = client.frames.filter((frame) => frame.startsWith('90|1|')).length
    if (sampling) expect(updates).toBeLessThan(ticks.length)
    await client.close()
  })

  it('are the same when they are asked for in the middle of the tape at full speed', async () => {
    const { gateway, port } = await room.serve(tapeOf(ticks), { startAfterLines: 1 })
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    client.send(1, 11, 9, ...contractFields(TWX), 0, '', 0, 0, '')
    for (let i = 1; i < 9; i++) client.send(...barsRequest(i, { barSize: '10 secs', keep: 1 }))
    await gateway.ended
    client.send(...barsRequest(10, { barSize: '10 secs' }))
    await client.frame('17|10|')
    for (let i = 1; i < 9; i++) expect(followed(client, i)).toEqual(followed(client, 10))
    await client.close()
  })

  it('begin with nothing where the tape has nothing yet, and end when they are cancelled', async () => {
    const later = [quoteAt(0, 1, [1, 1]), tradeAt(SECOND_US, 70, 1), quoteAt(2 * SECOND_US, 1, [2, 1])]
    const { gateway, port } = await room.serve(tapeOf(later), { startAfterLines: 1 })
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    client.send(...barsRequest(1, { barSize: '5 secs', keep: 1 }))
    expect(await client.frame('17|1|')).toMatch(/US\/Eastern\|0\|$/)
    client.send(...barsRequest(2, { barSize: '5 secs', keep: 1 }))
    await client.frame('17|2|')
    client.send(25, 1, 2)
    await client.frame('4|2|2|162|Historical Market Data Service error message:API historical data query cancelled: 2')
    client.send(1, 11, 9, ...contractFields(JUNE_70_CALL), 0, '', 0, 0, '')
    await gateway.ended
    client.send(61, 1)
    await client.frame('62|1|')
    expect(client.frames.filter((frame) => frame.startsWith('90|'))).toEqual([`90|1|1|${OPEN_SECONDS}|70|70|70|70|70|1|`])
    await client.close()
  })

  it('stay open requests, and are refused with an end, below 5 seconds, and for bid with ask', async () => {
    const { port } = await room.serve(tapeOf(ticks), { startAfterLines: 9, limits: { ...NO_LIMITS, openHistories: 1 } })
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    client.send(...barsRequest(1, { keep: 1, end: '20140605-15:00:00' }))
    client.send(...barsRequest(2, { keep: 1, barSize: '1 secs' }))
    client.send(...barsRequest(3, { keep: 1, show: 'BID_ASK' }))
    client.send(...barsRequest(4, { keep: 1 }))
    await client.frame('17|4|')
    client.send(...barsRequest(4, { keep: 1 }))
    client.send(...barsRequest(5, {}))
    await client.frame('4|2|5|')
    const errors = client.frames.filter((frame) => /^4\|2\|\d/.test(frame)).map((frame) => frame.split('|').slice(2, 4).join(' '))
    expect(errors).toEqual(['1 322', '2 322', '3 322', '4 322', '5 162'])
    await client.close()
  })
})

describe('tick-by-tick data with ticks of the past', () => {
  const ticks = [
    tradeAt(0, 70, 100),
    quoteAt(100, 0, [70, 1], [71, 2]),
    tradeAt(SECOND_US, 71, 100),
    quoteAt(SECOND_US + 100, 0, [70, 3], [71, 2]),
    tradeAt(2 * SECOND_US, 72, 100),
    tradeAt(2 * SECOND_US + 1, 72, 100),
    tradeAt(3 * SECOND_US, 73, 100),
    quoteAt(3 * SECOND_US, 0, [72, 3], [73, 2]),
    tradeAt(4 * SECOND_US, 74, 100),
  ]

  it.each(VERSIONS)('at %s begins with the latest ones, then goes on without a gap or a repetition', async (versions) => {
    const { gateway, port } = await room.serve(tapeOf(ticks), { startAfterLines: 3 })
    const client = await RawTwsClient.connect({ port, clientId: 1, versions })
    for (const [i, kind] of ['AllLast', 'BidAsk', 'MidPoint'].entries()) client.send(97, i + 1, ...contractFields(TWX), kind, 10, 0)
    await gateway.ended
    client.send(61, 1)
    await client.frame('62|1|')
    const of = (reqId: number) => client.frames.filter((frame) => new RegExp(`^9[6-9]\\|${reqId}\\|`).test(frame))
    const trade = (seconds: number, price: number) => `99|1|2|${OPEN_SECONDS + seconds}|${price}|100|0|NYSE||`
    expect(of(1)).toEqual([
      `98|1|1|${OPEN_SECONDS}|0|70|100|NYSE||1|`,
      trade(1, 71),
      trade(2, 72),
      trade(2, 72),
      trade(3, 73),
      trade(4, 74),
    ])
    // The tape stands at its first tick, a trade: there is no quote yet.
    const quote = (seconds: number, fields: string) => `99|2|3|${OPEN_SECONDS + seconds}|${fields}|0|`
    expect(of(2)).toEqual(['97|2|0|1|', quote(0, '70|71|1|2'), quote(1, '70|71|3|2'), quote(3, '72|73|3|2')])
    expect(of(3)).toEqual(['96|3|0|1|', `99|3|4|${OPEN_SECONDS}|70.5|`, `99|3|4|${OPEN_SECONDS + 3}|72.5|`])
    await client.close()
  })

  it('in the middle of the tape has every trade once, in order', async () => {
    const many = Array.from({ length: 5000 }, (_, i) => tradeAt(i * SECOND_US, 1 + i, 1))
    const { gateway, port } = await room.serve(tapeOf(many), { startAfterLines: 1 })
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    client.send(1, 11, 9, ...contractFields(TWX), 0, '', 0, 0, '')
    await client.until(() => client.frames.some((frame) => frame.startsWith('46|6|9|')))
    client.send(97, 1, ...contractFields(TWX), 'Last', 7, 0)
    await gateway.ended
    client.send(61, 1)
    await client.frame('62|1|')
    const history = client.frames.find((frame) => frame.startsWith('98|1|'))?.split('|') ?? []
    const past = Array.from({ length: Number(history[2]) }, (_, i) => Number(history[5 + 6 * i]))
    const live = client.frames.filter((frame) => frame.startsWith('99|1|')).map((frame) => Number(frame.split('|')[4]))
    const first = past[0] ?? 0
    expect([...past, ...live]).toEqual(Array.from({ length: 5001 - first }, (_, i) => first + i))
    await client.close()
  })

  it('can be cancelled before they have come, and needs a whole number of them', async () => {
    const { gateway, port } = await room.serve(tapeOf(ticks), { startAfterLines: 9 })
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    client.sendBytes(Buffer.concat([frameOf([97, 1, ...contractFields(TWX), 'Last', 10, 0]), frameOf([98, 1])]))
    client.send(97, 2, ...contractFields(TWX), 'Last', 1.5, 0)
    client.send(97, 3, ...contractFields(TWX), 'Last', 1, 0)
    await client.frame('98|3|')
    expect(client.frames.filter((frame) => /^(98\|1|4\|2\|[12])\|/.test(frame))).toEqual([expect.stringMatching(/^4\|2\|2\|322\|/)])
    expect(gateway.progress.lines).toBe(1)
    await client.close()
  })
})
