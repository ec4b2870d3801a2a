import { describe, expect, it } from 'vitest'
import { findChain, findStock } from '../../../../collector/ib/catalog.ts'
import type { OptionContract } from '../../../../market/contract.ts'
import { greet } from '../../../support/scripted-tws.ts'
import { type Listings, serveListings } from './listings.ts'
import { linkTo, twsFor } from './tws-support.ts'

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
const STOCK = { kind: 'stock', symbol: 'TWX', currency: 'USD', primaryVenue: 'NYSE', conId: 4321 } as const
const RANGE = { from: '2014-06-05', to: '2014-08-04' }

async function linkWith(listings: Partial<Listings> = {}) {
  const server = await twsFor((tws) => serveListings(tws, { ...LISTINGS, ...listings }))
  const { link } = linkTo(server.port)
  await link.open()
  const asked = (id: number) => server.connections[0]?.requests.map(({ fields }) => fields).filter(([first]) => first === String(id)) ?? []
  return { link, asked }
}

const nameOf = ({ expiry, strike, right, tradingClass }: OptionContract) => `${expiry} ${strike} ${right} ${tradingClass}`

describe('findStock', () => {
  const query = { symbol: 'TWX', currency: 'USD', exchange: 'SMART' }

  it('finds the stock with its number and listing venue', async () => {
    const { link, asked } = await linkWith()
    expect(await findStock(link, query)).toEqual(STOCK)
    expect(asked(9)[0]?.slice(3)).toEqual(['', 'TWX', 'STK', '', '', '', '', 'SMART', '', 'USD', '', '', '', '', '', ''])
  })

  it('names the listing venue when it is told which of several to take', async () => {
    const { link, asked } = await linkWith()
    await findStock(link, { ...query, primaryExchange: 'NYSE' })
    expect(asked(9)[0]?.[11]).toBe('NYSE')
  })

  it('finds nothing where the gateway knows nothing', async () => {
    const { link } = await linkWith()
    expect(await findStock(link, { ...query, symbol: 'NONE' })).toBeUndefined()
  })

  it('fails with any other answer of the gateway', async () => {
    const server = await twsFor(async (tws) => {
      await greet(tws)
      const [, , reqId = ''] = await tws.request(9)
      tws.send(4, 2, reqId, 321, 'Error validating request', '')
    })
    const { link } = linkTo(server.port)
    await link.open()
    await expect(findStock(link, query)).rejects.toThrow(expect.objectContaining({ ibCode: 321 }))
  })
})

describe('findChain', () => {
  it('asks for each expiry in the range and takes what exists, with its last day of trading', async () => {
    const { link, asked } = await linkWith()
    const chain = await findChain(link, STOCK, RANGE)

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
    const { link, asked } = await linkWith()
    await findChain(link, STOCK, { from: '2014-06-21', to: '2014-07-19' })
    expect(asked(9).map((fields) => fields[6])).toEqual(['20140621', '20140621', '20140719'])
  })

  it('takes the trading classes that are asked for', async () => {
    const { link, asked } = await linkWith()
    expect((await findChain(link, STOCK, { ...RANGE, tradingClasses: ['TWX1'] })).map(nameOf)).toEqual(['2014-06-21 65 C TWX1'])
    expect(asked(9)).toHaveLength(1)
  })

  it('takes any venue when the router lists none, and each option once', async () => {
    const listed = { tradingClass: 'TWX', expirations: ['20140621'], strikes: [65] }
    const { link, asked } = await linkWith({ chains: ['CBOE', 'ISE'].map((exchange) => ({ exchange, ...listed })) })

    expect((await findChain(link, STOCK, RANGE)).map(nameOf).sort()).toEqual(['2014-06-21 65 C TWX', '2014-06-21 67.5 P TWX'])
    expect(asked(9)).toHaveLength(1)
  })

  it('finds nothing for a stock without options', async () => {
    const { link } = await linkWith({ chains: [] })
    expect(await findChain(link, STOCK, RANGE)).toEqual([])
  })
})
