/** What a tape says and what was recorded of it, side by side. */

import { expect } from 'vitest'

import { readRecords } from '../../../db/tape/reader.ts'
import { type Contract, contractKey } from '../../../market/contract.ts'
import type { Quote, Tick } from '../../../market/tick.ts'

export interface SideValues {
  tsUs: number
  bidPrice: number | undefined
  bidSize: number | undefined
  askPrice: number | undefined
  askSize: number | undefined
}

/** The longest time that IB's sampling may hold a change back. */
const SAMPLING_US: Record<Contract['kind'], number> = { stock: 250_000, index: 250_000, future: 250_000, option: 100_000 }
/** Records of one moment are set apart by a microsecond each. */
const TIES_US = 1000

interface Rows {
  /** By contract key: the rows of a tape that differ from the contract's row before. The first row is a change. */
  changed: Map<string, SideValues[]>
  /** All rows of its stocks. */
  ofStocks: SideValues[]
}

async function rowsOf(tape: string): Promise<Rows> {
  const keys = new Map<number, string>()
  const stocks = new Set<number>()
  const rows = new Map<string, SideValues[]>()
  const ofStocks: SideValues[] = []
  for await (const records of readRecords(tape))
    for (const record of records) {
      if (record.kind === 'contract') {
        keys.set(record.instrument, contractKey(record.contract))
        rows.set(contractKey(record.contract), [])
        if (record.contract.kind === 'stock') stocks.add(record.instrument)
      } else if (record.kind === 'quote') {
        addChange(rows.get(keys.get(record.instrument) ?? ''), record)
        if (stocks.has(record.instrument)) ofStocks.push(sideValues(record))
      }
    }
  return { changed: rows, ofStocks }
}

function addChange(rows: SideValues[] | undefined, quote: Quote): void {
  const row = sideValues(quote)
  const last = rows?.at(-1)
  if (!last || values(row).some((value, i) => value !== values(last)[i])) rows?.push(row)
}

/**
 * Fails unless every changed row is a recorded sampled quote, in order, per contract, every row of the stock one tick by tick
 * (none, where they were not asked for), and nothing else was recorded.
 */
export async function expectEveryChange(
  tape: string,
  contracts: ReadonlyMap<number, Contract>,
  ticks: AsyncIterable<Tick[]>,
  { tickByTick: wasAsked } = { tickByTick: true },
): Promise<void> {
  const { changed: expected, ofStocks } = await rowsOf(tape)
  const tickByTick: SideValues[] = []
  const recorded = new Map([...expected.keys()].map((key): [string, SideValues[]] => [key, []]))
  const kinds = new Map([...contracts.values()].map((contract) => [contractKey(contract), contract.kind]))
  for await (const chunk of ticks)
    for (const tick of chunk) {
      const contract = contracts.get(tick.instrument)
      const rows = contract && recorded.get(contractKey(contract))
      expect(tick.kind).toBe('quote')
      expect(rows, `a quote of ${tick.instrument}, which the tape does not know`).toBeDefined()
      if (tick.kind === 'quote') (tick.source === 'tick-by-tick' && contract?.kind === 'stock' ? tickByTick : rows)?.push(sideValues(tick))
    }
  expect(tickByTick.map(values)).toEqual(wasAsked ? ofStocks.map(values) : [])
  for (const [key, rows] of expected) {
    const found = recorded.get(key) ?? []
    expect(found.map(values), key).toEqual(rows.map(values))
    for (const [i, row] of rows.entries()) {
      const delayUs = (found[i]?.tsUs ?? Number.NaN) - row.tsUs
      expect(delayUs, `delay of ${key} at ${row.tsUs}`).toBeGreaterThanOrEqual(0)
      expect(delayUs, `delay of ${key} at ${row.tsUs}`).toBeLessThanOrEqual(SAMPLING_US[kinds.get(key) ?? 'option'] + TIES_US)
    }
  }
}

function sideValues({ tsUs, bidPrice, bidSize, askPrice, askSize }: Quote): SideValues {
  return { tsUs, bidPrice, bidSize, askPrice, askSize }
}

function values({ bidPrice, bidSize, askPrice, askSize }: SideValues) {
  return [bidPrice, bidSize, askPrice, askSize]
}
