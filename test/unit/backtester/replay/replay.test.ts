/** The replay loop over tape files: order, pace, pauses between chunks, and how it is stopped. */

import { afterAll, beforeAll, expect, it } from 'vitest'

import { createReplayClock } from '../../../../backtester/replay/clock.ts'
import { replay } from '../../../../backtester/replay/replay.ts'
import { tapeSource } from '../../../../db/tape/tape-source.ts'
import type { RecordSource } from '../../../../market/record-source.ts'
import type { TapeRecord } from '../../../../market/tick.ts'
import { OPEN_US, quoteAt, SECOND_US, type TapeRoom, TWX, tapeOf, tapeRoom } from '../../../support/gateway/gateway-tape.ts'

let room: TapeRoom
beforeAll(async () => {
  room = await tapeRoom()
})
afterAll(() => room.clear())

const bid = (afterUs: number, price: number) => quoteAt(afterUs, 0, [price, 1])
const tape = async (...ticks: TapeRecord[]) => tapeSource(await room.write(tapeOf(ticks, [TWX])))

it('hands out what is earlier than the first tick at once, and waits from there on until it is stopped', async () => {
  const hoursBefore: TapeRecord = { kind: 'config', seq: 0, tsUs: OPEN_US - 3600 * SECOND_US, config: {} }
  const stop = new AbortController()
  const kinds: string[] = []
  const summary = await replay({
    source: await tape(hoursBefore, bid(0, 70), bid(SECOND_US, 71)),
    clock: createReplayClock(),
    speed: 0.001,
    signal: stop.signal,
    onRecord: ({ kind }) => {
      kinds.push(kind)
      // A turn later, when it waits for the next tick: a quarter of an hour.
      if (kind === 'quote') setImmediate(() => stop.abort())
    },
  })
  expect(kinds).toEqual(['contract', 'config', 'quote'])
  expect(summary).toMatchObject({ ticks: 1, quotes: 1, firstTsUs: OPEN_US, lastTsUs: OPEN_US })
})

it('lets a slow consumer have a pause behind every chunk', async () => {
  const source: RecordSource = {
    name: 'two chunks',
    async *records() {
      for (const n of [0, 1]) yield { sessionId: 0, records: [bid(n, 70), bid(n, 71)] }
    },
  }
  const heard: string[] = []
  const onChunk = async () => {
    await new Promise(setImmediate)
    heard.push('pause')
  }
  await replay({ source, clock: createReplayClock(), speed: 'max', onChunk, onRecord: () => heard.push('record') })
  expect(heard).toEqual(['record', 'record', 'pause', 'record', 'record', 'pause'])
})

it('takes records of one microsecond, and refuses one that is earlier than the one before', async () => {
  const source: RecordSource = {
    name: 'the source',
    async *records() {
      yield { sessionId: 0, records: [bid(5, 70), bid(5, 71), bid(4, 72)] }
    },
  }
  const prices: unknown[] = []
  const onRecord = (record: TapeRecord) => void prices.push(record.kind === 'quote' && record.bidPrice)
  await expect(replay({ source, clock: createReplayClock(), speed: 'max', onRecord })).rejects.toMatchObject({ code: 'replay-unordered' })
  expect(prices).toEqual([70, 71])
})
