import { expect, it } from 'vitest'

import { RecordedActivity } from '../../../../collector/universe/activity.ts'
import { contractKey } from '../../../../market/contract.ts'
import { MarketState } from '../../../../market/state/market-state.ts'
import { usFromIso } from '../../../../market/time.ts'
import { option } from './options.ts'

const CALL = option(70)

function recorded(...figures: [iso: string, name: string, value: number][]): RecordedActivity {
  const activity = new RecordedActivity()
  const state = new MarketState()
  state.apply({ kind: 'contract', seq: 1, tsUs: 0, instrument: 0, contract: CALL })
  for (const [iso, name, value] of figures) {
    state.apply({ kind: 'statistic', seq: 2, tsUs: usFromIso(iso), instrument: 0, name, value })
    activity.note(state)
  }
  return activity
}

it('knows nothing of an option that was never recorded', () => {
  expect(recorded().of(CALL, '2014-06-05')).toBeUndefined()
})

it('knows the open interest that came last, and the volume of the last whole day', () => {
  const activity = recorded(
    ['2014-06-04T09:31:00-04:00', 'call-open-interest', 40],
    ['2014-06-04T15:59:00-04:00', 'day-volume', 7],
    ['2014-06-05T09:31:00-04:00', 'call-open-interest', 42],
  )
  expect(activity.of(CALL, '2014-06-05')).toEqual({ openInterest: 42, volume: 7 })
})

it('takes no volume of a day that is not over against an option, and more than the day before for it', () => {
  const today = recorded(['2014-06-05T09:31:00-04:00', 'day-volume', 1])
  expect(today.of(CALL, '2014-06-05')).toEqual({ openInterest: undefined, volume: undefined })
  const second = recorded(['2014-06-04T15:59:00-04:00', 'day-volume', 7], ['2014-06-05T09:31:00-04:00', 'day-volume', 1])
  expect(second.of(CALL, '2014-06-05')).toMatchObject({ volume: 7 })
  const third = recorded(['2014-06-04T15:59:00-04:00', 'day-volume', 7], ['2014-06-05T11:31:00-04:00', 'day-volume', 9])
  expect(third.of(CALL, '2014-06-05')).toMatchObject({ volume: 9 })
})

it('does not let older figures replace newer ones', () => {
  const activity = recorded(['2014-06-04T15:59:00-04:00', 'day-volume', 7])
  activity.take(contractKey(CALL), { volume: 99, volumeDay: '2014-06-03' })
  expect(activity.of(CALL, '2014-06-05')).toMatchObject({ volume: 7 })
})

it('forgets within ten days what nothing newer came of, so that what was left out is looked at again', () => {
  const activity = recorded(['2014-06-04T09:31:00-04:00', 'call-open-interest', 40], ['2014-06-04T15:59:00-04:00', 'day-volume', 7])
  expect(activity.of(CALL, '2014-06-13')).toEqual({ openInterest: 40, volume: 7 })
  expect(activity.of(CALL, '2014-06-14')).toEqual({ openInterest: undefined, volume: undefined })
  // The day on which it is looked at again is not over, and the one before is too long ago.
  activity.take(contractKey(CALL), { volume: 1, volumeDay: '2014-06-16' })
  expect(activity.of(CALL, '2014-06-16')).toMatchObject({ volume: undefined })
  expect(activity.of(CALL, '2014-06-17')).toMatchObject({ volume: 1 })
})
