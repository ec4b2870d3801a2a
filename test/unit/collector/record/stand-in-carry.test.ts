import { expect, it } from 'vitest'

import { createGatewayClock } from '../../../../collector/record/clock.ts'
import { StandInCarry } from '../../../../collector/record/stand-in-carry.ts'
import { OTHER, recorderOn, rotate, START_US, STOCK } from './recorder-support.ts'

const AUGUST = { exDate: '2014-08-27', amount: 0.3 }
const NOVEMBER = { exDate: '2014-11-25', amount: 0.3 }

it('stands in for rates at once, and for dividends and fees when their underlying is on the tape', async () => {
  const clock = createGatewayClock()
  const { recorder, tapes } = await recorderOn(clock)
  clock.publish(START_US)
  const named = { symbol: 'TWX', currency: 'USD', dividends: [NOVEMBER, AUGUST], borrow: 0.0025 }
  const carry = new StandInCarry(recorder, { rate: 0.04, underlyings: [named, { ...named, currency: 'EUR' }] }, ['USD', 'USD'])
  recorder.begin()
  recorder.instrumentOf(OTHER)
  const instrument = recorder.instrumentOf(STOCK)
  await Promise.resolve()
  // What is the same is no news.
  carry.configure({ rate: 0.04, underlyings: [named] }, ['USD'])
  carry.configure({ rate: 0.05, underlyings: [{ ...named, dividends: [] }] }, ['USD'])
  await rotate(recorder, 'test')
  await recorder.end('test')
  const [first = [], second = []] = (await tapes()).map((records) => records.filter(({ kind }) => kind === 'carry'))
  const rates = (rate: number) => ({ input: 'rates', currency: 'USD', points: [{ days: 0, rate }], source: 'settings' })
  const dividends = { input: 'dividends', instrument, payments: [AUGUST, NOVEMBER], source: 'settings', asOf: '2014-06-05' }
  const borrow = { input: 'borrow', instrument, rate: 0.0025, source: 'settings' }
  expect(first).toMatchObject([rates(0.04), dividends, borrow, rates(0.05), { ...dividends, payments: [] }])
  expect(second).toMatchObject([rates(0.05), { ...dividends, payments: [] }, borrow])
})

it('says nothing of what the settings do not name, nor instead of what is known better', async () => {
  const clock = createGatewayClock()
  const { recorder, tapes } = await recorderOn(clock)
  clock.publish(START_US)
  recorder.begin()
  const carry = new StandInCarry(recorder, { rate: 0.04, underlyings: [{ symbol: 'TWX', currency: 'USD' }] }, [])
  const instrument = recorder.instrumentOf(STOCK)
  await Promise.resolve()
  recorder.carry([{ input: 'dividends', instrument, payments: [AUGUST], source: 'corporate-actions' }])
  carry.configure({ rate: 0.04, underlyings: [{ symbol: 'TWX', currency: 'USD', dividends: [NOVEMBER] }] }, [])
  await recorder.end('test')
  const [records = []] = await tapes()
  expect(records.filter(({ kind }) => kind === 'carry')).toMatchObject([{ source: 'corporate-actions', payments: [AUGUST] }])
})
