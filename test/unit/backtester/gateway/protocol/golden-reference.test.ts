/**
 * The bytes of every answer that is no market data: the account, reference data, statistics over the past. Typed from the layouts that the
 * decoders of clients read, never written by our encoder. `|` stands for NUL.
 */

import { describe, expect, it } from 'vitest'

import * as messages from '../../../../../backtester/gateway/protocol/reference-messages.ts'
import { FrameWriter } from '../../../../../backtester/gateway/protocol/wire.ts'
import { at, frame, type Golden, VERSIONS } from './golden-bytes.ts'

type Write = (writer: FrameWriter, version: number) => void

const cash = { key: 'BuyingPower', value: '25000.00', currency: 'USD' }
const sample = {
  conId: 8314,
  symbol: 'IBM',
  secType: 'STK',
  primaryExchange: 'NYSE',
  currency: 'USD',
  derivatives: ['OPT', 'WAR'],
  description: 'Société IBM',
}
const sessions = [
  { start: '20140605-09:30:00', end: '20140605-16:00:00', date: '20140605' },
  { start: '20140606-09:30:00', end: '20140606-16:00:00', date: '20140606' },
]
const bar = { seconds: 1678886400, open: 8.25, high: 8.5, low: 8.125, close: 8.375, volume: 1500, wap: 8.3, count: 12 }

/** Every function that writes a message, at least once. */
const RESPONSES: readonly [writer: keyof typeof messages, write: Write, bytes: Golden][] = [
  ['writeAccountValue', (w) => messages.writeAccountValue(w, 'DU0000000', cash), '6|2|BuyingPower|25000.00|USD|DU0000000|'],
  ['writeAccountUpdateTime', (w) => messages.writeAccountUpdateTime(w, '09:30'), '8|1|09:30|'],
  ['writeAccountDownloadEnd', (w) => messages.writeAccountDownloadEnd(w, 'DU0000000'), '54|1|DU0000000|'],
  ['writeAccountSummary', (w) => messages.writeAccountSummary(w, 9000, 'DU0000000', cash), '63|1|9000|DU0000000|BuyingPower|25000.00|USD|'],
  ['writeAccountSummaryEnd', (w) => messages.writeAccountSummaryEnd(w, 9000), '64|1|9000|'],
  [
    'writeAccountUpdateMulti',
    (w) => messages.writeAccountUpdateMulti(w, 9000, 'DU0000000', '', cash),
    '73|1|9000|DU0000000||BuyingPower|25000.00|USD|',
  ],
  ['writeAccountUpdateMultiEnd', (w) => messages.writeAccountUpdateMultiEnd(w, 9000), '74|1|9000|'],
  [
    'writeSymbolSamples',
    (w, v) => messages.writeSymbolSamples(w, 9000, [sample], v),
    // The description and the issuer come with 176.
    {
      166: '79|9000|1|8314|IBM|STK|NYSE|USD|2|OPT|WAR|',
      176: '79|9000|1|8314|IBM|STK|NYSE|USD|2|OPT|WAR|Soci\\u00e9t\\u00e9 IBM||',
    },
  ],
  ['writeSymbolSamples', (w, v) => messages.writeSymbolSamples(w, 9000, [], v), '79|9000|0|'],
  [
    'writeSmartComponents',
    (w) =>
      messages.writeSmartComponents(w, 9000, [
        { bit: 0, exchange: 'AMEX', letter: 'A' },
        { bit: 8, exchange: 'NYSE', letter: 'N' },
      ]),
    '82|9000|2|0|AMEX|A|8|NYSE|N|',
  ],
  ['writeHeadTimestamp', (w) => messages.writeHeadTimestamp(w, 9000, '20140605-13:30:00'), '88|9000|20140605-13:30:00|'],
  [
    'writeHistogram',
    (w) =>
      messages.writeHistogram(w, 9000, [
        [70.01, 300],
        [70.02, 100.5],
      ]),
    '89|9000|2|70.01|300|70.02|100.5|',
  ],
  [
    'writeHistoricalSchedule',
    (w) => messages.writeHistoricalSchedule(w, 9000, 'US/Eastern', sessions),
    '106|9000|20140605-09:30:00|20140606-16:00:00|US/Eastern|2|' +
      '20140605-09:30:00|20140605-16:00:00|20140605|20140606-09:30:00|20140606-16:00:00|20140606|',
  ],
  ['writeHistoricalSchedule', (w) => messages.writeHistoricalSchedule(w, 9000, 'US/Eastern', []), '106|9000|||US/Eastern|0|'],
  ['writeRealTimeBar', (w) => messages.writeRealTimeBar(w, 9000, bar), '50|3|9000|1678886400|8.25|8.5|8.125|8.375|1500|8.3|12|'],
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
