import { describe, expect, it } from 'vitest'
import { newestTickUs } from '../../../../../collector/ib/lookup/newest-tick.ts'
import type { Contract } from '../../../../../market/contract.ts'
import type { LineFeed } from '../../../../../market/tick.ts'
import { option } from '../../universe/options.ts'
import { connectedLink } from '../tws-support.ts'

const STOCK: Contract = { kind: 'stock', symbol: 'TWX', currency: 'USD' }
const INDEX: Contract = { kind: 'index', symbol: 'SPX', currency: 'USD', venue: 'CBOE' }
const NOW_US = Date.UTC(2014, 5, 5, 13, 31, 7, 900) * 1000

describe('the newest tick of a line', () => {
  it.each<[string, Contract, LineFeed | undefined, string]>([
    ['a stock', STOCK, undefined, 'BID_ASK'],
    ['an option', option(70), undefined, 'BID_ASK'],
    ['an index', INDEX, undefined, 'TRADES'],
    ['a stock tick by tick', STOCK, 'tick-by-tick-trades', 'TRADES'],
    ['a stock tick by tick', STOCK, 'tick-by-tick-quotes', 'BID_ASK'],
  ])('of %s is one of those that it has itself', async (_, contract, feed, show) => {
    const { link, tws } = await connectedLink()
    const newest = newestTickUs(link, { contract, ...(feed && { feed }) }, NOW_US)
    const fields = await tws.request(96)
    // Until now, by UTC; one; at any hour.
    expect(fields.slice(-7)).toEqual(['', '20140605-13:31:07', '1', show, '0', '0', ''])
    // Ticks of one second come together.
    if (show === 'TRADES') tws.send(98, fields[1] ?? '', 2, 1401975060, 0, 70.5, 100, 'NYSE', '', 1401975061, 0, 70.6, 100, 'NYSE', '', 1)
    else tws.send(97, fields[1] ?? '', 2, 1401975060, 0, 70.5, 70.6, 3, 4, 1401975061, 0, 70.5, 70.7, 3, 4, 1)
    expect(await newest).toBe(1401975061_000_000)
  })

  it('is none where IB has none', async () => {
    const { link, tws } = await connectedLink()
    const newest = newestTickUs(link, { contract: STOCK }, NOW_US)
    tws.send(97, (await tws.request(96))[1] ?? '', 0, 1)
    expect(await newest).toBeUndefined()
  })

  it.each([
    [162, 'No market data permissions for NYSE STK'],
    [162, 'Historical data request pacing violation'],
    [162, 'HMDS query returned no data: TWX@SMART Bid_Ask'],
    [162, 'Trading TWS session is connected from a different IP address'],
    [162, 'API historical data query cancelled: 1'],
    [420, 'Invalid Real-time Query: pacing violation'],
  ])('is not to be had when IB says %i %s', async (code, text) => {
    const { link, tws } = await connectedLink()
    const refused = newestTickUs(link, { contract: STOCK }, NOW_US)
    tws.send(4, 2, (await tws.request(96))[1] ?? '', code, text, '')
    await expect(refused).rejects.toMatchObject({ ibCode: code })
  })

  it('is not to be had over a link that is lost', async () => {
    const { link, tws } = await connectedLink()
    const unanswered = newestTickUs(link, { contract: STOCK }, NOW_US)
    await tws.request(96)
    link.close()
    await expect(unanswered).rejects.toMatchObject({ code: 'gateway-lost' })
  })
})
