import { expect, it } from 'vitest'

import { EpisodeBoard } from '../../../../collector/detect/board.ts'
import { arbitragePage, arbitragePageSchema } from '../../../../collector/detect/page.ts'
import { Funnel } from '../../../../market/arbitrage/funnel.ts'
import { assessment, episode, OPENED_US } from '../../../support/episodes.ts'

function pageOf(board = new EpisodeBoard(), funnel = new Funnel()) {
  const detection = { state: 'watching', queued: 3, limit: 100, passed: 7, funnel } as const
  return arbitragePage({ version: '1.2.3', session: () => ({ id: 7, marketTimeUs: OPENED_US }), detection, board })
}

it('says what is open and what was closed, in the form that its readers expect', () => {
  const board = new EpisodeBoard()
  board.take('opened', episode())
  board.take('closed', episode({ id: '7-9-1', closedUs: OPENED_US + 1500, ending: 'edge-gone', best: assessment({ profit: 90 }) }))
  const page = pageOf(board)
  expect(arbitragePageSchema.parse(JSON.parse(JSON.stringify(page)))).toEqual(page)
  expect(page.open).toMatchObject([
    {
      id: '7-12-1',
      detector: 'conversion',
      symbol: 'TWX',
      openedTs: '2014-06-05T13:31:00.000000Z',
      lastTs: '2014-06-05T13:31:00.000000Z',
      last: {
        edgePerShare: 0.23,
        profit: 46,
        size: 2,
        carry: { days: 16, rate: 0.0025, rateSource: 'settings' },
        legs: [
          { side: 'buy', contract: 'stock:TWX:USD', price: 70.01 },
          { side: 'buy', contract: 'option:TWX:USD:TWX:2014-06-21:P:70:100', ageMs: 1200 },
          { side: 'sell', contract: 'option:TWX:USD:TWX:2014-06-21:C:70:100', size: 7 },
        ],
      },
    },
  ])
  expect(page.open[0]).not.toHaveProperty('closedTs')
  expect(page.closed).toMatchObject([{ id: '7-9-1', closedTs: '2014-06-05T13:31:00.001500Z', ending: 'edge-gone', best: { profit: 90 } }])
})

it('adds the funnel up over all detectors, and leaves out what refused nothing', () => {
  const funnel = new Funnel()
  Object.assign(funnel, { quotes: 100, candidates: 12, opened: 1 })
  funnel.refuse('conversion', 'carry', 6)
  funnel.refuse('reversal', 'carry', 4)
  funnel.refuse('reversal', 'fees')
  expect(pageOf(undefined, funnel).funnel).toEqual({ quotes: 100, candidates: 12, opened: 1, refused: { carry: 10, fees: 1 } })
})

it('says that the detectors are off', () => {
  const page = arbitragePage({ version: '1.2.3', session: () => undefined, detection: undefined, board: new EpisodeBoard() })
  expect(page).toMatchObject({ state: 'off', session: null, funnel: { quotes: 0 }, open: [] })
  expect(arbitragePageSchema.safeParse(page).success).toBe(true)
})
