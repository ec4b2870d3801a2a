/** A collector on the time of a replay gateway, over the gateway's midnight: what has expired is gone, and what is listed anew is recorded. */

import { afterAll, beforeAll, expect, it } from 'vitest'

import type { TapeRecord } from '../../market/tick.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { EMBEDDED } from '../support/database/editions.ts'
import { OPEN_US, quoteAt, SECOND_US, type TapeRoom, TWX, tapeOf, tapeRoom, twxOption } from '../support/gateway/gateway-tape.ts'
import { ask, startCollecting, TWX_CHAIN } from '../support/process/collecting.ts'

let room: TapeRoom
beforeAll(async () => {
  room = await tapeRoom()
})
afterAll(() => room.clear())

const MINUTE_US = 60 * SECOND_US
const HOUR_US = 60 * MINUTE_US
const MIDNIGHT_US = OPEN_US + 14.5 * HOUR_US
const NEXT_OPEN_US = OPEN_US + 24 * HOUR_US
const TODAY = twxOption({ expiry: '2014-06-05', strike: 70, right: 'C' })
const NEXT_WEEK = twxOption({ expiry: '2014-06-13', strike: 70, right: 'C' })
/** Listed on the second day. */
const NEW = twxOption({ expiry: '2014-06-20', strike: 71, right: 'C' })
/** Two hours in a second. */
const SPEED = 7200

/** Quotes every quarter of an hour from the last one of the first day to the second one of the next: what has expired has none behind its day. */
function records(): TapeRecord[] {
  const [fromUs, toUs] = [6 * HOUR_US, NEXT_OPEN_US - OPEN_US + 30 * MINUTE_US]
  const quotes: TapeRecord[] = []
  for (let afterUs = fromUs, round = 0; afterUs <= toUs; afterUs += 15 * MINUTE_US, round++)
    for (const instrument of [0, 1, 2])
      if (instrument !== 1 || OPEN_US + afterUs < MIDNIGHT_US)
        quotes.push(quoteAt(afterUs + instrument, instrument, [70 + round, 1], [71 + round, 1]))
  const tape = tapeOf(quotes, [TWX, TODAY, NEXT_WEEK])
  const at = tape.findIndex(({ tsUs }) => tsUs >= MIDNIGHT_US + HOUR_US)
  const listed = (tape[at] as TapeRecord).tsUs
  const added: TapeRecord[] = [
    { kind: 'contract', seq: 0, tsUs: listed, instrument: 3, contract: NEW },
    ...tape.slice(at).flatMap((record): TapeRecord[] => {
      return record.kind === 'quote' && record.instrument === 0 ? [record, { ...record, instrument: 3, tsUs: record.tsUs + 3 }] : [record]
    }),
  ]
  return [...tape.slice(0, at), ...added].sort((a, b) => a.tsUs - b.tsUs).map((record, i) => ({ ...record, seq: i + 1 }))
}

forEachEdition('a collector over the midnight of a replay gateway', ({ name, createDatabase }) => {
  // What is done beside the database is the same with each.
  it.runIf(name === EMBEDDED)('ends the lines of what has expired without a gap, and takes up what is listed anew', async () => {
    const databaseUrl = await createDatabase()
    const { port } = await room.serve(records(), { speed: SPEED, startAfterLines: 3, publishTime: true })
    const opened = new Set<string>()
    const collector = await startCollecting({
      port,
      databaseUrl,
      underlyings: [TWX_CHAIN],
      onRecord: (record) => {
        if (record.kind === 'contract' && record.contract.kind === 'option') opened.add(record.contract.expiry)
      },
    })
    await collector.until('the new expiry is wanted', () => opened.has(NEW.expiry))
    await collector.until('its line is open', ({ counts }) => counts.lines === 3)
    await collector.stop('stopped')

    const holds = await ask<{ expiry: string; cause: string; ended: string }>(
      databaseUrl,
      `SELECT expiry::text, cause, (until_ts AT TIME ZONE 'America/New_York')::text AS ended
       FROM line_holds JOIN instruments USING (instrument_id) WHERE kind = 'option' ORDER BY expiry`,
    )
    expect(holds.map(({ expiry, cause }) => `${expiry} ${cause}`)).toEqual([
      '2014-06-05 config',
      '2014-06-13 stopped',
      '2014-06-20 stopped',
    ])
    // Behind midnight, as soon as the time was published.
    expect(holds[0]?.ended.slice(0, 10)).toMatch(/2014-06-0[56]/)
    const gaps = await ask(
      databaseUrl,
      `SELECT cause, expiry::text FROM feed_gaps LEFT JOIN instruments USING (instrument_id) WHERE expiry < '2014-06-20'`,
    )
    expect(gaps).toEqual([])
  })
})
