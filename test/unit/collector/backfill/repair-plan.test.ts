import { expect, it } from 'vitest'

import { planRepairs, type RepairPlanOptions } from '../../../../collector/backfill/repair-plan.ts'
import type { GapOfContract } from '../../../../collector/gaps/repairable.ts'
import type { GapRepair } from '../../../../db/backfill/gap-repairs.ts'
import { nyse } from '../../../../market/calendar/calendar.ts'
import { usFromIso } from '../../../../market/time.ts'

const at = (time: string) => usFromIso(`2014-06-05T${time}Z`)
const contract = (instrument: number) => ({
  instrument,
  key: `stock:${instrument}:USD`,
  symbol: `S${instrument}`,
  kind: 'stock',
  currency: 'USD',
  lastTradeDate: null,
})

function gap(from: string, to: string, { instrument = 1, cause = 'ib-1100' } = {}): GapOfContract {
  return { sessionId: 1, seq: at(from), fromUs: at(from), toUs: at(to), cause, contract: contract(instrument) }
}
const OPTIONS: RepairPlanOptions = {
  series: 'trades',
  withOptions: false,
  withUnseen: false,
  again: false,
  nowUs: at('23:00:00'),
  calendar: nyse,
}
const noted = ({ sessionId, seq, fromUs, toUs }: GapOfContract, state: GapRepair['state']): GapRepair => {
  return { sessionId, seq, fromUs, toUs, instrument: 1, series: 'trades', state, ticks: 0, reconciledTicks: 0, notedUs: 0 }
}

it('asks for gaps of a contract within a minute of each other as one, the newest time first', () => {
  const gaps = [
    gap('14:00:00', '14:01:00'),
    gap('14:01:59', '14:02:00'),
    gap('14:05:00', '14:06:00'),
    gap('14:00:30', '14:01:00', { instrument: 2 }),
  ]
  const { jobs } = planRepairs(gaps, [], OPTIONS)
  expect(jobs.map(({ symbol, gaps: its }) => [symbol, its.length])).toEqual([
    ['S1', 1],
    ['S2', 1],
    ['S1', 2],
  ])
})

it('compares ten seconds in front of a gap and two behind it, in whole seconds', () => {
  const [job] = planRepairs([gap('14:00:00.4', '14:01:00.6')], [], OPTIONS).jobs
  expect(job?.parts).toEqual([{ fromUs: at('13:59:50'), toUs: at('14:01:03') }])
})

it('is done once with what is filled, has no data or was refused, and goes on with what is pending', () => {
  const one = gap('14:00:00', '14:01:00')
  for (const state of ['repaired', 'no-data', 'refused', 'partly'] as const)
    expect(planRepairs([one], [noted(one, state)], OPTIONS), state).toMatchObject({ jobs: [], doneBefore: 1 })
  expect(planRepairs([one], [noted(one, 'pending')], OPTIONS)).toMatchObject({ jobs: { length: 1 }, doneBefore: 0 })
})

it('asks again for what was refused when it is told to, and for a gap that has become longer', () => {
  const one = gap('14:00:00', '14:01:00')
  for (const state of ['refused', 'partly'] as const)
    expect(planRepairs([one], [noted(one, state)], { ...OPTIONS, again: true }).jobs, state).toHaveLength(1)
  expect(planRepairs([one], [noted(one, 'repaired')], { ...OPTIONS, again: true }).jobs).toEqual([])
  expect(planRepairs([gap('14:00:00', '14:02:00')], [noted(one, 'repaired')], OPTIONS).jobs).toHaveLength(1)
})

it('notes a refusal that is known before a request is spent, once', () => {
  const one = gap('14:00:00', '14:01:00', { cause: 'refused: 354' })
  const { refused, jobs } = planRepairs([one], [], OPTIONS)
  expect(jobs).toEqual([])
  expect(refused).toMatchObject([{ state: 'refused', seq: one.seq, instrument: 1 }])
  expect(planRepairs([one], [noted(one, 'refused')], OPTIONS)).toMatchObject({ refused: [], doneBefore: 1 })
})
