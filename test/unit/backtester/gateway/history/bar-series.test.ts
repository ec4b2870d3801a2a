/** Bars of trades and of quotes as history gives them, and how those of real trades compare with what another engine made of them. */

import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { describe, expect, it, onTestFinished } from 'vitest'

import { ContractHours } from '../../../../../backtester/gateway/contracts/contract-hours.ts'
import { barSeries, type SeriesOptions } from '../../../../../backtester/gateway/history/bar-series.ts'
import { importTape } from '../../../../../db/tape/importers/import-tape.ts'
import { readRecords } from '../../../../../db/tape/reader.ts'
import type { Quote, Trade } from '../../../../../market/tick.ts'
import { hasSharedData, SHARED_DATA, withSharedData } from '../../../../support/data.ts'
import { OPEN_US, quoteAt, SECOND_US, TWX } from '../../../../support/gateway/gateway-tape.ts'

const MINUTE_US = 60 * SECOND_US
const CLOSE_US = OPEN_US + 390 * MINUTE_US

function seriesOf(whatToShow: string, options: Partial<SeriesOptions> = {}) {
  const series = barSeries({
    whatToShow,
    seconds: 60,
    useRth: false,
    hours: new ContractHours(TWX),
    untilUs: CLOSE_US,
    dateOf: (startUs) => new Date(startUs / 1000).toISOString().slice(11, 16),
    ...options,
  })
  return series ?? expect.unreachable()
}

/** Start, open, high, low and close of each bar, in UTC: New York is four hours behind. */
function barsOfQuotes(whatToShow: string, quotes: readonly Quote[], options: Partial<SeriesOptions> = {}) {
  const series = seriesOf(whatToShow, options)
  for (const quote of quotes) series.quote?.(quote)
  return series.bars(0).map(({ date, open, high, low, close }) => [date, open, high, low, close])
}

function tradeAt(afterUs: number, price: number, size: number, conditions = ''): Trade {
  return { kind: 'trade', seq: 0, tsUs: OPEN_US + afterUs, instrument: 0, price, size, source: 'import', conditions }
}

function barsOfTrades(trades: readonly Trade[], options: Partial<SeriesOptions> = {}) {
  const series = seriesOf('TRADES', options)
  for (const trade of trades) series.trade?.(trade)
  return series.bars(0).map(({ date, open, high, low, close, volume, count }) => [date, open, high, low, close, volume, count])
}

const one = (afterMinutes: number, price: number) => quoteAt(afterMinutes * MINUTE_US, 0, [price, 1], [price, 1])

describe('bars of an hour in regular hours', () => {
  const minutes = [-10, 5, 29, 30, 89, 90]

  it.each(['BID', 'ASK', 'MIDPOINT', 'BID_ASK'])('of %s start 09:30, then 10:00', (whatToShow) => {
    const bars = barsOfQuotes(
      whatToShow,
      minutes.map((minute) => one(minute, 70)),
      { seconds: 3600, useRth: true },
    )
    expect(bars.map(([date]) => date)).toEqual(['13:30', '14:00', '15:00'])
  })

  it('of trades start 09:30, then 10:00; of the whole day at the hours', () => {
    const trades = minutes.map((minute) => tradeAt(minute * MINUTE_US, 70, 100))
    expect(barsOfTrades(trades, { seconds: 3600, useRth: true }).map(([date, , , , , volume]) => [date, volume])).toEqual([
      ['13:30', 200],
      ['14:00', 200],
      ['15:00', 100],
    ])
    expect(barsOfTrades(trades, { seconds: 3600 }).map(([date]) => date)).toEqual(['13:00', '14:00', '15:00'])
  })

  it('of bid and ask average over the half hour', () => {
    const bars = barsOfQuotes('BID_ASK', [one(0, 70), one(15, 71), one(45, 72)], { seconds: 3600, useRth: true })
    // 15 minutes at 70 and 15 at 71; then 15 at 71 and 45 at 72.
    expect(bars).toEqual([
      ['13:30', 70.5, 71, 70, 70.5],
      ['14:00', 71.75, 72, 71, 71.75],
    ])
  })
})

describe.each(['BID', 'ASK', 'MIDPOINT', 'BID_ASK'])('bars of %s', (whatToShow) => {
  const range = (quotes: readonly Quote[]) => barsOfQuotes(whatToShow, quotes).map(([date, , high, low]) => [date, high, low])

  it('do not have a price that ended at their first microsecond', () => {
    expect(range([one(0, 70), one(1, 71)])).toEqual([
      ['13:30', 70, 70],
      ['13:31', 71, 71],
    ])
  })

  it('have a price that ended one microsecond later', () => {
    const later = { ...one(1, 71), tsUs: OPEN_US + MINUTE_US + 1 }
    expect(range([one(0, 70), later])).toEqual([
      ['13:30', 70, 70],
      ['13:31', 71, 70],
    ])
  })

  it('do not have a price whose side was empty before they began', () => {
    const empty = quoteAt(MINUTE_US / 2, 0)
    expect(range([one(0, 70), empty, one(1.5, 71)])).toEqual([
      ['13:30', 70, 70],
      ['13:31', 71, 71],
    ])
  })
})

describe('bars of trades', () => {
  it('count trades that set no price in volume alone', () => {
    const trades = [
      tradeAt(0, 75, 50, '20'),
      tradeAt(1, 70, 100),
      tradeAt(2, 60, 30, '   I'),
      tradeAt(3, 71, 100, '1'),
      tradeAt(4, 99, 1, 'W'),
    ]
    expect(barsOfTrades(trades)).toEqual([['13:30', 70, 71, 70, 71, 281, 5]])
  })

  it('have none where no trade sets a price; its volume is in longer ones', () => {
    const trades = [tradeAt(0, 70, 100), tradeAt(MINUTE_US, 99, 7, '20'), tradeAt(2 * MINUTE_US, 71, 100)]
    expect(barsOfTrades(trades)).toEqual([
      ['13:30', 70, 70, 70, 70, 100, 1],
      ['13:32', 71, 71, 71, 71, 100, 1],
    ])
    expect(barsOfTrades(trades, { seconds: 300 })).toEqual([['13:30', 70, 71, 70, 71, 207, 3]])
  })
})

describe.skipIf(!hasSharedData)(`minute bars of real trades${withSharedData}`, () => {
  const folder = join(SHARED_DATA, 'stock-ticks')
  const MIDNIGHT_MS = Date.UTC(2013, 9, 7, 4)

  async function tradesOf(symbol: string): Promise<Trade[]> {
    const out = await mkdtemp(join(tmpdir(), 'tapedeck-bars-'))
    onTestFinished(() => rm(out, { recursive: true, force: true }))
    const tape = join(out, 'day.tape')
    await importTape({ sources: [join(folder, `${symbol}_20131007_trade_tick.csv.gz`)], out: tape })
    const trades: Trade[] = []
    for await (const records of readRecords(tape)) for (const record of records) if (record.kind === 'trade') trades.push(record)
    return trades
  }

  /** Open, high, low, close, volume by the milliseconds of the day. */
  async function referenceOf(symbol: string): Promise<Map<number, number[]>> {
    const rows = (await readFile(join(folder, `${symbol}_20131007_trade_1min_reference.csv`), 'utf8')).trim().split('\n')
    return new Map(
      rows.map((row) => {
        const [ms = 0, open = 0, high = 0, low = 0, close = 0, volume = 0] = row.split(',').map(Number)
        return [ms, [open / 10_000, high / 10_000, low / 10_000, close / 10_000, volume]]
      }),
    )
  }

  // What differs: the reference has prints of the opening and closing auction in other minutes.
  it.each([
    ['ibm', 390, ['09:30', '15:59']],
    ['aig', 389, ['09:30', '09:31', '13:46', '15:59']],
  ])('of %s in regular hours equal the other engine in all of %i minutes but a few', async (symbol, minutes, different) => {
    const series = seriesOf('TRADES', { useRth: true, dateOf: (startUs) => String(startUs / 1000 - MIDNIGHT_MS) })
    for (const trade of await tradesOf(symbol)) series.trade?.(trade)
    const bars = series.bars(0)
    expect(bars).toHaveLength(minutes)
    const reference = await referenceOf(symbol)
    const others = bars.filter(
      ({ date, open, high, low, close, volume }) =>
        JSON.stringify([open, high, low, close, volume]) !== JSON.stringify(reference.get(Number(date))),
    )
    expect(others.map(({ date }) => new Date(Number(date)).toISOString().slice(11, 16))).toEqual(different)
  })
})
