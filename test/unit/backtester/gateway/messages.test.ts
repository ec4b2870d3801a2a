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
