import { expect, it } from 'vitest'

import type { JudgeSummary } from '../../../backtester/judge/judge.ts'
import { formatJudgement, plainJudgement } from '../../../cli/judge-report.ts'

const AT_US = Date.UTC(2014, 5, 5, 13, 31) * 1000
const summary: JudgeSummary = {
  sessionIds: [8],
  ticks: 1200,
  flagged: 40,
  quarantined: 3,
  differing: 0,
  skipped: 0,
  firstTsUs: AT_US,
  lastTsUs: AT_US + 1,
  differences: [],
  recordedBy: ['0.1.0'],
  beginsWithin: false,
  failedRules: {},
  judgements: [],
  seconds: 2,
}
const differing: JudgeSummary = {
  ...summary,
  differing: 12,
  skipped: 2,
  beginsWithin: true,
  failedRules: { broken: 'Error: no' },
  judgements: [{ judgementId: 4, sessionId: 8, isNew: true }],
  differences: [
    {
      rule: 'wide-spread',
      change: 'changed',
      cause: 'settings-changed',
      ticks: 12,
      example: {
        sessionId: 8,
        seq: 99,
        tsUs: AT_US,
        contract: 'option:TWX:USD:TWX:2014-06-21:C:67.5:100',
        recorded: 'info, flag: spread 53.2 % of mid is above 50 %',
        now: 'info, flag: spread 53.2 % of mid is above 10 %',
      },
    },
  ],
}

it('a judgement that finds the same says so', () => {
  expect(formatJudgement(summary)).toMatch(/^Session +8\nTicks +1,200\n[\s\S]*\n\nRecorded by version 0\.1\.0\.\n\nIdentical: /)
  expect(plainJudgement(summary)).toMatchObject({ identical: true, ticks: 1200, first: '2014-06-05T13:31:00.000000Z' })
})

it('a judgement that differs shows what, why and an example, in 80 columns', () => {
  const text = formatJudgement(differing)
  expect(text.split('\n').filter((line) => line.length > 80)).toEqual([])
  expect(text).toContain('   12  wide-spread  other figures  its settings are others\n    e.g. 2014-06-05T13:31:00.000000Z')
  expect(text).toContain('    then info, flag: spread 53.2 % of mid is above 50 %\n    now info, flag: spread 53.2 % of mid is above 10 %')
  for (const note of ['Without a contract', 'begins within its session', 'Stored: judgement 4 of session 8.', 'The rule broken failed'])
    expect(text).toContain(note)
  expect(plainJudgement(differing)).toMatchObject({
    identical: false,
    differences: [{ rule: 'wide-spread', cause: 'settings-changed', example: { ts: '2014-06-05T13:31:00.000000Z', seq: 99 } }],
  })
})
