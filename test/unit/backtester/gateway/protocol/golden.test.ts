/**
 * The bytes of every message of market data that the gateway sends, at the edges of what changed between the server versions that
 * clients settle on. Typed from the facts about the protocol and from frames that real gateways and the tests of other clients show (the
 * recorded frames of rust-ibapi, MIT), never written by our encoder. `|` stands for NUL. Requests and the other answers are beside this file.
 */

import { describe, expect, it } from 'vitest'

import { contractDetails } from '../../../../../backtester/gateway/contracts/contract-details.ts'
import { ContractBook } from '../../../../../backtester/gateway/contracts/contracts.ts'
import * as messages from '../../../../../backtester/gateway/protocol/messages.ts'
import { FrameWriter } from '../../../../../backtester/gateway/protocol/wire.ts'
import { JUNE_70_CALL, OPEN_US, TWX } from '../../../../support/gateway/gateway-tape.ts'
import { at, frame, type Golden, VERSIONS } from './golden-bytes.ts'

const book = new ContractBook([
  { ...TWX, conId: 111 },
  { ...JUNE_70_CALL, conId: 999 },
])

function contractData(writer: FrameWriter, conId: number, version: number): void {
  const listed = book.byConId(conId)
  if (!listed) throw new Error(`no contract ${conId}`)
  const details = contractDetails(listed, OPEN_US, book.byConId(listed.underConId)?.secType ?? '')
  messages.writeContractData(writer, 9000, details, version)
}

const sessions = '20140605:0930-20140605:1600;20140606:0930-20140606:1600;20140607:CLOSED;20140608:CLOSED;'
const optionHours = `${sessions}20140609:0930-20140609:1600;20140610:0930-20140610:1600`
const extended = '20140605:0400-20140605:2000;20140606:0400-20140606:2000;20140607:CLOSED;20140608:CLOSED;'
const stockHours = `${extended}20140609:0400-20140609:2000;20140610:0400-20140610:2000`
const orderTypes =
  'ACTIVETIM,ADJUST,ALERT,ALLOC,AON,AVGCOST,BASKET,COND,CONDORDER,DAY,DEACT,GAT,GTC,GTD,GTT,HID,IOC,LIT,LMT,LOC,MIDPX,MIT,MKT,MOC,MTL,OCA,OPG,REL,SCALE,STP,STPLMT,TRAIL,TRAILLIT,TRAILLMT,TRAILMIT,WHATIF'
const optionVenues = 'SMART,AMEX,BATS,BOX,CBOE,CBOE2,EDGX,GEMINI,ISE,MERCURY,MIAX,NASDAQBX,NASDAQOM,PEARL,PHLX,PSE'
const stockVenues = 'SMART,AMEX,NYSE,CBOE,CHX,ARCA,NASDAQ,ISLAND,DRCTEDGE,BEX,BATS,EDGEA,BYX,IEX,PSX'
/** One for each venue. */
const optionRules = '26,26,26,26,26,26,26,26,26,26,26,26,26,26,26,26'
const stockRules = '26,26,26,26,26,26,26,26,26,26,26,26,26,26,26'
const optionTail =
  `70|C|SMART|USD|TWX   140621C00070000|TWX|TWX|999|0.01|100|${orderTypes}|${optionVenues}|1|111|TIME WARNER INC||201406||||US/Eastern|` +
  `${optionHours}|${optionHours}|||0|2|TWX|STK|${optionRules}|20140621||1|1|100|`
const stockTail =
  `0||SMART|USD|TWX|TWX|TWX|111|0.01||${orderTypes}|${stockVenues}|1|0|TIME WARNER INC|NYSE|||||US/Eastern|` +
  `${stockHours}|${optionHours}|||0|1|||${stockRules}||COMMON|1|1|100|`
const greeks = { impliedVolatility: 0.3, delta: 0.65, optionPrice: 5.75, pvDividend: 0.5, gamma: 0.05, vega: 0.15, theta: 0.01 }
const chain = { underConId: 12345, tradingClass: 'AAPL', multiplier: 100, expirations: ['20230616', '20230915'], strikes: [140, 150.5] }
const trade = { price: 3895.25, size: 7, mask: 2, venue: 'NASDAQ', conditions: 'Regular' }
const bar = { date: '20230413', open: 182.94, high: 186.5, low: 180.94, close: 185.9, volume: 948837.22, wap: 184.869, count: 324891 }

type Write = (writer: FrameWriter, version: number) => void
/** Every function that writes a message, at least once. */
const RESPONSES: readonly [writer: keyof typeof messages, write: Write, bytes: Golden][] = [
  [
    'writeServerVersion',
    (w, v) => messages.writeServerVersion(w, v, '20140605 09:30:00 US/Eastern'),
    Object.fromEntries(VERSIONS.map((v) => [v, `${v}|20140605 09:30:00 US/Eastern|`])),
  ],
  ['writeManagedAccounts', (w) => messages.writeManagedAccounts(w, 'ACCOUNT_ID'), '15|1|ACCOUNT_ID|'],
  ['writeNextValidId', (w) => messages.writeNextValidId(w, 1), '9|1|1|'],
  ['writeCurrentTime', (w) => messages.writeCurrentTime(w, 1752606307), '49|1|1752606307|'],
  [
    'writeError',
    (w) => messages.writeError(w, -1, 2158, 'Sec-def data farm connection is OK:secdefil'),
    '4|2|-1|2158|Sec-def data farm connection is OK:secdefil||',
  ],
  [
    'writeError',
    (w) => messages.writeError(w, 9000, 300, "Can't find EId with tickerId:9000"),
    "4|2|9000|300|Can't find EId with tickerId:9000||",
  ],
  ['writeError', (w) => messages.writeError(w, 1, 321, 'Zürich 東'), '4|2|1|321|Z\\u00fcrich \\u6771||'],
  ['writeMarketDataType', (w) => messages.writeMarketDataType(w, 9000, 1), '58|1|9000|1|'],
  ['writeTickReqParams', (w) => messages.writeTickReqParams(w, 9000, 0.01), '81|9000|0.01|9c0001|3|'],
  ['writeTickString', (w) => messages.writeTickString(w, 9000, 45, '1744742857'), '46|6|9000|45|1744742857|'],
  ['writeTickPrice', (w) => messages.writeTickPrice(w, 9000, 4, 202.55, 2, 0), '1|6|9000|4|202.55|2|0|'],
  // A real gateway was seen to send 0.0; clients read both.
  ['writeSidePrice', (w) => messages.writeSidePrice(w, messages.sideHead(9000, 1, 0), 202.5, 3, 1), '1|6|9000|1|202.5|3|1|'],
  // A size that is not known is an empty field, as every unset value.
  ['writeSidePrice', (w) => messages.writeSidePrice(w, messages.sideHead(9000, 2, 3), 202.5, Number.NaN, 1), '1|6|9000|2|202.5||1|'],
  ['writeSideSize', (w) => messages.writeSideSize(w, messages.sideHead(9000, 2, 3), 100), '2|6|9000|3|100|'],
  ['writeSideSize', (w) => messages.writeSideSize(w, messages.sideHead(9000, 66, 69), Number.NaN), '2|6|9000|69||'],
  ['writeTickGeneric', (w) => messages.writeTickGeneric(w, 9000, 49, 0), '45|6|9000|49|0|'],
  ['writeTickSize', (w) => messages.writeTickSize(w, 9000, 8, 323886), '2|6|9000|8|323886|'],
  [
    'writeOptionComputation',
    (w) => messages.writeOptionComputation(w, 9000, 13, { ...greeks, underlyingPrice: 145 }),
    '21|9000|13|1|0.3|0.65|5.75|0.5|0.05|0.15|0.01|145|',
  ],
  ['writeOptionComputation', (w) => messages.writeOptionComputation(w, 9000, 10, {}), '21|9000|10|1|-1|-2|-1|-1|-2|-2|-2|-1|'],
  ['writeSnapshotEnd', (w) => messages.writeSnapshotEnd(w, 9000), '57|1|9000|'],
  ['writeTradeTick', (w) => messages.writeTradeTick(w, 9000, 1, 1678740829, trade), '99|9000|1|1678740829|3895.25|7|2|NASDAQ|Regular|'],
  [
    'writeTradeTick',
    (w) => messages.writeTradeTick(w, 9000, 2, 1678740829, { ...trade, venue: '', conditions: '' }),
    '99|9000|2|1678740829|3895.25|7|2|||',
  ],
  [
    'writeQuoteTick',
    (w) =>
      messages.writeQuoteTick(w, messages.quoteTickHead(9000), 1678745793, {
        bidPrice: 3895.5,
        askPrice: 3896,
        bidSize: 9,
        askSize: 11,
        mask: 2,
      }),
    '99|9000|3|1678745793|3895.5|3896|9|11|2|',
  ],
  ['writeMidpointTick', (w) => messages.writeMidpointTick(w, 9000, 1678746113, 3896.875), '99|9000|4|1678746113|3896.875|'],
  [
    'writeHistoricalMidpoints',
    (w) =>
      messages.writeHistoricalMidpoints(w, 9000, [
        { seconds: 1681133398, price: 91.36 },
        { seconds: 1681133400, price: 91.355 },
      ]),
    '96|9000|2|1681133398|0|91.36|0|1681133400|0|91.355|0|1|',
  ],
  [
    'writeHistoricalQuotes',
    (w) =>
      messages.writeHistoricalQuotes(w, 9000, [
        { seconds: 1681133399, mask: 1, bidPrice: 11.63, askPrice: 11.83, bidSize: 2800, askSize: 100 },
      ]),
    '97|9000|1|1681133399|1|11.63|11.83|2800|100|1|',
  ],
  [
    'writeHistoricalTrades',
    (w) =>
      messages.writeHistoricalTrades(w, 9000, [
        { seconds: 1681133400, mask: 0, price: 11.63, size: 24547, venue: 'ISLAND', conditions: ' O X' },
        { seconds: 1681133400, mask: 2, price: 11.73, size: 1, venue: 'DRCTEDGE', conditions: '   I' },
      ]),
    '98|9000|2|1681133400|0|11.63|24547|ISLAND| O X|1681133400|2|11.73|1|DRCTEDGE|   I|1|',
  ],
  ['writeHistoricalTrades', (w) => messages.writeHistoricalTrades(w, 9000, []), '98|9000|0|1|'],
  [
    'writeHistoricalData',
    (w) => messages.writeHistoricalData(w, 9000, '20230413  16:31:22', '20230415  16:31:22', [bar, { ...bar, date: '20230414' }]),
    '17|9000|20230413  16:31:22|20230415  16:31:22|2|20230413|182.94|186.5|180.94|185.9|948837.22|184.869|324891|20230414|182.94|186.5|180.94|185.9|948837.22|184.869|324891|',
  ],
  [
    'writeHistoricalUpdate',
    (w) => messages.writeHistoricalUpdate(w, 9000, bar),
    '90|9000|324891|20230413|182.94|185.9|186.5|180.94|184.869|948837.22|',
  ],
  [
    'writeMarketRule',
    (w) =>
      messages.writeMarketRule(w, 26, [
        [0, 0.01],
        [100, 0.05],
        [1000, 0.1],
      ]),
    '93|26|3|0|0.01|100|0.05|1000|0.1|',
  ],
  ['writePositionEnd', messages.writePositionEnd, '62|1|'],
  [
    'writeOptionChain',
    (w) => messages.writeOptionChain(w, 9000, 'CBOE', chain),
    '75|9000|CBOE|12345|AAPL|100|2|20230616|20230915|2|140|150.5|',
  ],
  ['writeOptionChainEnd', (w) => messages.writeOptionChainEnd(w, 9000), '76|9000|'],
  [
    'writeContractData',
    (w, v) => contractData(w, 999, v),
    {
      166: `10|9000|TWX|OPT|20140620|${optionTail}`,
      182: `10|9000|TWX|OPT|20140620|20140620|${optionTail}`,
      186: `10|9000|TWX|OPT|20140620|20140620|${optionTail}0|`,
    },
  ],
  [
    'writeContractData',
    (w, v) => contractData(w, 111, v),
    { 166: `10|9000|TWX|STK||${stockTail}`, 182: `10|9000|TWX|STK|||${stockTail}`, 186: `10|9000|TWX|STK|||${stockTail}0|` },
  ],
  ['writeContractDataEnd', (w) => messages.writeContractDataEnd(w, 9000), '52|1|9000|'],
  // reqAccountUpdates, reqOpenOrders, reqExecutions, reqCompletedOrders and the like: the end of their answers.
  ['writeEmptyAnswer', (w) => messages.writeEmptyAnswer(w, [54, 1, 'ACCOUNT_ID']), '54|1|ACCOUNT_ID|'],
]

describe('at every server version', () => {
  it.each(RESPONSES)('%s gives these bytes', (_name, write, golden) => {
    for (const version of VERSIONS) {
      const writer = new FrameWriter()
      write(writer, version)
      expect(writer.take().toString('latin1'), `at ${version}`).toBe(frame(at(version, golden)).toString('latin1'))
    }
  })
})

describe('the bytes above', () => {
  it('are those of every message that can be sent', () => {
    const writers = Object.keys(messages).filter((name) => name.startsWith('write'))
    expect(new Set(RESPONSES.map(([name]) => name))).toEqual(new Set(writers))
  })
})
