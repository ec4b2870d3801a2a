import { expect, it } from 'vitest'

import { SourceScan } from '../../../../backtester/arbitrage/source-scan.ts'
import { plainEpisode } from '../../../../market/arbitrage/plain.ts'
import { arbitrageSettings } from '../../../../market/arbitrage/settings.ts'
import type { TapeRecord } from '../../../../market/tick.ts'
import { sessionWithOpportunities } from '../../../support/arbitrage/session.ts'
import { unexpected } from '../../../support/unexpected.ts'

const HOURS_US = 3_600_000_000
const settings = arbitrageSettings({ preset: 'balanced' })

function scanOf(records: readonly TapeRecord[], symbols?: readonly string[]): SourceScan {
  const scan = new SourceScan({ part: { symbols }, settings, keepsParity: false, onDetectorError: unexpected })
  for (const record of records) scan.take(record, 7)
  return scan
}

it('finds of some symbols what it finds of them among all, also when the record of another one tells that the market has closed', () => {
  const records = sessionWithOpportunities({ ends: false })
  const last = records.at(-1) ?? expect.fail()
  const stocks = records.filter((record) => record.kind === 'contract' && record.contract.kind === 'stock')
  const [twx, ibm] = stocks.map((record) => (record.kind === 'contract' ? record.instrument : -1)) as [number, number]
  const late = (instrument: number, more: number) =>
    ({
      kind: 'quote',
      instrument,
      bidPrice: 69.99,
      askPrice: 70.01,
      seq: last.seq + more,
      tsUs: last.tsUs + (8 + more) * HOURS_US,
    }) as const
  const day = [...records, late(twx, 1), late(ibm, 2)]
  const all = scanOf(day)
  const some = scanOf(day, ['IBM'])
  const ofIbm = all.found.filter(({ best }) => best.underlying.symbol === 'IBM')
  expect(ofIbm.map(({ ending, closedUs }) => [ending, closedUs])).toContainEqual(['refused', day.at(-2)?.tsUs])
  expect(some.found.map(plainEpisode)).toEqual(ofIbm.map(plainEpisode))
  expect(some.open).toEqual([])
  expect([some.ticks, some.funnel.quotes, some.funnel.opened]).toEqual([10, 10, ofIbm.length])
  expect(all.funnel.quotes).toBeGreaterThan(10)
})
