import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { createLineFormat, EXPORT_COLUMNS } from '../../../../backtester/replay/export-format.ts'
import { contractKey } from '../../../../market/contract.ts'
import { marksText } from '../../../../market/marks.ts'
import type { Tick } from '../../../../market/tick.ts'
import { usFromIso } from '../../../../market/time.ts'
import { CONTRACTS, ticks } from '../../../support/tape/ticks.ts'

const contracts = new Map(CONTRACTS.entries())
const YEAR_2100_US = Date.UTC(2100, 0) * 1000

/** Venue times within the years that ISO 8601 writes with four digits. */
const exported = ticks.map((all) =>
  all.map((tick): Tick => ({ ...tick, ...(tick.eventTsUs !== undefined && { eventTsUs: tick.eventTsUs % YEAR_2100_US }) })),
)

/** What the columns of a tick are to read back as. */
function expectedOf({ tsUs, eventTsUs, verdict, marks, instrument, ...own }: Tick): Map<string, unknown> {
  const contract = contracts.get(instrument)
  const { symbol, expiry, strike, right } = { symbol: undefined, expiry: undefined, strike: undefined, right: undefined, ...contract }
  const fields = {
    ...own,
    ...(verdict && {
      disposition: verdict.disposition,
      rules: verdict.findings.map(({ rule }) => rule).join(','),
      reason: verdict.findings.map(({ reason }) => reason).join('; '),
      findings: verdict.findings.map(({ evidence, ...finding }) => ({
        ...finding,
        ...(evidence && { evidence: evidence.map((leg) => contractKey(contracts.get(leg) ?? expect.fail())) }),
      })),
    }),
    marks: marksText(marks),
    tsUs,
    eventTsUs,
    sessionId: 8,
    contract: contract && contractKey(contract),
    symbol,
    expiry,
    strike,
    right,
  }
  return new Map(Object.entries(fields).filter(([, value]) => value !== undefined))
}

/** Reads one record as RFC 4180 has it; a cell is undefined when nothing is in it, not even quotes. */
function cellsOf(line: string): (string | undefined)[] {
  const cells: (string | undefined)[] = []
  const pattern = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\n$)/gy
  for (let match = pattern.exec(line); match; match = pattern.exec(line)) {
    const [, quoted, plain] = match
    cells.push(quoted?.replaceAll('""', '"') ?? (plain || undefined))
    if (match[3] !== ',') break
  }
  expect(pattern.lastIndex).toBe(line.length)
  return cells
}

function readBack(name: string, value: unknown, sample: unknown): [string, unknown] {
  if (name === 'ts' || name === 'eventTs') return [`${name}Us`, usFromIso(String(value))]
  if (name === 'findings') return [name, typeof value === 'string' ? (JSON.parse(value) as unknown) : value]
  if (sample === true) return [name, String(value) === 'true']
  return [name, typeof sample === 'number' ? Number(value) : value]
}

describe('an exported tick', () => {
  it.each(['csv', 'ndjson'] as const)('reads back out of %s to the last bit', (format) => {
    const { line } = createLineFormat(format, contracts)
    fc.assert(
      fc.property(exported, (all) => {
        for (const tick of all) {
          const expected = expectedOf(tick)
          const text = line(tick, 8)
          const fields: [string, unknown][] =
            format === 'csv' ? cellsOf(text).map((cell, i) => [EXPORT_COLUMNS[i] ?? '', cell]) : Object.entries(JSON.parse(text) as object)
          const found = fields.filter(([, value]) => value !== undefined).map(([name, value]) => readBack(name, value, expected.get(name)))
          expect(new Map(found)).toEqual(expected)
          if (format === 'csv') expect(fields).toHaveLength(EXPORT_COLUMNS.length)
        }
      }),
    )
  })
})
