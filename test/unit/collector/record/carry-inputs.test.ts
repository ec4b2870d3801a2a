import { describe, expect, it } from 'vitest'

import { type CarryInput, CarryInputs } from '../../../../collector/record/carry-inputs.ts'
import { recorderOn, START_US, STOCK } from './recorder-support.ts'
import { createGatewayClock } from '../../../../collector/record/clock.ts'

const rates = (rate: number, source = 'interest-rates'): CarryInput => ({
  input: 'rates',
  currency: 'USD',
  points: [{ days: 30, rate }],
  source,
})

const standIn = (rate: number, currency: string): CarryInput => ({
  input: 'rates',
  currency,
  points: [{ days: 0, rate }],
  source: 'settings',
})

describe('what option values rest on', () => {
  it('is news when it is another one, by its kind and what it is about', () => {
    const inputs = new CarryInputs()
    const dividends: CarryInput = { input: 'dividends', instrument: 0, payments: [], source: 'corporate-actions' }
    expect(inputs.take([rates(0.03), dividends])).toHaveLength(2)
    expect(inputs.take([rates(0.03), dividends])).toEqual([])
    expect(inputs.take([rates(0.035), { ...dividends, instrument: 1 }])).toHaveLength(2)
    expect([...inputs.all]).toEqual([rates(0.035), dividends, { ...dividends, instrument: 1 }])
  })

  it('comes from the settings only where no other source knows better', () => {
    const inputs = new CarryInputs()
    expect(inputs.take([standIn(0.04, 'USD'), standIn(0.04, 'EUR')])).toHaveLength(2)
    expect(inputs.take([rates(0.03)])).toHaveLength(1)
    expect(inputs.take([standIn(0.05, 'USD'), standIn(0.05, 'EUR')])).toEqual([standIn(0.05, 'EUR')])
  })
})

describe('the recorder', () => {
  it('begins each session with it, with the day on which it was known, and records what changes', async () => {
    const { recorder, clock, tapes } = await recorderOn(createGatewayClock())
    clock.publish(START_US)
    recorder.carry([standIn(0.04, 'USD')])
    recorder.begin()
    recorder.instrumentOf(STOCK)
    recorder.carry([{ ...rates(0.03), asOf: '2014-06-04' }])
    recorder.carry([{ ...rates(0.03), asOf: '2014-06-04' }])
    await recorder.end('test')
    recorder.begin()
    await recorder.end('test')
    const [first = [], second = []] = await tapes()
    const carryOf = (tape: Record<string, unknown>[]) => tape.filter(({ kind }) => kind === 'carry')
    expect(carryOf(first)).toMatchObject([
      { input: 'rates', asOf: '2014-06-05', source: 'settings', points: [{ days: 0, rate: 0.04 }] },
      { input: 'rates', asOf: '2014-06-04', source: 'interest-rates', points: [{ days: 30, rate: 0.03 }] },
    ])
    expect(carryOf(second)).toMatchObject([{ source: 'interest-rates' }])
  })
})
