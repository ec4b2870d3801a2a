import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { createCounts } from '../../../../collector/telemetry/counts.ts'
import { createEvents } from '../../../../collector/telemetry/events.ts'

function watched() {
  const lines: Record<string, unknown>[] = []
  const counts = createCounts()
  const events = createEvents(pino({ base: null, timestamp: false }, { write: (line) => void lines.push(JSON.parse(line)) }), counts)
  return { events, lines, counts }
}

describe('a database that does not take ticks', () => {
  it('is told of when it begins, when its reason changes and when it is over, not at every attempt', () => {
    const { events, lines } = watched()
    events.databaseUp()
    for (let i = 0; i < 5; i++) events.databaseDown(new Error('connection refused'), 100)
    for (let i = 0; i < 5; i++) events.databaseDown(new Error('the disk is full'), 200)
    events.databaseUp()
    events.databaseUp()
    events.databaseDown('connection refused', 100)

    expect(lines.map(({ level, reason }) => [level, reason])).toEqual([
      [40, 'connection refused'],
      [40, 'the disk is full'],
      [30, undefined],
      [40, 'connection refused'],
    ])
  })
})

describe('a journal that cannot be written', () => {
  it('is told of when it begins, when its reason changes and when it is over, not at every attempt', () => {
    const { events, lines } = watched()
    events.journalUp()
    for (const reason of ['EIO', 'EIO', 'ENOSPC', 'ENOSPC']) events.journalError(new Error(reason), 'journal')
    for (let i = 0; i < 3; i++) events.journalUp()
    events.journalError(new Error('EIO'), 'journal')

    expect(lines.map(({ level, reason }) => [level, reason])).toEqual([
      [50, 'EIO'],
      [50, 'ENOSPC'],
      [30, undefined],
      [50, 'EIO'],
    ])
  })
})

describe('dropped ticks', () => {
  it('are errors: at once when somebody can do something, and when their number is known', () => {
    const { events, lines } = watched()
    for (const reason of ['journal-full', 'journal-failed', 'unknown-line']) events.dropping(reason)
    const hole = { fromTsUs: 1401975060_000_000, toTsUs: 1401975061_500_000, cause: 'dropped: unknown-line', droppedTicks: 7 }
    events.dropped(hole, true)
    events.dropped({ ...hole, fromTsUs: Number.NaN, toTsUs: Number.NaN }, false)

    expect(lines).toMatchObject([
      { level: 50, reason: 'journal-full', msg: expect.stringContaining('raise the limit') as string },
      { level: 50, reason: 'journal-failed', msg: expect.stringContaining('Free the disk') as string },
      { level: 50, ticks: 7, from: '2014-06-05T13:31:00.000000Z', to: '2014-06-05T13:31:01.500000Z', cause: 'dropped: unknown-line' },
      { level: 50, ticks: 7, msg: expect.stringContaining('no gap can name them') as string },
    ])
  })
})

describe('a feed that is down', () => {
  it('is counted and told of', () => {
    const { events, lines, counts } = watched()
    events.feedDown('the gateway closed the connection', 500)
    expect(counts.reconnects).toBe(1)
    expect(lines).toEqual([expect.objectContaining({ level: 40, reason: 'the gateway closed the connection', retryMs: 500 })])
  })

  it('is told of when it begins and when its reason changes, not at every attempt', () => {
    const { events, lines, counts } = watched()
    for (const reason of ['closed', 'refused', 'refused', 'refused']) events.feedDown(reason, 100)
    events.feedUp('127.0.0.1', 7497)
    events.feedDown('refused', 100)
    expect(counts.reconnects).toBe(5)
    expect(lines.map(({ level, reason }) => [level, reason])).toEqual([
      [40, 'closed'],
      [40, 'refused'],
      [30, undefined],
      [40, 'refused'],
    ])
  })
})

describe('a database that takes nothing', () => {
  it('is logged when that begins, for each reason once, and when it ends, however the batches of several lanes take turns', () => {
    const { events, lines } = watched()
    for (const batchNo of [7, 8, 7, 8, 9])
      events.databaseDown(new Error(batchNo === 9 ? 'too many connections' : 'no room'), 100, { sessionId: 1, batchNo })
    events.databaseUp()
    events.databaseUp()
    events.databaseDown(new Error('no room'), 100, { sessionId: 1, batchNo: 10 })
    expect(lines.map(({ level, reason, batchNo }) => [level, reason, batchNo])).toEqual([
      [40, 'no room', 7],
      [40, 'too many connections', 9],
      [30, undefined, undefined],
      [40, 'no room', 10],
    ])
  })
})

describe('a hole', () => {
  it('is told of in times that people read', () => {
    const { events, lines } = watched()
    events.gap({ fromTsUs: 1401975060_000_000, toTsUs: 1401975061_500_000, cause: 'link-lost' })
    expect(lines).toEqual([
      expect.objectContaining({ level: 40, from: '2014-06-05T13:31:00.000000Z', to: '2014-06-05T13:31:01.500000Z', cause: 'link-lost' }),
    ])
  })
})

describe('old segments', () => {
  it('are told of when some were deleted', () => {
    const { events, lines } = watched()
    events.pruned(0)
    events.pruned(2)
    expect(lines).toEqual([expect.objectContaining({ level: 30, segments: 2 })])
  })
})
