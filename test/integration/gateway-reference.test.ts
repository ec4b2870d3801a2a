/** What a bot asks beside market data, over real sockets: contracts and their venues, the account, statistics over the past, computations. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { Mark } from '../../market/marks.ts'
import type { TapeRecord } from '../../market/tick.ts'
import {
  CONTRACTS,
  contractFields,
  JUNE_70_CALL,
  marketDataRequest,
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
let port: number
let clients = 1

const DAY_US = 86_400 * SECOND_US

function trade(afterUs: number, price: number, size: number, conditions = ''): TapeRecord {
  return { kind: 'trade', seq: 0, tsUs: OPEN_US + afterUs, instrument: 0, price, size, source: 'import', conditions }
}

function figure(afterUs: number, name: string, value: number): TapeRecord {
  return { kind: 'statistic', seq: 0, tsUs: OPEN_US + afterUs, instrument: 0, name, value }
}

const TICKS: TapeRecord[] = [
  quoteAt(0, 0, [70, 3], [70.05, 4]),
  figure(0, 'historical-volatility', 0.2),
  trade(SECOND_US, 70.02, 100),
  trade(2 * SECOND_US, 70.04, 200),
  trade(3 * SECOND_US, 70.02, 50),
  quoteAt(4 * SECOND_US, 1, [1.25, 10], [1.3, 5]),
  figure(61 * SECOND_US, 'historical-volatility', 0.25),
]

beforeAll(async () => {
  room = await tapeRoom()
  const served = await room.serve(tapeOf(TICKS), { startAfterLines: 0, accountCash: 25_000, rate: 0 })
  await served.gateway.ended
  ;({ port } = served)
})
afterAll(() => room.clear())

/** Sends each message, the request ids counting from 900; returns all frames, by id, once each was answered. */
async function answers(versions: string, ...messages: (string | number)[][]): Promise<string[]> {
  const client = await RawTwsClient.connect({ port, clientId: ++clients, versions })
  await client.frame('4|2|-1|2158|')
  const from = client.frames.length
  for (const message of messages) client.send(...message)
  await client.until(() => messages.every((_, i) => client.frames.slice(from).some((frame) => frame.split('|').includes(String(900 + i)))))
  await client.close()
  const idOf = (frame: string) => messages.findIndex((_, i) => frame.split('|').includes(String(900 + i)))
  return client.frames.slice(from).toSorted((a, b) => idOf(a) - idOf(b))
}

const NEWEST = 'v100..193'

function detailsRequest(reqId: number, exchange: string, contract = TWX): (string | number)[] {
  return [9, 8, reqId, ...contractFields(contract).with(7, exchange), 0, '', '', '']
}

describe('venues', () => {
  it('of a stock beside SMART are served under their own name', async () => {
    const frames = await answers(NEWEST, detailsRequest(900, 'NYSE'), detailsRequest(901, 'LSE'), detailsRequest(902, ''))
    const [nyse = '', , none = ''] = frames
    expect(nyse).toMatch(/^10\|900\|TWX\|STK\|\|\|0\|\|NYSE\|USD\|TWX\|/)
    expect(nyse).toContain('|SMART,AMEX,NYSE,')
    expect(none).toBe('4|2|901|200|No security definition has been found for the request||')
    expect(frames.filter((frame) => frame.startsWith('10|902|')).map((frame) => frame.split('|')[8])).toEqual(['SMART'])
  })

  it('of an option that is asked for without one are as many contract details', async () => {
    const frames = await answers(NEWEST, detailsRequest(900, '', JUNE_70_CALL), detailsRequest(901, 'CBOE', JUNE_70_CALL))
    const venues = (id: number) => frames.filter((frame) => frame.startsWith(`10|${id}|`)).map((frame) => frame.split('|')[8])
    expect(venues(900)).toEqual('SMART AMEX BATS BOX CBOE CBOE2 EDGX GEMINI ISE MERCURY MIAX NASDAQBX NASDAQOM PEARL PHLX PSE'.split(' '))
    expect(venues(901)).toEqual(['CBOE'])
    const numbers = frames.filter((frame) => frame.startsWith('10|')).map((frame) => frame.split('|')[13])
    expect(new Set(numbers).size).toBe(1)
  })

  it('of an option on an index are where the index is made', async () => {
    const spx = { kind: 'index', symbol: 'SPX', currency: 'USD', venue: 'CBOE' } as const
    const option = { ...JUNE_70_CALL, symbol: 'SPX', tradingClass: 'SPXW' } as const
    const served = await room.serve(tapeOf([quoteAt(0, 1, [1, 1], [2, 1])], [spx, option]))
    const client = await RawTwsClient.connect({ port: served.port, clientId: 1 })
    client.send(...detailsRequest(1, '', option))
    await client.frame('52|1|1|')
    const details = client.frames.filter((frame) => frame.startsWith('10|1|')).map((frame) => frame.split('|'))
    expect(details.map((fields) => fields[8])).toEqual(['SMART', 'CBOE'])
    expect(details[0]?.[20]).toBe('S&P 500 Stock Index')
    await client.close()
  })

  it('all get the one market of the tape', async () => {
    const frames = await answers(NEWEST, marketDataRequest(900, TWX).with(10, 'NYSE'))
    expect(frames).toContain('1|6|900|1|70|3|1|')
  })
})

describe('a Saturday expiry of 2014', () => {
  it('is shown as the Friday on which trading ends, and found by both', async () => {
    const ask = (reqId: number, expiry: string) => detailsRequest(reqId, 'SMART', JUNE_70_CALL).with(6, expiry)
    const frames = await answers(NEWEST, ask(900, '20140621'), ask(901, '20140620'), ask(902, '201406'))
    const shown = frames.filter((frame) => frame.startsWith('10|')).map((frame) => frame.split('|'))
    expect(shown.map((fields) => [fields[1], fields[4], fields[5], fields[7], fields[10]])).toEqual([
      ['900', '20140620', '20140620', 'C', 'TWX   140621C00070000'],
      ['901', '20140620', '20140620', 'C', 'TWX   140621C00070000'],
      ['902', '20140620', '20140620', 'C', 'TWX   140621C00070000'],
    ])
    // The day on which it expires on the tape is the real expiration date.
    expect(shown[0]?.[36]).toBe('20140621')
  })
})

describe('generic ticks', () => {
  it('that IB does not have refuse the whole list, and the legal ones are named', async () => {
    const frames = await answers(
      NEWEST,
      marketDataRequest(900, TWX, { generics: '100,999' }),
      marketDataRequest(901, TWX, { generics: '162' }),
      marketDataRequest(902, TWX, { generics: '100,101,104,mdoff,292:BRFG,233' }),
      marketDataRequest(903, TWX, { generics: 'all' }),
    )
    expect(frames[0]).toBe(
      '4|2|900|321|Error validating request: Incorrect generic tick list of 100,999.  Legal ones for (STK) are: ' +
        '100,101,104,105,106,165,221/220,225,232/221,233,236,258/47,292,293,294,295,318,375,411,456/59,460,576,577,578,586,587,588,614,619,623,595||',
    )
    expect(frames.filter((frame) => frame.startsWith('4|')).map((frame) => frame.split('|').slice(2, 4))).toEqual([
      ['900', '321'],
      ['901', '321'],
      ['903', '321'],
    ])
    expect(frames).toContain('81|902|0.01|9c0001|3|')
  })
})

describe('the account', () => {
  it('has the cash that was stated, as its net liquidation and buying power', async () => {
    const tags = 'NetLiquidation,BuyingPower,GrossPositionValue,AccountType,Unknown'
    const frames = await answers(NEWEST, [62, 1, 900, 'All', tags], [62, 1, 901, 'All', '$LEDGER:USD'])
    expect(frames.slice(0, 5)).toEqual([
      '63|1|900|DU0000000|AccountType|INDIVIDUAL||',
      '63|1|900|DU0000000|NetLiquidation|25000.00|USD|',
      '63|1|900|DU0000000|BuyingPower|25000.00|USD|',
      '63|1|900|DU0000000|GrossPositionValue|0.00|USD|',
      '64|1|900|',
    ])
    expect(frames).toContain('63|1|901|DU0000000|CashBalance|25000.00|USD|')
    expect(frames.at(-1)).toBe('64|1|901|')
  })

  it('tells the same in updates', async () => {
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    client.send(6, 2, 1, '')
    await client.frame('54|1|DU0000000|')
    expect(client.frames).toContain('6|2|NetLiquidation|25000.00|USD|DU0000000|')
    expect(client.frames).toContain('8|1|09:31|')
    client.send(76, 1, 5, 'DU0000000', '', 1)
    await client.frame('74|1|5|')
    expect(client.frames).toContain('73|1|5|DU0000000||TotalCashValue|25000.00|USD|')
    await client.close()
  })
})

describe('the past', () => {
  it('begins with the first tick of a kind', async () => {
    const ask = (reqId: number, what: string, format: number) => [87, reqId, ...contractFields(TWX), 0, 1, what, format]
    const frames = await answers(NEWEST, ask(900, 'TRADES', 1), ask(901, 'MIDPOINT', 2), ask(902, 'HISTORICAL_VOLATILITY', 1), [
      87,
      903,
      ...contractFields(JUNE_70_CALL),
      0,
      1,
      'TRADES',
      1,
    ])
    expect(frames).toEqual([
      '88|900|20140605-13:30:01|',
      '88|901|1401975000|',
      '88|902|20140605-13:30:00|',
      '4|2|903|162|Historical Market Data Service error message:No head time stamp||',
    ])
  })

  it('has a histogram of what was traded at each price', async () => {
    const ask = (reqId: number, period: string, contract = TWX) => [88, reqId, ...contractFields(contract), 0, 1, period]
    expect(await answers(NEWEST, ask(900, '3 days'), ask(901, '60 seconds'), ask(902, '1 week', JUNE_70_CALL), ask(903, 'ever'))).toEqual([
      '89|900|2|70.02|150|70.04|200|',
      '89|901|2|70.02|50|70.04|200|',
      '89|902|0|',
      '4|2|903|322|Error processing request: Expected a period such as 3 days, found ever||',
    ])
  })

  it('has a schedule, in regular hours and with those around them', async () => {
    const ask = (reqId: number, useRth: number) => [20, reqId, ...contractFields(TWX), 0, '', '1 day', '2 D', useRth, 'SCHEDULE', 1, 0, '']
    expect(await answers(NEWEST, ask(900, 1), ask(901, 0))).toEqual([
      '106|900|20140604-09:30:00|20140605-16:00:00|US/Eastern|2|' +
        '20140604-09:30:00|20140604-16:00:00|20140604|20140605-09:30:00|20140605-16:00:00|20140605|',
      '106|901|20140604-04:00:00|20140605-20:00:00|US/Eastern|2|' +
        '20140604-04:00:00|20140604-20:00:00|20140604|20140605-04:00:00|20140605-20:00:00|20140605|',
    ])
  })

  it('has adjusted bars as they are on the tape, bars of volatility where it has that, and no others', async () => {
    const ask = (reqId: number, what: string) => [20, reqId, ...contractFields(TWX), 0, '', '1 min', '1 D', 1, what, 2, 0, '']
    const frames = await answers(
      NEWEST,
      ask(900, 'ADJUSTED_LAST'),
      ask(901, 'HISTORICAL_VOLATILITY'),
      ask(902, 'OPTION_IMPLIED_VOLATILITY'),
    )
    expect(frames.map((frame) => frame.split('|').slice(4).join('|'))).toEqual([
      expect.stringMatching(/^1\|1401975000\|70\.02\|70\.04\|70\.02\|70\.02\|350\|/),
      '2|1401975000|0.2|0.2|0.2|0.2|-1|-1|-1|1401975060|0.2|0.25|0.2|0.25|-1|-1|-1|',
      'Historical Market Data Service error message:HMDS query returned no data: TWX OPTION_IMPLIED_VOLATILITY||',
    ])
  })
})

describe('computations', () => {
  it('of a volatility and of a price undo each other', async () => {
    const option = contractFields(JUNE_70_CALL)
    const [volatility = '', price = ''] = await answers(
      NEWEST,
      [54, 2, 900, ...option, 1.5, 70.5, ''],
      [55, 2, 901, ...option, 0.25, 70.5, ''],
    )
    const given = volatility.split('|').map(Number)
    expect(given.slice(0, 4)).toEqual([21, 900, 53, 1])
    expect([given[6], given[11]]).toEqual([1.5, 70.5])
    const computed = price.split('|').map(Number)
    expect([computed[4], computed[11]]).toEqual([0.25, 70.5])
    const [back = ''] = await answers(NEWEST, [54, 2, 900, ...option, computed[6] ?? 0, 70.5, ''])
    expect(Number(back.split('|')[4])).toBeCloseTo(0.25, 8)
  })

  it('that have no result say so, and of a stock are refused', async () => {
    const option = contractFields(JUNE_70_CALL)
    const frames = await answers(
      NEWEST,
      [54, 2, 900, ...option, 0.1, 90, ''],
      [55, 2, 901, ...option, '', 70, ''],
      [54, 2, 902, ...contractFields(TWX), 1, 70, ''],
    )
    expect(frames).toEqual([
      '21|900|53|1|-1|-2|0.1|-1|-2|-2|-2|90|',
      '21|901|53|1|-1|-2|-1|-1|-2|-2|-2|70|',
      '4|2|902|322|Error processing request: Expected an option to compute, found TWX (stock)||',
    ])
  })
})

describe('attributes', () => {
  it('of ticks that the tape has marked go out with tick-by-tick data and historical ticks', async () => {
    const marked = (tick: TapeRecord, marks: number): TapeRecord => ({ ...tick, marks }) as TapeRecord
    const [odd, limited] = [marked(trade(0, 70, 100), Mark.unreported), marked(trade(1, 71, 100, ' I'), Mark.pastLimit)]
    const low = marked(quoteAt(2, 0, [69, 1], [70, 1]), Mark.bidPastLimit)
    const high = marked(quoteAt(3, 0, [70, 1], [71, 1]), Mark.askPastLimit)
    const { gateway, port } = await room.serve(tapeOf([odd, limited, low, high]), { startAfterLines: 2 })
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    client.send(97, 1, ...contractFields(TWX), 'AllLast', 0, 0)
    client.send(97, 2, ...contractFields(TWX), 'BidAsk', 0, 0)
    await gateway.ended
    const past = ['20140605-13:30:00', '', 10]
    client.send(96, 3, ...contractFields(TWX), 0, ...past, 'TRADES', 0, 0, '')
    client.send(96, 4, ...contractFields(TWX), 0, ...past, 'BID_ASK', 0, 0, '')
    await client.frame('97|4|')
    expect(client.frames.filter((frame) => /^(99|98|97)\|/.test(frame))).toEqual([
      '99|1|2|1401975000|70|100|2|||',
      '99|1|2|1401975000|71|100|3|| I|',
      '99|2|3|1401975000|69|70|1|1|1|',
      '99|2|3|1401975000|70|71|1|1|2|',
      '98|3|2|1401975000|2|70|100|||1401975000|3|71|100|| I|1|',
      // IB has the bits of a historical quote the other way round.
      '97|4|2|1401975000|2|69|70|1|1|1401975000|1|70|71|1|1|1|',
    ])
    await client.close()
  })
})

describe('names', () => {
  it('are found by the beginning of the ticker or of the long name', async () => {
    const ask = (reqId: number, pattern: string) => [81, reqId, pattern]
    const frames = await answers(NEWEST, ask(900, 'tw'), ask(901, 'Time W'), ask(902, 'warner'), ask(903, 'XYZ'), ask(904, ''))
    const found = frames.map((frame) => frame.split('|').slice(2))
    const stock = ['1', 'TWX', 'STK', 'NYSE', 'USD', '1', 'OPT', 'TIME WARNER INC', '', '']
    expect(found.slice(0, 3).map(([count, , ...rest]) => [count, ...rest])).toEqual([stock, stock, stock])
    expect(frames.slice(3)).toEqual(['79|903|0|', '79|904|0|'])
    const [old = ''] = await answers('v100..173', ask(900, 'TWX'))
    expect(old).toMatch(/^79\|900\|1\|\d+\|TWX\|STK\|NYSE\|USD\|1\|OPT\|$/)
  })

  it('of venues stand behind the letters of the key that lines name', async () => {
    const frames = await answers(NEWEST, [83, 900, '9c0001'], [83, 901, 'a60001'])
    expect(frames[0]).toMatch(/^82\|900\|16\|0\|AMEX\|A\|/)
    expect(frames[0]).toContain('|NYSE|N|')
    expect(frames[1]).toBe('82|901|0|')
  })
})

describe('figures of the day', () => {
  it('come from the trades of a tape that has all of them, day by day', async () => {
    const days = [
      trade(-SECOND_US, 60, 10),
      trade(0, 70, 100),
      trade(1, 71, 100, ' 4 I'),
      trade(2, 69.5, 100),
      trade(DAY_US, 69, 200),
      trade(DAY_US + 1, 70.5, 0),
    ]
    const { gateway, port } = await room.serve(tapeOf(days, CONTRACTS))
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    client.send(...marketDataRequest(1, TWX))
    const { changes, statesServed, ticksServed, merged, unsent } = await gateway.ended
    await client.frame('1|6|1|6|70.5|')
    expect(client.frames.filter((frame) => /^(1\|6\|1\|(14|6|7|9)|2\|6\|1\|8)\|/.test(frame))).toEqual([
      '2|6|1|8|10|',
      '2|6|1|8|110|',
      '1|6|1|14|70|0|0|',
      '1|6|1|6|70|0|0|',
      '1|6|1|7|70|0|0|',
      // Neither derivatively priced nor an odd lot sets a price.
      '2|6|1|8|210|',
      '2|6|1|8|310|',
      '1|6|1|7|69.5|0|0|',
      '2|6|1|8|200|',
      '1|6|1|14|69|0|0|',
      '1|6|1|6|69|0|0|',
      '1|6|1|7|69|0|0|',
      '1|6|1|9|69.5|0|0|',
      '1|6|1|6|70.5|0|0|',
    ])
    expect(changes + statesServed).toBe(ticksServed + merged + unsent)
    await client.close()
  })

  it('include that trading is not halted, when that is to be said and the tape does not know', async () => {
    const halted = [quoteAt(0, 0, [70, 3], [70.05, 4]), quoteAt(1, 1, [1, 3], [2, 4]), figure(2, 'halted', 1)]
    const { gateway, port } = await room.serve(tapeOf(halted), { announceTrading: true, startAfterLines: 1 })
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    client.send(...marketDataRequest(1, TWX))
    await gateway.ended
    client.send(...marketDataRequest(2, TWX))
    client.send(59, 1, 3)
    client.send(...marketDataRequest(3, JUNE_70_CALL))
    await client.frame('1|6|3|67|')
    expect(client.frames.filter((frame) => frame.startsWith('45|'))).toEqual([
      '45|6|1|49|0|',
      '45|6|1|49|1|',
      '45|6|2|49|1|',
      '45|6|3|90|0|',
    ])
    const { changes, statesServed, ticksServed } = gateway.totals()
    expect(changes + statesServed).toBe(ticksServed)
    await client.close()
  })
})
