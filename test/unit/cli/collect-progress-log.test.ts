import { expect, it } from 'vitest'

import { createProgressLog } from '../../../cli/collect-progress-log.ts'
import type { CollectProgress } from '../../../collector/collect.ts'
import { createCounts } from '../../../collector/telemetry/counts.ts'

/** What is logged when the time goes on from one progress to the next. */
function logging() {
  const said: [number, string, object][] = []
  let seconds = 0
  const counts = createCounts()
  const states = { idle: 0, queued: 0, asked: 0, open: 0, silent: 0, 'no-line': 0, paused: 0, refused: 0 }
  const report = createProgressLog(
    { info: (details: object, message: string) => said.push([seconds, message, details]) } as never,
    () => seconds * 1000,
  )
  const progress = (feed: CollectProgress['feed'], open: number, waiting: number, refused = 0): CollectProgress => ({
    marketTimeUs: undefined,
    feed,
    linesWanted: open + waiting + refused,
    marketData: { ...states, queued: waiting, open, refused },
    tickByTick: states,
    entitlements: [],
    counts: { ...counts, lines: open },
    lagMs: 41.6,
    metricsPort: undefined,
  })
  return {
    said,
    counts,
    /** One progress a second, for so long. */
    pass: (forSeconds: number, feed: CollectProgress['feed'], open = 0, waiting = 0, refused = 0) => {
      for (let i = 0; i < forSeconds; i++, seconds++) report(progress(feed, open, waiting, refused))
    },
    messages: () => said.map(([at, message]) => `${at} ${message}`),
  }
}

it('says every ten seconds how many lines are open while they are being opened, and when all are', () => {
  const log = logging()
  log.pass(5, 'connecting', 0, 100)
  log.pass(11, 'ready', 0, 100)
  log.pass(10, 'ready', 40, 60)
  log.pass(30, 'ready', 100)
  expect(log.messages()).toEqual([
    '14 opening market-data lines: 0 of 100 open',
    '24 opening market-data lines: 40 of 100 open',
    '26 all 100 market-data lines are open',
  ])
})

it('says so again when a chain was opened between two reports', () => {
  const log = logging()
  log.pass(2, 'ready', 1)
  log.pass(2, 'ready', 4)
  expect(log.messages()).toEqual(['0 all 1 market-data lines are open', '2 all 4 market-data lines are open'])
})

it('does not repeat itself while lines stay without an answer', () => {
  const log = logging()
  log.pass(59, 'ready', 40, 60)
  expect(log.messages()).toEqual(['10 opening market-data lines: 40 of 100 open'])
})

it('says how many are open when the rest was refused', () => {
  const log = logging()
  log.pass(2, 'ready', 0, 100)
  log.pass(2, 'ready', 70, 0, 30)
  // A minute later the refused ones are asked for again.
  log.pass(1, 'ready', 70, 30)
  log.pass(1, 'ready', 70, 0, 30)
  expect(log.messages()).toEqual(['2 70 of 100 market-data lines are open'])
})

it('says that all are open though they were opened between two looks, and again over a new link', () => {
  const log = logging()
  log.pass(2, 'connecting', 0, 4)
  log.pass(2, 'ready', 4)
  log.pass(2, 'connecting', 0, 4)
  log.pass(2, 'ready', 4)
  expect(log.messages()).toEqual(['2 all 4 market-data lines are open', '6 all 4 market-data lines are open'])
})

it('says once a minute how the recording does, also when it does not', () => {
  const log = logging()
  log.pass(59, 'ready', 100)
  log.said.length = 0
  log.pass(1, 'ready', 100)
  log.counts.received = 6000
  log.counts.written = 5990
  log.counts.journaled = 6000
  log.counts.settled = 5990
  log.counts.gaps = 2
  log.pass(60, 'ready', 100)
  log.pass(60, 'connecting', 0, 100)
  log.pass(1, 'connecting', 0, 100)
  const figures = { lagMs: 42, received: 6000, written: 5990, inFlight: 10, dropped: 0, gaps: 2 }
  expect(log.said).toEqual([
    [60, 'recording', { ...figures, ticksPerSecond: 100, lines: '100/100' }],
    [120, 'not recording: not connected to the gateway', { ...figures, ticksPerSecond: 0, lines: '0/100' }],
    [180, 'not recording: not connected to the gateway', { ...figures, ticksPerSecond: 0, lines: '0/100' }],
  ])
})
