import { describe, expect, it } from 'vitest'
import type { WantedHistory } from '../../../../collector/gaps/report.ts'
import { hoursOnDay } from '../../../../collector/quality/contract-hours.ts'
import type { DayCoverage } from '../../../../market/coverage.ts'

const DAY = { fromUs: 0, toUs: 1000 }
const COVERED = new Map([[7, {} as DayCoverage]])
const gap = (fromUs: number, toUs: number) => ({ fromUs, toUs, cause: 'silent' })

function history(more: Partial<WantedHistory> = {}): WantedHistory {
  return { instrument: 7, symbol: 'SPX', held: [], gaps: [], hoursOn: () => [{ openUs: 100, closeUs: 900 }], ...more }
}

describe('the hours of a contract on a day', () => {
  it('end what stood when a gap begins or a line is closed, once for each moment', () => {
    const held = [
      { fromUs: 50, toUs: 300 },
      { fromUs: 400, toUs: 2000 },
    ]
    const { hours, ends } = hoursOnDay({ histories: [history({ held, gaps: [gap(300, 400), gap(600, 650)] })] }, '2014-06-05', DAY, COVERED)
    expect(hours).toEqual([{ instrument: 7, openUs: 100, closeUs: 900 }])
    expect(ends.map(({ us }) => us).toSorted((a, b) => a - b)).toEqual([300, 600])
  })

  it('have the longest gap that lies in them: gaps that touch are one, and none goes over a pause of the market', () => {
    const hoursOn = () => [
      { openUs: 100, closeUs: 400 },
      { openUs: 600, closeUs: 900 },
    ]
    const gaps = [gap(50, 120), gap(300, 350), gap(350, 700)]
    const { longestGaps } = hoursOnDay({ histories: [history({ gaps, hoursOn })] }, '2014-06-05', DAY, COVERED)
    // 300 to 400, and 600 to 700.
    expect(longestGaps).toEqual(new Map([[7, 100]]))
  })

  it('are cut to the part of the day that is asked for, and those of chains and of contracts that nobody wanted are none', () => {
    const part = { fromUs: 200, toUs: 500 }
    const histories = [history(), history({ isChain: true }), history({ instrument: 8 })]
    expect(hoursOnDay({ histories }, '2014-06-05', part, COVERED).hours).toEqual([{ instrument: 7, openUs: 200, closeUs: 500 }])
  })

  it('have the time between the turns of a contract that shares a line, while others of its symbol were held', () => {
    const turns = [
      { fromUs: 150, toUs: 200 },
      { fromUs: 500, toUs: 550 },
      { fromUs: 700, toUs: 750 },
    ]
    const root = history({ instrument: 1, held: [{ fromUs: 0, toUs: 600 }] })
    const alone = history({ instrument: 9, symbol: 'VIX', held: turns.slice(0, 1) })
    const covered = new Map([1, 7, 9].map((instrument) => [instrument, {} as DayCoverage]))
    const { betweenTurns } = hoursOnDay(
      { histories: [root, history({ held: turns, gaps: [gap(200, 250)] }), alone] },
      '2014-06-05',
      DAY,
      covered,
    )
    // 250 to 500, and 550 to 600: nothing was recorded behind that.
    expect(betweenTurns).toEqual(new Map([[7, 300]]))
  })
})
