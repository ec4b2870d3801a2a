/** An index and its options: imported, served to a client of any descent, and recorded again as what they are. */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { openRecordSource } from '../../db/read/record-source.ts'
import { openTapeReader } from '../../db/read/tape-reader.ts'
import { importTape } from '../../db/tape/importers/import-tape.ts'
import { readRecords } from '../../db/tape/reader.ts'
import { type Contract, contractKey } from '../../market/contract.ts'
import { isTick, type Tick } from '../../market/tick.ts'
import { forEachEdition } from '../support/database/databases.ts'
import {
  contractFields,
  JUNE_70_CALL,
  marketDataRequest,
  OPEN_US,
  quoteAt,
  SECOND_US,
  type TapeRoom,
  tapeOf,
  tapeRoom,
  tickByTickRequest,
} from '../support/gateway/gateway-tape.ts'
import { RawTwsClient } from '../support/gateway/raw-tws-client.ts'
import { ask, folderForTest, startCollecting } from '../support/process/collecting.ts'

const SPX: Contract = { kind: 'index', symbol: 'SPX', currency: 'USD', venue: 'CBOE' }
/** Settled at the opening of Friday, and at the close of another one. */
const CHAIN = [
  ['SPX', '20140621', 1900, 'C'],
  ['SPX', '20150116', 1900, 'P'],
  ['SPXW', '20140613', 1925, 'C'],
  ['SPXW', '20150116', 1900, 'P'],
] as const
const MINUTES = 10

let room: TapeRoom
beforeAll(async () => {
  room = await tapeRoom()
})
afterAll(() => room.clear())

/** A value of the index every five seconds, and a quote of each option every minute. */
async function importIndex(): Promise<string> {
  const folder = await folderForTest()
  const values = Array.from({ length: MINUTES * 12 }, (_, i) => `${34_200_000 + i * 5000},${19_400_000 + i * 2500},0,CBOE,,0`)
  const quotes = Array.from({ length: MINUTES }, (_, minute) =>
    CHAIN.map(([root, expiry, strike, right], i) => {
      const bid = 20 + 5 * i + minute / 10
      return `20140605,${34_200_000 + minute * 60_000},${root},${expiry},${strike},${right},${bid},${10 + minute},${bid + 1},${5 + i}`
    }),
  ).flat()
  const [index, chain] = [join(folder, 'spx_20140605_trade_tick.csv'), join(folder, 'chain.csv')]
  await writeFile(index, `${values.join('\n')}\n`)
  await writeFile(chain, `date,ms_of_day,underlying,expiry,strike,right,bid,bid_size,ask,ask_size\n${quotes.join('\n')}\n`)
  const out = join(folder, 'spx.tape')
  await importTape({ sources: [index, chain], out })
  return out
}

/** What of a tick must survive. Ticks of one moment are set apart by a microsecond each, and the wire has whole seconds of a trade. */
function shown(tick: Tick, contracts: ReadonlyMap<number, Contract>): unknown[] {
  const contract = contracts.get(tick.instrument)
  const key = contract && contractKey(contract)
  const ms = Math.floor(tick.tsUs / 1000)
  if (tick.kind === 'quote') return [ms, key, tick.bidPrice, tick.bidSize, tick.askPrice, tick.askSize]
  return tick.kind === 'trade' ? [ms, key, tick.price, tick.size || undefined] : [ms, key, tick.kind]
}

const isMarket = ({ kind }: Tick) => kind === 'quote' || kind === 'trade'
const inOrder = (rows: unknown[][]) => rows.map((row) => JSON.stringify(row)).toSorted()

forEachEdition('an index chain', (edition) => {
  it('that is imported, served and recorded is in the database as an index with two classes of options, tick by tick', async () => {
    const tape = await importIndex()
    const databaseUrl = await edition.createDatabase()
    const { port } = await room.serveFile(tape, { startAfterLines: 1 + CHAIN.length, publishTime: true })
    const underlyings = [{ symbol: 'SPX', kind: 'index', currency: 'USD', exchange: 'SMART', strikes: 'all', expiryDays: 1000 }] as const
    const collector = await startCollecting({ port, databaseUrl, underlyings: [...underlyings], untilEndOfTape: true })
    const { sessionId } = await collector.end()

    const onTape = new Map<number, Contract>()
    const served: Tick[] = []
    for await (const records of readRecords(tape))
      for (const record of records) {
        if (record.kind === 'contract') onTape.set(record.instrument, record.contract)
        else if (isTick(record)) served.push(record)
      }
    const reader = await openTapeReader({ url: databaseUrl }, { sessionId, includeQuarantined: true })
    const recorded: Tick[] = []
    for await (const ticks of reader.ticks()) recorded.push(...ticks)

    const known = ({ conId: _conId, priceGrid: _priceGrid, hours: _hours, ...contract }: Contract) => contract
    const byKey = (contracts: Iterable<Contract>) =>
      [...contracts].map(known).toSorted((a, b) => (contractKey(a) < contractKey(b) ? -1 : 1))
    expect(byKey(reader.contracts.values())).toEqual(byKey(onTape.values()))
    expect(inOrder(recorded.filter(isMarket).map((tick) => shown(tick, reader.contracts)))).toEqual(
      inOrder(served.map((tick) => shown(tick, onTape))),
    )
    expect(
      await ask(databaseUrl, 'SELECT kind, symbol, trading_class, count(*)::int FROM instruments GROUP BY 1, 2, 3 ORDER BY 1, 2, 3'),
    ).toEqual([
      { kind: 'index', symbol: 'SPX', trading_class: null, count: 1 },
      { kind: 'option', symbol: 'SPX', trading_class: 'SPX', count: 2 },
      { kind: 'option', symbol: 'SPX', trading_class: 'SPXW', count: 2 },
    ])

    const source = await openRecordSource({ url: databaseUrl }, { sessionId })
    const again = await room.serveSource(source, { startAfterLines: 0 })
    await again.gateway.ended
    const client = await RawTwsClient.connect({ port: again.port, clientId: 1 })
    client.send(9, 8, 1, ...contractFields(SPX), 0, '', '', '')
    expect((await client.frame('10|1|')).split('|').slice(2, 4)).toEqual(['SPX', 'IND'])
    client.send(...marketDataRequest(2, SPX))
    expect(await client.frame('1|6|2|4|')).toBe(`1|6|2|4|${1940 + (MINUTES * 12 - 1) / 4}|0|0|`)
    await client.close()
  })
})

describe('a client of any descent', () => {
  const detailsRequest = (reqId: number, fields: (string | number)[]) => [9, 8, reqId, ...fields, 0, '', '', '']

  /** At the end of the tape. */
  async function clientAtEnd(): Promise<RawTwsClient> {
    const { gateway, port } = await room.serveFile(await importIndex(), { startAfterLines: 0, rate: 0 })
    await gateway.ended
    return RawTwsClient.connect({ port, clientId: 1 })
  }

  const fieldsOf = (client: RawTwsClient, prefix: string) =>
    client.frames.filter((frame) => frame.startsWith(prefix)).map((frame) => frame.split('|'))

  it('finds the index at its venue and its options by trading class', async () => {
    const client = await clientAtEnd()
    client.send(...detailsRequest(1, contractFields(SPX)))
    await client.frame('52|1|1|')
    const [details = []] = fieldsOf(client, '10|1|')
    expect([...details.slice(2, 13), details[17]]).toEqual(['SPX', 'IND', '', '', '0', '', 'CBOE', 'USD', 'SPX', 'SPX', 'SPX', 'CBOE'])
    const conId = details[13] ?? ''
    client.send(9, 8, 2, 0, 'SPX', 'STK', '', 0, '', '', 'SMART', '', 'USD', '', '', 0, '', '', '')
    expect(await client.frame('4|2|2|')).toContain('|200|')
    client.send(78, 3, 'SPX', '', 'IND', conId)
    await client.frame('76|3|')
    expect(fieldsOf(client, '75|3|').map((fields) => fields.slice(2, -1))).toEqual([
      ['SMART', conId, 'SPXW', '100', '2', '20140613', '20150116', '2', '1900', '1925'],
      ['SMART', conId, 'SPX', '100', '2', '20140619', '20150115', '1', '1900'],
    ])
    const option = ['', 'SPX', 'OPT', '20150116', 1900, 'P', '', 'SMART', '', 'USD', '', 'SPXW']
    client.send(...detailsRequest(4, option))
    await client.frame('52|1|4|')
    const [spxw = []] = fieldsOf(client, '10|4|')
    expect([spxw[2], spxw[3], spxw[4], spxw[12]]).toEqual(['SPX', 'OPT', '20150116', 'SPXW'])
    client.send(...detailsRequest(5, option.with(3, '20150115').with(11, 'SPX')))
    await client.frame('52|1|5|')
    const [spx = []] = fieldsOf(client, '10|5|')
    expect([spx[4], spx[12], spx[36]]).toEqual(['20150115', 'SPX', '20150116'])
    client.send(81, 6, 'SPX')
    expect(await client.frame('79|6|')).toBe(`79|6|1|${conId}|SPX|IND|CBOE|USD|1|OPT|S&P 500 Stock Index||`)
    await client.close()
  })

  it('gets values of the index, its figures of the day and bars of them, and no quote', async () => {
    const client = await clientAtEnd()
    client.send(...marketDataRequest(1, SPX))
    client.send(...marketDataRequest(2, SPX, { snapshot: true }))
    await client.frame('57|1|2|')
    const last = 1940 + (MINUTES * 12 - 1) / 4
    for (const reqId of [1, 2])
      expect(client.frames.filter((frame) => /^[12]\|6\|/.test(frame) && frame.split('|')[2] === String(reqId)).toSorted()).toEqual([
        `1|6|${reqId}|14|1940|0|0|`,
        `1|6|${reqId}|4|${last}|0|0|`,
        `1|6|${reqId}|6|${last}|0|0|`,
        `1|6|${reqId}|7|1940|0|0|`,
      ])
    const bars = (reqId: number, what: string) => [20, reqId, ...contractFields(SPX), 0, '', '5 mins', '1 D', 1, what, 2, 0, '']
    client.send(...bars(3, 'TRADES'))
    client.send(...bars(4, 'MIDPOINT'))
    expect(await client.frame('17|3|')).toMatch(/\|2\|1401975000\|1940\|1954\.75\|1940\|1954\.75\|0\|-1\|60\|1401975300\|1955\|/)
    expect(await client.frame('4|2|4|')).toContain('|162|')
    client.send(...tickByTickRequest(5, SPX, 'Last'))
    expect(await client.frame('4|2|5|')).toBe(
      '4|2|5|10189|Failed to request tick-by-tick data:Tick-by-tick data of indices is not available, only samples of it are||',
    )
    await client.close()
  })

  it('gets values and bars of minute closes, and no figures of a day, which samples do not add up to', async () => {
    const bars = join(await folderForTest(), 'spx_20140605_trade_1min.csv')
    const rows = Array.from({ length: MINUTES }, (_, minute) => `${34_140_000 + minute * 60_000},1,1,1,${19_400_000 + minute * 10_000},0`)
    rows.push('57480000,1,1,1,19600000,0', '57540000,1,1,1,19610000,0')
    await writeFile(bars, `${rows.join('\n')}\n`)
    const tape = join(await folderForTest(), 'spx.tape')
    await importTape({ sources: [bars], out: tape })
    const { gateway, port } = await room.serveFile(tape, { startAfterLines: 0, rate: 0 })
    await gateway.ended
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    client.send(...marketDataRequest(1, SPX, { snapshot: true }))
    await client.frame('57|1|1|')
    expect(client.frames.filter((frame) => frame.startsWith('1|6|1|'))).toEqual(['1|6|1|4|1961|0|0|'])
    client.send(20, 2, ...contractFields(SPX), 0, '', '5 mins', '1 D', 1, 'TRADES', 2, 0, '')
    const answer = await client.frame('17|2|')
    expect(answer).toMatch(/\|3\|1401975000\|1940\|1944\|1940\|1944\|0\|/)
    // The value at 16:00 is behind the session.
    expect(answer).toContain('|1401998100|1960|1960|1960|1960|0|')
    await client.close()
  })

  it('finds the index behind options that the tape has alone, without data', async () => {
    const option: Contract = { ...JUNE_70_CALL, symbol: 'SPX', tradingClass: 'SPXW' }
    const { gateway, port } = await room.serve(tapeOf([quoteAt(0, 0, [1, 1], [2, 1])], [option]), { startAfterLines: 0 })
    await gateway.ended
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    client.send(...detailsRequest(1, contractFields(SPX)))
    const conId = (await client.frame('10|1|SPX|IND|')).split('|')[13] ?? ''
    client.send(78, 2, 'SPX', '', 'IND', conId)
    expect(await client.frame('75|2|')).toContain('|SPXW|100|')
    client.send(87, 3, ...contractFields(SPX), 0, 0, 'TRADES', 2)
    expect(await client.frame('4|2|3|')).toContain('|162|')
    await client.close()
  })

  it('gets bid and ask of an index where the tape has some', async () => {
    const { port } = await room.serve(tapeOf([quoteAt(0, 0, [1940, 1], [1941, 1])], [SPX]))
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    client.send(...marketDataRequest(1, SPX))
    expect(await client.frame('1|6|1|2|')).toBe('1|6|1|2|1941|1|1|')
    await client.close()
  })

  it('gets tick-by-tick data of an index of CME', async () => {
    const index: Contract = { kind: 'index', symbol: 'NIY', currency: 'USD', venue: 'CME' }
    const value: Tick = { kind: 'trade', seq: 0, tsUs: OPEN_US, instrument: 0, price: 15_000, source: 'import' }
    const { port } = await room.serve(tapeOf([value], [index]))
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    client.send(...tickByTickRequest(1, index, 'Last'))
    expect(await client.frame('99|1|')).toBe(`99|1|1|${OPEN_US / SECOND_US}|15000|0|0|||`)
    await client.close()
  })

  it('gets computed values of its options over the value of the index', async () => {
    const client = await clientAtEnd()
    const spxw = ['', 'SPX', 'OPT', '20150116', 1900, 'P', '', 'SMART', '', 'USD', '', 'SPXW']
    client.send(1, 11, 1, ...spxw, 0, '', 0, 0, '')
    const values = (await client.frame('21|1|13|')).split('|').map(Number)
    expect(values[11]).toBe(1940 + (MINUTES * 12 - 1) / 4)
    await client.close()
  })
})
