import { describe, expect, it } from 'vitest'

import { historyRefusalOf } from '../../../../../collector/ib/history/refusal.ts'
import { barsQuery } from '../../../../../collector/ib/history/words.ts'
import { LOST, RequestError, SILENT } from '../../../../../collector/ib/link/requests.ts'
import { FeedError } from '../../../../../market/errors.ts'
import { usFromIso } from '../../../../../market/time.ts'

const SERVICE = 'Historical Market Data Service error message:'

describe('a refusal of history', () => {
  it.each([
    [162, `${SERVICE}Historical data request pacing violation`, 'pacing'],
    [162, `${SERVICE}HMDS query returned no data: TWX@SMART Trades`, 'no-data'],
    [162, `${SERVICE}Trading TWS session is connected from a different IP address`, 'competing'],
    [162, `${SERVICE}No market data permissions for NYSE STK`, 'refused'],
    [162, `${SERVICE}API historical data query cancelled: 7`, 'silent'],
    [162, `${SERVICE}something new`, 'refused'],
    [200, 'No security definition has been found for the request', 'unknown'],
    [321, 'Error validating request', 'refused'],
    [100, 'Max rate of messages per second has been exceeded', 'pacing'],
  ])('%d is read by its text: %s', (code, text, meaning) => {
    expect(historyRefusalOf(new RequestError(text, code))).toBe(meaning)
  })

  it('is no answer either, or a lost link; everything else is none', () => {
    expect(historyRefusalOf(new FeedError('x', { code: SILENT }))).toBe('silent')
    expect(historyRefusalOf(new FeedError('x', { code: LOST }))).toBe('lost')
    expect(historyRefusalOf(new TypeError('x'))).toBeUndefined()
  })
})

describe('a request for bars in the words of IB', () => {
  const [fromUs, toUs] = [usFromIso('2014-06-05T04:00:00Z'), usFromIso('2014-06-06T04:00:00Z')]

  it('of whole days ends with the last second of the last one', () => {
    expect(barsQuery({ series: 'bid-ask', seconds: 300, fromUs, toUs, days: 1 })).toEqual({
      end: '20140606-03:59:59',
      duration: '1 D',
      size: '5 mins',
      show: 'BID_ASK',
    })
  })

  it('of a part of a session ends where that ends', () => {
    const part = { fromUs: usFromIso('2014-06-05T13:30:00Z'), toUs: usFromIso('2014-06-05T14:00:00Z') }
    expect(barsQuery({ series: 'trades', seconds: 1, ...part })).toMatchObject({
      end: '20140605-14:00:00',
      duration: '1800 S',
      size: '1 secs',
    })
  })

  it.each([
    [5, '5 secs'],
    [60, '1 min'],
    [1800, '30 mins'],
    [3600, '1 hour'],
    [28_800, '8 hours'],
    [86_400, '1 day'],
  ])('names bars of %d seconds', (seconds, size) => {
    expect(barsQuery({ series: 'trades', seconds, fromUs, toUs, days: 1 }).size).toBe(size)
  })
})
