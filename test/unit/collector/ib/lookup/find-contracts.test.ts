import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { ChainSearch, type ChainQuery } from '../../../../../collector/ib/lookup/chain-search.ts'
import { findUnderlying } from '../../../../../collector/ib/lookup/find-contracts.ts'
import { LookUps } from '../../../../../collector/ib/lookup/look-ups.ts'
import type { Link } from '../../../../../collector/ib/link/link.ts'
import { PriceGrids } from '../../../../../collector/ib/lookup/price-grids.ts'
import type { OptionContract, StockContract } from '../../../../../market/contract.ts'
import { greet } from '../../../../support/gateway/scripted-tws.ts'
import { unexpected } from '../../../../support/unexpected.ts'
import { type Listings, serveListings } from './listings.ts'
import { linkTo, twsFor } from '../tws-support.ts'
import { PATIENTLY } from '../../../../support/waiting.ts'

const LISTINGS: Listings = {
  stocks: { TWX: 4321 },
  chains: [
    { exchange: 'CBOE', tradingClass: 'TWX', expirations: ['20140621', '20140719', '20140801'], strikes: [65, 70] },
    { exchange: 'SMART', tradingClass: 'TWX', expirations: ['20140606', '20140621', '20140719', '20150117'], strikes: [65, 67.5, 70] },
    { exchange: 'SMART', tradingClass: 'TWX1', expirations: ['20140621'], strikes: [65] },
  ],
  // Not every expiry has every strike, and one that is listed has none.
  options: [
    '20140606 70 C TWX',
    '20140606 70 P TWX',
    '20140621 65 C TWX',
    '20140621 67.5 P TWX',
    '20140621 65 C TWX1',
    '20150117 70 C TWX',
  ],
}
const LISTED_HOURS = {
  readOn: expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
  timeZone: 'US/Eastern',
  trading: '20140605:0930-1600',
  liquid: '20140605:0930-1600',
}
const STOCK = {
  kind: 'stock',
  symbol: 'TWX',
  currency: 'USD',
  primaryVenue: 'NYSE',
  conId: 4321,
  priceGrid: [{ from: 0, increment: 0.01 }],
} as const
const OPTION_GRID = [
  { from: 0, increment: 0.01 },
  { from: 3, increment: 0.05 },
]
const RANGE = { from: '2014-06-05', to: '2014-08-04' }

async function linkWith(listings: Partial<Listings> = {}) {
  const server = await twsFor((tws) => serveListings(tws, { ...LISTINGS, ...listings }))
  const { link } = linkTo(server.port)
  await link.open()
  const missing: number[] = []
  const grids = new PriceGrids({ link, onMissing: (rule) => missing.push(rule) })
  const asked = (id: number) => server.connections[0]?.requests.map(({ fields }) => fields).filter(([first]) => first === String(id)) ?? []
  return { link, grids, missing, asked }
}

/** A search that nothing interrupts. */
async function findChain(link: Link, grids: PriceGrids, stock: StockContract, query: ChainQuery): Promise<OptionContract[]> {
  const search = new ChainSearch(stock, query)
  await search.search({ link, grids, lookUps: new LookUps() })
  return search.options
}

const nameOf = ({ expiry, strike, right, tradingClass }: OptionContract) => `${expiry} ${strike} ${right} ${tradingClass}`

describe('findUnderlying', () => {
  const query = { symbol: 'TWX', currency: 'USD', exchange: 'SMART' }

  it('finds the stock with its number and listing venue', async () => {
    const { link, grids, asked } = await linkWith()
    expect(await findUnderlying(link, grids, query)).toEqual({ ...STOCK, hours: LISTED_HOURS })
    expect(asked(9)[0]?.slice(3)).toEqual(['', 'TWX', 'STK', '', '', '', '', 'SMART', '', 'USD', '', '', '', '', '', ''])
  })

  it('names the listing venue when one of several is asked for', async () => {
    const { link, grids, asked } = await linkWith()
    await findUnderlying(link, grids, { ...query, primaryExchange: 'NYSE' })
    expect(asked(9)[0]?.[11]).toBe('NYSE')
  })

  it('finds an index at its venue, where the settings name none', async () => {
    const { link, grids, asked } = await linkWith({ indices: { SPX: 416904 } })
    expect(await findUnderlying(link, grids, { ...query, symbol: 'SPX', kind: 'index' })).toEqual({
      kind: 'index',
      symbol: 'SPX',
      currency: 'USD',
      venue: 'CBOE',
      conId: 416904,
      priceGrid: [{ from: 0, increment: 0.01 }],
      hours: LISTED_HOURS,
    })
    expect(asked(9)[0]?.slice(4, 12)).toEqual(['SPX', 'IND', '', '', '', '', '', ''])
    await findUnderlying(link, grids, { ...query, symbol: 'SPX', kind: 'index', exchange: 'CBOE' })
    expect(asked(9)[1]?.[10]).toBe('CBOE')
  })

  it('takes no stock for an index of its name', async () => {
    const { link, grids } = await linkWith({ stocks: { SPX: 1 } })
    expect(await findUnderlying(link, grids, { ...query, symbol: 'SPX', kind: 'index' })).toBeUndefined()
  })

  it('finds nothing where the gateway knows nothing', async () => {
    const { link, grids } = await linkWith()
    expect(await findUnderlying(link, grids, { ...query, symbol: 'NONE' })).toBeUndefined()
  })

  it('fails with any other answer of the gateway', async () => {
    const server = await twsFor(async (tws) => {
      await greet(tws)
      const [, , reqId = ''] = await tws.request(9)
      tws.send(4, 2, reqId, 321, 'Error validating request', '')
    })
    const { link } = linkTo(server.port)
    await link.open()
    const grids = new PriceGrids({ link, onMissing: unexpected })
    await expect(findUnderlying(link, grids, query)).rejects.toThrow(expect.objectContaining({ ibCode: 321 }))
  })
})

describe('a search for a chain', () => {
  it('asks for each expiry in the range and takes what exists, with its last day of trading', async () => {
    const { link, grids, asked } = await linkWith()
    const chain = await findChain(link, grids, STOCK, RANGE)

    expect(chain.map(nameOf).sort()).toEqual([
      '2014-06-06 70 C TWX',
      '2014-06-06 70 P TWX',
      '2014-06-21 65 C TWX',
      '2014-06-21 65 C TWX1',
      '2014-06-21 67.5 P TWX',
    ])
    expect(chain.find(({ strike }) => strike === 67.5)).toEqual({
      kind: 'option',
      symbol: 'TWX',
      currency: 'USD',
      expiry: '2014-06-21',
      lastTradeDate: '2014-06-20',
      strike: 67.5,
      right: 'P',
      multiplier: 100,
      tradingClass: 'TWX',
      conId: 1003,
      priceGrid: OPTION_GRID,
      hours: LISTED_HOURS,
    })
    expect(chain.find(({ expiry }) => expiry === '2014-06-06')).not.toHaveProperty('lastTradeDate')
    // One query for each expiry and class; never one without an expiry. The expiry of another venue is not asked for.
    expect(asked(78).map((fields) => fields.slice(2))).toEqual([['TWX', '', 'STK', '4321']])
    expect(asked(9).map((fields) => [fields[5], fields[6], fields[14]])).toEqual([
      ['OPT', '20140606', 'TWX'],
      ['OPT', '20140621', 'TWX'],
      ['OPT', '20140621', 'TWX1'],
      ['OPT', '20140719', 'TWX'],
    ])
  })

  it('takes the ends of the range', async () => {
    const { link, grids, asked } = await linkWith()
    await findChain(link, grids, STOCK, { from: '2014-06-21', to: '2014-07-19' })
    expect(asked(9).map((fields) => fields[6])).toEqual(['20140621', '20140621', '20140719'])
  })

  it('takes the trading classes that are asked for', async () => {
    const { link, grids, asked } = await linkWith()
    expect((await findChain(link, grids, STOCK, { ...RANGE, tradingClasses: ['TWX1'] })).map(nameOf)).toEqual(['2014-06-21 65 C TWX1'])
    expect(asked(9)).toHaveLength(1)
  })

  it('takes any venue when the router lists none, and each option once', async () => {
    const listed = { tradingClass: 'TWX', expirations: ['20140621'], strikes: [65] }
    const { link, grids, asked } = await linkWith({ chains: ['CBOE', 'ISE'].map((exchange) => ({ exchange, ...listed })) })

    expect((await findChain(link, grids, STOCK, RANGE)).map(nameOf).sort()).toEqual(['2014-06-21 65 C TWX', '2014-06-21 67.5 P TWX'])
    expect(asked(9)).toHaveLength(1)
  })

  it('finds nothing for a stock without options', async () => {
    const { link, grids } = await linkWith({ chains: [] })
    expect(await findChain(link, grids, STOCK, RANGE)).toEqual([])
  })
})

describe('the prices that can be quoted', () => {
  it('are asked for once for each rule, whatever the number of contracts', async () => {
    const { link, grids, asked } = await linkWith()
    await findUnderlying(link, grids, { symbol: 'TWX', currency: 'USD', exchange: 'SMART' })
    const chain = await findChain(link, grids, STOCK, RANGE)
    expect(chain.map(({ priceGrid }) => priceGrid)).toEqual(chain.map(() => OPTION_GRID))
    expect(asked(91).map((fields) => fields[1])).toEqual(['26', '32'])
  })

  it('are multiples of the smallest step where the gateway does not send the rule, and are not waited for', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    const { link, grids, missing, asked } = await linkWith({ rules: {} })
    const found = findChain(link, grids, STOCK, RANGE)
    while (asked(91).length === 0) await new Promise((resolve) => setImmediate(resolve))
    await vi.advanceTimersByTimeAsync(5000)
    expect((await found).map(({ priceGrid }) => priceGrid)).toContainEqual([{ from: 0, increment: 0.01 }])
    expect(missing).toEqual([32])
    expect(asked(91)).toHaveLength(1)
  })

  it('are multiples of the smallest step where the rule has more steps than any of IB', async () => {
    const steps = (n: number) => Array.from({ length: n }, (_, i) => [i, 0.01]).flat()
    const { link, grids, missing } = await linkWith({ rules: { 26: steps(101), 32: steps(100) } })
    const stock = await findUnderlying(link, grids, { symbol: 'TWX', currency: 'USD', exchange: 'SMART' })
    expect(stock?.priceGrid).toEqual([{ from: 0, increment: 0.01 }])
    expect((await findChain(link, grids, STOCK, RANGE))[0]?.priceGrid).toHaveLength(100)
    expect(missing).toEqual([26])
  })

  it('are asked for again over the next link when this one is lost', async () => {
    const { link, grids, missing, asked } = await linkWith({ rules: {} })
    const found = findUnderlying(link, grids, { symbol: 'TWX', currency: 'USD', exchange: 'SMART' }).catch((error: unknown) => error)
    await vi.waitFor(() => expect(asked(91)).toHaveLength(1), PATIENTLY)
    link.close()
    expect(await found).toMatchObject({ code: 'gateway-lost' })
    expect(missing).toEqual([])
  })
})
