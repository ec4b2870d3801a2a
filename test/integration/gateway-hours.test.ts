/**
 * What goes by the hours of a contract, over real sockets: those that IB listed for it where the tape has them, else the calendar's
 * with what it trades beside it.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import type { Contract } from '../../market/contract.ts'
import type { TapeRecord } from '../../market/tick.ts'
import {
  contractFields,
  JUNE_70_CALL,
  OPEN_US,
  quoteAt,
  SECOND_US,
  type TapeRoom,
  TWX,
  tapeOf,
  tapeRoom,
} from '../support/gateway/gateway-tape.ts'
import { RawTwsClient } from '../support/gateway/raw-tws-client.ts'

/** Its options trade until 16:15 in New York, 15:15 in Chicago. */
const LISTED: Contract = {
  ...JUNE_70_CALL,
  hours: {
    readOn: '2014-06-05',
    timeZone: 'US/Central',
    trading: '20140604:1915-20140605:0815,20140605:0830-20140605:1515',
    liquid: '20140605:0830-20140605:1515',
  },
}
const MINUTE_US = 60 * SECOND_US
const OPEN_SECONDS = OPEN_US / SECOND_US
/** Before the opening, at it, before 16:00, behind it and behind 16:15, which are minutes 390 and 405. */
const MINUTES = [-10, 0, 389, 400, 410]

let room: TapeRoom
beforeAll(async () => {
  room = await tapeRoom()
})
afterAll(() => room.clear())

/** A client at the end of a tape on which both contracts have a quote and a trade in each of the minutes. */
async function clientAtEnd(): Promise<RawTwsClient> {
  const ticks = MINUTES.flatMap((minute, i): TapeRecord[] =>
    [0, 1].flatMap((instrument): TapeRecord[] => [
      quoteAt(minute * MINUTE_US, instrument, [70 + i, 1], [71 + i, 1]),
      { kind: 'trade', seq: 0, tsUs: OPEN_US + minute * MINUTE_US, instrument, price: 70 + i, size: 1, source: 'import' },
    ]),
  )
  const { gateway, port } = await room.serve(tapeOf(ticks, [TWX, LISTED]), { startAfterLines: 0 })
  await gateway.ended
  return RawTwsClient.connect({ port, clientId: 1 })
}

const IN_HOURS: readonly (readonly [name: string, contract: Contract, minutes: number[]])[] = [
  ['that were listed', LISTED, [0, 389, 400]],
  ['of the calendar', TWX, [0, 389]],
]

describe.each(IN_HOURS)('regular hours %s', (_name, contract, minutes) => {
  it('are those of bars of every kind, ticks, histograms and the first tick', async () => {
    const client = await clientAtEnd()
    const kinds = ['TRADES', 'BID', 'MIDPOINT', 'BID_ASK']
    for (const [reqId, what] of kinds.entries())
      client.send(20, reqId + 1, ...contractFields(contract), 0, '', '1 min', '1 D', 1, what, 2, 0, '')
    for (const reqId of kinds.keys()) {
      const fields = (await client.frame(`17|${reqId + 1}|`)).split('|')
      const starts = fields.slice(5).filter((_, i) => i % 8 === 0)
      expect(starts.slice(0, -1).map((text) => (Number(text) - OPEN_SECONDS) / 60)).toEqual(minutes)
    }
    client.send(96, 5, ...contractFields(contract), 0, '20140605-04:00:00', '', 100, 'TRADES', 1, 0, '')
    expect(await client.frame('98|5|')).toMatch(new RegExp(`^98\\|5\\|${minutes.length}\\|${OPEN_SECONDS}\\|`))
    client.send(88, 6, ...contractFields(contract), 0, 1, '1 day')
    expect(await client.frame('89|6|')).toBe(`89|6|${minutes.length}|${minutes.map((_, i) => `${71 + i}|1|`).join('')}`)
    client.send(87, 7, ...contractFields(contract), 0, 1, 'TRADES', 2)
    expect(await client.frame('88|7|')).toBe(`88|7|${OPEN_SECONDS}|`)
    await client.close()
  })
})

describe('a schedule', () => {
  const scheduleOf = async (contract: Contract, useRth: number, duration = '2 D') => {
    const client = await clientAtEnd()
    client.send(20, 1, ...contractFields(contract), 0, '', '1 day', duration, useRth, 'SCHEDULE', 1, 0, '')
    const frame = await client.frame('106|1|')
    await client.close()
    return frame
  }

  it('has the listed hours in their time zone, and the calendar with as much beside it on days that are not listed', async () => {
    const before = '20140604-08:30:00|20140604-15:15:00|20140604|'
    expect(await scheduleOf(LISTED, 1)).toBe(
      `106|1|20140604-08:30:00|20140605-15:15:00|US/Central|2|${before}20140605-08:30:00|20140605-15:15:00|20140605|`,
    )
    expect(await scheduleOf(LISTED, 0)).toBe(
      `106|1|20140604-08:30:00|20140605-15:15:00|US/Central|3|${before}` +
        '20140604-19:15:00|20140605-08:15:00|20140605|20140605-08:30:00|20140605-15:15:00|20140605|',
    )
  })

  it('without any session is empty', async () => {
    const client = await clientAtEnd()
    client.send(20, 1, ...contractFields(TWX), 0, '20140608-12:00:00', '1 day', '3600 S', 1, 'SCHEDULE', 1, 0, '')
    expect(await client.frame('106|1|')).toBe('106|1|||US/Eastern|0|')
    await client.close()
  })
})
