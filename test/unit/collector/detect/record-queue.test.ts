import { expect, it } from 'vitest'

import { RecordQueue } from '../../../../collector/detect/record-queue.ts'
import type { TapeRecord } from '../../../../market/tick.ts'

const record = (seq: number): TapeRecord => ({ kind: 'session', event: 'alive', seq, tsUs: seq })

it('gives records back in the order in which they came, round and round', () => {
  const queue = new RecordQueue(3)
  const got: [number, number][] = []
  const shift = () => queue.shift(({ seq }, sessionId) => got.push([seq, sessionId]))
  shift()
  for (let seq = 1; seq <= 10; seq++) {
    queue.push(record(seq), seq * 10, seq * 100)
    if (queue.isFull) {
      expect(queue.oldestMs).toBe((seq - 2) * 100)
      shift()
      shift()
    }
  }
  expect(queue.length).toBe(10 - got.length)
  while (queue.length > 0) shift()
  expect(got).toEqual(Array.from({ length: 10 }, (_, i) => [i + 1, (i + 1) * 10]))
  expect(queue.oldestMs).toBeNaN()
})

it('holds nothing any more once it is cleared', () => {
  const queue = new RecordQueue(2)
  queue.push(record(1), 1, 1)
  queue.push(record(2), 1, 1)
  queue.clear()
  expect([queue.length, queue.isFull]).toEqual([0, false])
  queue.shift(() => {
    throw new Error('nothing was expected')
  })
  queue.push(record(3), 1, 1)
  queue.shift(({ seq }) => expect(seq).toBe(3))
})
