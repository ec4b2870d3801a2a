import { expect, it } from 'vitest'

import { StoredActivity } from '../../../../collector/universe/stored-activity.ts'
import { option } from './options.ts'

const KNOWN = { contract: option(70), volume: 3, volumeDay: '2014-06-04' }

function reading(database: () => Promise<(typeof KNOWN)[]>) {
  const asked: string[][] = []
  const events: string[] = []
  const stored = new StoredActivity({
    database: ({ symbols }) => {
      asked.push([...symbols])
      return database()
    },
    events: { activityRead: () => events.push('read'), activityUnread: () => events.push('unread') },
  })
  const read = (...underlyings: { symbol: string; minVolume?: number; minOpenInterest?: number }[]) =>
    stored.read(
      underlyings.map((one) => ({ strikes: 'all', expiryDays: 60, ...one })),
      '2014-06-05',
    )
  return { stored, asked, events, read }
}

it('asks once for each underlying whose filters need it, and not before the database is ready', async () => {
  const { stored, asked, read } = reading(async () => [KNOWN])
  expect(await read({ symbol: 'TWX', minVolume: 1 })).toEqual([])
  stored.prepared()
  expect(await read({ symbol: 'FOXA' }, { symbol: 'TWX', minVolume: 1 })).toEqual([KNOWN])
  expect(await read({ symbol: 'TWX', minVolume: 1 })).toEqual([])
  await read({ symbol: 'TWX', minVolume: 1 }, { symbol: 'FOXA', minOpenInterest: 1 })
  expect(asked).toEqual([['TWX'], ['FOXA']])
})

it('asks again for what the database did not say', async () => {
  let isAway = true
  const { stored, asked, events, read } = reading(async () => {
    if (isAway) throw new Error('away')
    return [KNOWN]
  })
  stored.prepared()
  expect(await read({ symbol: 'TWX', minVolume: 1 })).toEqual([])
  isAway = false
  expect(await read({ symbol: 'TWX', minVolume: 1 })).toEqual([KNOWN])
  expect(asked).toEqual([['TWX'], ['TWX']])
  expect(events).toEqual(['unread', 'read'])
})
