/** Every line here is typed from the facts page of the protocol or from frames recorded at real gateways. */

import { describe, expect, it } from 'vitest'

import { contractDetails } from '../../../../backtester/gateway/contract-details.ts'
import { ContractBook } from '../../../../backtester/gateway/contracts.ts'
import * as messages from '../../../../backtester/gateway/messages.ts'
import { FrameWriter } from '../../../../backtester/gateway/wire.ts'
import { JUNE_70_CALL, OPEN_US, TWX } from '../../../support/gateway-tape.ts'

function written(write: (writer: FrameWriter) => void): string {
  const writer = new FrameWriter()
  write(writer)
  const bytes = writer.take()
  expect(bytes.readUInt32BE()).toBe(bytes.length - 4)
  return bytes.toString('latin1', 4).replaceAll('\0', '|')
}

const stock = { ...TWX, conId: 111 }
const option = { ...JUNE_70_CALL, conId: 999 }
const book = new ContractBook([stock, option])

function contractData(conId: number, serverVersion: number): string {
  const listed = book.byConId(conId)
  if (!listed) throw new Error(`no contract ${conId}`)
  const details = contractDetails(listed, OPEN_US, book.byConId(listed.underConId)?.secType ?? '')
  return written((writer) => messages.writeContractData(writer, 9000, details, serverVersion))
}

describe('messages that real gateways were seen to send', () => {
  it('says that the definition farm is connected', () => {
    expect(written((w) => messages.writeError(w, -1, 2158, 'Sec-def data farm connection is OK:secdefil'))).toBe(
      '4|2|-1|2158|Sec-def data farm connection is OK:secdefil||',
    )
  })

  it('says that it does not know a ticker id', () => {
    expect(written((w) => messages.writeError(w, 9000, 300, "Can't find EId with tickerId:9000"))).toBe(
      "4|2|9000|300|Can't find EId with tickerId:9000||",
    )
  })

  it('answers reqCurrentTime', () => {
    expect(written((w) => messages.writeCurrentTime(w, 1752606307))).toBe('49|1|1752606307|')
  })

  it('names the managed accounts', () => {
    expect(written((w) => messages.writeManagedAccounts(w, 'ACCOUNT_ID'))).toBe('15|1|ACCOUNT_ID|')
  })

  it('ends the positions', () => {
    expect(written(messages.writePositionEnd)).toBe('62|1|')
  })

  it('opens a market-data line', () => {
    expect(written((w) => messages.writeMarketDataType(w, 9000, 1))).toBe('58|1|9000|1|')
    expect(written((w) => messages.writeTickReqParams(w, 9000, 0.01))).toBe('81|9000|0.01|9c0001|3|')
  })

  it('sends prices and sizes', () => {
    expect(written((w) => messages.writeTickPrice(w, 9000, 4, 202.55, 2, 0))).toBe('1|6|9000|4|202.55|2|0|')
    expect(written((w) => messages.writeTickSize(w, 9000, 8, 323886))).toBe('2|6|9000|8|323886|')
  })

  it('describes an option chain', () => {
    const chain = {
      underConId: 12345,
      tradingClass: 'AAPL',
      multiplier: 100,
      expirations: ['20230616', '20230915', '20231215'],
      strikes: [140, 150, 160],
    }
    expect(written((w) => messages.writeOptionChain(w, 9000, 'CBOE', chain))).toBe(
      '75|9000|CBOE|12345|AAPL|100|3|20230616|20230915|20231215|3|140|150|160|',
    )
    expect(written((w) => messages.writeOptionChainEnd(w, 9000))).toBe('76|9000|')
  })
})

describe('market data in the order in which a real gateway was seen to send it', () => {
  it('is the time of the last trade, its price, whether it is halted, the volume', () => {
    expect(written((w) => messages.writeTickString(w, 9000, 45, '1744742857'))).toBe('46|6|9000|45|1744742857|')
    expect(written((w) => messages.writeTickPrice(w, 9000, 4, 202.55, 2, 0))).toBe('1|6|9000|4|202.55|2|0|')
    // Seen as 0.0; clients read both.
    expect(written((w) => messages.writeTickGeneric(w, 9000, 49, 0))).toBe('45|6|9000|49|0|')
    expect(written((w) => messages.writeTickSize(w, 9000, 8, 323886))).toBe('2|6|9000|8|323886|')
  })
})

describe('messages that clients are tested with', () => {
  it('gives option values, and the sentinels of IB for those that are not known', () => {
    const greeks = {
      impliedVolatility: 0.3,
      delta: 0.65,
      optionPrice: 5.75,
      pvDividend: 0.5,
      gamma: 0.05,
      vega: 0.15,
      theta: 0.01,
      underlyingPrice: 145,
    }
    expect(written((w) => messages.writeOptionComputation(w, 9000, 13, greeks))).toBe('21|9000|13|1|0.3|0.65|5.75|0.5|0.05|0.15|0.01|145|')
    expect(written((w) => messages.writeOptionComputation(w, 9000, 10, {}))).toBe('21|9000|10|1|-1|-2|-1|-1|-2|-2|-2|-1|')
  })

  it('ends a snapshot', () => {
    expect(written((w) => messages.writeSnapshotEnd(w, 9000))).toBe('57|1|9000|')
  })

  it('gives tick-by-tick trades, quotes and midpoints', () => {
    const trade = { price: 3895.25, size: 7, mask: 2, venue: 'NASDAQ', conditions: 'Regular' }
    expect(written((w) => messages.writeTradeTick(w, 9000, 1, 1678740829, trade))).toBe('99|9000|1|1678740829|3895.25|7|2|NASDAQ|Regular|')
    const bare = { ...trade, venue: '', conditions: '' }
    expect(written((w) => messages.writeTradeTick(w, 9000, 1, 1678740829, bare))).toBe('99|9000|1|1678740829|3895.25|7|2|||')
    const quote = { bidPrice: 3895.5, askPrice: 3896, bidSize: 9, askSize: 11 }
    expect(written((w) => messages.writeQuoteTick(w, 9001, 1678745793, quote))).toBe('99|9001|3|1678745793|3895.5|3896|9|11|0|')
    expect(written((w) => messages.writeMidpointTick(w, 9001, 1678746113, 3896.875))).toBe('99|9001|4|1678746113|3896.875|')
  })

  it('gives historical trades, quotes and midpoints', () => {
    const trades = [
      { seconds: 1681133400, mask: 0, price: 11.7, size: 24547, venue: 'ISLAND', conditions: ' O X' },
      { seconds: 1681133401, mask: 0, price: 11.71, size: 179, venue: 'FINRA', conditions: '' },
    ]
    expect(written((w) => messages.writeHistoricalTrades(w, 9000, trades))).toBe(
      '98|9000|2|1681133400|0|11.7|24547|ISLAND| O X|1681133401|0|11.71|179|FINRA||1|',
    )
    const quotes = [
      { seconds: 1681133399, bidPrice: 11.63, askPrice: 11.83, bidSize: 2800, askSize: 100 },
      { seconds: 1681133400, bidPrice: 11.64, askPrice: 11.84, bidSize: 2900, askSize: 200 },
    ]
    expect(written((w) => messages.writeHistoricalQuotes(w, 9000, quotes))).toBe(
      '97|9000|2|1681133399|0|11.63|11.83|2800|100|1681133400|0|11.64|11.84|2900|200|1|',
    )
    const mids = [
      { seconds: 1681133398, price: 91.36 },
      { seconds: 1681133399, price: 91.37 },
    ]
    expect(written((w) => messages.writeHistoricalMidpoints(w, 9000, mids))).toBe('96|9000|2|1681133398|0|91.36|0|1681133399|0|91.37|0|1|')
  })

  it('gives historical bars', () => {
    const bars = [
      { date: '20230413', open: 182.94, high: 186.5, low: 180.94, close: 185.9, volume: 948837.22, wap: 184.869, count: 324891 },
      { date: '20230414', open: 183.88, high: 186.28, low: 182.01, close: 185, volume: 810998.27, wap: 183.9865, count: 277547 },
    ]
    expect(written((w) => messages.writeHistoricalData(w, 9000, '20230413  16:31:22', '20230415  16:31:22', bars))).toBe(
      '17|9000|20230413  16:31:22|20230415  16:31:22|2|20230413|182.94|186.5|180.94|185.9|948837.22|184.869|324891|' +
        '20230414|183.88|186.28|182.01|185|810998.27|183.9865|277547|',
    )
  })

  it('gives a market rule', () => {
    expect(written((w) => messages.writeMarketRule(w, 26, [[0, 0.01]]))).toBe('93|26|1|0|0.01|')
    const steps = [
      [0, 0.01],
      [100, 0.05],
      [1000, 0.1],
    ] as const
    expect(written((w) => messages.writeMarketRule(w, 26, steps))).toBe('93|26|3|0|0.01|100|0.05|1000|0.1|')
  })
})

describe('messages of the handshake', () => {
  it('gives the version and the time, then the next valid id', () => {
    expect(written((w) => messages.writeServerVersion(w, 193, '20140605 09:30:00 US/Eastern'))).toBe('193|20140605 09:30:00 US/Eastern|')
    expect(written((w) => messages.writeNextValidId(w, 1))).toBe('9|1|1|')
  })
})

describe('contract data', () => {
  const optionHours =
    '20140605:0930-20140605:1600;20140606:0930-20140606:1600;20140607:CLOSED;20140608:CLOSED;20140609:0930-20140609:1600;20140610:0930-20140610:1600'
  const stockHours =
    '20140605:0400-20140605:2000;20140606:0400-20140606:2000;20140607:CLOSED;20140608:CLOSED;20140609:0400-20140609:2000;20140610:0400-20140610:2000'
  const optionHead = '10|9000|TWX|OPT|20140621|'
  const optionBody =
    `70|C|SMART|USD|TWX   140621C00070000|TWX|TWX|999|0.01|100||SMART|1|111|TWX||201406||||US/Eastern|${optionHours}|${optionHours}|` +
    '||0|2|TWX|STK|26|20140620||1|1|100|'

  it.each([166, 173, 177, 178, 181])('of an option at server version %i has no field for the last trade date', (version) => {
    expect(contractData(999, version)).toBe(optionHead + optionBody)
  })

  it.each([182, 185])('of an option at server version %i names the last trade date behind the expiry', (version) => {
    expect(contractData(999, version)).toBe(`${optionHead}20140620|${optionBody}`)
  })

  it.each([186, 193])('of an option at server version %i ends with the number of reasons of ineligibility', (version) => {
    expect(contractData(999, version)).toBe(`${optionHead}20140620|${optionBody}0|`)
  })

  it.each([
    [178, '', ''],
    [193, '|', '0|'],
  ])('of a stock at server version %i leaves the terms of an option empty', (version, lastTradeDate, ineligibility) => {
    expect(contractData(111, version)).toBe(
      `10|9000|TWX|STK||${lastTradeDate}0||SMART|USD|TWX|TWX|TWX|111|0.01|||SMART|1|0|TWX|NYSE|||||US/Eastern|${stockHours}|${optionHours}|` +
        `||0|1|||26|||1|1|100|${ineligibility}`,
    )
  })

  it('has a last message', () => {
    expect(written((w) => messages.writeContractDataEnd(w, 9000))).toBe('52|1|9000|')
  })
})

describe('texts', () => {
  it('are ASCII in errors and long names, with the rest as \\uXXXX', () => {
    expect(written((w) => messages.writeError(w, 1, 321, 'Zürich 東'))).toBe('4|2|1|321|Z\\u00fcrich \\u6771||')
  })
})
