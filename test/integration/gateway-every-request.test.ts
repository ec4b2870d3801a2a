/**
 * Nothing may hang: every message that the newest client can send is answered, ended or refused, once, or is one that IB does not answer. A
 * message of @stoqey/ib that nobody has thought of fails here.
 */

import { OUT_MSG_ID } from '@stoqey/ib/dist/core/io/encoder.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { REQUESTS } from '../../backtester/gateway/server/handlers/index.ts'
import { endOf, SAMPLED_IDS, type SampleRequest, sampleOf } from '../support/gateway/every-request.ts'
import { marketDataRequest, OPEN_US, quoteAt, SECOND_US, type TapeRoom, TWX, tapeOf, tapeRoom } from '../support/gateway/gateway-tape.ts'
import { RawTwsClient } from '../support/gateway/raw-tws-client.ts'

let room: TapeRoom
let port: number

/** Quotes at the opening, and 1, 6 and 12 seconds behind it. */
const TICKS = [0, 1, 6, 12].map((second) => quoteAt(second * SECOND_US, 0, [70 + second / 100, 3], [70.05 + second / 100, 4]))
const REAL_TIME_BARS = 50
const TIME = '49|1|'

beforeAll(async () => {
  room = await tapeRoom()
  const served = await room.serve(tapeOf(TICKS), { startAfterLines: 0 })
  await served.gateway.ended
  ;({ port } = served)
})
afterAll(() => room.clear())

/** Names of all messages, by number. */
const OUTGOING = Object.entries(OUT_MSG_ID).filter((entry): entry is [string, number] => typeof entry[1] === 'number')

/** Sends it, and returns every frame up to the answer to a request for the time behind it. */
async function exchange(client: RawTwsClient, { send, ends }: Omit<SampleRequest, 'name'>, reqId: number): Promise<string[]> {
  const from = client.frames.length
  client.send(...send(reqId))
  if (ends !== 'none') await client.frame(ends.by === 'anonymous' ? ends.prefix : endOf(ends, reqId), from)
  const before = client.frames.length
  client.send(49, 1)
  await client.frame(TIME, before)
  return client.frames.slice(from, -1)
}

describe('of all messages that @stoqey/ib can send', () => {
  it.each(OUTGOING.filter(([, id]) => id !== REAL_TIME_BARS))('%s (%i) ends, or needs no answer', async (_name, id) => {
    const sample = sampleOf(id)
    if (!sample) throw new Error(`Message ${id} has no sample in test/support/gateway/every-request.ts: add one, and what ends it`)
    const client = await RawTwsClient.connect({ port, clientId: id })
    const frames = await exchange(client, sample, 1000 + id)
    const { ends } = sample
    const handler = REQUESTS.find((request) => request.id === id)
    expect(handler?.isOneWay === true).toBe(ends === 'none')
    if (ends === 'none') expect(frames).toEqual([])
    else {
      const end = ends.by === 'anonymous' ? ends.prefix : endOf(ends, 1000 + id)
      expect(frames.filter((frame) => frame.startsWith(end))).toHaveLength(1)
      // Some clients take 321 for a warning, and wait on.
      if (ends.by === 'id') expect(frames.filter((frame) => frame.startsWith(`4|2|${1000 + id}|321|`))).toEqual([])
    }
    await client.close()
  })

  it('REQ_REAL_TIME_BARS (50) gets a bar for each 5 seconds with data, once they are over, and no more once it was cancelled', async () => {
    const { port, gateway } = await room.serve(tapeOf(TICKS))
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    const sample = sampleOf(REAL_TIME_BARS)
    client.send(...(sample?.send(7) ?? []))
    client.send(...(sample?.send(8) ?? []))
    client.send(51, 1, 8)
    client.send(...marketDataRequest(1, TWX))
    await gateway.ended
    const open = OPEN_US / SECOND_US
    await client.frame(`50|3|7|${open + 10}|`)
    expect(client.frames.filter((frame) => frame.startsWith('50|'))).toEqual([
      `50|3|7|${open}|70.025|70.035|70.025|70.035|-1|-1|-1|`,
      `50|3|7|${open + 5}|70.035|70.085|70.035|70.085|-1|-1|-1|`,
      `50|3|7|${open + 10}|70.085|70.145|70.085|70.145|-1|-1|-1|`,
    ])
    client.send(...(sample?.send(9) ?? []))
    expect(await client.frame('4|2|9|')).toContain('|162|')
    await client.close()
  })

  it('bars of 5 seconds are as many for one client as there may be lines, and end with it', async () => {
    const { port, gateway } = await room.serve(tapeOf(TICKS), { lines: 2, startAfterLines: 2 })
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    for (const reqId of [1, 2, 3, 2]) client.send(...(sampleOf(REAL_TIME_BARS)?.send(reqId) ?? []))
    await client.frame('4|2|2|')
    expect(client.frames.filter((frame) => /^4\|2\|\d/.test(frame))).toEqual([
      '4|2|3|101|Max number of tickers has been reached||',
      '4|2|2|322|Error processing request: Duplicate ticker id||',
    ])
    await client.close()
    const other = await RawTwsClient.connect({ port, clientId: 2 })
    other.send(...(sampleOf(REAL_TIME_BARS)?.send(1) ?? []))
    for (const reqId of [2, 3]) other.send(...marketDataRequest(reqId, TWX))
    await other.frame('50|3|1|')
    await gateway.ended
    await other.close()
  })

  it('are as many as the gateway reads', () => {
    const known = OUTGOING.map(([, id]) => id).toSorted((a, b) => a - b)
    expect(SAMPLED_IDS).toEqual(known)
    expect(REQUESTS.map(({ id }) => id).toSorted((a, b) => a - b)).toEqual(known)
  })

  it('leave out those that came behind server version 193, which cannot be read', async () => {
    const client = await RawTwsClient.connect({ port, clientId: 200 })
    for (const id of [105, 106, 107]) {
      client.send(id, 1)
      expect(await client.frame(`4|2|-1|320|Error reading request: Expected a message id of IB's protocol, found ${id}|`)).toBeTruthy()
    }
    await client.close()
  })
})

describe('cancelOrder', () => {
  it.each([
    ['v100..177', [4, 1, 31, '']],
    ['v100..178', [4, 1, 31, '']],
    ['v100..191', [4, 1, 31, '', '', '', 2147483647]],
    ['v100..193', [4, 31, '', '', 2147483647]],
  ])('of a client that speaks %s names its order behind the version field that it has', async (versions, fields) => {
    const client = await RawTwsClient.connect({ port, clientId: 300, versions })
    client.send(...fields)
    expect(await client.frame('4|2|31|')).toBe('4|2|31|10147|OrderId 31 that needs to be cancelled is not found.||')
    await client.close()
  })
})
