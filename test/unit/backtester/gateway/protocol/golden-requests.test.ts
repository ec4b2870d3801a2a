/**
 * The bytes of every request that the gateway reads, at the edges of what changed between the server versions that clients settle on.
 * Typed from the facts about the protocol and from frames that clients send, never written by an encoder of ours. `|` stands for NUL.
 */

import { describe, expect, it } from 'vitest'

import { RequestError } from '../../../../../backtester/gateway/protocol/field-reader.ts'
import { FrameReader, splitFields } from '../../../../../backtester/gateway/protocol/wire.ts'
import { anyContract, decodeRequest } from '../../../../support/gateway/decoded-request.ts'
import { at, frame, type Golden, VERSIONS } from './golden-bytes.ts'

const SMART_STOCK = 'TWX|STK||0|||SMART||USD|||'
const stock = { ...anyContract, symbol: 'TWX', secType: 'STK', exchange: 'SMART', currency: 'USD' }
const option = {
  ...stock,
  conId: 999,
  secType: 'OPT',
  expiry: '20140621',
  strike: 70.5,
  right: 'C',
  multiplier: 100,
  localSymbol: 'TWX   140621C00070500',
  tradingClass: 'TWX',
} as const
const live = { type: 'market-data', reqId: 9000, generics: [] as readonly string[], snapshot: false, regulatorySnapshot: false } as const
const barsAsked = {
  type: 'historical-data',
  reqId: 9000,
  query: stock,
  end: '',
  barSize: '1 hour',
  duration: '3 D',
  useRth: true,
  whatToShow: 'TRADES',
  formatDate: 1,
  keepUpToDate: false,
} as const
const ticksAsked = {
  type: 'historical-ticks',
  reqId: 9000,
  query: stock,
  start: '20140605-13:30:00',
  end: '',
  count: 1000,
  whatToShow: 'BID_ASK',
  useRth: true,
  ignoreSize: false,
} as const

/** Every request, at least once. */
const REQUESTS: readonly [bytes: Golden, read: Record<string, unknown>][] = [
  ['71|2|30||', { type: 'start-api', clientId: 30 }],
  ['49|1|', { type: 'current-time' }],
  // The issuer's id comes with 176.
  [
    { 166: `9|8|9000|0|${SMART_STOCK}0|||`, 176: `9|8|9000|0|${SMART_STOCK}0||||` },
    { type: 'contract-details', reqId: 9000, query: stock },
  ],
  // As ib_async writes numbers that are not set.
  [
    { 166: '9|8|9000|0|TWX|STK||0.0|||SMART||USD|||0|||', 176: '9|8|9000|0|TWX|STK||0.0|||SMART||USD|||0||||' },
    { type: 'contract-details', reqId: 9000, query: stock },
  ],
  ['78|9000|AAPL||STK|12345|', { type: 'option-chain', reqId: 9000, symbol: 'AAPL', futFopExchange: '', secType: 'STK', conId: 12345 }],
  ['59|1|3|', { type: 'market-data-type', dataType: 3 }],
  [`1|11|9000|0|${SMART_STOCK}0|100,233|0|0||`, { ...live, query: stock, generics: ['100', '233'] }],
  [`1|11|9000|0|${SMART_STOCK}0||1|0||`, { ...live, query: stock, snapshot: true }],
  [`1|11|9000|0|${SMART_STOCK}0||0|1||`, { ...live, query: stock, regulatorySnapshot: true }],
  ['1|11|9000|999|TWX|OPT|20140621|70.5|C|100|SMART||USD|TWX   140621C00070500|TWX|0||0|0||', { ...live, query: option }],
  [`1|11|9000|0|${SMART_STOCK}1|8|0.5|70||0|0||`, { ...live, query: stock }],
  ['2|1|9000|', { type: 'cancel-market-data', reqId: 9000 }],
  ['2|2|9000|', { type: 'cancel-market-data', reqId: 9000 }],
  [`97|9000|0|${SMART_STOCK}BidAsk|0|1|`, { type: 'tick-by-tick', reqId: 9000, query: stock, kind: 'BidAsk', count: 0, ignoreSize: true }],
  [
    `97|9000|0|${SMART_STOCK}AllLast|10|0|`,
    { type: 'tick-by-tick', reqId: 9000, query: stock, kind: 'AllLast', count: 10, ignoreSize: false },
  ],
  ['98|9000|', { type: 'cancel-tick-by-tick', reqId: 9000 }],
  [`96|9000|0|${SMART_STOCK}0|20140605-13:30:00||1000|BID_ASK|1|0||`, ticksAsked],
  [`20|9000|0|${SMART_STOCK}0||1 hour|3 D|1|TRADES|1|0||`, barsAsked],
  [`20|9000|0|${SMART_STOCK}0||1 hour|3 D|1|BID_ASK|2|1||`, { ...barsAsked, whatToShow: 'BID_ASK', formatDate: 2, keepUpToDate: true }],
  ['25|1|9000|', { type: 'cancel-historical-data', reqId: 9000 }],
  ['91|26|', { type: 'market-rule', ruleId: 26 }],
  ['61|1|', { type: 'positions' }],
  // reqOpenOrders and reqAllOpenOrders, reqExecutions, reqIds, reqManagedAccts, reqCompletedOrders
  ['5|1|', { type: 'empty', fields: [53, 1] }],
  ['16|1|', { type: 'empty', fields: [53, 1] }],
  ['7|3|9000|0||||||||', { type: 'empty', fields: [55, 1, 9000] }],
  ['8|1|1|', { type: 'empty', fields: [9, 1, 1] }],
  ['17|1|', { type: 'empty', fields: [15, 1, 'DU0000000'] }],
  ['99|0|', { type: 'empty', fields: [102] }],
  // requestFA of groups, scanners and their parameters
  ['18|1|1|', { type: 'empty', fields: [16, 1, 1, '<?xml version="1.0" encoding="UTF-8"?><ListOfGroups/>'] }],
  ['22|9000|10|STK|STK.US.MAJOR|TOP_PERC_GAIN|||||||||||||||||||', { type: 'empty', fields: [20, 3, 9000, 0] }],
  ['24|1|', { type: 'empty', fields: [19, 1, '<?xml version="1.0" encoding="UTF-8"?><ScanParameterResponse/>'] }],
  // The four messages by which a client proves who it is
  ['65|1|a bot|1.0|', { type: 'empty', fields: [66, 1, 'false', 'The replay gateway verifies no clients'] }],
  ['66|1|data|', { type: 'empty', fields: [66, 1, 'false', 'The replay gateway verifies no clients'] }],
  ['72|1|a bot|1.0|key|', { type: 'empty', fields: [70, 1, 'false', 'The replay gateway verifies no clients'] }],
  ['73|1|data|response|', { type: 'empty', fields: [70, 1, 'false', 'The replay gateway verifies no clients'] }],
  // Display groups, positions of a model, soft dollar tiers, family codes, depth exchanges, news, profit and loss, user info
  ['67|1|9000|', { type: 'empty', fields: [67, 1, 9000, ''] }],
  ['68|1|9000|1|', { type: 'empty', fields: [68, 1, 9000, 'none'] }],
  ['74|1|9000|DU0000000||', { type: 'empty', fields: [72, 1, 9000] }],
  ['79|9000|', { type: 'empty', fields: [77, 9000, 0] }],
  ['80|', { type: 'empty', fields: [78, 0] }],
  ['82|', { type: 'empty', fields: [80, 0] }],
  ['85|', { type: 'empty', fields: [85, 0] }],
  ['86|9000|8314|BZ|||10||', { type: 'empty', fields: [87, 9000, 0] }],
  ['92|9000|DU0000000||', { type: 'empty', fields: [94, 9000, 0, 0, 0] }],
  ['94|9000|DU0000000||999|', { type: 'empty', fields: [95, 9000, 0, 0, 0, 0, 0] }],
  ['104|9000|', { type: 'empty', fields: [107, 9000, ''] }],
  // The account
  ['6|2|1|DU0000000|', { type: 'account-updates', subscribe: true }],
  ['6|2|0|DU0000000|', { type: 'account-updates', subscribe: false }],
  ['62|1|9000|All|NetLiquidation,BuyingPower|', { type: 'account-summary', reqId: 9000, tags: 'NetLiquidation,BuyingPower' }],
  ['76|1|9000|DU0000000||1|', { type: 'account-updates-multi', reqId: 9000, model: '' }],
  // What is looked up or computed
  ['81|9000|TW|', { type: 'matching-symbols', reqId: 9000, pattern: 'TW' }],
  ['83|9000|9c0001|', { type: 'smart-components', reqId: 9000, bboExchange: '9c0001' }],
  [
    `54|2|9000|0|${SMART_STOCK}1.25|70.5||`,
    { type: 'calculate-implied-volatility', reqId: 9000, query: stock, given: 1.25, underlyingPrice: 70.5 },
  ],
  [
    `55|2|9000|0|${SMART_STOCK}0.25|70.5||`,
    { type: 'calculate-option-price', reqId: 9000, query: stock, given: 0.25, underlyingPrice: 70.5 },
  ],
  // The past, and bars of 5 seconds
  [
    `87|9000|0|${SMART_STOCK}0|1|TRADES|2|`,
    { type: 'head-timestamp', reqId: 9000, query: stock, useRth: true, whatToShow: 'TRADES', formatDate: 2 },
  ],
  ['90|9000|', { type: 'cancel-head-timestamp', reqId: 9000 }],
  [`88|9000|0|${SMART_STOCK}0|1|3 days|`, { type: 'histogram', reqId: 9000, query: stock, useRth: true, period: '3 days' }],
  ['89|9000|', { type: 'cancel-histogram', reqId: 9000 }],
  [`50|3|9000|0|${SMART_STOCK}5|MIDPOINT|1||`, { type: 'real-time-bars', reqId: 9000, query: stock, whatToShow: 'MIDPOINT', useRth: true }],
  ['51|1|9000|', { type: 'cancel-real-time-bars', reqId: 9000 }],
  // Orders; the version of cancelOrder went with 192
  [`3|9000|0|${SMART_STOCK}|||BUY|100|LMT|70|||DAY|`, { type: 'refused', reqId: 9000, message: 'placeOrder' }],
  [
    { 166: '4|1|9000|', 169: '4|1|9000||', 192: '4|9000|||2147483647|' },
    { type: 'refused', reqId: 9000, message: 'cancelOrder' },
  ],
  [
    '21|2|9000|999|TWX|OPT|20140620|70|C|100|SMART|USD|TWX   140621C00070000|TWX|1|1|DU0000000|0|',
    { type: 'refused', reqId: 9000, message: 'exerciseOptions' },
  ],
  // Depth, advisors, fundamentals, news, events
  [`10|5|9000|0|${SMART_STOCK}5|0||`, { type: 'refused', reqId: 9000, message: 'reqMktDepth' }],
  ['11|1|9000|0|', { type: 'refused', reqId: 9000, message: 'cancelMktDepth' }],
  ['19|1|1|<ListOfGroups/>|9000|', { type: 'refused', reqId: 9000, message: 'replaceFA' }],
  ['52|2|9000|0|TWX|STK|SMART||USD||ReportSnapshot||', { type: 'refused', reqId: 9000, message: 'reqFundamentalData' }],
  ['84|9000|BZ|BZ$1||', { type: 'refused', reqId: 9000, message: 'reqNewsArticle' }],
  ['100|9000|', { type: 'refused', reqId: 9000, message: 'reqWshMetaData' }],
  ['102|9000|8314|', { type: 'refused', reqId: 9000, message: 'reqWshEventData' }],
  // What IB does not answer
  ['12|1|1|', { type: 'one-way', message: 'reqNewsBulletins' }],
  ['13|1|', { type: 'one-way', message: 'cancelNewsBulletins' }],
  ['14|1|5|', { type: 'one-way', message: 'setServerLogLevel' }],
  ['15|1|1|', { type: 'one-way', message: 'reqAutoOpenOrders' }],
  ['23|1|9000|', { type: 'one-way', message: 'cancelScannerSubscription' }],
  ['53|1|9000|', { type: 'one-way', message: 'cancelFundamentalData' }],
  ['56|1|9000|', { type: 'one-way', message: 'cancelCalculateImpliedVolatility' }],
  ['57|1|9000|', { type: 'one-way', message: 'cancelCalculateOptionPrice' }],
  [
    { 166: '58|1|', 192: '58||2147483647|' },
    { type: 'one-way', message: 'reqGlobalCancel' },
  ],
  ['63|1|9000|', { type: 'one-way', message: 'cancelAccountSummary' }],
  ['64|1|', { type: 'one-way', message: 'cancelPositions' }],
  ['69|1|9000|8314@SMART|', { type: 'one-way', message: 'updateDisplayGroup' }],
  ['70|1|9000|', { type: 'one-way', message: 'unsubscribeFromGroupEvents' }],
  ['75|1|9000|', { type: 'one-way', message: 'cancelPositionsMulti' }],
  ['77|1|9000|', { type: 'one-way', message: 'cancelAccountUpdatesMulti' }],
  ['93|9000|', { type: 'one-way', message: 'cancelPnL' }],
  ['95|9000|', { type: 'one-way', message: 'cancelPnLSingle' }],
  ['101|9000|', { type: 'one-way', message: 'cancelWshMetaData' }],
  ['103|9000|', { type: 'one-way', message: 'cancelWshEventData' }],
]

describe('at every server version', () => {
  it.each(REQUESTS)('%j is read', (golden, read) => {
    for (const version of VERSIONS) {
      const reader = new FrameReader()
      reader.push(frame(at(version, golden)))
      expect(decodeRequest(splitFields(reader.next() ?? Buffer.alloc(0)), version), `at ${version}`).toEqual(read)
    }
  })
})

describe('the bytes above', () => {
  it('are those of every request that can be answered', () => {
    const ids = Array.from({ length: 256 }, (_, id) => id).filter((id) => isKnown(id))
    expect(new Set(REQUESTS.map(([golden]) => Number.parseInt(at(193, golden), 10)))).toEqual(new Set(ids))
  })
})

/** False for a message id that IB does not have. */
function isKnown(id: number): boolean {
  try {
    decodeRequest([String(id)])
  } catch (error) {
    return !(error instanceof RequestError && error.message.startsWith("Expected a message id of IB's protocol"))
  }
  return true
}
