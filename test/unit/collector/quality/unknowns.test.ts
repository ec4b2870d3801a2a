import { describe, expect, it } from 'vitest'
import { unknowns } from '../../../../collector/quality/unknowns.ts'
import { gradeDay } from '../../../../market/quality/symbol-day.ts'
import { contractDay, optionDay } from '../../market/quality/quality-support.ts'

const NOTHING = { days: [], contracts: [], chains: [], sizeUnits: [] }
const option = (expiry: string) => optionDay({ key: `option:TWX:USD:TWX:${expiry}:C:70:100`, date: '2014-06-20' })

describe('what is not known', () => {
  it('is nothing of a day that was recorded whole', () => {
    expect(unknowns({ ...NOTHING, days: [{ date: '2014-06-05', state: 'recorded' }], contracts: gradeDay([contractDay()]) })).toEqual([])
  })

  it('is what was missed while the market was open and nothing was recorded; five dates are named', () => {
    const days = Array.from({ length: 7 }, (_, i) => ({
      date: `2014-06-0${i + 1}`,
      state: i === 0 ? ('closed' as const) : ('nothing-recorded' as const),
    }))
    expect(unknowns({ ...NOTHING, days })).toEqual([
      'Nothing was recorded on 6 trading days (2014-06-02, 2014-06-03, 2014-06-04, 2014-06-05, 2014-06-06 and 1 more): no collector ran, or nothing was wanted. What was missed is not known.',
    ])
  })

  it('is what was wanted of ticks without a line, and not of a line that stood only outside of trading hours', () => {
    const contracts = gradeDay([contractDay({ expectedUs: 0, coveredUs: 0 }), contractDay({ key: 'stock:X:USD', expectedUs: undefined })])
    expect(unknowns({ ...NOTHING, contracts })).toEqual([
      expect.stringMatching(/^1 contract-day has ticks and no line, such as stock:X:USD /),
    ])
  })

  it('is how many options a chain has that was not found', () => {
    const chains = [1, 2].map((missingUs) => ({ date: '2014-06-05', symbol: 'TWX', missingUs }))
    expect(unknowns({ ...NOTHING, chains })).toEqual([expect.stringMatching(/^The chain of TWX was not known for a time: /)])
  })

  it('is what was not recorded of options that expired meanwhile, each counted once', () => {
    const contracts = gradeDay([option('2014-06-20'), option('2014-06-20'), option('2014-06-21')])
    expect(unknowns({ ...NOTHING, contracts })).toEqual([expect.stringMatching(/^1 option expired in these days\. /)])
  })

  it('is the unit of sizes where no session noted it, and is in doubt where the data speaks against it', () => {
    const sizeUnits = [
      { sessionId: 1, isUnknown: true, isDoubted: false },
      { sessionId: 2, isUnknown: false, isDoubted: true },
      { sessionId: 3, isUnknown: false, isDoubted: false },
    ]
    expect(unknowns({ ...NOTHING, sizeUnits })).toEqual([
      expect.stringContaining('not noted in 1 session (1)'),
      expect.stringContaining('in 1 session (2)'),
    ])
  })
})
