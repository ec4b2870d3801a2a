import { expect, it } from 'vitest'

import { EpisodeBoard } from '../../../../collector/detect/board.ts'
import { assessment, episode } from '../../../support/episodes.ts'

const ids = (episodes: readonly { id: string }[]) => episodes.map(({ id }) => id)

it('shows what is open, the most profitable first, and what was closed, the latest first', () => {
  const board = new EpisodeBoard()
  for (const [id, profit] of Object.entries({ a: 10, b: 30, c: 20 })) board.take('opened', episode({ id, last: assessment({ profit }) }))
  expect(ids(board.open)).toEqual(['b', 'c', 'a'])
  board.take('changed', episode({ id: 'a', last: assessment({ profit: 40 }) }))
  expect(ids(board.open)).toEqual(['a', 'b', 'c'])
  board.take('closed', episode({ id: 'b', closedUs: 1, ending: 'edge-gone' }))
  board.take('closed', episode({ id: 'c', closedUs: 2, ending: 'gap' }))
  expect([ids(board.open), ids(board.closed)]).toEqual([['a'], ['c', 'b']])
  board.forgetOpen()
  expect([ids(board.open), ids(board.closed)]).toEqual([[], ['c', 'b']])
})

it('keeps only the last ones that were closed', () => {
  const board = new EpisodeBoard()
  for (let i = 0; i < 100; i++) board.take('closed', episode({ id: String(i), closedUs: i }))
  expect(board.closed).toHaveLength(20)
  expect(ids(board.closed)[0]).toBe('99')
})
