/** Tapes that were cut, damaged or forged, given to the gateway: a refusal before anything is served, or what is documented. */

import { appendFile, mkdtemp, open, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { BLOCK_HEAD_BYTES } from '../../db/tape/file-layout.ts'
import type { Contract } from '../../market/contract.ts'
import type { TapeRecord, Trade } from '../../market/tick.ts'
import {
  contractFields,
  JUNE_70_CALL,
  marketDataRequest,
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

let room: TapeRoom
let folder: string

beforeAll(async () => {
  room = await tapeRoom()
  folder = await mkdtemp(join(tmpdir(), 'tapedeck-hostile-'))
})
afterAll(async () => {
  await room.clear()
  await rm(folder, { recursive: true, force: true })
})

const QUOTES = Array.from({ length: 20_000 }, (_, i) => quoteAt(i * SECOND_US, 0, [70 + i / 100, 1]))

function tradeOf(fields: Partial<Trade>): Trade {
  return { kind: 'trade', seq: 0, tsUs: OPEN_US, instrument: 0, price: 70, size: 1, source: 'import', ...fields }
}

/** A tape whose first contract is whatever is given. */
function forged(contract: unknown): TapeRecord[] {
  return tapeOf([quoteAt(0, 0, [70, 1])], [contract as Contract])
}

describe('a file that cannot be served', () => {
  it.each([
    ['that is not there', async () => join(folder, 'none.tape'), 'tape-unreadable', /Check the path/],
    ['that is a folder', async () => folder, 'tape-unreadable', /Name a file/],
    ['that is empty', () => file(Buffer.alloc(0)), 'tape-corrupt', /tape/],
    ['that is no tape', () => file(Buffer.from('time,price\n1,2\n'.repeat(100))), 'tape-not-a-tape', /tape/],
    [
      'that ends in its header',
      async () => file((await readFile(await room.write(tapeOf(QUOTES)))).subarray(0, 30)),
      'tape-corrupt',
      /tape/,
    ],
    ['damaged in the middle', damagedInTheMiddle, 'tape-corrupt', /byte \d+/],
    ['without ticks', () => room.write(tapeOf([])), 'tape-empty', /no ticks/],
    ['with a tick of no contract', () => room.write(tapeOf([quoteAt(0, 7, [70, 1])])), 'tape-corrupt', /instrument 7 before its contract/],
    ['of another age', () => room.write(tapeOf([{ ...quoteAt(0, 0, [70, 1]), tsUs: 8e15 }])), 'tape-corrupt', /the time 8000000000000000/],
    ['from before all time', () => room.write(tapeOf([{ ...quoteAt(0, 0, [70, 1]), tsUs: -5 }])), 'tape-corrupt', /the time -5/],
    ['with a contract of no kind', () => room.write(forged({ ...TWX, kind: 'bond' })), 'tape-corrupt', /block at byte \d+: .*contract/],
    ['with a contract without a symbol', () => room.write(forged({ kind: 'stock', currency: 'USD' })), 'tape-corrupt', /contract/],
    ['with a contract that is nothing', () => room.write(forged(null)), 'tape-corrupt', /block at byte \d+: .*contract/],
    [
      'with a strike that is none',
      () => room.write(forged({ ...JUNE_70_CALL, strike: 'seventy' })),
      'tape-corrupt',
      /strike seventy is no number/,
    ],
    [
      'with an expiry that is none',
      () => room.write(forged({ ...JUNE_70_CALL, expiry: '2014-06-31' })),
      'tape-corrupt',
      /2014-06-31 is no date/,
    ],
    [
      'with a symbol of 100,000 characters',
      () => room.write(forged({ ...TWX, symbol: 'X'.repeat(100_000) })),
      'tape-corrupt',
      /names are longer than 100 characters/,
    ],
  ] as const)('%s is refused with what is wrong, and no port is opened', async (_what, make, code, message) => {
    const path = await make()
    const port = await freePort()
    const error: unknown = await room.serveFile(path, { port }).catch((cause: unknown) => cause)
    expect(error).toMatchObject({ name: 'FeedError', code, message: expect.stringMatching(message) })
    expect((error as Error).message).toContain(path)
    expect((error as Error).message.length).toBeLessThan(400 + path.length)
    await expect(reach(port)).rejects.toThrow('ECONNREFUSED')
  })
})

describe('a tape that can be served in part', () => {
  it('cut off in its last write is served up to there, with a warning', async () => {
    const path = await room.write(tapeOf([quoteAt(0, 0, [70, 1], [71, 1])]))
    await appendFile(path, 'half a block')
    const { gateway, port, logged } = await room.serveFile(path)
    expect(logged).toContain('warn: The tape ends in an unfinished write, which is not served')
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    client.send(...marketDataRequest(1, TWX))
    expect(await gateway.ended).toMatchObject({ ticksServed: 1 })
    await client.close()
  })

  it('cut between two blocks is served up to there, with a warning', async () => {
    const path = await room.write(tapeOf([quoteAt(0, 0, [70, 1], [71, 1])]))
    const { size } = await stat(path)
    await truncate(path, size - BLOCK_HEAD_BYTES)
    const { gateway, port, logged } = await room.serveFile(path)
    expect(logged).toContain('warn: The tape was cut: its end mark is missing, and what was behind is lost')
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    client.send(...marketDataRequest(1, TWX))
    expect(await gateway.ended).toMatchObject({ ticksServed: 1 })
    await client.close()
  })

  it('damaged after it was opened disconnects its clients, with the place of the damage in the log', async () => {
    const path = await room.write(tapeOf(QUOTES))
    const { gateway, port, logged } = await room.serveFile(path)
    await damage(path)
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    client.send(...marketDataRequest(1, TWX))
    await client.closed
    await expect(gateway.ended).rejects.toMatchObject({ name: 'FeedError', code: 'tape-corrupt' })
    expect(logged).toContain('error: The tape cannot be read on; clients are disconnected')
  })

  it('out of order is served in its own order; time stands still meanwhile', async () => {
    const ticks = [0, 5, 3, 1, 6].map((seconds) => quoteAt(seconds * SECOND_US, 0, [70 + seconds, 1]))
    const { gateway, port } = await room.serve(tapeOf(ticks), { publishTime: true })
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    client.send(...marketDataRequest(1, TWX))
    expect(await gateway.ended).toMatchObject({ ticksServed: 5, tapeUs: OPEN_US + 6 * SECOND_US })
    await client.frame('4|2|-1|99000|')
    const bids = client.frames.filter((frame) => frame.startsWith('1|6|1|1|')).map((frame) => Number(frame.split('|')[4]) - 70)
    expect(bids).toEqual([0, 5, 3, 1, 6])
    const times = client.frames.filter((frame) => frame.startsWith('49|')).map((frame) => Number(frame.split('|')[2]))
    expect(times).toEqual(times.toSorted((a, b) => a - b))
    await client.close()
  })

  it('with texts of any length serves them, but no history that clients cannot take', async () => {
    const conditions = 'x'.repeat(500_000)
    const trades = Array.from({ length: 40 }, (_, i) => tradeOf({ tsUs: OPEN_US + i * SECOND_US, conditions }))
    const { gateway, port } = await room.serve(tapeOf(trades))
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    client.send(...tickByTickRequest(1, TWX, 'Last'))
    await gateway.ended
    const ask = (reqId: number, count: number) =>
      client.send(96, reqId, ...contractFields(TWX), 0, '20140605-13:30:00', '', count, 'TRADES', 0, 0, '')
    ask(2, 40)
    ask(3, 20)
    expect(await client.frame('4|2|2|')).toMatch(
      /^4\|2\|2\|162\|Historical .*more than the 16777215 bytes that clients take: ask for less\|\|$/,
    )
    expect((await client.frame('98|3|20|')).length).toBeGreaterThan(20 * 500_000)
    expect(client.frames.filter((frame) => frame.startsWith('99|1|'))).toHaveLength(40)
    await client.close()
  })

  it('with numbers that are none serves what is left', async () => {
    const base = { seq: 0, tsUs: OPEN_US, instrument: 0 }
    const ticks: TapeRecord[] = [
      tradeOf({ price: Number.POSITIVE_INFINITY }),
      tradeOf({ price: Number.NaN }),
      tradeOf({ price: 71, eventTsUs: Number.NEGATIVE_INFINITY }),
      { kind: 'statistic', ...base, name: 'day-high', value: Number.POSITIVE_INFINITY },
      { kind: 'greeks', ...base, basis: 'model', impliedVolatility: Number.POSITIVE_INFINITY, delta: 0.5 },
      { kind: 'quote', ...base, bidPrice: Number.NEGATIVE_INFINITY, bidSize: 3, askPrice: 72, askSize: Number.POSITIVE_INFINITY },
    ]
    const { gateway, port } = await room.serve(tapeOf(ticks))
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    client.send(...marketDataRequest(1, TWX))
    expect(await gateway.ended).toMatchObject({ notServed: 2 })
    await client.frame('1|6|1|2|')
    expect(client.frames.slice(client.frames.indexOf('81|1|0.01|9c0001|3|') + 1)).toEqual([
      `46|6|1|45|${OPEN_US / SECOND_US}|`,
      '1|6|1|4|71|1|0|',
      '2|6|1|8|1|',
      '1|6|1|14|71|0|0|',
      '1|6|1|6|71|0|0|',
      '1|6|1|7|71|0|0|',
      '21|1|13|1|-1|0.5|-1|-1|-2|-2|-2|-1|',
      '1|6|1|1|-1|0|0|',
      '1|6|1|2|72|0|1|',
    ])
    await client.close()
  })
})

async function file(bytes: Buffer): Promise<string> {
  const path = join(folder, 'forged.tape')
  await writeFile(path, bytes)
  return path
}

async function damagedInTheMiddle(): Promise<string> {
  const path = await room.write(tapeOf(QUOTES))
  await damage(path)
  return path
}

/** Overwrites some bytes in the middle. */
async function damage(path: string): Promise<void> {
  const handle = await open(path, 'r+')
  const { size } = await handle.stat()
  await handle.write(Buffer.alloc(16, 0xa5), 0, 16, Math.floor(size / 2))
  await handle.close()
}

async function freePort(): Promise<number> {
  const { gateway, port } = await room.serve(tapeOf([quoteAt(0, 0, [70, 1])]))
  await gateway.stop()
  return port
}

function reach(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve()
    }).on('error', reject)
  })
}
