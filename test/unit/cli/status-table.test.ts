import { describe, expect, it } from 'vitest'

import { type Status, statusSchema } from '../../../collector/telemetry/status.ts'
import { formatStatus } from '../../../cli/status-table.ts'

const NOW_MS = Date.UTC(2026, 10, 21, 12)
/** On day one, nothing has come yet. */
const FIRST: Status = {
  program: 'tapedeck',
  version: '1.2.3',
  node: 'v24.1.0',
  host: 'recorder',
  pid: 4711,
  dataDir: '/var/lib/tapedeck',
  runningSince: '2026-11-21T11:59:15.250Z',
  session: null,
  gateway: {
    host: '127.0.0.1',
    port: 7497,
    clientId: 87,
    state: 'connecting',
    connectedSince: null,
    disconnectedSince: '2026-11-21T11:59:15.250Z',
    reconnects: 0,
    fault: null,
    hindrances: [],
    ibIsAway: false,
  },
  notReady: ['not connected to the gateway', 'not recording: the time is not known yet'],
  data: { lastTick: null, expected: false, silentMs: null },
  lines: { limit: 100, learnedLimit: null, wanted: 0, open: 0, silent: 0, asked: 0, withoutLine: 0, paused: 0, refused: 0 },
  tickByTick: { wanted: 0, open: 0, refused: 0 },
  stockSizes: { setting: 'detect', known: [], lots: {}, advice: [] },
  messages: { total: 0, perSecond: 0 },
  ticks: { received: 0, written: 0, quarantined: 0, dropped: {}, inFlight: 0 },
  lagMs: null,
  journal: { segments: 0, bytes: 0, limitBytes: 2 ** 34, batches: 0, fault: null },
  database: { server: null, answering: null, lastCommit: null, missingRows: null, fault: null },
  gaps: { total: 0, open: [], last: [] },
  entitlements: [],
}

/** Busy, and in every trouble at once. */
const TROUBLED: Status = {
  ...FIRST,
  dataDir: `/srv/${'very/long/'.repeat(9)}tapedeck`,
  runningSince: '2026-11-12T06:30:00.000Z',
  session: { id: 7_353_295_631_212_654, clock: 'wall', marketTime: '2026-11-21T12:00:00.123456Z' },
  gateway: { ...FIRST.gateway, reconnects: 1234, fault: 'No connection to 127.0.0.1:7497: connect ECONNREFUSED 127.0.0.1:7497' },
  lines: { limit: 10_000, learnedLimit: 9908, wanted: 9999, open: 9000, silent: 0, asked: 900, withoutLine: 90, paused: 8, refused: 1 },
  tickByTick: { wanted: 6, open: 4, refused: 2 },
  messages: { total: 123_456_789_012, perSecond: 123_456 },
  stockSizes: {
    setting: 'shares',
    known: [
      { of: 'quotes', unit: 'shares', how: 'stated', evidence: 'AAPL: 9 of 50 sizes of quotes are 0', doubted: true },
      { of: 'volume', unit: 'shares', how: 'stated' },
    ],
    lots: { 'stock:AAPL:USD': 40 },
    advice: ['US stocks: bid, ask and last sizes do not look as gateway.stockSizes says: correct it, or set it to detect'],
  },
  ticks: {
    received: 12_345_678_901,
    written: 12_345_000_000,
    quarantined: 678_000,
    dropped: { 'journal-full': 800, 'no-session': 1, 'unknown-line': 99 },
    inFlight: 1,
  },
  lagMs: 1234.56,
  journal: { segments: 1, bytes: 17_134_567_890, limitBytes: 2 ** 34, batches: 1, fault: null },
  database: {
    server: 'PostgreSQL 18.4, TimescaleDB 2.28.3 Community',
    answering: false,
    lastCommit: '2026-11-21T11:29:30.000Z',
    missingRows: 12,
    fault: 'tapedeck at 127.0.0.1:5432 gave no connection: connect ECONNREFUSED 127.0.0.1:5432',
  },
  gaps: {
    total: 12,
    open: [{ from: '2026-11-21T11:55:00.000000Z', cause: 'ib-1100' }],
    last: [{ from: '2026-11-21T11:00:00.000001Z', to: '2026-11-21T11:30:00.000000Z', cause: 'link-lost' }],
  },
  entitlements: [
    {
      symbol: 'BRK B',
      kind: 'stock',
      asked: 1,
      live: 0,
      delayed: 1,
      partly: 0,
      refused: 0,
      reasons: [{ code: 10_167, lines: 1, text: 'delayed only' }],
    },
    { symbol: 'BRK B', kind: 'option', asked: 9998, live: 9998, delayed: 0, partly: 0, refused: 0, reasons: [] },
  ],
}

const rowsOf = (status: Status) => formatStatus(status, NOW_MS).split('\n')

describe('the table of a status', () => {
  it('fits into 80 columns, whatever it shows', () => {
    for (const status of [FIRST, TROUBLED]) {
      const rows = rowsOf(statusSchema.parse(status))
      expect(rows.filter((row) => row.length > 80)).toEqual([])
    }
  })

  it('says what is not known yet', () => {
    const rows = rowsOf(FIRST)
    expect(rows).toContain('Running for     45 s (since 2026-11-21T11:59:15Z)')
    expect(rows).toContain('Session         none: the time is not known yet')
    expect(rows).toContain('                not connected for 45 s (since 2026-11-21T11:59:15Z)')
    expect(rows).toContain('Stock sizes     unit not known yet: too little was seen of US stocks')
    expect(rows).toContain('Lag             nothing committed yet')
    expect(rows).toContain('Database        not reached yet')
    expect(rows).toContain('Gaps            none')
    expect(rows).toContain('Entitlements    not known yet')
  })

  it('shows a gap that is open before any is over, and says nothing of none', () => {
    const rows = rowsOf({ ...FIRST, gaps: { ...TROUBLED.gaps, total: 0, last: [] } })
    expect(rows).toContain('Gaps            open since 2026-11-21T11:55:00Z: ib-1100')
    expect(rows).not.toContain('Gaps            none')
  })

  it('shows every problem, and lines the ticks up so that they can be added', () => {
    const rows = rowsOf(TROUBLED)
    expect(rows).toContain('Running for     9 d 5 h (since 2026-11-12T06:30:00Z)')
    expect(rows).toContain('Lines           9,000 open of 9,999 wanted, at most 10,000; the gateway has')
    expect(rows).toContain('                9,908')
    expect(rows).toContain('                900 waiting for the connection, 90 waiting for a line, 8 paused,')
    expect(rows).toContain('Tick by tick    4 open of 6 wanted')
    expect(rows.slice(rows.findIndex((row) => row.startsWith('Ticks')))).toEqual(
      expect.arrayContaining([
        'Ticks received  12,345,678,901',
        '  written       12,345,000,000',
        '  quarantined          678,000',
        '  dropped                  900  journal-full 800, no-session 1, unknown-line 99',
        '  in flight                  1',
      ]),
    )
    expect(rows).toContain('Stock sizes     quotes in shares (stated), DOUBTED; volume in shares (stated)')
    expect(rows).toContain('                US stocks: bid, ask and last sizes do not look as')
    expect(rows).toContain('Lag             1,235 ms from socket to commit')
    expect(rows).toContain('Journal         16.0 GiB in 1 segment, at most 16.0 GiB')
    expect(rows).toContain('                1 batch waiting for the database')
    expect(rows).toContain('                does not take ticks, last commit 30 min 30 s ago; they wait in')
    expect(rows).toContain('                2026-11-21T11:00:00Z to 2026-11-21T11:30:00Z: link-lost')
    expect(rows).toContain('                open since 2026-11-21T11:55:00Z: ib-1100')
    expect(rows).toContain('Ready           NO')
    expect(rows.join(' ').replaceAll(/ +/g, ' ')).toContain('12 committed rows GONE')
    expect(rows).toContain('                10167: delayed only')
  })

  it('says since when it is connected', () => {
    const gateway = {
      ...FIRST.gateway,
      state: 'ready' as const,
      connectedSince: '2026-11-21T09:57:59.000Z',
      disconnectedSince: null,
      reconnects: 1,
    }
    expect(
      rowsOf({ ...FIRST, gateway })
        .join(' ')
        .replaceAll(/ +/g, ' '),
    ).toContain('connected for 2 h 2 min (since 2026-11-21T09:57:59Z), 1 failed or lost connection')
  })

  it('says what keeps data away although it is connected, and what it waits for when it is not', () => {
    const connected = { ...FIRST.gateway, connectedSince: '2026-11-21T09:57:59.000Z', disconnectedSince: null }
    const said = (gateway: Status['gateway']) =>
      rowsOf({ ...FIRST, gateway })
        .join(' ')
        .replaceAll(/ +/g, ' ')
    expect(said({ ...connected, state: 'degraded', hindrances: ["IB's farm usopt is not connected (2103)"] })).toContain(
      "degraded: some market data cannot come IB's farm usopt is not connected (2103)",
    )
    expect(said({ ...connected, state: 'paused', hindrances: ['No market data during competing live session'] })).toContain(
      'paused: another session of the user has the market data No market data during competing live session',
    )
    expect(said({ ...FIRST.gateway, state: 'waiting', fault: 'refused' })).toContain(': refused waiting for the gateway')
  })

  it('shows each gateway by itself where there are several', () => {
    const one = { clientId: 87, isGone: false, connectedSince: '2026-11-21T09:57:59.000Z', fault: null, hindrances: [], limit: 100 }
    const status: Status = {
      ...FIRST,
      gateways: [
        { ...one, gateway: '127.0.0.1:4001', state: 'ready', open: 87, available: 87 },
        { ...one, gateway: 'ib2:4001', state: 'waiting', open: 0, available: 100, isGone: true, connectedSince: null, fault: 'refused' },
      ],
    }
    expect(statusSchema.parse(status)).toEqual(status)
    const rows = rowsOf(status)
    expect(rows.filter((row) => row.length > 80)).toEqual([])
    expect(rows.join(' ').replaceAll(/ +/g, ' ')).toContain(
      'lines connected for 2 h 2 min (since 2026-11-21T09:57:59Z) ib2:4001, client id 87: 0 of 100 lines not connected: refused ' +
        'waiting for the gateway (it restarts, or is not logged in); the next attempt follows its contracts are with the others',
    )
  })

  it('says when the last commit was, and that the database takes ticks only when none wait for it', () => {
    const database = { server: 'PostgreSQL 18.4', answering: true, lastCommit: '2026-11-21T11:59:45.000Z', missingRows: 0, fault: null }
    expect(rowsOf({ ...FIRST, database })).toContain('                takes ticks, last commit 15 s ago')
    expect(rowsOf({ ...FIRST, database, journal: { ...FIRST.journal, batches: 8 } })).toContain('                last commit 15 s ago')
  })
})
