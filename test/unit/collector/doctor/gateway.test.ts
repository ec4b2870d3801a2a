import { createServer } from 'node:net'
import { describe, expect, it, onTestFinished, vi } from 'vitest'

import type { Finding } from '../../../../collector/doctor/finding.ts'
import { checkGateway, type GatewayNeeds } from '../../../../collector/doctor/gateway.ts'
import type { TwsConnection } from '../../../support/gateway/scripted-tws.ts'
import { serveListings } from '../ib/lookup/listings.ts'
import { CLIENT_ID, twsFor } from '../ib/tws-support.ts'
import { PATIENTLY } from '../../../support/waiting.ts'

const TWX = { symbol: 'TWX', currency: 'USD', exchange: 'SMART' }
const EXPIRY = `${new Date().getUTCFullYear() + 1}0115`
const LISTINGS = {
  stocks: { TWX: 4321 },
  indices: { SPX: 416904 },
  chains: [{ exchange: 'SMART', tradingClass: 'TWX', expirations: ['20140621', EXPIRY], strikes: [65, 70] }],
  options: ['20140621 65 C TWX', `${EXPIRY} 65 C TWX`, `${EXPIRY} 70 C TWX`],
}

type Answer = (tws: TwsConnection, reqId: string) => void

/** A gateway whose clock is `aheadS` seconds ahead of ours, and that answers as given for the stock and for options. */
async function findings(given: {
  aheadS?: number
  stock?: Answer
  index?: Answer
  option?: Answer
  needs?: Partial<GatewayNeeds>
  clock?: 'gateway'
}) {
  const live: Answer = (tws, reqId) => {
    tws.send(58, 1, reqId, 1)
    tws.send(1, 6, reqId, 1, 70.1, 5, 0)
  }
  const server = await twsFor(async (tws) => {
    void serveListings(tws, LISTINGS)
    void answering(tws, 49, () => tws.send(49, 1, Math.floor(Date.now() / 1000) + (given.aheadS ?? 0)))
    await answering(tws, 1, ([, , reqId = '', , , secType]) =>
      ((secType === 'STK' ? given.stock : secType === 'IND' ? given.index : given.option) ?? live)(tws, reqId),
    )
  })
  const gateway = gatewayAt(server.port, given.clock)
  const found = await all(checkGateway({ gateway, underlyings: [TWX], isRecording: false, ...given.needs }))
  return {
    found,
    requests: server.connections.flatMap(({ requests }) => requests.map(({ fields }) => fields)),
    sockets: server.connections.map(({ socket }) => socket),
  }
}

const gatewayAt = (port: number, clock: 'wall' | 'gateway' = 'wall') =>
  ({ host: '127.0.0.1', port, clientId: CLIENT_ID, handshakeTimeoutMs: 5000, messagesPerSecond: 40, marketDataType: 1, clock }) as const

async function answering(tws: TwsConnection, id: number, answer: (fields: string[]) => void): Promise<void> {
  for (;;) answer(await tws.request(id))
}

async function all(findings: AsyncIterable<Finding>): Promise<Record<string, Finding>> {
  const found: Record<string, Finding> = {}
  for await (const finding of findings) found[finding.check] = finding
  return found
}

describe('the doctor at a gateway', () => {
  it('reports ok for one that answers, has the right time and serves live data, and disconnects', async () => {
    const { found, requests, sockets } = await findings({})
    expect(found).toEqual({
      gateway: { check: 'gateway', state: 'ok', found: expect.stringMatching(/answers, server version 193$/) },
      'gateway clock': { check: 'gateway clock', state: 'ok', found: 'agrees with this machine to the second' },
      'market data': { check: 'market data', state: 'ok', found: `TWX: live; TWX ${EXPIRY.slice(0, 4)}-01-15 70 C: live` },
    })
    expect(requests.filter(([id]) => id === '1')).toHaveLength(2)
    await vi.waitFor(() => expect(sockets.every(({ closed }) => closed)).toBe(true), PATIENTLY)
  })

  it('comes with a client id of its own', async () => {
    const { requests } = await findings({ needs: { underlyings: [] } })
    const [, , clientId] = requests.find(([id]) => id === '71') ?? []
    expect(Number(clientId)).toBeGreaterThanOrEqual(900_000)
  })

  it('reports delayed and refused data with its code and what to do', async () => {
    const { found } = await findings({
      stock: (tws, reqId) => {
        tws.send(4, 2, reqId, 10167, 'Requested market data is not subscribed. Displaying delayed market data.', '')
        tws.send(58, 1, reqId, 3)
        tws.send(1, 6, reqId, 66, 70.1, 5, 0)
      },
      option: (tws, reqId) => tws.send(4, 2, reqId, 354, 'Requested market data is not subscribed.', ''),
    })
    expect(found['market data']).toMatchObject({
      state: 'failed',
      found: expect.stringMatching(/^TWX: delayed \(10167\); TWX .*: refused \(354\)$/),
      todo: expect.stringContaining('subscribe to its market data'),
    })
  })

  it('says that the data of an index is missing, which is apart from that of its options', async () => {
    const { found, requests } = await findings({
      index: (tws, reqId) => tws.send(4, 2, reqId, 354, 'Requested market data is not subscribed.', ''),
      needs: { underlyings: [TWX, { ...TWX, symbol: 'SPX', kind: 'index' }] },
    })
    expect(found['index data']).toMatchObject({
      state: 'failed',
      found: expect.stringMatching(/^SPX: refused \(354\); SPX \d{4}-01-15 70 C: live$/),
      todo: expect.stringContaining('subscribe to its market data'),
    })
    expect(requests.filter(([id]) => id === '9').map((fields) => fields[5])).toEqual(['STK', 'OPT', 'IND', 'OPT'])
    expect(found['market data']).toMatchObject({ state: 'ok' })
  })

  it('says what to look for where it is logged in and no line gets any data', async () => {
    const accepted: Answer = (tws, reqId) => tws.send(58, 1, reqId, 1)
    const { found } = await findings({ stock: accepted, option: accepted })
    expect(found['market data']).toMatchObject({
      state: 'warning',
      found: expect.stringMatching(/^TWX: live; TWX .*: live; logged in, and no data on any line$/),
      todo: expect.stringMatching(/dialog .* in lots, keeps all data back; a closed market may be silent/),
    })
  })

  it('says that a line was left without an answer', async () => {
    const { found } = await findings({ option: () => undefined })
    expect(found['market data']).toMatchObject({ state: 'warning', found: expect.stringMatching(/^TWX: live; TWX .*: no answer$/) })
  })

  it('says by how much the clocks differ', async () => {
    const { found } = await findings({ aheadS: 10, needs: { underlyings: [] } })
    expect(found['gateway clock']).toMatchObject({
      state: 'warning',
      found: expect.stringMatching(/^this machine is (8|9|10)\.\d s behind the/),
    })
  })

  it('takes the time of another day for a recording that is played', async () => {
    const aheadS = -400 * 86_400
    const needs = { underlyings: [] }
    expect((await findings({ aheadS, needs })).found['gateway clock']).toMatchObject({
      state: 'warning',
      todo: expect.stringContaining('gateway.clock'),
    })
    expect((await findings({ aheadS, needs, clock: 'gateway' })).found['gateway clock']).toMatchObject({ state: 'ok' })
  })

  it('asks for no line while a collector holds them, nor without an underlying', async () => {
    for (const needs of [{ isRecording: true }, { underlyings: [] }]) {
      const { found, requests } = await findings({ needs })
      expect(found['market data']?.state).toBe('not checked')
      expect(requests.filter(([id]) => id === '1')).toEqual([])
    }
  })

  it('says that the gateway does not know the stock', async () => {
    const { found } = await findings({ needs: { underlyings: [{ ...TWX, symbol: 'TWXX' }] } })
    expect(found['market data']).toMatchObject({ state: 'failed', found: 'the gateway knows no stock TWXX' })
    const spx = await findings({ needs: { underlyings: [{ ...TWX, symbol: 'SPXX', kind: 'index' }] } })
    expect(spx.found['index data']).toMatchObject({ state: 'failed', found: 'the gateway knows no index SPXX' })
  })

  it('distinguishes a port that is silent from one that is closed', async () => {
    const silent = createServer((socket) => socket.on('error', () => undefined)).listen(0, '127.0.0.1')
    onTestFinished(() => void silent.close())
    await new Promise((resolve) => silent.once('listening', resolve))
    const address = silent.address()
    const port = typeof address === 'object' && address ? address.port : 0
    const check = (port: number) =>
      all(checkGateway({ gateway: { ...gatewayAt(port), handshakeTimeoutMs: 100 }, underlyings: [TWX], isRecording: false }))
    const unanswered = await check(port)
    expect(unanswered['gateway']).toMatchObject({
      state: 'failed',
      found: expect.stringContaining('did not finish the TWS handshake within 100 ms'),
      todo: expect.stringContaining('is it the port of the API'),
    })
    expect(unanswered['market data']?.state).toBe('not checked')
    expect((await check(1))['gateway']).toMatchObject({ state: 'failed', found: expect.stringContaining('ECONNREFUSED') })
  })
})
