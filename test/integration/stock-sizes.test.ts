/**
 * Sizes of US stocks in shares or in lots, through a whole collector in virtual time at a simulated TWS: what it finds out goes onto the
 * tape, a replay of the tape finds out the same, and who reads the tape gets shares or hears that they cannot be said.
 */

import { describe, expect, it } from 'vitest'

import { contractKey } from '../../market/contract.ts'
import { type StatedUnit, StockSizeDetector } from '../../market/stock-sizes/detector.ts'
import { SizeUnits } from '../../market/stock-sizes/size-units.ts'
import { isTick, type SessionEvent, type SizeGroup, type TapeRecord, type Tick } from '../../market/tick.ts'
import { dayOf, us } from '../support/collector/day.ts'
import { type SimulatedStockOptions, simulatedStock } from '../support/tape/simulated-stock.ts'

const KEY = 'stock:TWX:USD'
const START = '09:40:00'
const SECONDS = 420

interface Part extends SimulatedStockOptions {
  /** From when on. */
  from?: string
}

/** A day on which TWS sends these parts of the market in the stock, after which its records are given back. */
async function recorded(parts: readonly Part[], { stockSizes }: { stockSizes?: StatedUnit } = {}) {
  const day = await dayOf({
    tickByTick: true,
    ...(stockSizes && { stockSizes }),
    trades: ({ name }, clock) => name !== 'TWX' && clock < 0,
  })
  const send = senderOf(day)
  for (const { from = START, ...options } of parts)
    for (const tick of simulatedStock({ seconds: SECONDS, ...options, startUs: us(from) }))
      day.time.at(Math.ceil(tick.tsUs / 1000), () => send(tick))
  const last = parts.at(-1)?.from ?? START
  await day.until(last)
  await day.until(`${last.slice(0, 2)}:${String(Number(last.slice(3, 5)) + SECONDS / 60 + 1).padStart(2, '0')}:00`)
  await day.finish()
  return { records: day.records, warnings: day.warnings() }
}

/** Sends the messages of IB for a tick. */
function senderOf({ tws, stock }: Awaited<ReturnType<typeof dayOf>>): (tick: Tick) => void {
  // RTVolume has the trade and the day's volume in one text.
  let traded = { price: 0, size: 0 }
  return (tick) => {
    const seconds = Math.floor(tick.tsUs / 1_000_000)
    const say = (...fields: (string | number)[]) =>
      tws.say(stock, 'market-data', (reqId) => fields.map((field) => (field === '#' ? reqId : field)))
    if (tick.kind === 'quote') {
      const { bidPrice = -1, bidSize = 0, askPrice = -1, askSize = 0 } = tick
      if (tick.source) return tws.say(stock, 'BidAsk', (reqId) => [99, reqId, 3, seconds, bidPrice, askPrice, bidSize, askSize, 0])
      say(1, 6, '#', 1, bidPrice, bidSize, 1)
      say(1, 6, '#', 2, askPrice, askSize, 1)
    } else if (tick.kind === 'trade') {
      const { price, size = 0, source } = tick
      if (source === 'tick-by-tick') return tws.say(stock, 'AllLast', (reqId) => [99, reqId, 2, seconds, price, size, 0, 'NYSE', ''])
      if (source === 'last') say(1, 6, '#', 4, price, size, 0)
      else traded = { price, size }
    } else if (tick.kind === 'statistic' && tick.name === 'day-volume') say(2, 6, '#', 8, tick.value ?? 0)
    else if (tick.kind === 'statistic') {
      const { price, size } = traded
      say(46, 6, '#', 48, `${price};${size};${seconds * 1000};${tick.value};${price};true`)
    }
  }
}

const sizeEvents = (records: readonly TapeRecord[]) =>
  records.filter((record): record is SessionEvent => record.kind === 'session' && record.event === 'sizes')

const finalUnits = (records: readonly TapeRecord[]) =>
  Object.fromEntries(Object.entries(sizeEvents(records).at(-1)?.sizes?.groups ?? {}).map(([group, { unit }]) => [group, unit]))

/** What a replay finds out: each conclusion behind the record with that number. */
function replayed(records: readonly TapeRecord[], stated?: StatedUnit): { behind: number; sizes: unknown }[] {
  const detector = new StockSizeDetector(stated)
  return records.flatMap((record) => {
    const sizes = detector.take(record)
    return sizes ? [{ behind: record.seq, sizes }] : []
  })
}

/** Of the stock's ticks behind the last conclusion: shares of one unit, by what they are; undefined where it cannot be said. */
function sharesOf(records: readonly TapeRecord[]) {
  const units = new SizeUnits()
  const last = sizeEvents(records).at(-1)?.seq ?? 0
  const perUnit = new Map<string, Set<number | undefined>>()
  let stock: number | undefined
  for (const record of records) {
    units.apply(record)
    if (record.kind === 'contract' && contractKey(record.contract) === KEY) stock = record.instrument
    if (record.seq < last || !isTick(record) || record.kind === 'greeks' || record.instrument !== stock) continue
    const name = record.kind === 'statistic' ? record.name : `${record.kind} ${record.source ?? 'sampled'}`
    perUnit.set(name, (perUnit.get(name) ?? new Set()).add(units.sharesPerUnit(record)))
  }
  return Object.fromEntries([...perUnit].map(([name, found]) => [name, [...found]]))
}

const SHARES = { quotes: 'shares', 'rt-volume': 'shares', 'tick-by-tick': 'shares', volume: 'shares' }
const CASES: [string, number, number, SizeGroup[]][] = [
  ['neither box ticked', 71, 100, []],
  ['the box of market data ticked', 71, 100, ['quotes', 'rt-volume']],
  ['the box of volumes ticked', 71, 100, ['volume']],
  ['both boxes ticked', 71, 100, ['quotes', 'rt-volume', 'volume']],
  ['both boxes ticked, and a price with lots of 40', 640, 40, ['quotes', 'rt-volume', 'volume']],
]

describe('The sizes of a stock', () => {
  it.each(CASES)('are known to be as they are with %s, and a replay finds out the same', async (_, price, lot, inLots) => {
    const { records, warnings } = await recorded([{ price, lot, inLots }])
    expect(finalUnits(records)).toEqual({ ...SHARES, ...Object.fromEntries(inLots.map((group) => [group, 'lots'])) })
    const events = sizeEvents(records)
    expect(events.at(-1)?.sizes?.lots).toEqual(inLots.length > 0 ? { [KEY]: lot } : {})
    // Behind the record that taught it, which is the one before.
    expect(replayed(records)).toEqual(events.map(({ seq, sizes }) => ({ behind: seq - 1, sizes })))
    const factor = (group: SizeGroup) => [inLots.includes(group) ? lot : 1]
    expect(sharesOf(records)).toMatchObject({
      'quote sampled': factor('quotes'),
      'trade last': factor('quotes'),
      'quote tick-by-tick': [1],
      'trade tick-by-tick': [1],
      'day-volume': factor('volume'),
      'rt-day-volume': factor('volume'),
    })
    const advice = warnings.flatMap((line) => (line['advice'] as string[] | undefined) ?? [])
    expect(advice.some((text) => text.includes('"Send market data in lots'))).toBe(inLots.includes('quotes'))
    expect(advice.some((text) => text.includes('"Send volumes in lots'))).toBe(inLots.includes('volume'))
  })

  it('are in lots from where the user ticked the box in mid-session', async () => {
    const { records } = await recorded([
      { price: 71, lot: 100 },
      { price: 71, lot: 100, inLots: ['quotes', 'rt-volume'], from: '09:48:00', volume: 5_000_000, seed: 2 },
    ])
    expect(finalUnits(records)).toEqual({ ...SHARES, quotes: 'lots', 'rt-volume': 'lots' })
    const changed = sizeEvents(records).find(({ sizes }) => sizes?.groups.quotes?.unit === 'lots')
    expect(changed?.tsUs).toBeGreaterThan(us('09:48:00'))
    expect(changed?.tsUs).toBeLessThan(us('09:50:00'))
    expect(sizeEvents(records)[0]?.sizes?.groups).toMatchObject({ 'tick-by-tick': { unit: 'shares' } })
    expect(replayed(records)).toHaveLength(sizeEvents(records).length)
  })

  it('are said to be nothing while too little of them came, and nobody is told shares', async () => {
    const { records, warnings } = await recorded([{ price: 71, lot: 100, seconds: 4 }])
    expect(sizeEvents(records)).toEqual([])
    expect(new Set(Object.values(sharesOf(records)).flat())).toEqual(new Set([undefined]))
    expect(warnings.filter((line) => 'advice' in line)).toEqual([])
  })

  it('are as stated from the first record on, and what speaks against it is recorded and logged', async () => {
    const { records, warnings } = await recorded([{ price: 71, lot: 100, inLots: ['quotes', 'rt-volume'] }], { stockSizes: 'shares' })
    const [first] = sizeEvents(records)
    expect(first?.sizes?.groups.quotes).toEqual({ unit: 'shares', how: 'stated' })
    expect(records.findIndex((record) => isTick(record))).toBeGreaterThan(records.indexOf(first as SessionEvent))
    expect(sizeEvents(records).at(-1)?.sizes?.groups).toMatchObject({
      quotes: { unit: 'shares', how: 'stated', doubted: true },
      'tick-by-tick': { unit: 'shares', how: 'stated' },
    })
    expect(JSON.stringify(warnings)).toMatch(/do not look as gateway\.stockSizes says/)
    const found = replayed(records, 'shares').map(({ sizes }) => sizes)
    expect(found).toEqual(sizeEvents(records).map(({ sizes }) => sizes))
  })
})
