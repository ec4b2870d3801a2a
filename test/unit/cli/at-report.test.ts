import { describe, expect, it } from 'vitest'

import { formatChain, plainChain } from '../../../cli/at-report.ts'
import type { KnownChain, KnownOption } from '../../../market/state/known-chain.ts'
import { usFromIso } from '../../../market/time.ts'

const AT_US = usFromIso('2014-06-05T15:00:00Z')
const option = (right: 'C' | 'P', strike: number, more: Partial<KnownOption> = {}): KnownOption => ({
  key: `option:TWX:USD:TWX:2014-06-21:${right}:${strike}:100`,
  currency: 'USD',
  tradingClass: 'TWX',
  multiplier: 100,
  expiry: '2014-06-21',
  strike,
  right,
  flags: [],
  ...more,
})
const quoted = (bidPrice: number, askPrice: number, ageSeconds: number): Partial<KnownOption> => ({
  bidPrice,
  askPrice,
  quoteUs: AT_US - ageSeconds * 1_000_000,
})

const CHAIN: KnownChain = {
  symbol: 'TWX',
  atUs: AT_US,
  underlyings: [{ key: 'stock:TWX:USD', ...quoted(70.92, 70.93, 0.4), flags: [] }],
  options: [
    option('C', 65, { ...quoted(5.9, 6.1, 59), impliedVolatility: 0.253, delta: 0.95 }),
    option('P', 65, { ...quoted(0.04, 0.0425, 750), delta: -0.05, flags: ['initial'] }),
    option('C', 70, { ...quoted(1.58, 1.64, 12_000), staleCause: 'link-lost', flags: ['delayed', 'wide-spread'] }),
    option('P', 75, { flags: ['quarantined'] }),
    option('C', 35, { tradingClass: 'TWX1', multiplier: 150, ...quoted(12_345.67, 12_400, 800_000), flags: ['adjusted'] }),
  ],
}

describe('a chain as tables', () => {
  it('has calls and puts of a strike in a row, with ages and flags, and says what the letters mean', () => {
    expect(formatChain(CHAIN, { strikes: 'all' })).toBe(
      `TWX at 2014-06-05 11:00:00 in New York (2014-06-05T15:00:00Z)
stock: 70.92 x 70.93, 0.4s old

2014-06-21 TWX: 16 days, 3 strikes
               calls                                        puts
    bid     ask  iv% delta   age      strike     bid     ask  iv% delta   age
   5.90    6.10   25  0.95   59s       65.00    0.04  0.0425      -0.05   13m i
   1.58    1.64             3h20 sd    70.00
                                       75.00                                  q

2014-06-21 TWX1 x 150 (adjusted): 16 days, 1 strike
               calls                                        puts
    bid     ask  iv% delta   age      strike     bid     ask  iv% delta   age
12345.7 12400.0               9d       35.00

s stale: not known to have stood
q a newer quote was quarantined
d delayed
i initial: what stood when the line was opened
* wide-spread
stale by cause: link-lost (1)`,
    )
  })

  it('shows the strikes nearest to the money, and says how many there are', () => {
    const text = formatChain({ ...CHAIN, options: CHAIN.options.slice(0, 4) }, { strikes: 1 })
    expect(text).toContain('2014-06-21 TWX: 16 days, 1 of 3 strikes, --strikes all shows all')
    expect(text.split('\n').filter((line) => / (65|70|75)\.00( |$)/.test(line))).toHaveLength(1)
    expect(text).toMatch(/ 70\.00$/m)
    expect(formatChain({ ...CHAIN, underlyings: [], options: CHAIN.options.slice(0, 4) }, { strikes: 1 })).toMatch(/ 70\.00$/m)
  })

  it('fits into 80 columns', () => {
    const wide = option('P', 12_345.5, {
      ...quoted(-1234.56, 9999.9999, 1e9),
      impliedVolatility: 12.5,
      delta: -1,
      staleCause: 'x',
      flags: ['delayed'],
    })
    const lines = formatChain({ ...CHAIN, options: [wide, { ...wide, right: 'C' }] }, { strikes: 'all' }).split('\n')
    expect(lines.filter((line) => line.length > 80)).toEqual([])
  })
})

it('is given as data with times as text and ages in seconds', () => {
  expect(plainChain({ ...CHAIN, options: CHAIN.options.slice(2, 3) })).toEqual({
    symbol: 'TWX',
    at: '2014-06-05T15:00:00.000000Z',
    underlyings: [
      {
        key: 'stock:TWX:USD',
        bidPrice: 70.92,
        askPrice: 70.93,
        flags: [],
        quoteTs: '2014-06-05T14:59:59.600000Z',
        quoteAgeSeconds: 0.4,
        stale: false,
      },
    ],
    options: [
      {
        ...option('C', 70, { flags: ['delayed', 'wide-spread'], staleCause: 'link-lost', bidPrice: 1.58, askPrice: 1.64 }),
        quoteTs: '2014-06-05T11:40:00.000000Z',
        quoteAgeSeconds: 12_000,
        stale: true,
      },
    ],
  })
})
