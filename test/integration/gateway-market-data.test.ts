/** What lines get of a tape, over real sockets: what is sent, when the tape waits, and that the counts are true. */

import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import { readRecords } from '../../db/tape/reader.ts'
import type { Contract } from '../../market/contract.ts'
import type { TapeRecord } from '../../market/tick.ts'
import {
  CONTRACTS,
  JUNE_70_CALL,
  JUNE_70_PUT,
  MS_US,
  marketDataRequest,
  OPEN_US,
  quoteAt,
  SECOND_US,
  type TapeRoom,
  TWX,
  tapeOf,
  tapeRoom,
} from '../support/gateway/gateway-tape.ts'
import { RawTwsClient } from '../support/gateway/raw-tws-client.ts'
import { PATIENTLY } from '../support/waiting.ts'

let room: TapeRoom

beforeAll(async () => {
  room = await tapeRoom()
})
afterAll(() => room.clear())

const END_OF_TAPE = '4|2|-1|99000|End of tape||'

/** The frames of market data among all. */
function marketData(client: RawTwsClient): string[] {
  return client.frames.filter((frame) => /^([12]\|6|58|81)\|/.test(frame))
}

describe('market data', () => {
  const ticks = [
    quoteAt(0, 0, [70, 3], [70.05, 4]),
    quoteAt(10 * MS_US, 1, [1.25, 10]),
    quoteAt(20 * MS_US, 0, [70, 5], [70.05, 4]),
    quoteAt(30 * MS_US, 0, [70, 6], [70.06, 4]),
    quoteAt(1000 * MS_US, 1, undefined, [1.35, 2]),
  ]

  it('without sampling sends each change of the tape, and only what changed', async () => {
    const { gateway, port } = await room.serve(tapeOf(ticks), { startAfterLines: 2 })
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    client.send(...marketDataRequest(1, TWX))
    client.send(...marketDataRequest(2, JUNE_70_CALL))
    const totals = await gateway.ended
    await client.frame('1|6|2|2|1.35|')
    expect(marketData(client)).toEqual([
      '58|1|1|1|',
      '81|1|0.01|9c0001|3|',
      '58|1|2|1|',
      '81|2|0.01|9c0001|3|',
      '1|6|1|1|70|3|1|',
      '1|6|1|2|70.05|4|1|',
      '1|6|2|1|1.25|10|1|',
      '1|6|2|2|-1|0|0|',
      '2|6|1|0|5|',
      '1|6|1|2|70.06|4|1|',
      '2|6|1|0|6|',
      '1|6|2|1|-1|0|0|',
      '1|6|2|2|1.35|2|1|',
    ])
    expect(totals).toMatchObject({ changes: 5, merged: 0, ticksServed: 5, messagesServed: 9, linesOpened: 2, clients: 1 })
    await client.close()
  })

  it('with sampling sends the last state of each step, the time of the tape before it, and the end', async () => {
    const { gateway, port } = await room.serve(tapeOf(ticks), { startAfterLines: 2, sampling: true, publishTime: true })
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    client.send(...marketDataRequest(1, TWX))
    client.send(...marketDataRequest(2, JUNE_70_CALL))
    await client.frame(END_OF_TAPE)
    const at = (ms: number) => `49|1|${OPEN_US + ms * MS_US}|`
    expect(client.frames.slice(client.frames.indexOf('81|2|0.01|9c0001|3|') + 1)).toEqual([
      at(0),
      '1|6|1|1|70|3|1|',
      '1|6|1|2|70.05|4|1|',
      at(100),
      '1|6|2|1|1.25|10|1|',
      '1|6|2|2|-1|0|0|',
      at(250),
      '1|6|1|2|70.06|4|1|',
      '2|6|1|0|6|',
      at(1000),
      '1|6|2|1|-1|0|0|',
      '1|6|2|2|1.35|2|1|',
      END_OF_TAPE,
    ])
    expect(await gateway.ended).toMatchObject({ changes: 5, merged: 1, ticksServed: 4 })
    await client.close()
  })

  it('publishes a later time ahead of the first tick than the line was opened at, as it is no state of the line', async () => {
    const { port } = await room.serve(tapeOf([quoteAt(0, 0, [70, 3])]), { publishTime: true })
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    client.send(...marketDataRequest(1, TWX))
    await client.frame(END_OF_TAPE)
    expect(client.frames.filter((frame) => /^(49|58|1)\|/.test(frame))).toEqual([
      `49|1|${OPEN_US - 1}|`,
      '58|1|1|1|',
      `49|1|${OPEN_US}|`,
      '1|6|1|1|70|3|1|',
      '1|6|1|2|-1|0|0|',
    ])
    await client.close()
  })

  it('repeats the time between two ticks of one line at one moment, which nothing else would keep apart', async () => {
    const sizes = [3, 4, 5].map((size) => quoteAt(0, 0, [70, size], [70.05, 4]))
    const { port } = await room.serve(tapeOf(sizes), { publishTime: true })
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    client.send(...marketDataRequest(1, TWX))
    await client.frame(END_OF_TAPE)
    expect(client.frames.slice(client.frames.indexOf('1|6|1|2|70.05|4|1|'))).toEqual([
      '1|6|1|2|70.05|4|1|',
      `49|1|${OPEN_US}|`,
      '2|6|1|0|4|',
      `49|1|${OPEN_US}|`,
      '2|6|1|0|5|',
      END_OF_TAPE,
    ])
    await client.close()
  })

  it('gives a line that opens after the end its last state, and a client that comes then the end', async () => {
    const { gateway, port } = await room.serve(tapeOf(ticks), { startAfterLines: 0, sampling: true, publishTime: true })
    await gateway.ended
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    await client.frame(END_OF_TAPE)
    client.send(...marketDataRequest(1, TWX))
    await client.frame('1|6|1|2|')
    expect(marketData(client)).toEqual(['58|1|1|1|', '81|1|0.01|9c0001|3|', '1|6|1|1|70|6|1|', '1|6|1|2|70.06|4|1|'])
    expect(gateway.totals()).toMatchObject({ changes: 0, statesServed: 1, ticksServed: 1 })
    expect(gateway.progress).toMatchObject({ state: 'ended', fraction: 1, clients: 1, lines: 1 })
    await client.close()
  })

  it('stands still until enough lines are open, whoever opened them', async () => {
    const { gateway, port } = await room.serve(tapeOf(ticks), { startAfterLines: 2 })
    const [one, two] = [await RawTwsClient.connect({ port, clientId: 1 }), await RawTwsClient.connect({ port, clientId: 2 })]
    one.send(...marketDataRequest(1, TWX))
    one.send(49, 1)
    expect(await one.frame('49|1|')).toBe('49|1|1401975000|')
    expect(gateway.progress).toEqual({ state: 'standing', tapeUs: OPEN_US, fraction: 0, clients: 2, lines: 1 })
    two.send(...marketDataRequest(1, TWX))
    const totals = await gateway.ended
    expect(totals).toMatchObject({ changes: 6, ticksServed: 6 })
    await Promise.all([one.frame('1|6|1|2|70.06|'), two.frame('1|6|1|2|70.06|')])
    expect(marketData(one)).toEqual(marketData(two))
    await Promise.all([one.close(), two.close()])
  })

  it('closes the lines of a client that leaves and counts what they did not get', async () => {
    const late = [...ticks, quoteAt(3600 * SECOND_US, 0, [71, 1], [72, 1])]
    const { gateway, port } = await room.serve(tapeOf(late), { speed: 0.001, sampling: true })
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    client.send(...marketDataRequest(1, TWX))
    await client.frame('1|6|1|2|70.05|')
    await client.close()
    await vi.waitUntil(() => gateway.progress.lines === 0, PATIENTLY)
    expect(gateway.totals()).toMatchObject({ linesOpened: 1, linesClosed: 1 })
    const { changes, merged, unsent, ticksServed } = await gateway.stop()
    expect(changes).toBe(ticksServed + merged + unsent)
  })
})

describe('a long tape', () => {
  const QUOTES = 400_000
  let records: TapeRecord[]

  beforeAll(() => {
    const changes = Array.from({ length: QUOTES }, (_, i) =>
      quoteAt(i * MS_US, i % 4, [70 + i / 100, 1 + (i % 9)], [71 + i / 100, 1 + (i % 7)]),
    )
    records = tapeOf(changes)
  })

  it('waits for a client that reads slowly, and loses nothing', async () => {
    const { gateway, port } = await room.serve(records, { startAfterLines: CONTRACTS.length })
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    for (const [i, contract] of CONTRACTS.entries()) client.send(...marketDataRequest(i, contract))
    await client.frame('1|6|')
    client.socket.pause()
    let seen = -1
    await vi.waitUntil(
      () => {
        const before = seen
        seen = gateway.totals().messagesServed
        return seen === before
      },
      { interval: 100, timeout: 20_000 },
    )
    expect(gateway.progress.state).toBe('playing')
    expect(seen).toBeLessThan(2 * QUOTES)
    client.socket.resume()
    const totals = await gateway.ended
    expect(totals).toMatchObject({ changes: QUOTES, ticksServed: QUOTES, messagesServed: 2 * QUOTES })
    await client.frame(`1|6|${(QUOTES - 1) % 4}|2|${71 + (QUOTES - 1) / 100}|`)
    const prices = client.frames
      .filter((frame) => frame.startsWith('1|6|') && frame.split('|')[3] === '1')
      .map((frame) => Number(frame.split('|')[4]))
    expect(prices).toHaveLength(QUOTES)
    expect(prices.every((price, i) => price === 70 + i / 100)).toBe(true)
    await client.close()
  })

  it('cuts off a client that never reads, and the others get everything', async () => {
    const { gateway, port, logged } = await room.serve(records, { startAfterLines: 5, stallTimeoutMs: 500 })
    const stuck = await RawTwsClient.connect({ port, clientId: 1 })
    for (const [i, contract] of CONTRACTS.entries()) stuck.send(...marketDataRequest(i, contract))
    await stuck.frame('81|3|')
    stuck.socket.pause()
    const client = await RawTwsClient.connect({ port, clientId: 2 })
    client.send(...marketDataRequest(1, TWX))
    await gateway.ended
    expect(logged).toContainEqual(expect.stringContaining('warn: Client has read nothing for 0.5 s'))
    await client.frame(`1|6|1|2|${71 + (QUOTES - 4) / 100}|`)
    expect(marketData(client)).toHaveLength(2 + QUOTES / 2)
    expect(gateway.progress.clients).toBe(1)
    await Promise.all([client.close(), stuck.close()])
  })

  it('stopped in the middle has delivered all it counted, published the end and closed', async () => {
    const { gateway, port } = await room.serve(records, { startAfterLines: CONTRACTS.length, sampling: true, publishTime: true })
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    for (const [i, contract] of CONTRACTS.entries()) client.send(...marketDataRequest(i, contract))
    await client.frame('1|6|')
    const stopped = gateway.stop()
    expect(gateway.stop()).toBe(stopped)
    await client.closed
    const { changes, merged, unsent, ticksServed, statesServed, messagesServed, linesOpened, linesClosed } = await stopped
    expect(client.frames.at(-1)).toBe(END_OF_TAPE)
    expect(client.frames.filter((frame) => /^[12]\|6\|/.test(frame))).toHaveLength(messagesServed)
    expect(changes).toBe(ticksServed - statesServed + merged + unsent)
    expect(merged).toBeGreaterThan(0)
    expect(linesClosed).toBe(linesOpened)
    const refused = RawTwsClient.dial(port)
    await refused.closed
    expect(refused.frames).toEqual([])
  })

  it('counts on a sampled burst what each client received, and changes = sent + merged', async () => {
    const { gateway, port } = await room.serve(records, { startAfterLines: 6, sampling: true, publishTime: true })
    const [one, two] = [await RawTwsClient.connect({ port, clientId: 1 }), await RawTwsClient.connect({ port, clientId: 2 })]
    for (const [i, contract] of CONTRACTS.entries()) one.send(...marketDataRequest(i, contract))
    two.send(...marketDataRequest(8, JUNE_70_PUT))
    two.send(...marketDataRequest(9, TWX))
    await Promise.all([one.frame(END_OF_TAPE), two.frame(END_OF_TAPE)])
    const { changes, merged, ticksServed, statesServed, messagesServed, unsent } = await gateway.ended
    expect(changes).toBe((6 * QUOTES) / 4)
    expect(changes).toBe(ticksServed - statesServed + merged)
    expect(unsent).toBe(0)
    const received = [one, two].flatMap(({ frames }) => frames.filter((frame) => /^[12]\|6\|/.test(frame)))
    expect(received).toHaveLength(messagesServed)
    const times = one.frames.filter((frame) => frame.startsWith('49|')).map((frame) => Number(frame.split('|')[2]))
    expect(times.every((time, i) => i === 0 || time > (times[i - 1] ?? 0))).toBe(true)
    await Promise.all([one.close(), two.close()])
  })
})

describe('the shipped day', () => {
  it('reaches a client whole: every changed row, in order, at its time', async () => {
    const tape = fileURLToPath(new URL('../../tapes/twx-2014-06-05.tape', import.meta.url))
    const contracts = new Map<number, Contract>()
    const rows = new Map<number, string[]>()
    for await (const records of readRecords(tape)) {
      for (const record of records) {
        if (record.kind === 'contract') contracts.set(record.instrument, record.contract)
        if (record.kind !== 'quote') continue
        const { instrument, tsUs, bidPrice = -1, bidSize = 0, askPrice = -1, askSize = 0 } = record
        const state = [bidPrice, bidSize, askPrice, askSize].join(' ')
        const known = rows.get(instrument) ?? []
        rows.set(instrument, known)
        if (known.at(-1)?.split('@')[0] !== state) known.push(`${state}@${tsUs}`)
      }
    }
    const { gateway, port } = await room.serveFile(tape, {
      lines: 200,
      startAfterLines: contracts.size,
      sampling: true,
      publishTime: true,
    })
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    for (const [instrument, contract] of contracts) client.send(...marketDataRequest(instrument, contract))
    await client.frame(END_OF_TAPE)
    const received = new Map<number, string[]>()
    const states = new Map<number, number[]>()
    let now = ''
    for (const frame of client.frames) {
      const [message, , id, tickType, ...values] = frame.split('|')
      const instrument = Number(id)
      if (message === '49') now = id ?? ''
      if (message !== '1' && message !== '2') continue
      const state = states.get(instrument) ?? []
      states.set(instrument, state)
      if (message === '1') state.splice(tickType === '1' ? 0 : 2, 2, Number(values[0]), Number(values[1]))
      else state.splice(tickType === '0' ? 1 : 3, 1, Number(values[0]))
      const ticks = received.get(instrument) ?? []
      received.set(instrument, ticks)
      if (ticks.at(-1)?.endsWith(`@${now}`)) ticks.pop()
      ticks.push(`${state.join(' ')}@${now}`)
    }
    expect(contracts.size).toBe(185)
    expect(received).toEqual(rows)
    const changed = [...rows.values()].reduce((sum, list) => sum + list.length, 0)
    expect(await gateway.ended).toMatchObject({ changes: changed, ticksServed: changed, merged: 0, unsent: 0 })
    await client.close()
  })
})
