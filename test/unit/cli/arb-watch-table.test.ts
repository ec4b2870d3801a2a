import { expect, it } from 'vitest'

import { formatWatch } from '../../../cli/arb-watch-table.ts'
import { EpisodeBoard } from '../../../collector/detect/board.ts'
import { arbitragePage, type ArbitragePage } from '../../../collector/detect/page.ts'
import { Funnel } from '../../../market/arbitrage/funnel.ts'
import { assessment, episode, OPENED_US } from '../../support/episodes.ts'

function pageOf(board: EpisodeBoard, funnel = new Funnel(), state: 'watching' | 'behind' = 'watching'): ArbitragePage {
  const detection = { state, queued: 2345, limit: 65_536, passed: 0, funnel }
  return arbitragePage({ version: '1.2.3', session: () => ({ id: 7, marketTimeUs: OPENED_US + 12_300_000 }), detection, board })
}

it('shows what is open and what was closed in 80 columns', () => {
  const board = new EpisodeBoard()
  board.take('opened', episode())
  board.take('opened', episode({ id: '7-99-1', last: assessment({ certainty: 'expected', profit: 123_456.7, annualReturn: 90 }) }))
  board.take('closed', episode({ id: '7-5-1', closedUs: OPENED_US + 1500, ending: 'edge-gone', best: assessment({ edgePerShare: 0.5 }) }))
  const funnel = new Funnel()
  Object.assign(funnel, { quotes: 1_234_567, candidates: 9876, opened: 3 })
  funnel.refuse('conversion', 'fees', 12)
  funnel.refuse('reversal', 'carry', 9800)
  const text = formatWatch(pageOf(board, funnel), 10)
  expect(text.split('\n').filter((line) => line.length > 80)).toEqual([])
  expect(text.replaceAll(/ +/g, ' ').split('\n')).toEqual([
    '2014-06-05T13:31:12Z, session 7: watching, 2,345 records wait',
    '1,234,567 quotes, 9,876 candidates, 3 opportunities',
    'refused: carry 9,800, fees 12',
    '',
    'Open lasted profit edge/share size a year',
    '13:31:00Z 12.3 s 123456.70 0.2300 2 >999 %',
    ' 7-99-1 conversion, expected',
    ' buy TWX at 70.01, buy TWX 140621P70 at 1.05, sell TWX 140621C70 at 1.31',
    '13:31:00Z 12.3 s 46.00 0.2300 2 7.5 %',
    ' 7-12-1 conversion, guaranteed',
    ' buy TWX at 70.01, buy TWX 140621P70 at 1.05, sell TWX 140621C70 at 1.31',
    '',
    'Closed lasted profit edge/share size a year',
    '13:31:00Z 0.0 s 46.00 0.5000 2 7.5 %',
    ' 7-5-1 conversion, guaranteed, until edge-gone',
    ' buy TWX at 70.01, buy TWX 140621P70 at 1.05, sell TWX 140621C70 at 1.31',
  ])
})

it('says how many more there are', () => {
  const board = new EpisodeBoard()
  for (let i = 0; i < 7; i++) board.take('opened', episode({ id: String(i) }))
  const text = formatWatch(pageOf(board), 3)
  expect(text).toContain('and 4 more with less profit')
  expect(text.match(/conversion, guaranteed/g)).toHaveLength(3)
})

it('says that detectors are off, or behind', () => {
  const board = new EpisodeBoard()
  const off = arbitragePage({ version: '1.2.3', session: () => undefined, detection: undefined, board })
  expect(formatWatch(off, 3)).toBe('The detectors are off by the settings of the collector (arbitrage.enabled).')
  expect(formatWatch(pageOf(board, undefined, 'behind'), 3)).toMatch(
    /^2014-06-05T13:31:12Z, session 7: BEHIND: records are not looked at, /,
  )
})
