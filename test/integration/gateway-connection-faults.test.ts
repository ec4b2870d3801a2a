/** Faults of connections on demand, over real sockets, and what is said of a fault script. */

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import type { GatewayOptions } from '../../backtester/gateway/server/gateway.ts'
import { ask, begun, connect, dataOf, from, SECONDS, STOCK, serveFaults, whole } from '../support/gateway/faulty-gateway.ts'
import { type TapeRoom, tapeRoom } from '../support/gateway/gateway-tape.ts'
import { frameOf, RawTwsClient } from '../support/gateway/raw-tws-client.ts'
import { PATIENTLY } from '../support/waiting.ts'

let room: TapeRoom

beforeAll(async () => {
  room = await tapeRoom()
})
afterAll(() => room.clear())

const serve = (faults: readonly string[], options?: Partial<GatewayOptions>) => serveFaults(room, faults, options)

describe('a half-open connection', () => {
  it('says nothing more and does not end, and its client id is taken until the gateway notices', async () => {
    const { gateway, port } = await serve(['kind: half-open, afterTapeSeconds: 10, seconds: 3600, clientId: 1'], {
      startAfterLines: 4,
    })
    const [client, other] = [await connect(port), await connect(port, 2)]
    ask(client)
    ask(other)
    await whole(other)
    expect(dataOf(client, STOCK)).toEqual(from(0, 10))
    const frames = client.frames.length
    client.send(49, 1)
    const again = await RawTwsClient.connect({ port })
    await again.until(() => again.frames.length > 0)
    again.send(71, 2, 1, '')
    await again.frame('4|2|-1|326|')
    expect([client.frames.length, client.isClosed]).toEqual([frames, false])
    await gateway.stop()
    await client.closed
  })

  it('is dropped when the gateway notices', async () => {
    const { port } = await serve(['kind: half-open, secondsAfterConnect: 0, seconds: 0.05'])
    const client = await connect(port)
    await client.closed
    const again = await connect(port)
    expect(again.isClosed).toBe(false)
    await again.close()
  })
})

describe('a slow gateway', () => {
  it('writes few bytes of many to the client that it is about, and the rest when it is over', async () => {
    const { gateway, port, logged } = await serve(['kind: slow, bytesPerSecond: 10, clientId: 1, secondsAfterConnect: 0, connection: 2'], {
      startAfterLines: 4,
    })
    const [client, other] = [await connect(port), await connect(port, 2)]
    await begun(logged, 1)
    ask(other)
    ask(client)
    await whole(other)
    expect(dataOf(client, STOCK).length).toBeLessThan(SECONDS)
    await gateway.stop()
    await client.closed
    expect(dataOf(client, STOCK)).toEqual(from(0, SECONDS))
    await other.close()
  })

  it('reads few requests of many, and the rest when it is over', async () => {
    const { gateway, port, logged } = await serve(['kind: slow, requestsPerSecond: 1, clientId: 1, secondsAfterConnect: 0, connection: 2'])
    const [client, other] = [await connect(port), await connect(port, 2)]
    await begun(logged, 1)
    // Request ids that nobody knows are answered with 300 each.
    const cancels = Array.from({ length: 200 }, (_, i) => frameOf([2, 2, 1000 + i]))
    client.sendBytes(Buffer.concat(cancels))
    other.sendBytes(Buffer.concat(cancels))
    await other.frame('4|2|1199|300|')
    const answered = client.frames.filter((frame) => frame.includes('|300|')).length
    expect(answered).toBeLessThan(200)
    await gateway.stop()
    await Promise.all([client.closed, other.close()])
  })
})

describe('a restart', () => {
  it('ends every connection and refuses new ones while it lasts', async () => {
    const { port } = await serve(['kind: restart, afterTapeSeconds: 10, seconds: 3600'])
    const client = await connect(port)
    ask(client)
    await client.closed
    const refused = RawTwsClient.dial(port)
    const errors: string[] = []
    refused.socket.on('error', (error: NodeJS.ErrnoException) => errors.push(error.code ?? ''))
    await refused.closed
    expect(errors).toEqual(['ECONNREFUSED'])
  })

  it('is over after its time: the gateway is back on its port', async () => {
    const { port, logged } = await serve(['kind: restart, afterTapeSeconds: 10, seconds: 0.05'])
    const client = await connect(port)
    ask(client)
    await client.closed
    await vi.waitFor(async () => {
      const again = await RawTwsClient.connect({ port })
      await again.until(() => again.frames.length > 0)
      await again.close()
      expect(again.frames).toHaveLength(1)
    }, PATIENTLY)
    expect(logged.filter((line) => line.includes('A fault'))).toEqual([
      'info: A fault begins: restart of the gateway',
      'info: A fault ends: restart of the gateway',
    ])
  })

  it('may begin while another one lasts: the gateway is back when the last of them is over', async () => {
    const { gateway, port, logged } = await serve([
      'kind: restart, afterTapeSeconds: 10, seconds: 0.3',
      'kind: restart, afterTapeSeconds: 10, seconds: 0.05',
      'kind: restart, afterTapeSeconds: 10, seconds: 0.1',
    ])
    const client = await connect(port)
    ask(client)
    await client.closed
    await vi.waitFor(() => expect(logged.filter((line) => line.includes('A fault ends'))).toHaveLength(3), PATIENTLY)
    const again = await connect(port)
    expect(again.isClosed).toBe(false)
    await again.close()
    await gateway.stop()
  })
})

describe('a wrong handshake', () => {
  it('is silent, of another version, or closed at once; what comes behind is let in', async () => {
    const { gateway, port } = await serve([
      'kind: handshake, how: silent, connections: 1, seconds: 3600',
      'kind: handshake, how: version, version: 250, connections: 1, seconds: 3600',
      'kind: handshake, how: closed, connections: 1, seconds: 3600',
    ])
    const silent = await RawTwsClient.connect({ port })
    const version = await RawTwsClient.connect({ port })
    expect(await version.frame('250|')).toBe('250||')
    const closed = RawTwsClient.dial(port)
    await closed.closed
    const client = await connect(port)
    ask(client)
    await whole(client)
    expect([silent.frames, silent.isClosed, closed.frames]).toEqual([[], false, []])
    await gateway.stop()
    await Promise.all([silent.closed, version.closed, client.close()])
  })
})

describe('the script', () => {
  it('is logged: what begins, what ends, and what never came', async () => {
    const { gateway, logged } = await serve(
      [
        'kind: silence, of: [usopt, TWX], feed: market-data, tapeSeconds: 5',
        'kind: silence, afterTapeSeconds: 90, tapeSeconds: 600',
        'kind: restart, afterTapeSeconds: 101, seconds: 5',
      ],
      { startAfterLines: 0 },
    )
    await gateway.ended
    await gateway.stop()
    expect(logged.filter((line) => line.includes('ault'))).toEqual([
      'info: A fault begins: silence of usopt, TWX (market-data)',
      'info: A fault ends: silence of usopt, TWX (market-data)',
      'info: A fault begins: silence of all',
      'info: A fault ends: silence of all',
      'warn: A fault of the script never came: restart of the gateway',
    ])
  })

  it('that names contracts which are not on the tape is refused', async () => {
    await expect(serve(['kind: silence, of: [TWX, IBM, usopt]'])).rejects.toThrow(
      /^The fault script test\.yaml names what is not served: IBM\. Expected all, a farm/,
    )
  })
})
