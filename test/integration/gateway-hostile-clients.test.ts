/**
 * Clients that are broken, slow or out of their mind: each is answered with IB's error or cut off with a line in the log, the others
 * and the tape go on, and nothing piles up. TAPEDECK_FUZZ_MESSAGES sets how many fuzzed requests are sent.
 */

import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import type { GatewayOptions } from '../../backtester/gateway/server/gateway.ts'
import {
  CONTRACTS,
  contractFields,
  marketDataRequest,
  OPEN_US,
  quoteAt,
  SECOND_US,
  type TapeRoom,
  TWX,
  tapeOf,
  tapeRoom,
  tickByTickRequest,
  twxOption,
} from '../support/gateway/gateway-tape.ts'
import { frameOf, greeting, RawTwsClient } from '../support/gateway/raw-tws-client.ts'

const MESSAGES = Number(process.env['TAPEDECK_FUZZ_MESSAGES'] ?? 5000)
/** For a machine that has other things to do. */
const PATIENCE = { timeout: 20_000 }
const LONG_MS = 60_000 + MESSAGES

let room: TapeRoom

beforeAll(async () => {
  room = await tapeRoom()
})
afterAll(() => room.clear())

const STANDING: Partial<GatewayOptions> = { startAfterLines: 100 }
const QUIET = tapeOf([quoteAt(0, 0, [70, 3], [70.05, 4])])

function lengthOf(bytes: number): Buffer {
  const head = Buffer.alloc(4)
  head.writeUInt32BE(bytes)
  return head
}

/** Resolves when the gateway has answered a request that it answers whatever happened before. */
async function expectAlive(client: RawTwsClient): Promise<void> {
  const from = client.frames.length
  client.send(61, 1)
  await client.frame('62|1|', from)
}

describe('a greeting', () => {
  const whole = greeting('v100..193')

  it.each(Array.from({ length: whole.length }, (_, i) => i))(
    'that stops after %i bytes and a closed socket trouble nobody',
    async (bytes) => {
      const { port, logged } = await room.serve(QUIET, STANDING)
      const client = RawTwsClient.dial(port)
      client.sendBytes(whole.subarray(0, bytes))
      client.socket.end()
      await client.closed
      expect(logged.filter((entry) => !entry.startsWith('info'))).toEqual([])
    },
  )

  it.each([0, 6, whole.length])('that stops after %i bytes and silence is cut off in the end', async (bytes) => {
    const { port, logged } = await room.serve(QUIET, { ...STANDING, stallTimeoutMs: 50 })
    const client = RawTwsClient.dial(port)
    client.sendBytes(whole.subarray(0, bytes))
    await client.closed
    expect(logged).toContainEqual('warn: Client has said nothing for 0.05 s and did not start the API: cut off')
  })
})

describe('a frame', () => {
  it.each([0, 2 ** 31, 2 ** 32 - 1, 2 ** 20 + 1])('of %i bytes ends its client before it is read', async (bytes) => {
    const { port, logged } = await room.serve(QUIET, STANDING)
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    client.sendBytes(lengthOf(bytes))
    await client.closed
    expect(client.frames.at(-1)).toMatch(/^4\|2\|-1\|320\|.*expected a frame of 1 to 1048576 bytes, found a length of/)
    expect(logged.filter((entry) => entry.startsWith('warn'))).toHaveLength(1)
  })

  it('that comes by halves is answered when it is whole; the others do not wait', async () => {
    const { port } = await room.serve(QUIET, STANDING)
    const [slow, other] = await Promise.all([1, 2].map((clientId) => RawTwsClient.connect({ port, clientId })))
    if (!slow || !other) throw new Error('no clients')
    const request = frameOf([91, 26])
    slow.sendBytes(request.subarray(0, 6))
    for (let i = 0; i < 5; i++) await expectAlive(other)
    slow.sendBytes(request.subarray(6))
    expect(await slow.frame('93|26|')).toBe('93|26|1|0|0.01|')
    await Promise.all([slow.close(), other.close()])
  })

  it('of which only a half comes before the end frees the id and the lines of its client', async () => {
    const { gateway, port, logged } = await room.serve(QUIET, STANDING)
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    client.send(...marketDataRequest(1, TWX))
    client.sendBytes(frameOf([91, 26]).subarray(0, 5))
    await client.frame('81|1|')
    await client.close()
    await vi.waitUntil(() => logged.includes('info: Client left'), PATIENCE)
    expect(gateway.progress).toMatchObject({ clients: 0, lines: 0 })
  })

  it('with fields of a megabyte is refused in a few words', async () => {
    const { port, logged } = await room.serve(QUIET, STANDING)
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    const huge = 'x'.repeat(1_000_000)
    client.send(huge)
    client.send(20, 1, ...contractFields(TWX), 0, '', huge, '1 D', 0, 'TRADES', 1, 0, '')
    client.send(96, 2, ...contractFields(TWX), 0, huge, '', 10, 'TRADES', 0, 0, '')
    client.send(1, 11, 3, 0, huge, 'STK', '', 0, '', '', 'SMART', '', 'USD', '', '', 0, '', 0, 0, '')
    await expectAlive(client)
    const errors = client.frames.filter((frame) => /^4\|2\|(-1\|320|[123])\|/.test(frame))
    expect(errors.map((frame) => frame.split('|').slice(2, 4).join(' '))).toEqual(['-1 320', '1 322', '2 10314', '3 200'])
    for (const text of [...errors, ...logged]) expect(text.length).toBeLessThan(700)
    await client.close()
  })
})

describe('ten thousand requests at once', () => {
  it('are answered in order, and another client meanwhile', async () => {
    const { port } = await room.serve(QUIET, STANDING)
    const [busy, other] = await Promise.all([1, 2].map((clientId) => RawTwsClient.connect({ port, clientId })))
    if (!busy || !other) throw new Error('no clients')
    busy.sendBytes(Buffer.concat(Array.from({ length: 10_000 }, (_, i) => frameOf([2, 2, i]))))
    await expectAlive(other)
    await busy.frame('4|2|9999|300|')
    const answered = busy.frames.filter((frame) => frame.includes('|300|')).map((frame) => Number(frame.split('|')[2]))
    expect(answered).toEqual(Array.from({ length: 10_000 }, (_, i) => i))
    await Promise.all([busy.close(), other.close()])
  })
})

describe('a client that asks and never reads', () => {
  it('has its requests wait, so that answers do not pile up, and is cut off in the end', async () => {
    // Details of all are 2 MB; a thousand times that would be 2 GB.
    const options = Array.from({ length: 4000 }, (_, i) => twxOption({ expiry: '2014-06-21', strike: i + 1, right: 'C' }))
    const { gateway, port, logged } = await room.serve(tapeOf([quoteAt(0, 0, [70, 1])], [TWX, ...options]), {
      ...STANDING,
      stallTimeoutMs: 1000,
    })
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    client.socket.pause()
    const memory = () => process.memoryUsage().arrayBuffers
    const before = memory()
    for (let i = 0; i < 1000; i++) client.send(9, 8, i, 0, 'TWX', 'OPT', '', 0, '', '', 'SMART', '', 'USD', '', '', 0, '', '', '')
    client.send(...marketDataRequest(5000, TWX))
    let most = 0
    await vi.waitUntil(() => {
      most = Math.max(most, memory() - before)
      return logged.some((entry) => entry.startsWith('warn: Client has read nothing for 1 s: cut off'))
    }, PATIENCE)
    expect(most).toBeLessThan(64 * 1024 * 1024)
    expect(gateway.totals().linesOpened).toBe(0)
    await client.close()
  })
})

describe('clients that break off in the middle of what they are sent', () => {
  it('are missed by nobody: the others get everything', async () => {
    const quotes = Array.from({ length: 30_000 }, (_, i) => quoteAt(i * SECOND_US, i % 4, [1 + i / 100, 1], [2 + i / 100, 1]))
    const { gateway, port, logged } = await room.serve(tapeOf(quotes), { startAfterLines: 5 * CONTRACTS.length })
    const clients = await Promise.all([1, 2, 3, 4, 5].map((clientId) => RawTwsClient.connect({ port, clientId })))
    const [good, ...leaving] = clients
    if (!good) throw new Error('no client')
    for (const client of leaving) client.socket.once('data', () => client.socket.resetAndDestroy())
    for (const client of clients) for (const [i, contract] of CONTRACTS.entries()) client.send(...marketDataRequest(i, contract))
    // Those who left before the last line opened are replaced, so that the tape starts.
    for (const client of leaving) await client.closed
    const helper = await RawTwsClient.connect({ port, clientId: 9 })
    await vi.waitUntil(() => gateway.progress.state !== 'standing' || gateway.progress.lines === CONTRACTS.length, PATIENCE)
    for (let i = 0; i < 4 * CONTRACTS.length; i++) helper.send(...marketDataRequest(i, CONTRACTS[i % CONTRACTS.length] ?? TWX))
    await gateway.ended
    await expectAlive(good)
    const prices = good.frames.filter((frame) => /^1\|6\|\d+\|[12]\|/.test(frame))
    expect(prices).toHaveLength(2 * quotes.length)
    expect(logged.filter((entry) => /^(warn|error)/.test(entry))).toEqual([])
    await Promise.all([good.close(), helper.close()])
  })
})

/** Requests that are right, or nearly so, by seed. */
const stock = contractFields(TWX)
const REQUESTS: readonly (string | number)[][] = [
  marketDataRequest(1, TWX, { generics: '233,100' }),
  marketDataRequest(2, CONTRACTS[1] ?? TWX),
  marketDataRequest(3, TWX, { snapshot: true }),
  [2, 2, 1],
  [2, 1, 3],
  tickByTickRequest(4, TWX, 'AllLast'),
  [97, 5, ...stock, 'BidAsk', 3, 1],
  [98, 4],
  [98, 5],
  [9, 8, 6, ...stock, 0, '', '', ''],
  [78, 7, 'TWX', '', 'STK', 1],
  [20, 8, ...stock, 0, '', '5 secs', '1 D', 0, 'BID_ASK', 2, 0, ''],
  [20, 9, ...stock, 0, '', '5 secs', '1 D', 0, 'MIDPOINT', 1, 1, ''],
  [25, 1, 9],
  [96, 10, ...stock, 0, '20140605-13:30:00', '', 5, 'BID_ASK', 0, 0, ''],
  [59, 1, 3],
  [91, 26],
  [49, 1],
  [71, 2, 1, ''],
  [6, 2, 1, 'DU1'],
  [7, 3, 1, 0, '', '', '', '', '', '', ''],
  [3, 1, ...stock, '', '', 'BUY', 1, 'MKT'],
  [86, 1, 8314],
]
const ODD = [
  '',
  '-1',
  '0.0',
  'NaN',
  'Infinity',
  '1e400',
  '1.7976931348623157E308',
  '2147483648',
  '-2147483648',
  '99999999999999999999',
  ' 7',
  '0x10',
  'true',
]
const TEXTS = [
  '__proto__',
  'constructor',
  '\ud800',
  '😀',
  '\u202e',
  '%s%n',
  '{"a":',
  'STK',
  'OPT',
  'BAG',
  'CALL',
  '20140621',
  'TRADES',
  '1 month',
  '1 Y',
  'x'.repeat(3000),
]

const field = fc.oneof(
  fc.constantFrom(...ODD, ...TEXTS),
  fc.integer({ min: -3, max: 120 }),
  fc.double(),
  fc.string({ unit: 'binary', maxLength: 12 }),
)
const change = fc.tuple(fc.constantFrom('replace', 'insert', 'remove', 'cut'), fc.nat(20), field)
const request = fc
  .tuple(
    fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...REQUESTS) }, fc.array(field, { maxLength: 30 })),
    fc.array(change, { maxLength: 3 }),
  )
  .map(([fields, changes]) => changes.reduce<(string | number)[]>(changed, [...fields]))

function changed(fields: (string | number)[], [how, at, value]: [string, number, string | number]): (string | number)[] {
  const i = Math.min(at, fields.length)
  if (how === 'cut') return fields.slice(0, i)
  return fields.toSpliced(i, how === 'insert' ? 0 : 1, ...(how === 'remove' ? [] : [value]))
}

describe('fuzzed requests', () => {
  it(
    `of every kind (${MESSAGES}) are answered or refused; the gateway, its other clients and its counts stay right`,
    async () => {
      const quotes = Array.from({ length: 2000 }, (_, i) => quoteAt(i * SECOND_US, i % 4, [70 + (i % 9), 1], [80 - (i % 7), 2]))
      const limits = { messagesPerSecond: 0, tickByTickAgainMs: 0, timeAgainMs: 0, snapshotMs: 1 }
      const { gateway, port, logged } = await room.serve(tapeOf(quotes), { speed: 1000, sampling: true, startAfterLines: 1, limits })
      const [mad, good] = await Promise.all([1, 2].map((clientId) => RawTwsClient.connect({ port, clientId })))
      if (!mad || !good) throw new Error('no clients')
      good.send(...marketDataRequest(1, TWX))
      const batch = 1000
      for (let sent = 0; sent < MESSAGES; sent += batch) {
        const requests = fc.sample(request, { numRuns: Math.min(batch, MESSAGES - sent), seed: sent })
        mad.sendBytes(Buffer.concat(requests.filter((fields) => fields.length > 0).map(frameOf)))
        await expectAlive(mad)
        // The bytes of a batch with some of them changed, which sooner or later is no protocol any more.
        const noise = await RawTwsClient.connect({ port, clientId: 1000 + sent })
        const bytes = Buffer.concat(requests.slice(0, 50).map(frameOf))
        for (const [at, byte] of fc.sample(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { numRuns: 5, seed: sent })) bytes[at] = byte
        noise.sendBytes(bytes)
        noise.socket.end()
        await noise.closed
        await expectAlive(good)
        expect(mad.isClosed).toBe(false)
        mad.frames.length = 0
        good.frames.length = 0
      }
      await mad.close()
      await gateway.ended
      await good.close()
      await vi.waitUntil(() => gateway.progress.clients === 0, PATIENCE)
      expect(gateway.progress.lines).toBe(0)
      const { changes, statesServed, derived, ticksServed, merged, unsent } = gateway.totals()
      expect(changes + statesServed + derived).toBe(ticksServed + merged + unsent)
      expect(logged.filter((entry) => entry.startsWith('error'))).toEqual([])
      expect(gateway.totals().tapeUs).toBeGreaterThanOrEqual(OPEN_US + 1999 * SECOND_US)
    },
    LONG_MS,
  )
})
