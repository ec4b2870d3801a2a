import { expect, it } from 'vitest'

import { ChainPlaces } from '../../../../collector/write/chain-places.ts'

it('gives each batch the chain of the one before it, in whatever order they come to be known', async () => {
  const places = new ChainPlaces()
  const [first, second, third] = [1, 2, 3].map((batchNo) => places.add(7, batchNo, false))
  const [beforeSecond, beforeThird] = [second?.before(), third?.before()]
  second?.chained(Buffer.from('second'))
  first?.chained(Buffer.from('first'))
  expect(first?.before()).toBeUndefined()
  expect([await beforeSecond, await beforeThird].map(String)).toEqual(['first', 'second'])
})

it('keeps sessions apart, and knows nothing in front of the first batch of one', () => {
  const places = new ChainPlaces()
  places.add(7, 1, false).chained(Buffer.from('x'))
  expect(places.add(8, 2, true).before()).toBeUndefined()
})

it('knows nothing in front of a batch whose predecessor did not come', () => {
  const places = new ChainPlaces()
  places.add(7, 1, true).chained(Buffer.from('x'))
  expect(places.add(7, 3, true).before()).toBeUndefined()
})

it('ends the wait for a batch that is given up', async () => {
  const places = new ChainPlaces()
  const [first, second] = [places.add(7, 1, false), places.add(7, 2, false)]
  const before = second.before()
  first.abandon()
  await expect(before).rejects.toThrow('batch 1, to which it is chained, was given up')
})

it('keeps what a batch was chained with, also when it is given up later', async () => {
  const places = new ChainPlaces()
  const [first, second] = [places.add(7, 1, false), places.add(7, 2, false)]
  const before = second.before()
  first.chained(Buffer.from('first'))
  first.abandon()
  expect(String(await before)).toBe('first')
  expect(String(first.chain)).toBe('first')
})
