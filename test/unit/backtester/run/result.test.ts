import { describe, expect, it } from 'vitest'

import { type RunResult, resultHash } from '../../../../backtester/run/result.ts'

type Done = Pick<RunResult, 'orders' | 'fills' | 'equity'>

const done = ({ price = 0.1 + 0.2, tsUs = 1_401_975_000_000_001 } = {}): Done => ({
  orders: [
    {
      id: 1,
      request: { type: 'market', side: 'buy', instrument: 1, quantity: 2 },
      givenUs: tsUs - 1,
      status: 'filled',
      filled: 2,
      reason: undefined,
    },
  ],
  fills: [{ orderId: 1, instrument: 1, side: 'buy', quantity: 2, price, commission: 0, realised: 0, tsUs, isTaker: true }],
  equity: [{ tsUs, cash: 10, equity: 10.5, exposure: 0.5 }],
})

describe('the hash of a result', () => {
  it('is the same where numbers differ behind their 12th significant digit', () => {
    expect(0.1 + 0.2).not.toBe(0.3)
    expect(resultHash(done({ price: 0.1 + 0.2 }))).toBe(resultHash(done({ price: 0.3 })))
  })

  it('is another one where they differ within 12 digits, or a time by a microsecond', () => {
    expect(resultHash(done({ price: 0.300000000001 }))).not.toBe(resultHash(done({ price: 0.3 })))
    expect(resultHash(done({ tsUs: 1_401_975_000_000_002 }))).not.toBe(resultHash(done()))
  })

  it('does not depend on the order of keys', () => {
    const { orders, fills, equity } = done()
    const reversed = fills.map((fill) => Object.fromEntries(Object.entries(fill).toReversed()))
    expect(Object.keys(reversed[0] ?? {})[0]).toBe('isTaker')
    expect(resultHash({ orders, fills: reversed as unknown as Done['fills'], equity })).toBe(resultHash(done()))
  })

  it('survives JSON', () => {
    expect(resultHash(JSON.parse(JSON.stringify(done())) as Done)).toBe(resultHash(done()))
  })
})
