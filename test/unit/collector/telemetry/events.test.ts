import pg from 'pg'
import { pino } from 'pino'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createCounts, TROUBLES } from '../../../../collector/telemetry/counts.ts'
import { createEvents } from '../../../../collector/telemetry/events/index.ts'
import { writeErrorOf } from '../../../../db/sqlstates.ts'

function watched() {
  const lines: Record<string, unknown>[] = []
  const counts = createCounts()
  const events = createEvents(pino({ base: null, timestamp: false }, { write: (line) => void lines.push(JSON.parse(line)) }), counts)
  return { events, lines, counts }
}

describe('a database that does not take ticks', () => {
  it('is logged when it begins, when its reason changes and when it is over, not at every attempt', () => {
    const { events, lines } = watched()
    events.databaseUp()
    for (let i = 0; i < 5; i++) events.databaseDown({ error: new Error('connection refused'), retryMs: 100, sessionId: 1, batchNo: 7 })
    for (let i = 0; i < 5; i++) events.databaseDown({ error: new Error('the disk is full'), retryMs: 200, sessionId: 1, batchNo: 7 })
    events.databaseUp()
    events.databaseUp()
    events.databaseDown({ error: 'connection refused', retryMs: 100, sessionId: 1, batchNo: 7 })

    expect(lines.map(({ level, reason }) => [level, reason])).toEqual([
      [40, 'connection refused'],
      [40, 'the disk is full'],
      [30, undefined],
      [40, 'connection refused'],
    ])
  })
})

describe('an attempt to store a batch that fails', () => {
  it('is counted each time, by what has to be done about it', () => {
    const { events, counts } = watched()
    const failed = (error: unknown) => events.databaseDown({ error, retryMs: 100, sessionId: 1, batchNo: 7 })
    const answer = (code: string) => Object.assign(new pg.DatabaseError('no', 2, 'error'), { code })
    for (const code of ['53100', '53300', '28P01']) failed(writeErrorOf(answer(code), 'did not take a batch'))
    for (let i = 0; i < 2; i++) failed(writeErrorOf(new Error('connect ECONNREFUSED'), 'did not take a batch'))
    expect(counts.databaseRefusals).toEqual({ 'disk-full': 1, busy: 1, refused: 1, unreachable: 2 })
  })
})

describe('what an operator should hear of', () => {
  it('is counted by kind, whatever the log leaves out', () => {
    const { events, counts } = watched()
    const error = new Error('broken')
    const gap = { fromTsUs: 1, toTsUs: 2 }
    events.clockStepped({ driftMs: 500 })
    events.processPaused({ pausedMs: 5000, machineSlept: false })
    events.ruleFailed({ rule: 'stale', error })
    events.detectorFailed({ detector: 'box', error })
    events.detectionFailed({ error })
    events.subscriberFailed({ error })
    events.listenerError({ error })
    events.impossibleTransition({ error })
    events.rowsRefused({ ticks: 9 })
    events.rowsVanished({ ticks: 9 })
    events.blocksDamaged({ path: 'x', reason: 'crc', sessionId: 1, batchNo: 1, ticks: 3, records: 4, ...gap })
    events.recordsLost({ sessionId: 1, records: 3, cause: 'journal-damaged', ...gap })
    expect(Object.values(counts.troubles)).toEqual(TROUBLES.map(() => 1))
  })

  it('are connections that were made, each once', () => {
    const { events, counts } = watched()
    for (const isFlapping of [false, true]) events.feedUp({ host: '127.0.0.1', port: 7497, isFlapping })
    events.feedUp({ host: '127.0.0.1', port: 7497, isFlapping: false, isLasting: true })
    expect(counts.connects).toBe(2)
  })
})

describe('a journal that cannot be written', () => {
  it('is logged when it begins, when its reason changes and when it is over, not at every attempt', () => {
    const { events, lines } = watched()
    events.journalUp()
    for (const reason of ['EIO', 'EIO', 'ENOSPC', 'ENOSPC']) events.journalError({ error: new Error(reason), path: 'journal' })
    for (let i = 0; i < 3; i++) events.journalUp()
    events.journalError({ error: new Error('EIO'), path: 'journal' })

    expect(lines.map(({ level, reason }) => [level, reason])).toEqual([
      [50, 'EIO'],
      [50, 'ENOSPC'],
      [30, undefined],
      [50, 'EIO'],
    ])
  })
})

describe('dropped ticks', () => {
  it('are errors: at once when a person can act, and again when their number is known', () => {
    const { events, lines } = watched()
    for (const reason of ['journal-full', 'journal-failed', 'unknown-line']) events.ticksDropping({ reason })
    const gap = { fromTsUs: 1401975060_000_000, toTsUs: 1401975061_500_000, cause: 'dropped: unknown-line', droppedTicks: 7 }
    events.ticksDropped({ ...gap, named: true })
    events.ticksDropped({ ...gap, fromTsUs: Number.NaN, toTsUs: Number.NaN, named: false })

    expect(lines).toMatchObject([
      { level: 50, reason: 'journal-full', msg: expect.stringContaining('raise the limit') as string },
      { level: 50, reason: 'journal-failed', msg: expect.stringContaining('Free the disk') as string },
      { level: 50, ticks: 7, from: '2014-06-05T13:31:00.000000Z', to: '2014-06-05T13:31:01.500000Z', cause: 'dropped: unknown-line' },
      { level: 50, ticks: 7, msg: expect.stringContaining('no gap can name them') as string },
    ])
  })
})

describe('a feed that is down', () => {
  it('is counted and logged', () => {
    const { events, lines, counts } = watched()
    events.feedDown({ reason: 'the gateway closed the connection', retryMs: 500 })
    expect(counts.reconnects).toBe(1)
    expect(lines).toEqual([expect.objectContaining({ level: 40, reason: 'the gateway closed the connection', retryMs: 500 })])
  })

  it('is logged when it begins and when its reason changes, not at every attempt', () => {
    const { events, lines, counts } = watched()
    for (const reason of ['closed', 'refused', 'refused', 'refused']) events.feedDown({ reason, retryMs: 100 })
    events.feedUp({ host: '127.0.0.1', port: 7497, isFlapping: false })
    events.feedDown({ reason: 'refused', retryMs: 100 })
    expect(counts.reconnects).toBe(5)
    expect(lines.map(({ level, reason }) => [level, reason])).toEqual([
      [40, 'closed'],
      [40, 'refused'],
      [30, undefined],
      [40, 'refused'],
    ])
  })
})

describe('a feed whose links come and go', () => {
  it('is logged when that begins and when it is over, however often it happens', () => {
    const { events, lines, counts } = watched()
    const feed = { host: '127.0.0.1', port: 7497 }
    events.feedUp({ ...feed, isFlapping: false })
    events.feedDown({ reason: 'closed', retryMs: 500 })
    events.feedUp({ ...feed, isFlapping: false })
    events.feedDown({ reason: 'closed', retryMs: 500 })
    for (let i = 0; i < 100; i++) {
      events.feedUp({ ...feed, isFlapping: true })
      events.feedDown({ reason: 'closed', retryMs: 30_000 })
      events.feedDown({ reason: `No connection to 127.0.0.1:${40_000 + i}: refused`, retryMs: 30_000 })
    }
    events.feedUp({ ...feed, isFlapping: false })
    expect(counts.reconnects).toBe(202)
    expect(lines.map(({ level, reason }) => [level, reason])).toEqual([
      [30, undefined],
      [40, 'closed'],
      [30, undefined],
      [40, 'closed'],
      [40, 'No connection to 127.0.0.1:40000: refused'],
      [30, undefined],
    ])
  })
})

describe('a search for chains that fails again and again', () => {
  it('is logged when that begins and when the reason changes, and anew after a chain was found', () => {
    const { events, lines } = watched()
    const fail = (reason: string) => events.discoveryFailed({ error: new Error(reason) })
    for (let i = 0; i < 100; i++) fail('not answered')
    fail('lost')
    events.chainDiscovered({ symbol: 'TWX', options: 2, chosen: 1 })
    fail('lost')
    for (let i = 0; i < 100; i++) {
      events.noReferencePrice({ symbol: 'TWX' })
      events.overBudget({ wanted: 120, lines: 100 })
    }
    events.overBudget({ wanted: 130, lines: 100 })
    expect(lines.map(({ level, reason, options, symbol, wanted }) => [level, reason ?? options ?? symbol ?? wanted])).toEqual([
      [40, 'not answered'],
      [40, 'lost'],
      [30, 2],
      [40, 'lost'],
      [40, 'TWX'],
      [40, 120],
      [40, 130],
    ])
  })
})

describe('a chain of which nothing is recorded', () => {
  it('is a warning that says why', () => {
    const { events, lines } = watched()
    events.chainDiscovered({ symbol: 'TWX', options: 2, chosen: 2, leftOut: {} })
    events.chainDiscovered({ symbol: 'TWX', options: 2, chosen: 0, leftOut: { right: 2 } })
    events.chainDiscovered({ symbol: 'TWX', options: 0, chosen: 0, leftOut: {} })
    expect(lines.map(({ level, msg }) => [level, msg])).toEqual([
      [30, 'chain discovered'],
      [40, 'chain discovered; the filters of the settings leave out every option of it'],
      [40, 'chain discovered; it has no option that expires in the range of the settings'],
    ])
  })
})

describe('a connection on which data is kept away', () => {
  it('is logged when that begins, when the reasons change and when it is over', () => {
    const { events, lines } = watched()
    events.connectionChanged({ state: 'ready', reasons: [] })
    for (let i = 0; i < 3; i++) events.connectionChanged({ state: 'degraded', reasons: ['IB is away'] })
    events.connectionChanged({ state: 'degraded', reasons: ['IB is away', 'usopt is broken'] })
    events.connectionChanged({ state: 'ready', reasons: [] })
    events.connectionChanged({ state: 'degraded', reasons: ['IB is away'] })
    // What became of the connection has lines of its own.
    events.connectionChanged({ state: 'waiting', reasons: ['closed'] })
    expect(lines.map(({ level, state, reasons }) => [level, state, reasons])).toEqual([
      [40, 'degraded', ['IB is away']],
      [40, 'degraded', ['IB is away', 'usopt is broken']],
      [30, 'ready', undefined],
      [40, 'degraded', ['IB is away']],
    ])
  })

  it('again and again fills no log', () => {
    const { events, lines } = watched()
    for (let i = 0; i < 1000; i++) {
      events.connectionChanged({ state: 'degraded', reasons: ['usopt is broken'] })
      events.connectionChanged({ state: 'ready', reasons: [] })
    }
    expect(lines).toHaveLength(10)
  })
})

describe('a database that takes nothing', () => {
  it('is logged when that begins, for each reason once, and when it ends, however the batches of several lanes take turns', () => {
    const { events, lines } = watched()
    const down = (reason: string, batchNo: number) => events.databaseDown({ error: new Error(reason), retryMs: 100, sessionId: 1, batchNo })
    for (const batchNo of [7, 8, 7, 8]) down('no room', batchNo)
    down('too many connections', 9)
    down('no room', 7)
    events.databaseUp()
    events.databaseUp()
    down('no room', 10)
    expect(lines.map(({ level, reason, batchNo }) => [level, reason, batchNo])).toEqual([
      [40, 'no room', 7],
      [40, 'too many connections', 9],
      [30, undefined, undefined],
      [40, 'no room', 10],
    ])
  })
})

describe('a gap', () => {
  it('is logged in times that people read', () => {
    const { events, lines } = watched()
    events.gapNamed({ fromTsUs: 1401975060_000_000, toTsUs: 1401975061_500_000, cause: 'link-lost' })
    expect(lines).toEqual([
      expect.objectContaining({ level: 40, from: '2014-06-05T13:31:00.000000Z', to: '2014-06-05T13:31:01.500000Z', cause: 'link-lost' }),
    ])
  })

  it('is counted always and logged ten times a minute, so that a farm that flaps fills no log', () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    onTestFinished(() => void vi.useRealTimers())
    const { events, lines, counts } = watched()
    const name = (cause: string) => events.gapNamed({ fromTsUs: 1, toTsUs: 2, cause })
    for (let i = 0; i < 50; i++) name('farm-broken')
    expect(counts.gaps).toBe(50)
    expect(lines).toHaveLength(10)
    vi.advanceTimersByTime(59_999)
    name('farm-broken')
    expect(lines).toHaveLength(10)
    vi.advanceTimersByTime(1)
    name('link-lost')
    name('link-lost')
    expect(lines.slice(10)).toEqual([
      expect.objectContaining({ level: 40, cause: 'link-lost', leftOut: 41 }),
      expect.not.objectContaining({ leftOut: expect.anything() }),
    ])
  })
})

describe('old segments', () => {
  it('are logged when some were deleted', () => {
    const { events, lines } = watched()
    events.segmentsPruned({ segments: 0 })
    events.segmentsPruned({ segments: 2 })
    expect(lines).toEqual([expect.objectContaining({ level: 30, segments: 2 })])
  })
})

describe('a tick type that has no place on the tape', () => {
  it('is logged once and counted by type; numbers that IB does not use are counted as one', () => {
    const { events, lines, counts } = watched()
    for (const tickType of [105, 105, 53, 1_000_000, -7]) events.unknownTickType({ tickType })
    expect([...counts.unmapped]).toEqual([
      [105, 2],
      [53, 1],
      [-1, 2],
    ])
    expect(lines.map(({ tickType }) => tickType)).toEqual([105, 53, 1_000_000, -7])
  })
})
