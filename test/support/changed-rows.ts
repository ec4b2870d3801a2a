/** What a tape says and what was recorded of it, side by side. */

import { expect } from 'vitest'

import { readRecords } from '../../db/tape/reader.ts'
import { type Contract, contractKey } from '../../market/contract.ts'
import type { Quote, Tick } from '../../market/tick.ts'

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

/** By contract key: the rows of a tape that differ from the contract's row before. The first row is a change. */
async function changedRows(tape: string): Promise<Map<string, SideValues[]>> {
  const keys = new Map<number, string>()
  const rows = new Map<string, SideValues[]>()
  for await (const records of readRecords(tape))
    for (const record of records) {
      if (record.kind === 'contract') {
        keys.set(record.instrument, contractKey(record.contract))
        rows.set(contractKey(record.contract), [])
      } else if (record.kind === 'quote') addChange(rows.get(keys.get(record.instrument) ?? ''), record)
    }
  return rows
}

function addChange(rows: SideValues[] | undefined, quote: Quote): void {
  const row = sideValues(quote)
  const last = rows?.at(-1)
  if (!last || values(row).some((value, i) => value !== values(last)[i])) rows?.push(row)
}

/** Fails unless every changed row is a recorded quote, in order, per contract, and nothing else was recorded. */
export async function expectEveryChange(
  tape: string,
  contracts: ReadonlyMap<number, Contract>,
  ticks: AsyncIterable<Tick[]>,
): Promise<void> {
  const expected = await changedRows(tape)
  const recorded = new Map([...expected.keys()].map((key): [string, SideValues[]] => [key, []]))
  const kinds = new Map([...contracts.values()].map((contract) => [contractKey(contract), contract.kind]))
  for await (const chunk of ticks)
    for (const tick of chunk) {
      const contract = contracts.get(tick.instrument)
      const rows = contract && recorded.get(contractKey(contract))
      expect(tick.kind).toBe('quote')
      expect(rows, `a quote of ${tick.instrument}, which the tape does not know`).toBeDefined()
      if (tick.kind === 'quote') rows?.push(sideValues(tick))
    }
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
