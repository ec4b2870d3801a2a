/** The gateway through the eyes of @stoqey/ib, the client that the collector uses. */

import {
  BarSizeSetting,
  type Contract,
  type ContractDetails,
  EventName,
  IBApi,
  OptionType,
  SecType,
  TickByTickDataType,
  WhatToShow,
} from '@stoqey/ib'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'

import type { TapeRecord } from '../../market/tick.ts'
import { MS_US, OPEN_US, quoteAt, type TapeRoom, tapeOf, tapeRoom } from '../support/gateway/gateway-tape.ts'
import { PATIENTLY } from '../support/waiting.ts'

let room: TapeRoom
const clients: IBApi[] = []

beforeAll(async () => {
  room = await tapeRoom()
})
afterEach(() => {
  for (const client of clients.splice(0)) client.removeAllListeners().disconnect()
})
afterAll(() => room.clear())

const STOCK: Contract = { symbol: 'TWX', secType: SecType.STK, exchange: 'SMART', currency: 'USD' }
const OPTION: Contract = {
  ...STOCK,
  secType: SecType.OPT,
  lastTradeDateOrContractMonth: '20140621',
  strike: 70,
  right: OptionType.Call,
  multiplier: 100,
}
const TICKS = [quoteAt(0, 0, [70, 3], [70.05, 4]), quoteAt(20 * MS_US, 0, [70, 5], [70.05, 4]), quoteAt(30 * MS_US, 1, [1.25, 10])]

/** A started client and everything it tells, each event as its name and arguments. */
async function connected(port: number, clientId = 1): Promise<{ ib: IBApi; events: unknown[][] }> {
  const ib = new IBApi({ host: '127.0.0.1', port, clientId, maxReqPerSec: 40 })
  clients.push(ib)
  const events: unknown[][] = []
  ib.on(EventName.all, (name: string, args: unknown[]) => {
    if (name !== EventName.received && name !== EventName.sent) events.push([name, ...args])
  })
  ib.connect()
  await vi.waitUntil(() => events.some(([name]) => name === EventName.nextValidId), PATIENTLY)
  return { ib, events }
}

function named(events: unknown[][], name: EventName): unknown[][] {
  return events.filter(([event]) => event === name).map(([, ...args]) => args)
}

describe('the client @stoqey/ib', () => {
  it('connects at version 193 and hears of the farms as information', async () => {
    const { port } = await room.serve(tapeOf(TICKS))
    const { ib, events } = await connected(port)
    await vi.waitUntil(() => named(events, EventName.info).length === 3, PATIENTLY)
    expect(ib.serverVersion).toBe(193)
    expect(named(events, EventName.server)).toEqual([[193, '20140605 09:30:00 US/Eastern']])
    expect(named(events, EventName.managedAccounts)).toEqual([['DU0000000']])
    expect(named(events, EventName.nextValidId)).toEqual([[1]])
    expect(named(events, EventName.info).map(([, code]) => code)).toEqual([2104, 2106, 2158])
    expect(named(events, EventName.error)).toEqual([])
  })

  it('reads the details of a stock', async () => {
    const { port } = await room.serve(tapeOf(TICKS))
    const { ib, events } = await connected(port)
    ib.reqContractDetails(1, STOCK)
    await vi.waitUntil(() => named(events, EventName.contractDetailsEnd).length === 1, PATIENTLY)
    expect(named(events, EventName.contractDetails)).toEqual([
      [
        1,
        expect.objectContaining({
          contract: expect.objectContaining({
            symbol: 'TWX',
            secType: 'STK',
            exchange: 'SMART',
            primaryExch: 'NYSE',
            localSymbol: 'TWX',
            currency: 'USD',
          }),
          minTick: 0.01,
          priceMagnifier: 1,
          longName: 'TIME WARNER INC',
          stockType: 'COMMON',
          orderTypes: expect.stringContaining(',LMT,'),
          validExchanges: expect.stringMatching(/^SMART,AMEX,NYSE,/),
          marketRuleIds: expect.stringMatching(/^26(,26){14}$/),
          timeZoneId: 'US/Eastern',
          tradingHours: expect.stringMatching(/^20140605:0400-20140605:2000;/),
          liquidHours: expect.stringMatching(/^20140605:0930-20140605:1600;/),
          minSize: 1,
          sizeIncrement: 1,
          suggestedSizeIncrement: 100,
          ineligibilityReasonList: [],
        }),
      ],
    ])
    expect(named(events, EventName.error)).toEqual([])
  })

  it('reads the details of all options of an expiry, and of one by its number', async () => {
    const { port } = await room.serve(tapeOf(TICKS))
    const { ib, events } = await connected(port)
    ib.reqContractDetails(1, { ...STOCK, secType: SecType.OPT, lastTradeDateOrContractMonth: '20140621' })
    await vi.waitUntil(() => named(events, EventName.contractDetailsEnd).length === 1, PATIENTLY)
    const details = named(events, EventName.contractDetails).map(([, found]) => found as ContractDetails)
    expect(details.map(({ contract }) => [contract.right, contract.localSymbol])).toEqual([
      ['C', 'TWX   140621C00070000'],
      ['P', 'TWX   140621P00070000'],
    ])
    expect(details[0]).toMatchObject({
      contract: { lastTradeDateOrContractMonth: '20140620', lastTradeDate: '20140620', strike: 70, multiplier: 100, tradingClass: 'TWX' },
      contractMonth: '201406',
      realExpirationDate: '20140621',
      underSymbol: 'TWX',
      underSecType: 'STK',
    })
    const conId = details[1]?.contract.conId ?? 0
    ib.reqContractDetails(2, { conId })
    await vi.waitUntil(() => named(events, EventName.contractDetailsEnd).length === 2, PATIENTLY)
    expect(named(events, EventName.contractDetails).at(-1)).toEqual([2, details[1]])
  })

  it('reads the option chain of the stock', async () => {
    const { port } = await room.serve(tapeOf(TICKS))
    const { ib, events } = await connected(port)
    ib.reqContractDetails(1, STOCK)
    await vi.waitUntil(() => named(events, EventName.contractDetailsEnd).length === 1, PATIENTLY)
    const [details] = named(events, EventName.contractDetails).map(([, found]) => found as ContractDetails)
    const conId = details?.contract.conId ?? 0
    ib.reqSecDefOptParams(2, 'TWX', '', SecType.STK, conId)
    await vi.waitUntil(() => named(events, EventName.securityDefinitionOptionParameterEnd).length === 1, PATIENTLY)
    expect(named(events, EventName.securityDefinitionOptionParameter)).toEqual([
      [2, 'SMART', conId, 'TWX', 100, ['20140620', '20140718'], [70, 72.5]],
    ])
  })

  it('receives ticks, the time of the tape and its end', async () => {
    const { port } = await room.serve(tapeOf(TICKS), { startAfterLines: 2, sampling: true, publishTime: true })
    const { ib, events } = await connected(port)
    ib.reqMarketDataType(1)
    ib.reqMktData(1, STOCK, '100,101', false, false)
    ib.reqMktData(2, OPTION, '', false, false)
    await vi.waitUntil(() => named(events, EventName.info).some(([, code]) => code === 99_000), PATIENTLY)
    // The library makes a tickSize of the size in a price message for the ask but, its number being 0, not for the bid.
    const told = new Set<unknown>([EventName.marketDataType, EventName.tickPrice, EventName.tickSize, EventName.currentTime])
    expect(events.filter(([name]) => told.has(name))).toEqual([
      ['currentTime', OPEN_US - 1],
      ['marketDataType', 1, 1],
      ['marketDataType', 2, 1],
      ['currentTime', OPEN_US],
      ['tickPrice', 1, 1, 70, true],
      ['tickPrice', 1, 2, 70.05, true],
      ['tickSize', 1, 3, 4],
      ['currentTime', OPEN_US + 100 * MS_US],
      ['tickPrice', 2, 1, 1.25, true],
      ['tickPrice', 2, 2, -1, false],
      ['tickSize', 2, 3, 0],
      ['currentTime', OPEN_US + 250 * MS_US],
      ['tickSize', 1, 0, 5],
    ])
    expect(named(events, EventName.info).at(-1)).toEqual(['End of tape', 99_000])
    expect(named(events, EventName.error)).toEqual([])
  })

  it('hears of its errors with code and request', async () => {
    const { port } = await room.serve(tapeOf(TICKS), { startAfterLines: 2, lines: 2 })
    const { ib, events } = await connected(port)
    ib.reqContractDetails(1, { ...OPTION, strike: 71 })
    ib.reqMktData(2, { ...STOCK, symbol: 'XXX' }, '', false, false)
    ib.reqMktData(3, STOCK, '', false, false)
    ib.reqMktData(3, OPTION, '', false, false)
    ib.reqMktData(4, OPTION, '', false, false)
    ib.reqMktData(5, { ...OPTION, right: OptionType.Put }, '', false, false)
    ib.cancelMktData(6)
    ib.reqHistoricalData(7, STOCK, '', '1 D', BarSizeSetting.MINUTES_ONE, WhatToShow.HISTORICAL_VOLATILITY, 1, 1, false)
    await vi.waitUntil(() => named(events, EventName.error).length === 6, PATIENTLY)
    expect(named(events, EventName.error).map(([, code, reqId]) => [reqId, code])).toEqual([
      [1, 200],
      [2, 200],
      [3, 322],
      [5, 101],
      [6, 300],
      [7, 162],
    ])
  })

  it('reads trades, figures and option values of a line', async () => {
    const base = { seq: 0, tsUs: OPEN_US, instrument: 0 }
    const ticks: TapeRecord[] = [
      { kind: 'trade', ...base, price: 70.02, size: 100, source: 'import' },
      { kind: 'statistic', ...base, name: 'halted', value: 0 },
      { kind: 'greeks', ...base, instrument: 1, basis: 'model', impliedVolatility: 0.25, delta: 0.5, underlyingPrice: 70 },
    ]
    const { port } = await room.serve(tapeOf(ticks), { startAfterLines: 2 })
    const { ib, events } = await connected(port)
    ib.reqMktData(1, STOCK, '233', false, false)
    ib.reqMktData(2, OPTION, '', false, false)
    await vi.waitUntil(() => named(events, EventName.tickOptionComputation).length === 1, PATIENTLY)
    expect(named(events, EventName.tickString)).toEqual([
      [1, 48, `70.02;100;${OPEN_US / 1000};100;70.02;true`],
      [1, 45, String(OPEN_US / 1_000_000)],
    ])
    expect(named(events, EventName.tickPrice).slice(0, 1)).toEqual([[1, 4, 70.02, false]])
    expect(named(events, EventName.tickSize)).toContainEqual([1, 8, 100])
    expect(named(events, EventName.tickGeneric)).toEqual([[1, 49, 0]])
    const unknown = undefined
    expect(named(events, EventName.tickOptionComputation)).toEqual([[2, 13, 1, 0.25, 0.5, unknown, unknown, unknown, unknown, unknown, 70]])
    expect(named(events, EventName.error)).toEqual([])
  })

  it('reads tick-by-tick data and history', async () => {
    const trade = { kind: 'trade', seq: 0, tsUs: OPEN_US, instrument: 0, price: 70.02, size: 100, source: 'import', venue: 'NYSE' } as const
    const { gateway, port } = await room.serve(tapeOf([trade, quoteAt(1, 0, [70, 3], [70.05, 4])]), { startAfterLines: 3 })
    const { ib, events } = await connected(port)
    ib.reqTickByTickData(1, STOCK, TickByTickDataType.AllLast, 0, false)
    ib.reqTickByTickData(2, STOCK, TickByTickDataType.BidAsk, 0, false)
    ib.reqTickByTickData(3, STOCK, TickByTickDataType.MidPoint, 0, false)
    await gateway.ended
    ib.reqHistoricalTicks(4, STOCK, '20140605-13:30:00', '', 10, WhatToShow.TRADES, 0, false)
    ib.reqHistoricalData(5, STOCK, '', '1 D', BarSizeSetting.MINUTES_ONE, WhatToShow.TRADES, 0, 2, false)
    await vi.waitUntil(() => named(events, EventName.historicalData).length === 2, PATIENTLY)
    const seconds = OPEN_US / 1_000_000
    // The library leaves the times of tick-by-tick data as text.
    expect(named(events, EventName.tickByTickAllLast)).toEqual([
      [1, 2, String(seconds), 70.02, 100, { pastLimit: false, unreported: false }, 'NYSE', ''],
    ])
    expect(named(events, EventName.tickByTickBidAsk)).toEqual([
      [2, String(seconds), 70, 70.05, 3, 4, { bidPastLow: false, askPastHigh: false }],
    ])
    expect(named(events, EventName.tickByTickMidPoint)).toEqual([[3, String(seconds), 70.025]])
    expect(named(events, EventName.historicalTicksLast)).toEqual([
      [4, [expect.objectContaining({ time: seconds, price: 70.02, size: 100, exchange: 'NYSE' })], true],
    ])
    expect(named(events, EventName.historicalData)[0]).toEqual([5, String(seconds), 70.02, 70.02, 70.02, 70.02, 100, 1, 70.02, undefined])
    expect(named(events, EventName.error)).toEqual([])
  })

  it('reads bars that are kept up to date', async () => {
    const trade = (ms: number, price: number): TapeRecord => ({
      kind: 'trade',
      seq: 0,
      tsUs: OPEN_US + ms * MS_US,
      instrument: 0,
      price,
      size: 100,
      source: 'import',
    })
    const { port } = await room.serve(tapeOf([trade(0, 70), trade(1000, 71.5), trade(2000, 69), trade(5000, 72)]), { startAfterLines: 1 })
    const { ib, events } = await connected(port)
    ib.reqHistoricalData(1, STOCK, '', '1 D', BarSizeSetting.SECONDS_FIVE, WhatToShow.TRADES, 0, 2, true)
    await vi.waitUntil(() => named(events, EventName.historicalData).length === 2, { timeout: 20_000 })
    ib.reqMktData(2, OPTION, '', false, false)
    await vi.waitUntil(() => named(events, EventName.historicalDataUpdate).length === 3, { timeout: 20_000 })
    const seconds = OPEN_US / 1_000_000
    expect(named(events, EventName.historicalData)[0]).toEqual([1, String(seconds), 70, 70, 70, 70, 100, 1, 70, undefined])
    expect(named(events, EventName.historicalDataUpdate)).toEqual([
      [1, String(seconds), 70, 71.5, 70, 71.5, 200, 2, 70.75],
      [1, String(seconds), 70, 71.5, 69, 69, 300, 3, expect.closeTo(70.1667, 3)],
      [1, String(seconds + 5), 72, 72, 72, 72, 100, 1, 72],
    ])
  })

  it('hears that its client id is in use, and is disconnected', async () => {
    const { port } = await room.serve(tapeOf(TICKS))
    await connected(port, 5)
    const ib = new IBApi({ host: '127.0.0.1', port, clientId: 5 })
    clients.push(ib)
    const codes: number[] = []
    ib.on(EventName.info, (_message: string, code: number) => codes.push(code))
    const disconnected = new Promise((resolve) => {
      ib.once(EventName.disconnected, () => resolve(true))
    })
    ib.connect()
    expect(await disconnected).toBe(true)
    expect(codes).toEqual([326])
  })

  it('gets the answer about the time in seconds', async () => {
    const { port } = await room.serve(tapeOf(TICKS))
    const { ib, events } = await connected(port)
    ib.reqCurrentTime()
    await vi.waitUntil(() => named(events, EventName.currentTime).length === 1, PATIENTLY)
    expect(named(events, EventName.currentTime)).toEqual([[OPEN_US / 1_000_000]])
  })
})
