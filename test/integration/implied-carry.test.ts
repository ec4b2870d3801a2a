import type pg from 'pg'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'

import { connectClient } from '../../db/pool.ts'
import { replaceParity, storeParity } from '../../db/write/implied-carry.ts'
import type { ParitySample } from '../../market/arbitrage/parity.ts'
import { WriteError } from '../../market/errors.ts'
import { isoFromUs } from '../../market/time.ts'
import { forEachEdition } from '../support/database/databases.ts'

const MINUTE_US = 60_000_000
const FIRST_US = Date.UTC(2014, 5, 5, 13, 30) * 1000

function sample(minute: number, fields: Partial<ParitySample> = {}): ParitySample {
  return {
    tsUs: FIRST_US + minute * MINUTE_US,
    symbol: 'TWX',
    currency: 'USD',
    tradingClass: 'TWX',
    multiplier: 100,
    expiry: '2014-07-19',
    days: 44,
    pairs: 3,
    forwardBid: 70.01,
    forwardAsk: 70.09,
    forward: 70.05,
    spot: 70,
    carryRate: 0.0059,
    impliedRate: undefined,
    rate: 0.01,
    income: 0.0344,
    incomeRate: 0.0041,
    ...fields,
  }
}

const of = (sessionId: number, ...samples: ParitySample[]) => samples.map((one) => ({ sessionId, sample: one }))

forEachEdition('samples of parity in the database', ({ createTapeDatabase }) => {
  let client: pg.Client
  beforeAll(async () => {
    client = await connectClient(await createTapeDatabase())
  })
  afterAll(() => client.end())
  beforeEach(async () => {
    await client.query('DELETE FROM implied_carry')
  })

  const rows = async () => {
    const { rows: found } = await client.query<Record<string, unknown> & { ts: Date }>(
      'SELECT * FROM implied_carry ORDER BY session_id, ts, symbol',
    )
    return found
  }
  const minutes = async () =>
    (await rows()).map(({ session_id, ts, symbol }) => [Number(session_id), (ts.getTime() * 1000 - FIRST_US) / MINUTE_US, symbol])

  it('have every figure in its column, and none where nothing is known', async () => {
    await storeParity(client, of(7, sample(0)))
    const { tsUs, tradingClass, forwardBid, forwardAsk, carryRate, impliedRate: _absent, incomeRate, expiry: _date, ...same } = sample(0)
    expect(await rows()).toEqual([
      expect.objectContaining({
        ...same,
        session_id: '7',
        ts: new Date(isoFromUs(tsUs)),
        trading_class: tradingClass,
        forward_bid: forwardBid,
        forward_ask: forwardAsk,
        carry_rate: carryRate,
        implied_rate: null,
        income_rate: incomeRate,
      }),
    ])
  })

  it('are stored once, and all of a call or none', async () => {
    await storeParity(client, of(7, sample(0), sample(1)))
    await storeParity(client, of(7, sample(1, { pairs: 8 }), sample(2)))
    await storeParity(client, [])
    expect((await rows()).map(({ pairs }) => pairs)).toEqual([3, 3, 3])
    await expect(storeParity(client, of(7, sample(3), sample(4, { expiry: '2014-02-30' })))).rejects.toThrow(WriteError)
    expect(await rows()).toHaveLength(3)
  })

  it('of a part of a session give way to those of a scan', async () => {
    await storeParity(client, [...of(7, sample(0), sample(1), sample(2), sample(1, { symbol: 'IBM' })), ...of(8, sample(1))])
    const part = { sessionId: 7, fromUs: FIRST_US + MINUTE_US, toUs: FIRST_US + 2 * MINUTE_US, symbols: ['TWX'] }
    await replaceParity(client, part, of(7, sample(1.5)))
    expect(await minutes()).toEqual([
      [7, 0, 'TWX'],
      [7, 1, 'IBM'],
      [7, 1.5, 'TWX'],
      [7, 2, 'TWX'],
      [8, 1, 'TWX'],
    ])
  })
})
