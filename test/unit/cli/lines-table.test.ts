import { expect, it } from 'vitest'

import { formatLines } from '../../../cli/lines-table.ts'
import { type LinesPage, linesPageSchema } from '../../../collector/telemetry/lines-page.ts'

const PAGE: LinesPage = {
  program: 'tapedeck',
  version: '1.2.3',
  session: { id: 4711, marketTime: '2026-11-20T15:00:00.000Z' },
  state: 'rotating',
  limit: 100,
  available: 97,
  pinned: 1,
  plan: { coreStrikes: 2, corePercent: 60, minimumHoldSeconds: 15, seenEveryMinutes: 5 },
  coverage: {
    contracts: 3000,
    core: 50,
    edge: 2,
    rotating: 2944,
    blocked: 4,
    rotationLines: 44,
    roundSeconds: 1072,
    isKept: false,
    coreExpiries: 25,
    expiries: 25,
    longestUnseenSeconds: 1050,
    unseen: 2000,
    turns: 12_345,
  },
  lines: [
    {
      contract: 'SYN',
      feed: null,
      reason: 'pinned',
      state: 'open',
      since: '2026-11-20T14:30:00.000Z',
      lastTick: '2026-11-20T14:59:59.500Z',
    },
    { contract: 'SYN', feed: 'tick-by-tick-trades', reason: 'pinned', state: 'asked', since: null, lastTick: null },
    {
      contract: 'SYN 2026-12-18 100 C',
      feed: null,
      reason: 'core',
      state: 'open',
      since: '2026-11-20T14:59:00.000Z',
      lastTick: '2026-11-20T14:59:58.000Z',
    },
  ],
}

it('shows each gateway, and which of them has a line, where there are several', () => {
  const gateway = { clientId: 87, state: 'ready' as const, isGone: false, connectedSince: null, fault: null, hindrances: [] }
  const page: LinesPage = {
    ...PAGE,
    gateways: [
      { ...gateway, gateway: '127.0.0.1:4001', open: 2, limit: 50, available: 50 },
      { ...gateway, gateway: '127.0.0.1:4002', isGone: true, open: 0, limit: 50, available: 50 },
    ],
    lines: PAGE.lines.map((line) => ({ ...line, gateway: '127.0.0.1:4001' })),
  }
  expect(linesPageSchema.parse(page)).toEqual(page)
  const text = formatLines(page)
  expect(text.split('\n').filter((line) => line.length > 80)).toEqual([])
  expect(text).toContain('1: 127.0.0.1:4001, 2 open of at most 50')
  expect(text).toContain('2: 127.0.0.1:4002, GONE, the others have its contracts')
  expect(text).toMatch(/^1 +SYN +pinned/m)
})

it('shows in 80 columns what takes turns, how long a round is, and who holds a line since when', () => {
  expect(linesPageSchema.parse(PAGE)).toEqual(PAGE)
  const text = formatLines(PAGE)
  expect(text.split('\n').filter((line) => line.length > 80)).toEqual([])
  expect(text).toContain('2 lines open of at most 100, of which the gateway has 97 now')
  expect(text.replaceAll('\n', ' ')).toContain('a round takes 17.9 min, 5 min are asked for, which CANNOT be kept')
  expect(text.replaceAll('\n', ' ')).toContain('2,944 in turn on 44 lines, 4 left alone for now')
  expect(text.split('\n').slice(-4)).toEqual([
    'line of               why           state  held for  last tick',
    'SYN                   pinned        open   30 min    0.5 s ago',
    'SYN                   every trades  asked  -         -',
    'SYN 2026-12-18 100 C  core          open   60.0 s    2.0 s ago',
  ])
})

it('says of an idle collector that nothing is known, and of lines for all that all have one', () => {
  const idle: LinesPage = { ...PAGE, session: null, state: 'idle', plan: null, coverage: null, lines: [] }
  expect(formatLines(idle)).toBe(
    'No session has begun.\n0 lines open of at most 100, of which the gateway has 97 now: the contracts to\nrecord are not known yet',
  )
  expect(formatLines({ ...PAGE, state: 'fitting', available: 100, coverage: null })).toContain('every contract has a line')
})
