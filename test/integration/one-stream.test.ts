/** What a collector hands to those who listen while it records is what is read back of the session: every record, every field. */

import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'

import { isConnected } from '../../collector/ib/link/connection.ts'
import { openRecordSource } from '../../db/read/record-source.ts'
import type { TapeRecord } from '../../market/tick.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { startGatewayProxy } from '../support/gateway/gateway-proxy.ts'
import { CONTRACTS, type TapeRoom, tapeRoom } from '../support/gateway/gateway-tape.ts'
import { type Collecting, startCollecting } from '../support/process/collecting.ts'
import { everyKind } from '../support/tape/every-kind.ts'
import { comparable, comparableFrom } from '../support/tape/records.ts'

/** Market data of every contract; trades and quotes of the stock, tick by tick. */
const LINES = CONTRACTS.length + 2
const RT_VOLUME = 233
const DATA_LOST = [4, 2, -1, 2103, 'Market data farm connection is broken:usopt', '']
const DATA_BACK = [4, 2, -1, 2104, 'Market data farm connection is OK:usopt', '']

let room: TapeRoom
let tape: string
beforeAll(async () => {
  room = await tapeRoom()
  tape = await room.write(everyKind(200_000, 500).map(spoilt))
})
afterAll(() => room.clear())

/** Some of the options' quotes are deeply crossed, some are wide: the rules quarantine the one and flag the other. */
function spoilt(record: TapeRecord, i: number): TapeRecord {
  if (record.kind !== 'quote' || record.source === 'tick-by-tick' || record.instrument === 0) return record
  if (i % 10 === 0) return { ...record, askPrice: (record.bidPrice ?? 0) / 2 }
  return i % 10 === 4 ? { ...record, askPrice: (record.bidPrice ?? 0) * 4 } : record
}

async function moreTicks(collector: Collecting): Promise<void> {
  let from: number | undefined
  await collector.until('more ticks', ({ counts }) => {
    from ??= counts.received
    return counts.received >= from + 2000
  })
}

forEachEdition('a session of every kind of record', (edition) => {
  it('is read back as it was handed out live', async () => {
    const databaseUrl = await edition.createDatabase()
    const { port } = await room.serveFile(tape, { startAfterLines: LINES, publishTime: true, speed: 2 })
    const proxy = await startGatewayProxy(port)
    onTestFinished(() => proxy.close())
    const live: TapeRecord[] = []
    const collector = await startCollecting({
      port: proxy.port,
      databaseUrl,
      underlyings: [{ symbol: 'TWX', currency: 'USD', exchange: 'SMART', strikes: 'all', expiryDays: 1000, tickByTick: true }],
      gateway: { genericTicks: [RT_VOLUME] },
      // Kept as it was when it was handed out.
      onRecord: (record) => live.push(structuredClone(record)),
    })
    await moreTicks(collector)
    proxy.say(...DATA_LOST)
    await moreTicks(collector)
    proxy.say(...DATA_BACK)
    await proxy.tear(2, 'reset')
    proxy.cut()
    await collector.until('the loss is noticed', ({ feed }) => !isConnected(feed))
    proxy.resume()
    await collector.until('the lines are open again', ({ counts }) => counts.lines >= CONTRACTS.length)
    await moreTicks(collector)
    const { sessionId } = await collector.stop('enough')

    const source = await openRecordSource({ url: databaseUrl }, { sessionId, includeQuarantined: true })
    expect(await comparableFrom(source)).toEqual(comparable(sessionId, live))
    const kinds = new Set(live.map(({ kind }) => kind))
    expect([...kinds].sort()).toEqual(['carry', 'config', 'contract', 'gap', 'greeks', 'line', 'quote', 'session', 'statistic', 'trade'])
    const verdicts = live.flatMap((record) => ('verdict' in record && record.verdict ? [record.verdict] : []))
    expect(new Set(verdicts.map(({ disposition }) => disposition))).toEqual(new Set(['flag', 'quarantine']))
    expect(verdicts.flatMap(({ findings }) => findings).filter(({ reason }) => reason === '')).toEqual([])
  })
})
