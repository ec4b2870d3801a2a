/** The ground under the tests in virtual time: a run is the same as the one before. */

import { expect, it } from 'vitest'

import { dayOf } from '../support/collector/day.ts'

it('a collector in virtual time records the same twice, through a lost socket and its random pauses', async () => {
  const run = async () => {
    const { until, tws, records, finish } = await dayOf()
    await until('09:45:00')
    tws.stop()
    await until('09:46:30')
    await tws.start()
    await until('10:00:00')
    await finish()
    return records
  }
  const first = await run()
  const text = (records: typeof first) => records.map((record) => JSON.stringify(record))
  expect(first.length).toBeGreaterThan(300)
  // The port is another one.
  expect(text(await run()).map((line) => line.replace(/127\.0\.0\.1:\d+/g, 'TWS'))).toEqual(
    text(first).map((line) => line.replace(/127\.0\.0\.1:\d+/g, 'TWS')),
  )
})
