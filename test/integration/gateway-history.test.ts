/** History out of a tape, over real sockets: ticks and bars up to the tape's present, and what is refused. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { Mark } from '../../market/marks.ts'
import type { TapeRecord, Trade } from '../../market/tick.ts'
import {
  contractFields,
  JUNE_70_CALL,
  NO_LIMITS,
  OPEN_US,
  quoteAt,
  SECOND_US,
  type TapeRoom,
  TWX,
  tapeOf,
  tapeRoom,
} from '../support/gateway/gateway-tape.ts'
import { RawTwsClient } from '../support/gateway/raw-tws-client.ts'

let room: TapeRoom

beforeAll(async () => {
  room = await tapeRoom()
})
afterAll(() => room.clear())

const VERSIONS = ['v100..173', 'v100..177', 'v100..178', 'v100..193']
const OPEN_SECONDS = OPEN_US / SECOND_US

function tradeAt(afterUs: number, price: number, size: number, conditions = ''): Trade {
  return { kind: 'trade', seq: 0, tsUs: OPEN_US + afterUs, instrument: 0, price, size, source: 'import', venue: 'NYSE', conditions }
}

/** Two trades in each of the first three seconds, quotes between them, and one trade a minute later. */
const TICKS: TapeRecord[] = [
  // What stood when the recorder asked for it: no trade of this time, in ticks or bars.
  { ...tradeAt(0, 69, 900), marks: Mark.initial },
  tradeAt(0, 70, 100, ' O X'),
  quoteAt(100, 0, [70, 3], [70.04, 4]),
  tradeAt(200, 70.02, 1, '   I'),
  tradeAt(SECOND_US, 70.01, 100),
  quoteAt(SECOND_US + 100, 0, [70, 5], [70.04, 4]),
  tradeAt(SECOND_US + 200, 70.03, 200),
  // Within its bar, which opens with the price that stood.
  quoteAt(2 * SECOND_US + 1, 0, [70.02, 5], [70.06, 4]),
  tradeAt(2 * SECOND_US + 2, 70.05, 100),
  tradeAt(2 * SECOND_US + 3, 70.05, 100),
  tradeAt(61 * SECOND_US, 70.5, 100),
]

/** A client of a tape that was played to its end. */
async function afterwards(versions = 'v100..193', limits = NO_LIMITS): Promise<RawTwsClient> {
  const { gateway, port } = await room.serve(tapeOf(TICKS), { startAfterLines: 0, limits })
  await gateway.ended
  return RawTwsClient.connect({ port, clientId: 1, versions })
}

function ticksRequest(reqId: number, start: string, end: string, count: number, whatToShow: string): (string | number)[] {
  return [96, reqId, ...contractFields(TWX), 0, start, end, count, whatToShow, 0, 0, '']
}

function barsRequest(reqId: number, barSize: string, duration: string, whatToShow: string, formatDate = 1): (string | number)[] {
  return [20, reqId, ...contractFields(TWX), 0, '', barSize, duration, 0, whatToShow, formatDate, 0, '']
}

describe('historical ticks', () => {
  it.each(VERSIONS)('at %s from a start complete the last second', async (versions) => {
    const client = await afterwards(versions)
    client.send(...ticksRequest(1, '20140605-13:30:00', '', 3, 'TRADES'))
    expect(await client.frame('98|1|')).toBe(
      `98|1|4|${OPEN_SECONDS}|0|70|100|NYSE| O X|${OPEN_SECONDS}|2|70.02|1|NYSE|   I|` +
        `${OPEN_SECONDS + 1}|0|70.01|100|NYSE||${OPEN_SECONDS + 1}|0|70.03|200|NYSE||1|`,
    )
    await client.close()
  })

  it('up to an end complete the first second', async () => {
    const client = await afterwards()
    client.send(...ticksRequest(1, '', '20140605 09:31:00 US/Eastern', 1, 'TRADES'))
    expect(await client.frame('98|1|')).toBe(`98|1|2|${OPEN_SECONDS + 2}|0|70.05|100|NYSE||${OPEN_SECONDS + 2}|0|70.05|100|NYSE||1|`)
    await client.close()
  })

  it('are quotes or their midpoints as well', async () => {
    const client = await afterwards()
    client.send(...ticksRequest(1, '20140605-13:30:00', '', 1000, 'BID_ASK'))
    client.send(...ticksRequest(2, '20140605-13:30:00', '', 1000, 'MIDPOINT'))
    expect(await client.frame('97|1|')).toBe(
      `97|1|3|${OPEN_SECONDS}|0|70|70.04|3|4|${OPEN_SECONDS + 1}|0|70|70.04|5|4|${OPEN_SECONDS + 2}|0|70.02|70.06|5|4|1|`,
    )
    expect(await client.frame('96|2|')).toBe(`96|2|2|${OPEN_SECONDS}|0|70.02|0|${OPEN_SECONDS + 2}|0|70.04|0|1|`)
    await client.close()
  })

  it('that are not there are an empty answer, and a request without sense is refused', async () => {
    const client = await afterwards()
    client.send(...ticksRequest(1, '20140605-20:00:00', '', 10, 'TRADES'))
    client.send(...ticksRequest(2, '', '', 10, 'TRADES'))
    client.send(...ticksRequest(3, '2014-06-05', '', 10, 'TRADES'))
    client.send(...ticksRequest(4, '20140605-20:00:00', '', 10, 'FUN'))
    client.send(...ticksRequest(5, '20140605 16:00:00', '', 10, 'TRADES'))
    expect(await client.frame('98|1|')).toBe('98|1|0|1|')
    expect(await client.frame('98|5|')).toBe('98|5|0|1|')
    expect(client.frames.filter((frame) => /^4\|2\|\d/.test(frame)).map((frame) => frame.split('|').slice(2, 4).join(' '))).toEqual([
      '2 322',
      '3 10314',
      '4 322',
      '5 2174',
    ])
    await client.close()
  })
})

describe('historical bars', () => {
  it.each(VERSIONS)('at %s of trades have volume, average price and count', async (versions) => {
    const client = await afterwards(versions)
    client.send(...barsRequest(1, '1 min', '1 D', 'TRADES', 2))
    expect(await client.frame('17|1|')).toBe(
      '17|1|20140605 00:00:00 US/Eastern|20140605 09:31:01 US/Eastern|2|' +
        // 100 at 70, 1 at 70.02, 100 at 70.01, 200 at 70.03, 200 at 70.05: 42087.02 over 601.
        `${OPEN_SECONDS}|70|70.05|70|70.05|601|70.02831946755408|6|${OPEN_SECONDS + 60}|70.5|70.5|70.5|70.5|100|70.5|1|`,
    )
    await client.close()
  })

  it('of quotes open with the price that stood, and name days and times as asked', async () => {
    const client = await afterwards()
    client.send(...barsRequest(1, '1 secs', '120 S', 'MIDPOINT'))
    client.send(...barsRequest(2, '1 day', '1 D', 'ASK'))
    expect(await client.frame('17|1|')).toBe(
      '17|1|20140605 09:29:01 US/Eastern|20140605 09:31:01 US/Eastern|3|' +
        '20140605 09:30:00 US/Eastern|70.02|70.02|70.02|70.02|-1|-1|-1|' +
        '20140605 09:30:01 US/Eastern|70.02|70.02|70.02|70.02|-1|-1|-1|' +
        '20140605 09:30:02 US/Eastern|70.02|70.04|70.02|70.04|-1|-1|-1|',
    )
    expect(await client.frame('17|2|')).toContain('|1|20140605|70.04|70.06|70.04|70.06|-1|-1|-1|')
    await client.close()
  })

  it('end at the present of the tape', async () => {
    const { port } = await room.serve(tapeOf(TICKS), { startAfterLines: 5 })
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    client.send(...barsRequest(1, '1 min', '1 D', 'TRADES', 2))
    expect(await client.frame('17|1|')).toBe(
      `17|1|20140605 00:00:00 US/Eastern|20140605 09:30:00 US/Eastern|1|${OPEN_SECONDS}|70|70|70|70|100|70|1|`,
    )
    client.send(20, 2, ...contractFields(JUNE_70_CALL), 0, '', '1 min', '1 D', 0, 'TRADES', 1, 0, '')
    expect(await client.frame('4|2|2|')).toMatch(/^4\|2\|2\|162\|Historical Market Data Service error message:HMDS query returned no data/)
    await client.close()
  })

  it('are refused when they make no sense, come too often, or are cancelled', async () => {
    const client = await afterwards('v100..193', { ...NO_LIMITS, historyPacing: true })
    client.send(...barsRequest(1, '7 mins', '1 D', 'TRADES'))
    client.send(...barsRequest(2, '1 min', '1 X', 'TRADES'))
    client.send(...barsRequest(3, '1 min', '1 D', 'FUN'))
    client.send(...barsRequest(4, '1 secs', '60 S', 'TRADES'))
    client.send(...barsRequest(5, '1 secs', '60 S', 'TRADES'))
    client.send(...barsRequest(6, '1 min', '1 D', 'TRADES'))
    client.send(25, 1, 6)
    client.send(25, 1, 77)
    await client.frame('4|2|77|')
    await client.frame('17|4|')
    expect(client.frames.filter((frame) => /^4\|2\|\d/.test(frame)).map((frame) => frame.split('|').slice(2, 4).join(' '))).toEqual([
      '1 322',
      '2 322',
      '3 322',
      '5 162',
      '6 162',
      '77 366',
    ])
    expect(client.frames.some((frame) => frame.startsWith('17|6|'))).toBe(false)
    await client.close()
  })

  it('of 30 seconds and less reach back half a year, and those of one second span 2000', async () => {
    const halfYearUs = 180 * 86_400 * SECOND_US
    const ticks = [tradeAt(0, 70, 100), tradeAt(halfYearUs - 86_400 * SECOND_US, 71, 100), tradeAt(halfYearUs + SECOND_US, 72, 100)]
    const { gateway, port } = await room.serve(tapeOf(ticks), { startAfterLines: 0 })
    await gateway.ended
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    client.send(...barsRequest(1, '30 secs', '1 Y', 'TRADES', 2))
    client.send(...barsRequest(2, '1 min', '1 Y', 'TRADES', 2))
    client.send(20, 3, ...contractFields(TWX), 0, '20140606-00:00:00', '30 secs', '1 D', 0, 'TRADES', 2, 0, '')
    client.send(...barsRequest(4, '1 secs', '2001 S', 'TRADES', 2))
    client.send(...barsRequest(5, '1 secs', '2000 S', 'TRADES', 2))
    expect((await client.frame('17|1|')).split('|').slice(4, 5)).toEqual(['2'])
    expect((await client.frame('17|2|')).split('|').slice(4, 5)).toEqual(['3'])
    expect(await client.frame('4|2|3|')).toContain('|162|Historical Market Data Service error message:HMDS query returned no data')
    expect(await client.frame('4|2|4|')).toContain('|162|Historical Market Data Service error message:Time length exceed max.')
    expect((await client.frame('17|5|')).split('|').slice(4, 5)).toEqual(['1'])
    await client.close()
  })
})
