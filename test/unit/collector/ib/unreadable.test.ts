import { expect, it } from 'vitest'
import { UnreadableMessages } from '../../../../collector/ib/unreadable.ts'

const leftOver = (kind: string, fields: unknown[]) =>
  `Decoding error on ${kind}: unprocessed data left on queue (${JSON.stringify(fields)}).`

it('unreadable messages are all counted, and the first of each kind is recognized', () => {
  const unreadable = new UnreadableMessages()
  const isFirst = [leftOver('TICK_PRICE', ['1']), leftOver('TICK_PRICE', ['2', '3']), leftOver('TICK_SIZE', ['1'])].map((what) =>
    unreadable.take(what),
  )
  expect(isFirst).toEqual([true, false, true])
  expect(unreadable.total).toBe(3)
})

it('at most 50 kinds of unreadable messages are recognized as new', () => {
  const unreadable = new UnreadableMessages()
  const firsts = Array.from({ length: 10_000 }, (_, i) => unreadable.take(`No parser for ${i}.`)).filter(Boolean)
  expect(firsts).toHaveLength(50)
  expect(unreadable.total).toBe(10_000)
})
