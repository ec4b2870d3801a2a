import { expect, it } from 'vitest'

import { SilentLines } from '../../../../db/verify/silent-lines.ts'
import type { LineEvent, TapeRecord } from '../../../../market/tick.ts'
import { quote } from '../../../support/tape/ticks.ts'

/** 2014-06-05 at this time in New York. */
const at = (hour: number, minute = 0) => Date.UTC(2014, 5, 5, hour + 4, minute) * 1000
const line = (event: 'opened' | 'closed', tsUs: number, instrument: number): LineEvent => {
  return { kind: 'line', seq: 1, tsUs, instrument, event, openedSeq: 1, openedTsUs: tsUs, ...(event === 'closed' && { untilTsUs: tsUs }) }
}
const tick = (tsUs: number, instrument: number): TapeRecord => ({ ...quote(1), tsUs, instrument })

function silent(...records: TapeRecord[]) {
  const lines = new SilentLines()
  for (const record of records) lines.take(record)
  lines.finish()
  return lines.found
}

it('finds a line that was open for half an hour of trading without a tick, closed or not', () => {
  expect(silent(line('opened', at(10), 1), line('closed', at(10, 30), 1))).toEqual([
    { instrument: 1, fromTsUs: at(10), toTsUs: at(10, 30) },
  ])
  expect(silent(line('opened', at(10), 1), tick(at(11), 2))).toEqual([{ instrument: 1, fromTsUs: at(10), toTsUs: at(11) }])
})

it('finds none that had a tick, was open for less, or outside of trading hours', () => {
  expect(silent(line('opened', at(10), 1), tick(at(10, 1), 1), line('closed', at(15), 1))).toEqual([])
  expect(silent(line('opened', at(10), 1), line('closed', at(10, 29), 1))).toEqual([])
  expect(silent(line('opened', at(17), 1), line('closed', at(20), 1))).toEqual([])
})
