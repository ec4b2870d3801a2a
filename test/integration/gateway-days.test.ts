/** Chains that change by day, over real sockets: what has expired is gone with its market day, what is new is there with the tape's. */

import { afterAll, beforeAll, expect, it } from 'vitest'

import type { Contract } from '../../market/contract.ts'
import type { TapeRecord } from '../../market/tick.ts'
import { parseFaultScript } from '../../backtester/gateway/faults/script.ts'
import {
  contractFields,
  marketDataRequest,
  quoteAt,
  SECOND_US,
  type TapeRoom,
  TWX,
  tapeOf,
  tapeRoom,
  twxOption,
} from '../support/gateway/gateway-tape.ts'
import { RawTwsClient } from '../support/gateway/raw-tws-client.ts'

let room: TapeRoom
let tape: string

const HOUR_US = 3600 * SECOND_US
/** From the opening to midnight in New York. */
const MIDNIGHT_US = 14.5 * HOUR_US
const TODAY = twxOption({ expiry: '2014-06-05', strike: 70, right: 'C' })
const NEXT_WEEK = twxOption({ expiry: '2014-06-13', strike: 70, right: 'C' })
const NEW = twxOption({ expiry: '2014-06-20', strike: 71, right: 'C' })

beforeAll(async () => {
  room = await tapeRoom()
  const quotes = [0, MIDNIGHT_US - HOUR_US, MIDNIGHT_US - 2, MIDNIGHT_US + 2, MIDNIGHT_US + 10 * HOUR_US].flatMap((afterUs, i) =>
    [0, 1, 2].map((instrument): TapeRecord => quoteAt(afterUs + instrument, instrument, [70 + i, 1], [71 + i, 1])),
  )
  const tsUs = quotes.at(-1)?.tsUs ?? 0
  const records = tapeOf(quotes, [TWX, TODAY, NEXT_WEEK])
  const listed: TapeRecord = { kind: 'contract', seq: records.length + 1, tsUs, instrument: 3, contract: NEW }
  tape = await room.write([...records, listed, { ...quoteAt(0, 3, [1, 1]), tsUs, seq: records.length + 2 }])
})
afterAll(() => room.clear())

function detailsRequest(reqId: number, contract: Contract): (string | number)[] {
  return [9, 8, reqId, ...contractFields(contract), 0, '', '', '']
}

it('a chain is that of the market day, and an expiry vanishes at its end while a line of it is open', async () => {
  // The tape stands until somebody has looked.
  const { port } = await room.serveFile(tape, { startAfterLines: 2 })
  const client = await RawTwsClient.connect({ port, clientId: 1 })
  const ask = async (round: number) => {
    const ids = [0, 1, 2].map((i) => round * 10 + i)
    for (const [i, contract] of [TODAY, NEXT_WEEK, NEW].entries()) client.send(...detailsRequest(ids[i] ?? 0, contract))
    for (const id of ids)
      await client.until(() => client.frames.some((frame) => frame.startsWith(`4|2|${id}|`) || frame.startsWith(`52|1|${id}|`)))
    return ids.map((id) => (client.frames.some((frame) => frame.startsWith(`4|2|${id}|200|`)) ? 'unknown' : 'known'))
  }
  expect(await ask(1)).toEqual(['known', 'known', 'unknown'])
  client.send(...detailsRequest(90, TWX))
  const conId = /^10\|90\|.*?\|(\d{5,})\|/.exec(await client.frame('10|90|'))?.[1] ?? expect.unreachable()
  const expiries = async (reqId: number) => {
    client.send(78, reqId, 'TWX', '', 'STK', conId)
    await client.frame(`76|${reqId}|`)
    return client.frames.filter((frame) => frame.startsWith(`75|${reqId}|`)).flatMap((frame) => frame.match(/201406\d\d/g) ?? [])
  }
  expect(await expiries(91)).toEqual(['20140605', '20140613'])
  client.send(...marketDataRequest(1, TODAY))
  client.send(...marketDataRequest(2, TWX))
  await client.until(() => client.frames.some((frame) => frame.startsWith('1|6|2|1|74|')))
  expect(await ask(2)).toEqual(['unknown', 'known', 'known'])
  expect(await expiries(92)).toEqual(['20140613', '20140620'])
  client.send(...marketDataRequest(3, TODAY))
  client.send(20, 4, ...contractFields(TODAY), 0, '', '1 min', '1 D', 0, 'TRADES', 1, 0, '')
  // IB has no history of options that have expired.
  expect(await client.frame('4|2|3|')).toContain('|200|No security definition has been found')
  expect(await client.frame('4|2|4|')).toContain('|200|No security definition has been found')
  await client.close()
})

it('a limit of lines shrinks in mid-run: the newest end with 101, more are refused, and others take what becomes free', async () => {
  const faults = parseFaultScript(
    'faults:\n  - { kind: lines, limit: 1, afterTapeSeconds: 10, tapeSeconds: 60 }\n  - { kind: lines, others: 99, afterTapeSeconds: 80 }\n',
    'test.yaml',
  )
  const { port } = await room.serveFile(tape, { startAfterLines: 2, faults })
  const client = await RawTwsClient.connect({ port, clientId: 1 })
  client.send(...marketDataRequest(1, TWX))
  client.send(...marketDataRequest(2, TODAY))
  expect(await client.frame('4|2|2|')).toBe('4|2|2|101|Max number of tickers has been reached||')
  await client.until(() => client.frames.some((frame) => frame.startsWith('1|6|1|1|74|')))
  expect(client.frames.filter((frame) => frame.startsWith('4|2|1|'))).toEqual([])
  // Of 100 lines the others have 99.
  client.send(...marketDataRequest(3, NEXT_WEEK))
  expect(await client.frame('4|2|3|')).toContain('|101|')
  client.send(2, 2, 1)
  client.send(...marketDataRequest(4, NEXT_WEEK))
  await client.frame('1|6|4|')
  await client.close()
})
