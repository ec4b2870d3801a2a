/** Lines beyond plain quotes, over real sockets: trades, snapshots, delayed data, tick-by-tick, and the limits that IB sets. */

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import type { TapeRecord, Trade } from '../../market/tick.ts'
import {
  JUNE_70_CALL,
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
  NO_LIMITS,
} from '../support/gateway/gateway-tape.ts'
import { RawTwsClient } from '../support/gateway/raw-tws-client.ts'
import { PATIENTLY } from '../support/waiting.ts'

let room: TapeRoom

beforeAll(async () => {
  room = await tapeRoom()
})
afterAll(() => room.clear())

const STANDING = { startAfterLines: 100 }
const QUIET = tapeOf([quoteAt(0, 0, [70, 3], [70.05, 4])])
const VERSIONS = ['v100..173', 'v100..177', 'v100..178', 'v100..193']

function tradeAt(afterUs: number, price: number, size: number, conditions = ''): Trade {
  const tsUs = OPEN_US + afterUs
  return { kind: 'trade', seq: 0, tsUs, instrument: 0, price, size, source: 'import', venue: 'NYSE', conditions }
}

function of(client: RawTwsClient, pattern: RegExp): string[] {
  return client.frames.filter((frame) => pattern.test(frame))
}

describe('trades', () => {
  it.each(VERSIONS)('at %s go out tick by tick whole and in order, with venue and conditions', async (versions) => {
    const ticks: TapeRecord[] = [tradeAt(0, 70, 100, ' O X'), tradeAt(1, 70, 100, ' O X'), tradeAt(SECOND_US, 70.01, 1, '   I')]
    const { gateway, port } = await room.serve(tapeOf(ticks), { sampling: true })
    const client = await RawTwsClient.connect({ port, clientId: 1, versions })
    client.send(...tickByTickRequest(7, TWX, 'AllLast'))
    const totals = await gateway.ended
    await client.frame('99|7|2|1401975001|')
    expect(of(client, /^99/)).toEqual([
      '99|7|2|1401975000|70|100|0|NYSE| O X|',
      '99|7|2|1401975000|70|100|0|NYSE| O X|',
      '99|7|2|1401975001|70.01|1|2|NYSE|   I|',
    ])
    expect(totals).toMatchObject({ changes: 3, ticksServed: 3, messagesServed: 3, merged: 0 })
    await client.close()
  })

  it('come sampled on a market-data line, and every change is accounted for', async () => {
    const ticks = Array.from({ length: 1000 }, (_, i) => tradeAt(i * 20 * MS_US, 70 + (i % 7), 100))
    const { gateway, port } = await room.serve(tapeOf(ticks), { sampling: true })
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    client.send(1, 11, 1, 0, 'TWX', 'STK', '', 0, '', '', 'SMART', '', 'USD', '', '', 0, '233', 0, 0, '')
    const { changes, merged, ticksServed } = await gateway.ended
    await client.frame('2|6|1|8|100000|')
    // Five of each trade; an opening, seven highs and a low beside them.
    expect(changes).toBe(5009)
    expect(changes).toBe(ticksServed + merged)
    const figures = of(client, /^1\|6\|1\|(14|6|7)\|/)
    expect(of(client, /^1\|6\|1\|4\|/)).toHaveLength((ticksServed - figures.length) / 5)
    expect(figures.filter((frame) => !frame.startsWith('1|6|1|6|'))).toEqual(['1|6|1|14|70|0|0|', '1|6|1|7|70|0|0|'])
    expect(figures.at(-1)).toBe('1|6|1|6|76|0|0|')
    expect(of(client, /^46\|6\|1\|48\|/).at(-1)).toMatch(/;100000;72\.9[0-9]+;true\|$/)
    await client.close()
  })
})

describe('tick-by-tick data', () => {
  it('is refused for options, beyond the slots, and again too soon', async () => {
    const limits = { ...NO_LIMITS, tickByTick: 2, tickByTickAgainMs: 15_000 }
    const { port } = await room.serve(QUIET, { ...STANDING, limits })
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    client.send(...tickByTickRequest(1, JUNE_70_CALL, 'BidAsk'))
    client.send(...tickByTickRequest(2, TWX, 'Last'))
    client.send(98, 2)
    client.send(...tickByTickRequest(3, TWX, 'Last'))
    client.send(...tickByTickRequest(4, TWX, 'BidAsk'))
    client.send(...tickByTickRequest(4, TWX, 'AllLast'))
    client.send(...tickByTickRequest(5, TWX, 'AllLast'))
    client.send(...tickByTickRequest(6, TWX, 'MidPoint'))
    client.send(98, 2)
    await client.frame('4|2|2|300|')
    expect(of(client, /^4\|2\|\d/).map((frame) => frame.split('|').slice(2, 4).join(' '))).toEqual([
      '1 10189',
      '3 10190',
      '4 322',
      '6 10190',
      '2 300',
    ])
    await client.close()
  })

  it('frees its slots when the client leaves', async () => {
    const { gateway, port } = await room.serve(QUIET, { ...STANDING, limits: { ...NO_LIMITS, tickByTick: 1 } })
    const first = await RawTwsClient.connect({ port, clientId: 1 })
    first.send(...tickByTickRequest(1, TWX, 'Last'))
    await vi.waitUntil(() => gateway.progress.lines === 1, PATIENTLY)
    await first.close()
    await vi.waitUntil(() => gateway.progress.lines === 0, PATIENTLY)
    const second = await RawTwsClient.connect({ port, clientId: 2 })
    second.send(...tickByTickRequest(1, TWX, 'Last'))
    await vi.waitUntil(() => gateway.progress.lines === 1, PATIENTLY)
    expect(of(second, /^4\|2\|1\|/)).toEqual([])
    await second.close()
  })
})

describe('a snapshot', () => {
  it('of a known two-sided quote ends at once, frees its line, and its id can be used again', async () => {
    const { gateway, port } = await room.serve(QUIET, { startAfterLines: 0, lines: 1 })
    await gateway.ended
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    for (let i = 1; i <= 2; i++) {
      client.send(...marketDataRequest(9000, TWX, { snapshot: true }))
      await client.until(() => of(client, /^57/).length === i)
    }
    const one = ['58|1|9000|1|', '81|9000|0.01|9c0001|3|', '1|6|9000|1|70|3|1|', '1|6|9000|2|70.05|4|1|', '57|1|9000|']
    expect(client.frames.slice(-10)).toEqual([...one, ...one])
    expect(gateway.totals()).toMatchObject({ linesOpened: 2, linesClosed: 2, statesServed: 2 })
    await client.close()
  })

  it('that waits for its quote ends once it has come', async () => {
    const ticks = [quoteAt(0, 1, [1, 1], [2, 2]), quoteAt(SECOND_US, 0, [70, 3]), quoteAt(2 * SECOND_US, 0, [70, 3], [70.05, 4])]
    const { port } = await room.serve(tapeOf(ticks))
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    client.send(...marketDataRequest(1, TWX, { snapshot: true }))
    client.send(...marketDataRequest(2, JUNE_70_CALL))
    await client.frame('57|1|1|')
    expect(of(client, /^(1\|6|57)\|1\|/)).toEqual(['1|6|1|1|70|3|1|', '1|6|1|2|-1|0|0|', '1|6|1|2|70.05|4|1|', '57|1|1|'])
    await client.close()
  })

  it('of a contract without a quote ends when its time is up, or not at all when it is cancelled', async () => {
    const { gateway, port } = await room.serve(QUIET, { ...STANDING, limits: { ...NO_LIMITS, snapshotMs: 50 } })
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    client.send(...marketDataRequest(1, JUNE_70_CALL, { snapshot: true }))
    client.send(...marketDataRequest(2, JUNE_70_CALL, { snapshot: true }))
    client.send(2, 2, 1)
    await client.frame('57|1|2|')
    expect(of(client, /^57/)).toEqual(['57|1|2|'])
    expect(gateway.progress.lines).toBe(0)
    await client.close()
  })
})

it('a regulatory snapshot, which IB charges for, is refused', async () => {
  const { gateway, port } = await room.serve(QUIET, STANDING)
  const client = await RawTwsClient.connect({ port, clientId: 1 })
  client.send(...marketDataRequest(1, TWX, { snapshot: true }).with(18, 1))
  expect(await client.frame('4|2|1|354|')).toContain('regulatory snapshot, which costs money at IB')
  expect(gateway.totals().linesOpened).toBe(0)
  await client.close()
})

describe('delayed data', () => {
  it.each([
    [1, '58|1|1|1|', '1|6|1|1|70|3|1|'],
    [2, '58|1|1|1|', '1|6|1|1|70|3|1|'],
    [3, '58|1|1|3|', '1|6|1|66|70|3|1|'],
    [4, '58|1|1|3|', '1|6|1|66|70|3|1|'],
  ])('as type %i is announced and has the ids of its type', async (type, announced, price) => {
    const { port } = await room.serve(QUIET)
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    client.send(59, 1, type)
    client.send(...marketDataRequest(1, TWX))
    await client.frame(price)
    expect(of(client, /^58/)).toEqual([announced])
    await client.close()
  })
})

describe('what clients ask as they connect', () => {
  it.each(['v100..166', ...VERSIONS])(
    'is answered at %s as an account with cash and without orders and positions would be',
    async (versions) => {
      const { port, logged } = await room.serve(QUIET, STANDING)
      const client = await RawTwsClient.connect({ port, clientId: 1, versions })
      await client.frame('4|2|-1|2158|')
      const before = client.frames.length
      // In the order of ib_async; what follows an answer without a message proves that there was none.
      client.send(61, 1)
      client.send(5, 1)
      client.send(99, 0)
      client.send(6, 2, 1, 'DU0000000')
      client.send(76, 1, 4, 'DU0000000', '', 0)
      client.send(7, 3, 5, 0, '', '', '', '', '', '', '')
      client.send(62, 1, 6, 'All', 'NetLiquidation')
      client.send(15, 1, 1)
      client.send(6, 2, 0, 'DU0000000')
      client.send(64, 1)
      client.send(91, 26)
      client.send(91, 27)
      await client.frame('4|2|-1|321|')
      const answers = client.frames.slice(before)
      const values = /^(6\|2|73\|1\|4|63\|1\|6|8\|1)\|/
      expect(answers.filter((frame) => values.test(frame)).map((frame) => frame.split('|')[0])).toEqual([
        ...Array(37).fill('6'),
        '8',
        ...Array(37).fill('73'),
        '63',
      ])
      expect(answers.filter((frame) => !values.test(frame))).toEqual([
        '62|1|',
        '53|1|',
        '102|',
        '54|1|DU0000000|',
        '74|1|4|',
        '55|1|5|',
        '64|1|6|',
        '93|26|1|0|0.01|',
        '4|2|-1|321|Error validating request: Expected a market rule that contract details name, found 27||',
      ])
      expect(logged.filter((entry) => entry.startsWith('warn'))).toHaveLength(1)
      await client.close()
    },
  )
})

describe('the rate of messages', () => {
  const limits = { ...NO_LIMITS, messagesPerSecond: 50 }

  it('above 50 a second ends in error 100 and a closed connection', async () => {
    const { port, logged } = await room.serve(QUIET, { ...STANDING, limits })
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    for (let i = 0; i < 1000; i++) client.send(2, 2, i)
    await client.closed
    // startApi was the first message; some more come while the rest arrives.
    const answered = of(client, /^4\|2\|\d+\|300/).length
    expect(answered).toBeGreaterThanOrEqual(49)
    expect(answered).toBeLessThan(200)
    expect(client.frames.at(-1)).toBe('4|2|-1|100|Max rate of messages per second has been exceeded: max=50 rec=51||')
    expect(logged).toContainEqual(expect.stringContaining('warn: Client sent more than 50 messages a second'))
  })

  it('is not limited for a client that asked to be paced', async () => {
    const { port } = await room.serve(QUIET, { ...STANDING, limits })
    const client = await RawTwsClient.connect({ port, clientId: 1, versions: 'v100..193 +PACEAPI' })
    for (let i = 0; i < 60; i++) client.send(2, 2, i)
    expect(await client.frame('4|2|59|300|')).toContain('tickerId:59')
    await client.close()
  })
})

it('a second request for the time within a second is not answered', async () => {
  const { port } = await room.serve(QUIET, { ...STANDING, limits: { ...NO_LIMITS, timeAgainMs: 1000 } })
  const client = await RawTwsClient.connect({ port, clientId: 1 })
  client.send(49, 1)
  client.send(49, 1)
  client.send(61, 1)
  await client.frame('62|1|')
  expect(of(client, /^49/)).toEqual(['49|1|1401975000|'])
  await client.close()
})
