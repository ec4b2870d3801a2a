import { describe, expect, it } from 'vitest'

import type { ScanSummary } from '../../../backtester/arbitrage/scan.ts'
import { formatScan } from '../../../cli/arb-report.ts'
import { Funnel } from '../../../market/arbitrage/funnel.ts'
import { assessment, episode } from '../../support/arbitrage/episodes.ts'

function summary(fields: Partial<ScanSummary> = {}): ScanSummary {
  const none = { episodes: [], stored: [], failedDetectors: {} }
  const empty = {
    sessionIds: [4711],
    ticks: 20_000,
    firstTsUs: 0,
    lastTsUs: 1_000_000,
    funnel: new Funnel(),
    ...none,
    seconds: 2,
  }
  return { ...empty, ...fields }
}
const listed = (text: string) => [...text.matchAll(/^ {4}(4711-\d+-1) /gm)].map(([, id]) => id)

describe('the report of a scan', () => {
  it('lists the ten best, guaranteed ones first, or all in their order', () => {
    const episodes = Array.from({ length: 12 }, (_, i) => {
      const best = assessment({ profit: 100 + i, certainty: i === 3 ? 'guaranteed' : 'expected' })
      return episode({ id: `4711-${i}-1`, best })
    })
    const ids = episodes.map(({ id }) => id)
    const text = formatScan(summary({ episodes }), { all: false })
    expect(listed(text)).toEqual([ids[3], ...ids.slice(4).reverse(), ids[2]])
    expect(text).toMatch(/^Opportunities +12\nGuaranteed ones +1$/m)
    expect(text).toContain('\nThe 10 best, guaranteed ones first; --all lists every one')
    const all = formatScan(summary({ episodes }), { all: true })
    expect(listed(all)).toEqual(ids)
    expect(all).not.toContain('The 10 best')
  })

  it('fits into 80 columns, whatever the figures are', () => {
    const funnel = new Funnel()
    for (const detector of ['strike-monotonicity', 'synthetic-free-risk', 'conversion', 'reversal'])
      funnel.refuse(detector, 'underlying-not-executable', 123_456_789)
    const huge = assessment({ profit: 123_456_789.5, annualReturn: 1e6, size: 123_456, edgePerShare: 12_345.6789 })
    const episodes = [episode({ id: '7239411712147456-123456789-12', best: huge, opened: huge })]
    const text = formatScan(summary({ funnel, episodes }), { all: false })
    expect(text.split('\n').filter((line) => line.length > 80)).toEqual([])
    expect(text).toMatch(/^493,827,156 +underlying-not-executable +conversion 123,456,789, …$/m)
  })

  it('says what was stored, and what was not as it is open', () => {
    const open = episode({ closedUs: undefined, ending: undefined })
    const stored = [{ sessionId: 4711, stored: 1, replaced: 0 }]
    const text = formatScan(summary({ episodes: [episode(), open], stored }), { all: false })
    expect(text).toMatch(/^1 opportunity open at the last record of a session that may go on: not stored\.\nStored: 1 opportunity\.$/m)
    expect(formatScan(summary({ failedDetectors: { conversion: 'Error: x' } }), { all: false })).toMatch(
      /^The detector conversion failed and was off for the rest of the session: Error: x$/m,
    )
    const many = [...stored, { sessionId: 4712, stored: 0, replaced: 1200 }]
    expect(formatScan(summary({ sessionIds: [4711, 4712], stored: many }), { all: false })).toMatch(
      /^Stored: 1 opportunity of session 4711\.\nStored: 0 opportunities of session 4712, in place of 1,200\.$/m,
    )
  })
})
