/** A report of two days, made by hand: one contract without a fault and one with several. */

import type { QualityReport } from '../../../../collector/quality/report.ts'
import { gradeDay, summarize } from '../../../../market/quality/symbol-day.ts'
import { usFromIso } from '../../../../market/time.ts'
import { contractDay, DAY_US, judged, optionDay, ticks } from '../../market/quality/quality-support.ts'

const at = (time: string) => usFromIso(`2014-06-05T${time}Z`)

/** `symbols`: how many more stocks without a fault; `symbol`: what the faulty option is called. */
export function report({ symbols = 0, symbol = 'TWX' }: { symbols?: number; symbol?: string } = {}): QualityReport {
  const key = `option:${symbol}:USD:TWX:2014-06-21:C:70:100`
  const contracts = gradeDay([
    contractDay({ symbol, key: `stock:${symbol}:USD` }),
    optionDay({
      symbol,
      key,
      coveredUs: 0.96 * DAY_US,
      longestGapUs: 936_000_000,
      causes: [{ cause: 'farm-broken: usopt', us: 0.04 * DAY_US }],
      ticks: ticks({ late: 20, initial: 3 }),
      judged: judged({ quarantined: 4, warnings: 30 }),
      computed: { minutes: 300, quotedMinutes: 380 },
    }),
    contractDay({ symbol: 'X', key: 'stock:X:USD', expectedUs: undefined, coveredUs: 0 }),
    ...Array.from({ length: symbols }, (_, i) => contractDay({ symbol: `S${i}`, key: `stock:S${i}:USD` })),
  ])
  return {
    range: { fromUs: at('00:00:00'), toUs: usFromIso('2014-06-07T00:00:00Z') },
    days: [
      { date: '2014-06-05', state: 'recorded' },
      { date: '2014-06-06', state: 'nothing-recorded' },
    ],
    contracts,
    symbols: summarize(contracts),
    chains: [{ date: '2014-06-05', symbol, missingUs: 60_000_000 }],
    findings: [
      {
        date: '2014-06-05',
        rule: 'vertical-bound',
        severity: 'error',
        disposition: 'quarantine',
        symbol,
        contracts: 1,
        ticks: 4,
        example: {
          tsUs: at('14:00:00'),
          contract: key,
          reason: 'call at 70 worth less than at 75',
          evidence: [key.replace(':70:', ':75:')],
        },
      },
      {
        date: '2014-06-05',
        rule: 'unknown-instrument',
        severity: 'error',
        disposition: 'quarantine',
        symbol: undefined,
        contracts: 1,
        ticks: 1,
        example: { tsUs: at('15:00:00'), contract: undefined, reason: 'no contract', evidence: [] },
      },
    ],
    barFindings: [
      {
        calendar: 'XNYS',
        barSeconds: 86_400,
        rule: 'unadjusted-split',
        severity: 'warning',
        disposition: 'flag',
        symbol,
        fromDate: '2014-06-05',
        toDate: '2014-06-06',
        bars: 2,
        reason: 'close fell by half',
        evidence: { ratio: 2 },
      },
    ],
    sizeUnits: [{ sessionId: 1, isUnknown: true, isDoubted: false }],
    gaps: [
      {
        fromUs: at('14:00:00'),
        toUs: at('14:15:36'),
        cause: 'farm-broken: usopt',
        contracts: 1,
        symbol,
        contract: key,
        missingUs: 936_000_000,
        sessionId: 1,
      },
    ],
    unknown: ['Nothing was recorded on 1 trading day (2014-06-06).'],
  }
}

export const NOTHING: QualityReport = {
  range: undefined,
  days: [],
  contracts: [],
  symbols: [],
  chains: [],
  findings: [],
  barFindings: [],
  sizeUnits: [],
  gaps: [],
  unknown: [],
}
